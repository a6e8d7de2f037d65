"""Small samples and models for tests of compiled and eager training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import nn
from autograd import Value, tanh

X = [[0.1, -0.7], [1.2, 0.4], [-0.5, 0.9], [0.8, -1.1], [-1.3, -0.2], [0.3, 1.4], [1.0, 1.0]]
NUMBERS = [0.3, -0.2, 0.5, 0.9, -0.4, 0.1, 0.6]


def numbers(model: Any) -> list[float]:
    return [parameter.data for parameter in model.parameters()]


def net(n_out: int = 1, **options: Any) -> Callable[[], nn.MLP]:
    return lambda: nn.MLP(2, [3, n_out], **({"hidden": "tanh", "seed": 4} | options))


class Bigram:
    """Scores the next letter by the tanh of a letter's embedding; not a Module."""

    def __init__(self) -> None:
        self.letters = nn.Embedding(4, 3, init="xavier_normal", seed=0)
        self.scores = nn.Layer(3, 4, activation="linear", seed=1)

    def __call__(self, x: Sequence[float]) -> Any:
        return self.scores([tanh(e) for e in self.letters(x[0])])

    def parameters(self) -> list[Value]:
        # The table is listed twice, as happens in models with shared weights.
        return [*self.letters.parameters(), *self.scores.parameters(), *self.letters.parameters()]


LETTERS = [[0], [1], [2], [3], [0], [1], [2]]
NEXT = [1, 2, 3, 0, 1, 2, 0]
