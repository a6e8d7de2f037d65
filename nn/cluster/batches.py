"""Batches: the samples of each shard that a step uses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from autograd._numpy import NDArray, np

WORD = 2**32  # a seed of NumPy's generator is a list of integers below this


@dataclass(frozen=True)
class Batch:
    """Slice `number` of `of` slices of every shard, each reshuffled separately in every epoch; of = 1 is all samples.

    The rows depend on the seed, the epoch and the shard, not on the worker that holds the shard.
    """

    seed: int = 0
    epoch: int = 0
    number: int = 0
    of: int = 1

    def rows(self, shard: int, count: int) -> NDArray[np.intp] | slice:
        """The row numbers in the shard with number `shard`, which has `count` rows.

        >>> [len(Batch(seed=7, number=b, of=3).rows(shard=0, count=10)) for b in range(3)]
        [3, 3, 4]
        """
        if self.of == 1:
            return slice(None)
        first, last = count * self.number // self.of, count * (self.number + 1) // self.of
        return _order(self.seed, self.epoch, shard, count)[first:last]


EVERYTHING = Batch()


def slices(counts: list[int], batch_size: int | None) -> int:
    """The number of slices that shards of these lengths are cut into, for batches of about `batch_size` samples.

    None is all samples at once. The longest shard contributes at least one sample to every batch.

    >>> slices([100, 100], 32), slices([3, 2], 1), slices([100, 100], None)
    (7, 3, 1)
    """
    return 1 if batch_size is None else min(-(-sum(counts) // batch_size), max(counts))


@lru_cache(maxsize=256)
def _order(seed: int, epoch: int, shard: int, count: int) -> NDArray[np.intp]:
    # RandomState, because NumPy guarantees that its streams never change.
    words = [seed % WORD, seed // WORD % WORD, epoch, shard]
    return np.random.RandomState(words).permutation(count)
