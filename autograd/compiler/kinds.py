"""The kinds of derivatives that can be asked for, and how each is computed, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, TypeAlias

from autograd._numpy import NDArray, np
from autograd.compiler.lower import SAMPLES, VALUE
from autograd.structure import Key, size_of

ROWS, FORWARD, REVERSE = "row by row", "forward mode", "reverse mode"
ENTRIES = "entry by entry"
OVER = "reverse over forward mode"
_ONE_SAMPLE = {"map_grad": "grad", "map_jacobian": "jacobian"}  # what gives the same of a function without a batch


@dataclass(frozen=True)
class Derivative:
    """A kind of derivative that was asked for.

    name     of the method
    argnums  the arguments that it is by; None: the parameters
    along    the structure of each tangent or cotangent that was given
    order    the last of the Taylor coefficients
    sparse   whether a matrix is to be sparse
    """

    name: str
    argnums: tuple[int, ...] | None
    along: tuple[Key, ...] = ()
    order: int = 0
    sparse: bool = False

    @property
    def needs_one_number(self) -> bool:
        """Whether the function has to return one number."""
        return self.name in ("grad", "hvp", "hessian", "map_grad")

    def places(self, keys: Sequence[Key], count: int) -> tuple[int, ...]:
        """The inputs that it is by, of `count`, of which the arguments are first."""
        ends = [0, *accumulate(map(size_of, keys))]
        if self.argnums is None:
            return tuple(range(ends[-1], count))
        return tuple([place for i in self.argnums for place in range(ends[i], ends[i + 1])])


Kind: TypeAlias = "str | Derivative"


def is_per_sample(kind: Kind) -> bool:
    """Whether it has outputs for each sample, instead of means."""
    return kind == SAMPLES or (isinstance(kind, Derivative) and kind.name in _ONE_SAMPLE)


def of_one_sample(kind: Kind) -> Kind:
    """What gives the outputs of each sample by a function without a batch."""
    if not is_per_sample(kind):
        return kind
    return replace(kind, name=_ONE_SAMPLE[kind.name]) if isinstance(kind, Derivative) else VALUE


def matrix_of(outputs: Any, mode: str, rows: int, columns: int) -> NDArray[np.float64]:
    """The Jacobian, from the outputs of a program of that mode.

    >>> matrix_of([5.0, 6.0, 1.0, 2.0], ROWS, 2, 1)
    array([[1.],
           [2.]])
    """
    if mode == ROWS:
        return np.asarray(outputs[rows:], np.float64).reshape(rows, columns)
    found: NDArray[np.float64] = outputs[:, rows:].T if mode == FORWARD else outputs[:, 1:]
    return found
