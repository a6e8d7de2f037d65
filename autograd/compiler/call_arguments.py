"""The arguments of a call together: those that all samples share, and those that hold the samples of a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NoReturn, TypeAlias

from autograd.compiler.arguments import Argument, are_integers, argument, is_plain, samples
from autograd.errors import CompileError
from autograd.structure import Key

Parts: TypeAlias = "tuple[Argument, ...] | Callable[[Sequence[Any]], Arguments]"
Form: TypeAlias = "tuple[tuple[int, ...] | None, tuple[int, ...], bool]"
"""Of an array its shape, that of its numbers, and whether it holds samples; of a number None."""


class Arguments:
    """The arguments of a call.

    keys     select the recording
    shared   the numbers of the arguments that are not batched
    samples  the arrays of the batched ones whose samples hold any number
    parts    the arguments one by one, or what makes them of `args`: few calls ask for them
    """

    __slots__ = ("_args", "_parts", "keys", "samples", "shared")

    def __init__(
        self, keys: tuple[Key, ...], shared: list[Any], samples: list[Any], parts: Parts, args: Sequence[Any] = ()
    ) -> None:
        self.keys = keys
        self.shared = shared
        self.samples = samples
        self._parts = parts
        self._args = args

    @property
    def parts(self) -> tuple[Argument, ...]:
        """The arguments one by one."""
        if callable(self._parts):
            self._parts = self._parts(self._args).parts
        return self._parts

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
    return Arguments(tuple([part.key for part in parts]), shared, batched, tuple(parts))


def collect(args: Sequence[Any], names: Sequence[str], batch: frozenset[str]) -> Arguments:
    """The arguments of a call by name, those in `batch` with many samples; CompileError names the one that is wrong."""
    if not batch:
        each = tuple(map(argument, args, names))
        return Arguments(tuple([part.key for part in each]), [part.numbers for part in each], [], each)
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


class Layout:
    """What the arguments of a call were, arrays of certain shapes and numbers; such others need no closer look.

    >>> import numpy as np
    >>> args, names = [np.zeros(2), 1.0], ("x", "y")
    >>> layout = layout_of(args, names, frozenset(), collect(args, names, frozenset()))
    >>> layout.arguments([np.ones(2), 3.0]).shared
    [array([1., 1.]), [3.0]]
    >>> layout.arguments([np.ones(3), 3.0]), layout.arguments([[1.0, 1.0], 3.0])
    (None, None)
    """

    def __init__(self, forms: list[Form], keys: tuple[Key, ...], collect: Callable[[Sequence[Any]], Arguments]) -> None:
        self._forms, self._keys, self._collect = forms, keys, collect

    def arguments(self, args: Sequence[Any]) -> Arguments | None:
        """The arguments of a call as `collect` gives them; None if they are others."""
        if len(args) != len(self._forms):
            return None
        shared, samples = [], []
        for x, (shape, rows, is_batched) in zip(args, self._forms, strict=True):
            if shape is None:
                if type(x) is not float:
                    return None
                shared.append([x])
            elif not is_plain(x) or x.shape != shape:
                return None
            elif is_batched:
                samples.append(x if rows == shape else x.reshape(rows))
            else:
                shared.append(x if rows == shape else x.ravel())
        return Arguments(self._keys, shared, samples, self._collect, args)


def layout_of(args: Sequence[Any], names: Sequence[str], batch: frozenset[str], found: Arguments) -> Layout | None:
    """The layout of arguments that have been collected; None if there are others than float64 arrays and floats."""
    forms: list[Form] = []
    for x, part in zip(args, found.parts, strict=True):
        if type(x) is float and not part.is_batched:
            forms.append((None, (), False))
        elif is_plain(x) and x.shape and (x.size or not part.is_batched):
            forms.append((x.shape, part.numbers.shape, part.is_batched))
        else:
            return None
    return Layout(forms, found.keys, partial(collect, names=names, batch=batch))
