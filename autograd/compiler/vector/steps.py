"""The parts of a vector program: operands, steps, named arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

from autograd._numpy import NDArray, np
from autograd.primitive import Primitive

Lanes = NDArray[np.intp]
Key = tuple[str, int]  # of a step: the file and the first lane of its result
Mask = NDArray[np.bool_]
Numbers = NDArray[np.float64]

FORMS = ("map", "reduce", "product", "pairs", "mean", "mean_product", "mean_pairs", "lift")


@dataclass(frozen=True, eq=False)
class Operand:
    """Lanes of a file, or constants. `lanes` and `numbers` have the shape in which the step wants them."""

    kind: str  # "shared", "batched" or "constant"
    lanes: Lanes = field(default_factory=lambda: np.zeros(0, np.intp))
    numbers: Numbers = field(default_factory=lambda: np.zeros(0))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the lanes, without the samples; () for one constant."""
        return self.table.shape

    @property
    def table(self) -> NDArray[Any]:
        """The constants or the lanes, whichever it has."""
        return self.numbers if self.kind == "constant" else self.lanes

    def with_table(self, table: NDArray[Any]) -> Operand:
        """The same kind with other constants or lanes."""
        return replace(self, numbers=table) if self.kind == "constant" else replace(self, lanes=table)


@dataclass(frozen=True, eq=False)
class Step:
    """One vector equation. Its result has `shape` (and the samples behind, if `batched`), rows first, in new lanes.

    form          operands                          result
    map           x, y, … each of `shape`           `row` of them, lane by lane
    reduce        xs (n, *shape); for `pick` index (*shape), xs     `row` over the first axis
    product       w (r, k), x (k, c) [, bias]       w x + bias, shape (r, c); the bias broadcasts
    pairs         w, x (k, *shape) [, bias]         Σ w x + bias over the first axis; w may be constants (k, 1…)
    mean          x (*shape), batched               the mean over the samples, shared
    mean_product  w (r, k), x (c, k), both batched  Σ w xᵀ over k, mean over the samples: shape (r, c), shared
    mean_pairs    w, x (k, *shape), both batched    Σ w x over k, mean over the samples, shared
    lift          x (*shape), shared                the same numbers for every sample
    """

    form: str
    batched: bool
    start: int  # the first lane, in the file of its kind
    shape: tuple[int, ...]
    operands: tuple[Operand, ...]
    row: Primitive | None = None
    places: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))  # of `shape`; of the scalar program
    results: NDArray[np.intp] | None = None  # of `shape`: the outputs that these are; nothing else looks at them
    name: str = ""
    note: str = ""

    @property
    def size(self) -> int:
        """How many lanes."""
        return math.prod(self.shape)

    @property
    def kind(self) -> str:
        """The file of the result, where it is not an output itself."""
        return "batched" if self.batched else "shared"

    @property
    def key(self) -> Key:
        """What tells it from other steps."""
        return self.kind, self.start

    @property
    def lanes(self) -> Lanes:
        """The lanes of the result, in its shape."""
        return np.arange(self.start, self.start + self.size).reshape(self.shape)


@dataclass(frozen=True, eq=False)
class Array:
    """Lanes under one name: a matrix (r, c) or a vector (n,)."""

    name: str
    kind: str  # "shared" or "batched"
    lanes: Lanes
