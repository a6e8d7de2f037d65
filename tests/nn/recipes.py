"""A recipe for tests, with a column of each kind."""

from nn.tabular.cells import Reading
from nn.tabular.columns import Column
from nn.tabular.numerals import Notation
from nn.tabular.preprocessing import Recipe, Scaling
from nn.tabular.understood import Understood

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
    table=Understood(
        rows=9,
        dropped=1,
        reason="'y' is text",
        left_out={"id": "it numbers the rows"},
        reading=Reading("cp1252", ";", ",", ("keine",)),
        header=("id", "x", "colour", "y"),
        notation=Notation(",", ".", "€"),
    ),
)
