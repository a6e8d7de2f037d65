"""How much a model needs each column: the loss of its score when the values of the column are shuffled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

REPEATS = 5
Array = NDArray[np.float64]


class Importance(NamedTuple):
    """By how much the score is lower when the column is shuffled: mean and standard deviation over the repeats."""

    column: str
    mean: float
    std: float


def permutation_importance(
    score: Callable[[Array], float],
    x: Array,
    columns: Mapping[str, Sequence[int]],
    *,
    repeats: int = REPEATS,
    seed: int = 0,
) -> list[Importance]:
    """The importance of each column, the largest first.

    score    of a model, for rows like those of `x`
    x        samples, best those that the model was not trained on
    columns  the features of each column; those of one column are shuffled together
    repeats  how often each is shuffled; `seed` draws the permutations

    >>> x = np.array([[0.0, 5.0], [1.0, 6.0], [2.0, 7.0]])
    >>> [first, second] = permutation_importance(lambda x: float(x[0, 0] == 0), x, {"a": [0], "b": [1]})
    >>> first.column, second
    ('a', Importance(column='b', mean=0.0, std=0.0))

    Two columns that say the same stand in for each other, and both seem less important. Breiman 2001, "Random Forests".
    """
    rng, best = np.random.RandomState(seed), score(x)
    found = []
    for column, features in columns.items():
        drops = []
        for _ in range(repeats):
            shuffled = x.copy()
            shuffled[:, features] = x[rng.permutation(len(x))][:, features]
            drops.append(best - score(shuffled))
        found.append(Importance(column, float(np.mean(drops)), float(np.std(drops))))
    return sorted(found, key=lambda each: -each.mean)
