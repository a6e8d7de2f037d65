"""Operands of a vector program as elements of arrays: which pointer, which place, how far from one to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd._numpy import NDArray, np
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.program import VectorProgram
from autograd.compiler.vector.steps import Lanes, Operand, Step
from autograd.exporting.writing import File

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Region:
    """Lanes of a file from `first` on that are elements of an array, from `offset` on."""

    pointer: str
    first: int
    count: int
    offset: int = 0


@dataclass(frozen=True)
class Access:
    """Elements of an array, or of it through a table of places; or one number, with an empty pointer."""

    pointer: str
    offset: int
    steps: Shape
    table: str = ""
    text: str = ""

    def at(self, indices: Sequence[str | int]) -> str:
        """The element for an index on each axis.

        >>> Access("w", 3, (4, 1)).at(["i", "j"]), Access("", 0, (), text="1.0").at([])
        ('w[3 + 4 * i + j]', '1.0')
        """
        if not self.pointer:
            return self.text
        place = linear(self.offset, list(zip(self.steps, indices, strict=True)))
        return f"{self.pointer}[{f'{self.table}[{place}]' if self.table else place}]"

    def dropped(self) -> Access:
        """Without the first axis, at its first place."""
        return Access(self.pointer, self.offset, self.steps[1:], self.table, self.text)

    def moved(self, places: int) -> Access:
        """At another place of the first axis, without that axis."""
        offset = self.offset + places * self.steps[0] if self.pointer else 0
        return Access(self.pointer, offset, self.steps[1:], self.table, self.text)

    @property
    def is_number(self) -> bool:
        """Whether it is one constant."""
        return not self.pointer


RESULTS = Region("y", 0, 0)


def linear(offset: int, terms: Sequence[tuple[int, str | int]]) -> str:
    """offset + Σ step · index.

    >>> linear(0, [(1, "i")]), linear(2, [(0, "i"), (-3, "j"), (2, 5)])
    ('i', '12 - 3 * j')
    """
    offset += sum([step * int(index) for step, index in terms if str(index).isdigit()])
    words = [(step, index) for step, index in terms if step and not str(index).isdigit()]
    text = str(offset) if offset or not words else ""
    for step, index in words:
        product = str(index) if abs(step) == 1 else f"{abs(step)} * {index}"
        sign = "-" if step < 0 else "+"
        text = f"{text} {sign} {product}" if text else product if step > 0 else f"-{product}"
    return text


class Files:
    """Where the lanes of both files are.

    inputs   the regions of the inputs that all samples share; `b` points to those of a sample
    results  where results begin, and `work` is the first place in w that may be used
    """

    def __init__(
        self,
        vectors: VectorProgram,
        inputs: Sequence[Region],
        file: File,
        results: Region = RESULTS,
        work: int = 0,
    ) -> None:
        self.file, self.vectors, self.results = file, vectors, results
        shared, batched = vectors.sizes
        counts = len(vectors.program.shared), len(vectors.program.batched)
        self.inputs = {"shared": list(inputs), "batched": [Region("b", 0, counts[1])]}
        operands = [(each.kind, each.lanes) for step in vectors.steps for each in step.operands if each.lanes.size]
        self.copied = {
            kind: any(self._region(kind, lanes) is None for of, lanes in operands if of == kind) for kind in self.inputs
        }
        kept = [0 if self.copied[kind] else n for kind, n in zip(self.inputs, counts, strict=True)]
        self.own = {
            "shared": Region("w", kept[0], shared - kept[0], work),
            "batched": Region("w", kept[1], batched - kept[1], work + shared - kept[0]),
        }
        self.size = shared - kept[0] + batched - kept[1]

    def _region(self, kind: str, lanes: Lanes) -> Region | None:
        """That of inputs which lanes are in; one without a pointer for those that are computed; None: several."""
        low, high = int(lanes.min()), int(lanes.max())
        for region in self.inputs[kind]:
            if region.first <= low and high < region.first + region.count:
                return region
        is_own = all(low >= region.first + region.count for region in self.inputs[kind])
        return Region("", 0, 0) if is_own else None

    def access(self, operand: Operand) -> Access:
        """An operand as the elements of an array."""
        if operand.kind == "constant":
            return self._constants(operand.numbers)
        return self.lanes(operand.kind, operand.lanes)

    def lanes(self, kind: str, lanes: Lanes) -> Access:
        """Lanes of a file as the elements of an array."""
        region = self._region(kind, lanes)
        assert region is not None or self.copied[kind]
        if region is None or not region.pointer:
            region = self.own[kind]
        return self._places(region.pointer, lanes - region.first + region.offset)

    def together(self, kind: str, lanes: Sequence[int]) -> int:
        """How many of these lanes, from the first on, are in one array."""
        first = self._region(kind, np.array(lanes[:1], np.intp))
        return next((i for i, each in enumerate(lanes) if self._region(kind, np.array([each])) != first), len(lanes))

    def result(self, step: Step, order: NDArray[np.intp] | None = None) -> Access:
        """The elements that a step computes; in another order, which gives places in its own."""
        of_step = step.lanes if step.results is None else step.results + self.results.offset
        chosen = of_step if order is None else of_step.ravel()[order]
        return self.lanes(step.kind, chosen) if step.results is None else self._places(self.results.pointer, chosen)

    def _places(self, pointer: str, places: NDArray[Any]) -> Access:
        found = strides(places)
        if found is not None:
            return Access(pointer, int(places.flat[0]), found)
        return Access(pointer, 0, _row_major(places.shape), self.file.table([int(x) for x in places.ravel()]))

    def _constants(self, numbers: NDArray[np.float64]) -> Access:
        bits = numbers.reshape(-1).view(np.int64)
        if (bits == bits[0]).all():
            return Access("", 0, (0,) * numbers.ndim, text=self.file.language.literal(float(numbers.flat[0])))
        return Access(self.file.table(numbers.ravel().tolist()), 0, _row_major(numbers.shape))


def _row_major(shape: Shape) -> Shape:
    """Steps of an array in rows; 0 along axes of length 1."""
    found: list[int] = []
    step = 1
    for length in reversed(shape):
        found.insert(0, step if length > 1 else 0)
        step *= length
    return tuple(found)


def broadcast(access: Access, axes: int) -> Access:
    """The same with axes of length 1 in front, up to so many."""
    return Access(
        access.pointer, access.offset, (0,) * (axes - len(access.steps)) + access.steps, access.table, access.text
    )


def behind(access: Access, axes: int) -> Access:
    """With axes of length 1 behind the first one, so that there are that one and so many."""
    steps = access.steps or (0,)
    missing = axes + 1 - len(steps)
    return Access(access.pointer, access.offset, (steps[0], *(0,) * missing, *steps[1:]), access.table, access.text)


def merged(shape: Shape, accesses: Sequence[Access]) -> tuple[Shape, list[Access]]:
    """The shape without axes of length 1, and with axes as one where all elements follow each other evenly.

    >>> merged((2, 3), [Access("w", 0, (3, 1)), Access("x", 5, (3, 1))])[0]
    (6,)
    """
    lengths: list[int] = []
    steps: list[list[int]] = [[] for _ in accesses]
    for axis, length in enumerate(shape):
        if length == 1:
            continue
        found = [each.steps[axis] if each.steps else 0 for each in accesses]
        if lengths and all(own[-1] == step * length for own, step in zip(steps, found, strict=True)):
            lengths[-1] *= length
            for own, step in zip(steps, found, strict=True):
                own[-1] = step
        else:
            lengths.append(length)
            for own, step in zip(steps, found, strict=True):
                own.append(step)
    made = [
        Access(each.pointer, each.offset, tuple(own), each.table, each.text)
        for each, own in zip(accesses, steps, strict=True)
    ]
    return tuple(lengths), made
