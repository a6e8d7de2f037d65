"""The arguments of a call together: those that all samples share, and those that hold the samples of a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

from autograd.compiler.arguments import Argument, are_integers, argument, samples
from autograd.errors import CompileError
from autograd.structure import Key


class Arguments(NamedTuple):
    """The arguments of a call.

    keys     select the recording
    shared   the numbers of the arguments that are not batched
    samples  the arrays of the batched ones whose samples hold any number
    """

    keys: tuple[Key, ...]
    parts: tuple[Argument, ...]
    shared: list[Any]
    samples: list[Any]

    @property
    def example(self) -> list[float]:
        """The numbers of one sample, to record with."""
        return [x for part in self.parts for x in part.example]

    @property
    def size(self) -> int:
        """The number of numbers; with a batch, of one sample."""
        return sum(part.size for part in self.parts)

    @property
    def hold_array(self) -> bool:
        """Whether any of them is an array, or has one in it."""
        return any(part.has_array for part in self.parts)

    @property
    def indices(self) -> frozenset[int]:
        """The places of numbers that were given as integers."""
        flags: list[bool] = []
        for part in self.parts:
            flags += are_integers(part.given[0] if part.is_batched else part.given)
        return frozenset([place for place, flag in enumerate(flags) if flag])

    def each(self) -> Iterator[Arguments]:
        """The arguments of each sample in turn."""
        for i in range(len(self.samples[0])):
            yield of_parts(
                [
                    Argument(part.key, part.numbers[i].tolist(), part.given[i]) if part.is_batched else part
                    for part in self.parts
                ]
            )


def of_parts(parts: Sequence[Argument]) -> Arguments:
    """The arguments of a call, one by one, as `collect` gives them."""
    shared, batched = [], []
    for part in parts:
        if not part.is_batched:
            shared.append(part.numbers)
        elif part.numbers.shape[1]:
            batched.append(part.numbers)
    return Arguments(tuple([part.key for part in parts]), tuple(parts), shared, batched)


def collect(args: Sequence[Any], names: Sequence[str], batch: frozenset[str]) -> Arguments:
    """The arguments of a call by name, those in `batch` with many samples; CompileError names the one that is wrong."""
    if not batch:
        parts = list(map(argument, args, names))
        return Arguments(tuple([part.key for part in parts]), tuple(parts), [part.numbers for part in parts], [])
    parts = [samples(x, name) if name in batch else argument(x, name) for x, name in zip(args, names, strict=True)]
    counts = [len(part.numbers) for part in parts if part.is_batched]
    if len(counts) != len(batch) or counts.count(counts[0]) != len(counts):
        _refuse_counts(names, batch, counts)
    found = of_parts(parts)
    if not found.samples:
        raise CompileError(
            f"the samples of {' and '.join(sorted(batch))} hold no numbers, so all are the same; "
            "call the function without batch="
        )
    return found


def _refuse_counts(names: Sequence[str], batch: frozenset[str], counts: Sequence[int]) -> NoReturn:
    given = [name for name in names if name in batch]
    if missing := ", ".join(sorted(batch.difference(given))):
        raise CompileError(f"the batched argument(s) {missing} are missing")
    listed = ", ".join(f"{name} has {count}" for name, count in zip(given, counts, strict=True))
    raise CompileError(f"the batched arguments need the same number of samples; {listed}")
