"""What a program runs on: the arguments of a call, the numbers of the parameters, and directions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import repeat
from random import Random
from typing import Any

from autograd.compiler.arguments import Argument, as_array
from autograd.compiler.call_arguments import Arguments, of_parts
from autograd.structure import NUMBER, Key, assembled

NOTHING = Arguments((), [], [], ())


class Given:
    """The inputs of a call.

    along    tangents or cotangents, as arguments
    pieces   what all samples share: lists and float64 vectors, in the order of the program's inputs
    samples  the arrays of what differs from sample to sample
    """

    __slots__ = ("along", "arguments", "parameters", "pieces", "samples")

    def __init__(
        self, arguments: Arguments, parameters: Any, along: Arguments, pieces: list[Any], samples: list[Any]
    ) -> None:
        self.arguments = arguments
        self.parameters = parameters
        self.along = along
        self.pieces = pieces
        self.samples = samples

    def with_dense_directions(self) -> Given:
        """The same with other directions, none of whose numbers is 0: a program is recorded and verified with these."""
        return given(self.arguments, self.parameters, dense(self.along)) if self.along.parts else self

    def each(self) -> Iterator[Given]:
        """Those of each sample in turn."""
        directions = self.along.each() if self.along.samples else repeat(self.along)
        for arguments, along in zip(self.arguments.each(), directions, strict=False):  # `repeat` has no end
            yield given(arguments, self.parameters, along)


def aligned(x: Any, key: Key) -> Any:
    """x with the dicts in it in the order of those of `key`, where they have the same names.

    >>> from autograd.structure import key_of
    >>> aligned({"b": 1.0, "w": 2.0}, key_of({"w": 0.0, "b": 0.0}))
    {'w': 2.0, 'b': 1.0}
    """
    if key is NUMBER or key.shape is not None:
        return x
    kind, names, parts = key
    if kind is dict and isinstance(x, dict) and x.keys() == set(names):
        return {name: aligned(x[name], part) for name, part in zip(names, parts, strict=True)}
    if kind is not dict and isinstance(x, list | tuple) and len(x) == len(parts) and key.list_shape is None:
        return assembled(key, [aligned(each, part) for each, part in zip(x, parts, strict=True)])
    return x


def dense(arguments: Arguments) -> Arguments:
    """Other numbers for directions, none of them 0: a program is recorded and verified with these.

    >>> from autograd.compiler.call_arguments import collect
    >>> [0.5 <= x <= 1.5 for x in dense(collect([[0.0, 1.0]], ("v",), frozenset())).example]
    [True, True]
    """
    rng = Random(0)
    return of_parts([_with_numbers(each, lambda: rng.uniform(0.5, 1.5)) for each in arguments.parts])


def _with_numbers(argument: Argument, number: Callable[[], float]) -> Argument:
    rows = len(argument.numbers) if argument.is_batched else 1
    numbers = as_array([number() for _ in range(rows * argument.size)])
    return argument._replace(numbers=numbers.reshape(rows, argument.size) if argument.is_batched else numbers)


def given(arguments: Arguments, parameters: Any, along: Arguments = NOTHING) -> Given:
    """The inputs of a call, with the numbers of the parameters as a list or a float64 vector.

    >>> from autograd.compiler.call_arguments import collect
    >>> given(collect([1.0, [2.0, 3.0]], ("x", "y"), frozenset()), [4.0]).pieces
    [[1.0], [2.0, 3.0], [4.0]]
    """
    if along is NOTHING:  # as nearly always
        pieces = [*arguments.shared, parameters] if len(parameters) else arguments.shared
        return Given(arguments, parameters, along, pieces, arguments.samples)
    pieces = [*arguments.shared, parameters, *along.shared]
    samples = [*arguments.samples, *along.samples] if along.samples else arguments.samples
    return Given(arguments, parameters, along, pieces, samples)
