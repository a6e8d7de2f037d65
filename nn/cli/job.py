"""What one run of `python -m nn train` works on."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

from nn.layers.mlp import MLP
from nn.tabular.datasets import Dataset
from nn.tabular.preprocessing import Array, Recipe
from nn.train.metrics import Prediction


@dataclass(frozen=True)
class Job:
    """One run: the complete options, the samples, the recipe for reading them, and the model to train."""

    args: argparse.Namespace
    dataset: Dataset
    recipe: Recipe
    model: MLP

    def inputs(self, rows: Any) -> Array:
        """The samples with these row numbers, scaled for the model."""
        return self.recipe.x_scaling.apply(self.dataset.x[rows])

    def targets(self, rows: Any) -> list[Prediction]:
        """Their targets, encoded for the loss."""
        return self.recipe.encode_targets(self.dataset.y[rows])
