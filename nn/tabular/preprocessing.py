"""The recipe stored with a model, for reading new data: columns, scaling, classes, and how it was trained."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from autograd._numpy import NDArray, np
from autograd.io.plural import counted
from nn.layers.mlp import MLP
from nn.persistence.documents import StorageError
from nn.persistence.schema import (
    Kind,
    SchemaError,
    array,
    boolean,
    finite,
    integer,
    optional,
    positive,
    record,
    scalar,
    shown,
    table,
    text,
)
from nn.tabular.columns import Column
from nn.tabular.dates import PATTERNS
from nn.tabular.numerals import Notation
from nn.tabular.understood import NOTATION, UNDERSTOOD, Understood
from nn.train.metrics import Prediction, as_row
from nn.train.prediction import Model, predict
from nn.train.tasks import LOSS_NAMES, TASKS, Scheme, Task, scheme

Array = NDArray[np.float64]

SCALING = record({"mean": array(finite), "std": array(positive)})
SCORE = record({"metric": text(), "value": finite, "samples": integer(), "held_out": boolean})
TRAINING = record(
    {
        "data": text(),
        "samples": integer(),
        "options": table(scalar),
        "stopped": text(),
        "epochs": integer(),
        "best_epoch": integer(),
        "score": SCORE,
    }
)
COLUMN = record(
    {
        "name": text(),
        "categories": array(text()),
        "notation": NOTATION,
        "dates": text("", *PATTERNS),
        "is_boolean": boolean,
    }
)
STORED: dict[str, Kind] = {
    "task": text(*TASKS),
    "loss": text(*LOSS_NAMES),
    "target": text(),
    "columns": array(COLUMN, least=1),
    "class_names": array(text()),
    "x_scaling": SCALING,
    "y_scaling": SCALING,
    "training": lambda value, field: None if value == {} else TRAINING(value, field),
    "table": optional(UNDERSTOOD),
}
ADDED = {"table": None}  # what files of earlier versions do not have, and what stands for it


class RecipeError(StorageError):
    """A model file has no recipe, which `python -m nn train` stores with the model."""


@dataclass(frozen=True)
class Scaling:
    """Standardisation: (x - mean) / std, column by column.

    >>> scaling = Scaling.of(np.array([[1.0, 5.0], [3.0, 5.0]]))
    >>> scaling.apply(np.array([[3.0, 6.0]])).tolist()
    [[1.0, 1.0]]
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, x: Array) -> Self:
        """The scaling that gives x mean 0 and standard deviation 1; a constant column is only shifted."""
        std = x.std(axis=0)
        return cls(tuple(x.mean(axis=0).tolist()), tuple(np.where(std > 0.0, std, 1.0).tolist()))

    @classmethod
    def none(cls, columns: int) -> Self:
        """The identity.

        >>> Scaling.none(1)
        Scaling(mean=(0.0,), std=(1.0,))
        """
        return cls((0.0,) * columns, (1.0,) * columns)

    def apply(self, x: Array) -> Array:
        """Convert from the user's units to the model's."""
        return np.asarray((x - np.array(self.mean)) / np.array(self.std))

    def undo(self, x: Array) -> Array:
        """Convert from the model's units to the user's.

        >>> Scaling((1.0,), (2.0,)).undo(np.array([[0.5]])).tolist()
        [[2.0]]
        """
        return np.asarray(x * np.array(self.std) + np.array(self.mean))


