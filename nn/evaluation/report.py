"""Everything that is measured of a trained model, for people and as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.evaluation.calibration import Calibration, calibration
from nn.evaluation.classes import ClassScore, Counts, balanced_accuracy, class_scores, confusion_matrix
from nn.evaluation.importance import Importance
from nn.evaluation.residuals import Residuals, residuals

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ClassReport:
    """How well classes are predicted: `matrix` has a row for each class and a column for each predicted class."""

    names: tuple[str, ...]
    matrix: Counts
    scores: list[ClassScore]
    calibration: Calibration | None

    @classmethod
    def of(cls, names: tuple[str, ...], y: NDArray[Any], predicted: Array, probabilities: Array | None) -> ClassReport:
        """Measured on samples of the classes `y`; `probabilities`, if the model gives them, by sample and class."""
        matrix = confusion_matrix(y, predicted, len(names))
        known = None if probabilities is None else calibration(probabilities, y)
        return cls(names, matrix, class_scores(matrix), known)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        rows = zip(self.names, self.scores, strict=True)
        found: dict[str, Any] = {
            "classes": [{"name": name} | score._asdict() for name, score in rows],
            "balanced_accuracy": balanced_accuracy(self.scores),
            "confusion_matrix": self.matrix.tolist(),
        }
        if self.calibration is not None:
            bins = [each._asdict() for each in self.calibration.bins]
            found["calibration"] = self.calibration._asdict() | {"bins": bins}
        return found


@dataclass(frozen=True)
class NumberReport:
    """How well numbers are predicted."""

    y: Array
    predicted: Array
    residuals: Residuals

    @classmethod
    def of(cls, y: Array, predicted: Array) -> NumberReport:
        """Measured on samples with the targets `y`."""
        return cls(y, predicted, residuals(y, predicted))

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"residuals": self.residuals._asdict()}


@dataclass(frozen=True)
class Report:
    """What is known of a model after training.

    score        on the samples `where`, "held-out" or "training", as it is stored with the model
    baseline     the score of the best constant prediction
    detail       by class, or of numbers
    importances  of the columns, the largest first
    folds        the scores of a cross-validation
    curve        the loss of the held-out samples after each epoch
    """

    target: str
    where: str
    score: dict[str, Any]
    baseline: float
    detail: ClassReport | NumberReport
    importances: list[Importance]
    folds: tuple[float, ...] = ()
    curve: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON values: what is not a finite number is null."""
        found = {
            "target": self.target,
            "samples": self.where,
            "score": self.score,
            "baseline": self.baseline,
            **self.detail.to_json(),
            "importances": [each._asdict() for each in self.importances],
            "folds": list(self.folds),
            "held_out_loss_by_epoch": list(self.curve),
        }
        return dict(json.loads(json.dumps(found), parse_constant=lambda _: None))

    def text(self) -> str:
        """As the text of a JSON file."""
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n"
