"""Which samples of each shard a step looks at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

WORD = 2**32  # a seed of NumPy's generator is a list of such words


@dataclass(frozen=True)
class Batch:
    """Slice `number` of `of` of every shard, each shuffled by itself anew in every epoch; of = 1 is all samples.

    Which rows these are depends on the seed, the epoch and the shard, not on the worker that holds the shard.
    """

    seed: int = 0
    epoch: int = 0
    number: int = 0
    of: int = 1

    def rows(self, shard: int, count: int) -> NDArray[np.intp] | slice:
        """The row numbers in a shard of `count` rows, whose number is `shard`.

        >>> [len(Batch(seed=7, number=b, of=3).rows(shard=0, count=10)) for b in range(3)]
        [3, 3, 4]
        """
        if self.of == 1:
            return slice(None)
        first, last = count * self.number // self.of, count * (self.number + 1) // self.of
        return _order(self.seed, self.epoch, shard, count)[first:last]


EVERYTHING = Batch()


def slices(counts: list[int], batch_size: int | None) -> int:
    """Into how many slices to cut shards of these lengths, so that one of each makes about `batch_size` samples.

    None is all samples at once. The longest shard gives at least one sample to every batch.

    >>> slices([100, 100], 32), slices([3, 2], 1), slices([100, 100], None)
    (7, 3, 1)
    """
    return 1 if batch_size is None else min(-(-sum(counts) // batch_size), max(counts))


@lru_cache(maxsize=256)
def _order(seed: int, epoch: int, shard: int, count: int) -> NDArray[np.intp]:
    # RandomState, because NumPy promises that its streams never change.
    words = [seed % WORD, seed // WORD % WORD, epoch, shard]
    return np.random.RandomState(words).permutation(count)