@dataclass(frozen=True)
class Recipe:
    """Everything that a prediction needs besides the model; stored under `extra` in the model file.

    `y_scaling` is the identity unless the task is a regression; `training` is informative (data, options, result).
    `table` says how the table was read that the model was trained on; it is None for a built-in data set.
    """

    task: Task
    loss: str
    target: str
    columns: tuple[Column, ...]
    class_names: tuple[str, ...]
    x_scaling: Scaling
    y_scaling: Scaling
    training: dict[str, Any] = field(default_factory=dict)
    table: Understood | None = None

    @property
    def scheme(self) -> Scheme:
        """How targets are encoded and outputs read."""
        return scheme(self.task, self.loss)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the inputs of the model."""
        return tuple(name for column in self.columns for name in column.feature_names)

    @property
    def metric_name(self) -> str:
        """The name of this task's score: accuracy or R²."""
        return "R²" if self.task == "regression" else "accuracy"

    def encode_targets(self, y: NDArray[Any]) -> list[Prediction]:
        """Targets in the user's units (class indices or numbers), encoded for the loss."""
        scaled = self.y_scaling.apply(y[:, None])[:, 0] if self.task == "regression" else y
        return [self.scheme.encode(number, len(self.class_names)) for number in scaled.tolist()]

    def class_as_target(self, k: int) -> float:
        """Class k as `nn.fit` names it in `class_weight`: its target, or the index if that is a one-hot row."""
        target = as_row(self.scheme.encode(k, len(self.class_names)))
        return float(target[0]) if len(target) == 1 else k

    def read_outputs(self, outputs: list[Prediction]) -> Array:
        """The predictions that the outputs mean, shape (n,): class indices, or numbers in the user's units."""
        if self.task == "regression":
            return self.y_scaling.undo(np.array([as_row(output) for output in outputs]))[:, 0]
        return np.array([self.scheme.read_class(output) for output in outputs], dtype=np.float64)

    def predict(self, model: Model, x: Array) -> Array:
        """Predictions of the model for rows in the user's units; see `read_outputs`."""
        return self.read_outputs(predict(model, self.x_scaling.apply(x)))

    def to_json(self) -> dict[str, Any]:
        """The recipe as plain JSON values."""
        # asdict keeps tuples, but JSON has only lists: the result should equal what is read back.
        return dict(json.loads(json.dumps(asdict(self))))

    @classmethod
    def from_json(cls, extra: dict[str, Any], name: str = "the model") -> Self:
        """The recipe in a model's `extra`; `name` stands for the file in messages.

        >>> try: Recipe.from_json({})
        ... except RecipeError as error: print(str(error)[:44])
        the model has no recipe ('task' is missing):

        RecipeError when there is none; StorageError, naming the field, when it is invalid.
        """
        names, extra = [each.name for each in fields(cls)], ADDED | extra
        if missing := [each for each in names if each not in extra]:
            raise RecipeError(
                f"{name} has no recipe ({missing[0]!r} is missing): it was not saved by `python -m nn train`;"
                " use nn.load in your own program"
            )
        try:
            extra = extra | {"columns": _completed(extra["columns"])}
            record(STORED)({each: extra[each] for each in names}, "extra")
            recipe = cls(
                task=extra["task"],
                loss=extra["loss"],
                target=extra["target"],
                columns=tuple(map(_column, extra["columns"])),
                class_names=tuple(extra["class_names"]),
                x_scaling=_scaling(extra["x_scaling"]),
                y_scaling=_scaling(extra["y_scaling"]),
                training=extra["training"],
                table=Understood.from_json(extra["table"]) if extra["table"] else None,
            )
            recipe.check()
        except SchemaError as error:
            raise StorageError(f"{name}: {error}; train it again") from None
        return recipe

    def check(self) -> None:
        """Raise `SchemaError` when the parts do not fit together."""
        names = [column.name for column in self.columns]
        features = self.feature_names
        _expect(
            len({*names, self.target}) == len(names) + 1,
            "columns",
            "two have the same name, or one has that of the target",
        )
        for i, column in enumerate(self.columns):
            twins = len(set(column.categories)) < len(column.categories)
            _expect(not twins, f"columns[{i}].categories", "two are the same")
            fits = not column.is_boolean or len(column.categories) == 2
            _expect(fits, f"columns[{i}].categories", "true or false are two categories")
        for part, wanted in ("x_scaling", len(features)), ("y_scaling", 1):
            scaling = getattr(self, part)
            for key, numbers in ("mean", scaling.mean), ("std", scaling.std):
                _expect(
                    len(numbers) == wanted, f"{part}.{key}", f"expected {counted(wanted, 'number')}, got {len(numbers)}"
                )
        classes = len(self.class_names)
        fitting = {"binary": classes == 2, "classification": classes > 1, "regression": classes == 0}[self.task]
        _expect(
            fitting and len(set(self.class_names)) == classes,
            "class_names",
            f"{shown(list(self.class_names))} does not fit the task {self.task!r}",
        )
        try:
            scheme(self.task, self.loss)
        except ValueError as error:
            raise SchemaError("extra.loss", str(error)) from None

    def check_model(self, model: MLP, name: str) -> None:
        """Raise `StorageError` if this is not the recipe of `model`; `name` stands for the file in messages."""
        wanted = {
            "n_in": len(self.x_scaling.mean),
            "n_outs[-1]": len(self.class_names) if self.task == "classification" else 1,
        }
        for field_name, found in ("n_in", model.n_in), ("n_outs[-1]", model.n_outs[-1]):
            if found != wanted[field_name]:
                raise StorageError(
                    f"{name}: architecture.{field_name}: is {found}, but the recipe in extra is for a model with"
                    f" {wanted[field_name]}; train it again"
                )
        if model.output.name not in self.scheme.outputs:
            raise StorageError(
                f"{name}: architecture.output: {model.output.name!r} does not fit the loss {self.loss!r} in extra;"
                " train it again"
            )


def _expect(holds: bool, field_name: str, problem: str) -> None:
    if not holds:
        raise SchemaError(f"extra.{field_name}", problem)


def _completed(columns: Any) -> Any:
    """The columns with what a file of an earlier version does not have."""
    if not isinstance(columns, list):
        return columns
    added = {key: value for key, value in asdict(Column("")).items() if key not in ("name", "categories")}
    return [added | column if isinstance(column, dict) else column for column in columns]


def _column(parts: dict[str, Any]) -> Column:
    return Column(
        parts["name"],
        tuple(parts["categories"]),
        Notation(**parts["notation"]),
        parts["dates"],
        parts["is_boolean"],
    )


def _scaling(parts: dict[str, Any]) -> Scaling:
    return Scaling(tuple(map(float, parts["mean"])), tuple(map(float, parts["std"])))
