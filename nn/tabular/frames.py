"""Data frames as the samples of `nn.fit` and the rows of `nn.predict`: columns by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np

from autograd.io.plural import counted
from nn.layers.mlp import MLP
from nn.lookup import look_up
from nn.tabular.cells import Reading, TableError
from nn.tabular.columns import class_name
from nn.tabular.formats import Columns, Frame, items_of, read_cells
from nn.tabular.numerals import POINT
from nn.tabular.preprocessing import Array, Recipe, Scaling
from nn.tabular.table import Table, encode, read_table
from nn.train.losses import LossLike
from nn.train.metrics import Prediction
from nn.train.tasks import LOSS_NAMES, SCHEMES, Task, scheme
from nn.train.weights import ClassWeight

SHOWN = 6  # names in a message


def is_frame(x: Any) -> TypeGuard[Frame | Columns]:
    """Whether x is a table whose columns have names: a data frame of any library, or a dict of columns.

    >>> is_frame({"size": [1.0, 2.0]}), is_frame([[1.0], [2.0]])
    (True, False)
    """
    return isinstance(x, Mapping) or (isinstance(x, Frame) and not isinstance(x, np.ndarray | str | bytes))


def names_of(frame: Frame | Columns) -> tuple[str, ...]:
    """The names of the columns; none if one is not text.

    >>> names_of({"size": [1.0], "age": [2.0]})
    ('size', 'age')
    """
    names = frame if isinstance(frame, Mapping) else getattr(frame, "column_names", None) or frame.columns
    return tuple(names) if all(isinstance(name, str) for name in names) else ()


def samples_of(
    model: Any, frame: Frame | Columns, target: str, loss: LossLike
) -> tuple[Array, list[Prediction], Recipe]:
    """The features, the targets in the form that the loss takes, and the recipe for reading other frames like this one.

    The target is a class if it is text, or the loss is one for classes; else it is a number. Nothing is scaled.
    TableError for a frame that cannot be used, ValueError if the model does not fit.
    """
    table = read_table(frame, target, task="classification" if _is_for_classes(loss) else None)
    if table.class_names and not _is_for_classes(loss) and all(map(POINT.reads, table.class_names)):
        table = read_table(frame, target, task="regression")
    task = _task(table, model, loss)
    names = table.class_names or ()
    _check_sizes(model, table, task)
    chosen = scheme(task, loss if isinstance(loss, str) else "auto")
    recipe = Recipe(
        task=task,
        loss=chosen.loss,
        target=target,
        columns=table.columns,
        class_names=names,
        x_scaling=Scaling.none(table.x.shape[1]),
        y_scaling=Scaling.none(1),
        table=table.description,
    )
    return table.x, recipe.encode_targets(table.y), recipe


def _is_for_classes(loss: LossLike) -> bool:
    return isinstance(loss, str) and loss in LOSS_NAMES and loss not in [each.loss for each in SCHEMES["regression"]]


def _task(table: Table, model: Any, loss: LossLike) -> Task:
    """That of the table, but two classes may have an output each."""
    outputs = model.n_outs[-1] if isinstance(model, MLP) else 0
    if table.task == "binary" and (outputs == 2 or loss == "cross_entropy"):
        return "classification"
    return table.task


def _check_sizes(model: Any, table: Table, task: Task) -> None:
    if not isinstance(model, MLP):
        return
    features = table.feature_names
    if model.n_in != len(features):
        listed = ", ".join(features[:SHOWN]) + (", …" if len(features) > SHOWN else "")
        raise ValueError(
            f"the table has {counted(len(features), 'feature')} ({listed}), and the model takes {model.n_in};"
            f" make it with nn.MLP({len(features)}, …)"
        )
    wanted = len(table.class_names or ()) if task == "classification" else 1
    if model.n_outs[-1] != wanted:
        what = f"{wanted} classes need {wanted} outputs" if wanted > 1 else f"{table.target!r} needs one output"
        raise ValueError(f"{what}, and the model has {model.n_outs[-1]}; the last of n_outs is their number")


def rows_of(recipe: Recipe, frame: Frame | Columns) -> Array:
    """The rows of a frame as the model takes them; it has the columns of the training, in any order, and maybe others.

    TableError for a column that is missing, and a cell that does not fit.
    """
    missing = recipe.table.reading.missing if recipe.table else ()
    cells = read_cells(frame, Reading(missing=missing))
    _expect([column.name for column in recipe.columns], cells.header)
    return recipe.x_scaling.apply(encode(cells, recipe.columns))


def targets_of(recipe: Recipe, frame: Frame | Columns) -> list[Prediction]:
    """The targets of a frame, in the form that the loss takes."""
    cells = read_cells(frame, Reading(missing=recipe.table.reading.missing if recipe.table else ()))
    if not recipe.class_names:
        return recipe.encode_targets(np.array(cells.numbers(recipe.target)))
    places = {name: k for k, name in enumerate(recipe.class_names)}
    found = []
    for row, text in zip(cells.rows, cells.column(recipe.target), strict=True):
        if class_name(text) not in places:
            cells.fail(row.line, recipe.target, f"{text!r} is not one of {', '.join(map(repr, places))}")
        found.append(places[class_name(text)])
    return recipe.encode_targets(np.array(found))


def by_class(recipe: Recipe, class_weight: ClassWeight) -> ClassWeight:
    """Weights of classes that are given by name, by the targets; ValueError for an unknown name."""
    if class_weight is None or isinstance(class_weight, str):
        return class_weight
    places = {name: k for k, name in enumerate(recipe.class_names)}
    return {
        recipe.class_as_target(look_up(places, name, "class")) if isinstance(name, str) else name: weight
        for name, weight in class_weight.items()
    }


def rows_by_name(frame: Frame | Columns, names: Sequence[str]) -> list[list[Any]]:
    """The rows of these columns, as they are; TableError for one that is missing."""
    _expect(names, names_of(frame))
    return [list(row) for row in zip(*(items_of(frame[name]) for name in names), strict=True)]


def _expect(names: Iterable[str], found: Sequence[str]) -> None:
    there = set(found)
    for name in names:
        if name not in there:
            raise TableError(f"the model needs the column {name!r}; the table has {', '.join(found)}")


def in_units_of_the_target(recipe: Recipe, outputs: Sequence[Prediction]) -> list[Prediction]:
    """The outputs of a regression in the unit of its target; those for classes as they are."""
    return recipe.read_outputs(list(outputs)).tolist() if recipe.task == "regression" else list(outputs)
