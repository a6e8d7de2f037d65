"""What a program runs on: the arguments of a call, the numbers of the parameters, and directions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Any, NamedTuple

from autograd.compiler.arguments import Arguments

NOTHING = Arguments((), (), [], [])


class Given(NamedTuple):
    """The inputs of a call.

    along    tangents or cotangents, as arguments
    pieces   what all samples share: lists and float64 vectors, in the order of the program's inputs
    samples  the arrays of what differs from sample to sample
    """

    arguments: Arguments
    parameters: Any
    along: Arguments
    pieces: list[Any]
    samples: list[Any]

    def each(self) -> Iterator[Given]:
        """Those of each sample in turn."""
        directions = self.along.each() if self.along.samples else repeat(self.along)
        for arguments, along in zip(self.arguments.each(), directions, strict=False):  # `repeat` has no end
            yield given(arguments, self.parameters, along)


def given(arguments: Arguments, parameters: Any, along: Arguments = NOTHING) -> Given:
    """The inputs of a call, with the numbers of the parameters as a list or a float64 vector.

    >>> from autograd.compiler.arguments import collect
    >>> given(collect([1.0, [2.0, 3.0]], ("x", "y"), frozenset()), [4.0]).pieces
    [[1.0], [2.0, 3.0], [4.0]]
    """
    pieces = [*arguments.shared, parameters, *along.shared]
    samples = [*arguments.samples, *along.samples] if along.samples else arguments.samples
    return Given(arguments, parameters, along, pieces, samples)
