"""What must stay with a model so that it can read new data: columns, scaling, classes, and how it was trained."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nn.metrics import Prediction, as_row
from nn.prediction import Model, predict
from nn.table import Column
from nn.tasks import TASKS, Scheme, Task, scheme

Array = NDArray[np.float64]


class RecipeError(ValueError):
    """A model file without what `python -m nn train` stores beside the model."""


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
        """The scaling that gives x mean 0 and standard deviation 1; a column without spread is only shifted."""
        std = x.std(axis=0)
        return cls(tuple(x.mean(axis=0).tolist()), tuple(np.where(std > 0.0, std, 1.0).tolist()))

    @classmethod
    def none(cls, columns: int) -> Self:
        """The scaling that changes nothing.

        >>> Scaling.none(1)
        Scaling(mean=(0.0,), std=(1.0,))
        """
        return cls((0.0,) * columns, (1.0,) * columns)

    def apply(self, x: Array) -> Array:
        """From the user's units to the model's."""
        return np.asarray((x - np.array(self.mean)) / np.array(self.std))

    def undo(self, x: Array) -> Array:
        """From the model's units to the user's.

        >>> Scaling((1.0,), (2.0,)).undo(np.array([[0.5]])).tolist()
        [[2.0]]
        """
        return np.asarray(x * np.array(self.std) + np.array(self.mean))


@dataclass(frozen=True)
class Recipe:
    """Everything besides the parameters that a prediction needs; kept under `extra` in the model file.

    `y_scaling` is the identity unless the task is a regression; `training` is for the reader (data, options, result).
    """

    task: Task
    loss: str
    target: str
    columns: tuple[Column, ...]
    class_names: tuple[str, ...]
    x_scaling: Scaling
    y_scaling: Scaling
    training: dict[str, Any] = field(default_factory=dict)

    @property
    def scheme(self) -> Scheme:
        """How targets and outputs are to be read."""
        return scheme(self.task, self.loss)

    @property
    def metric_name(self) -> str:
        """What the score of this task is called: accuracy or R²."""
        return "R²" if self.task == "regression" else "accuracy"

    def encode_targets(self, y: NDArray[Any]) -> list[Prediction]:
        """Targets in the user's units (class indices or numbers) as the loss wants them."""
        scaled = self.y_scaling.apply(y[:, None])[:, 0] if self.task == "regression" else y
        return [self.scheme.encode(number, len(self.class_names)) for number in scaled.tolist()]

    def read_outputs(self, outputs: list[Prediction]) -> Array:
        """What the model's outputs say, shape (n,): class indices, or numbers in the user's units."""
        if self.task == "regression":
            return self.y_scaling.undo(np.array([as_row(output) for output in outputs]))[:, 0]
        return np.array([self.scheme.read_class(output) for output in outputs], dtype=np.float64)

    def answer(self, model: Model, x: Array) -> Array:
        """What the model says about rows in the user's units; see `read_outputs`."""
        return self.read_outputs(predict(model, self.x_scaling.apply(x)))

    def to_json(self) -> dict[str, Any]:
        """The recipe as plain JSON values."""
        # asdict keeps tuples; JSON has only lists, and the stored thing should equal what is read back.
        return dict(json.loads(json.dumps(asdict(self))))

    @classmethod
    def from_json(cls, extra: Any) -> Self:
        """The recipe in a model's `extra`; a `RecipeError` says what is missing from it.

        >>> try: Recipe.from_json({})
        ... except RecipeError as error: print(str(error)[:44])
        the model has no recipe ('task' is missing):
        """
        try:
            recipe = cls(
                task=extra["task"],
                loss=extra["loss"],
                target=extra["target"],
                columns=tuple(Column(column["name"], tuple(column["categories"])) for column in extra["columns"]),
                class_names=tuple(extra["class_names"]),
                x_scaling=_scaling(extra["x_scaling"]),
                y_scaling=_scaling(extra["y_scaling"]),
                training=dict(extra["training"]),
            )
            recipe.check()
        except KeyError as error:
            raise RecipeError(
                f"the model has no recipe ({error} is missing): it was not saved by `python -m nn train`;"
                " use nn.load in a program of your own"
            ) from None
        except (TypeError, ValueError) as error:
            raise RecipeError(f"the model's recipe is damaged ({error}); train it again") from None
        return recipe

    def check(self) -> None:
        """Raise `ValueError` when the parts are not what they should be or do not fit together."""
        features = [name for column in self.columns for name in column.feature_names]
        texts = (self.task, self.loss, self.target, *self.class_names, *features)
        if wrong := [text for text in texts if not isinstance(text, str)]:
            raise ValueError(f"{wrong[0]!r} should be a text")
        if self.task not in TASKS:
            raise ValueError(f"unknown task {self.task!r}")
        if not len(features) == len(self.x_scaling.mean) == len(self.x_scaling.std):
            raise ValueError(f"{len(features)} features, but scaling for {len(self.x_scaling.mean)}")
        scheme(self.task, self.loss)


def _scaling(parts: dict[str, Any]) -> Scaling:
    return Scaling(tuple(map(float, parts["mean"])), tuple(map(float, parts["std"])))
