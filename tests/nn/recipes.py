"""A recipe for tests, with a column of each kind."""

from nn.tabular.columns import Column
from nn.tabular.preprocessing import Recipe, Scaling

RECIPE = Recipe(
    task="classification",
    loss="cross_entropy",
    target="y",
    columns=(Column("x"), Column("colour", ("blue", "red"))),
    class_names=("a", "b", "c"),
    x_scaling=Scaling((0.1, 0.2, 0.3), (1.0, 2.0, 3.0)),
    y_scaling=Scaling.none(1),
    training={
        "data": "t",
        "samples": 9,
        "options": {"optimizer": "adam", "lr": 0.1, "patience": None},
        "stopped": "epochs",
        "epochs": 3,
        "best_epoch": 2,
        "score": {"metric": "accuracy", "value": 0.5, "samples": 2, "held_out": True},
    },
)
