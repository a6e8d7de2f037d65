"""Operands of steps in terms of arrays: whole ones, parts, transposes, columns of blocks, and constants by name."""

from __future__ import annotations

from collections.abc import Sequence

from autograd._numpy import np
from autograd.compiler.latex.definitions import Definition, Definitions, Key
from autograd.compiler.latex.names import Group, latex_name, letters
from autograd.compiler.latex.parts import index_of
from autograd.compiler.latex.spelling import (
    Named,
    element,
    is_array,
    listed,
    stack,
    transposed,
)
from autograd.compiler.vector.program import VectorProgram
from autograd.compiler.vector.steps import Array, Lanes, Numbers, Operand, Step
from autograd.notation.terms import Operand as Formula
from autograd.notation.terms import Term

MANY = 8  # terms of a sum that are written one by one, and blocks of a column


class UnsayableError(Exception):
    """An operand takes numbers here and there."""


class Operands:
    """Operands of the steps of a vector program, whose definitions are in `found`."""

    def __init__(self, vectors: VectorProgram, given: Sequence[Group], results: Sequence[Group]) -> None:
        self.vectors, self.given, self.results = vectors, given, results
        self.texts = vectors.texts
        self.arrays: list[tuple[Array, Step | None]] = [(array, None) for array in vectors.inputs]
        self.arrays += [
            (Array(step.name, step.kind, step.lanes), step) for step in vectors.steps if step.results is None
        ]
        taken = [latex_name(group.box) for group in given]
        fresh = letters("vuqr", taken)
        self.found = Definitions(lambda _: next(fresh))
        self.equal: set[Key] = set()  # steps of which all numbers are the same
        self.constants = letters("ckm", taken)
        self.fixed = {(kind, lane): number for kind, lane, number in vectors.constants}

    def spread(self, operands: Sequence[Operand], step: Step) -> list[Formula]:
        """Operands element by element, where one number stands for as many equal ones beside an array."""
        found = [self.operand(each, may_repeat=True) for each in operands]
        self._note_equal(step, found)
        return found

    def _note_equal(self, step: Step, terms: Sequence[Formula]) -> None:
        """A step of which all numbers are the same one is written as that one."""
        if step.size > 1 and not any(map(is_array, terms)):
            if step.results is not None:
                raise UnsayableError
            self.equal.add(step.key)

    def operand(self, operand: Operand, may_repeat: bool = False) -> Formula:
        """An operand in terms of arrays; if it may repeat one number, that number."""
        if operand.kind == "constant":
            numbers = np.unique(operand.numbers)
            if numbers.size == 1 and (may_repeat or operand.numbers.size == 1):
                return float(numbers[0])
            return self._constants(operand.numbers)
        lanes = operand.lanes
        if may_repeat:
            owners = self.texts.owner[operand.kind][lanes]
            is_one = owners.flat[0] >= 0 and bool((owners == owners.flat[0]).all())
            step = self.arrays[int(owners.flat[0])][1] if is_one else None
            if (lanes == lanes.flat[0]).all() or (step is not None and step.key in self.equal):
                lanes = lanes.ravel()[:1]
        return self.of_lanes(operand.kind, lanes)

    def _constants(self, numbers: Numbers) -> Formula:
        """A vector of numbers, which gets a name."""
        if np.squeeze(numbers).ndim != 1:
            raise UnsayableError
        key = ("constants", numbers.tobytes())
        if key not in self.found.names:
            self.found.names[key] = next(self.constants)
            self.found.add(Definition(key, listed([float(each) for each in numbers.ravel()]), is_kept=True))
        return Named(key, is_array=True)

    def of_lanes(self, kind: str, lanes: Lanes) -> Formula:
        """Numbers of a file."""
        lanes = lanes.reshape([n for n in lanes.shape if n > 1])
        owners = self.texts.owner[kind][lanes]
        if (owners == owners.flat[0]).all():
            return self._part(kind, int(owners.flat[0]), lanes)
        if lanes.ndim == 1 or (owners == owners[:, :1]).all():
            edges = np.flatnonzero(np.diff(owners if lanes.ndim == 1 else owners[:, 0])) + 1
            if lanes.ndim <= 2 and edges.size < MANY:
                return stack([self.of_lanes(kind, each) for each in np.split(lanes, edges)])
        raise UnsayableError

    def _part(self, kind: str, owner: int, lanes: Lanes) -> Formula:
        if owner < 0:
            numbers = {self.fixed.get((kind, int(lane))) for lane in lanes.ravel()}
            if lanes.size > 1 or None in numbers:
                raise UnsayableError
            return float(numbers.pop() or 0.0)
        array, step = self.arrays[owner]
        if step is None:
            return self._input(kind, lanes)
        if step.key in self.equal:
            if lanes.size > 1:
                raise UnsayableError
            return Named(step.key)
        flat = array.lanes.ravel()
        order = np.argsort(flat)
        index = index_of(order[np.searchsorted(flat, lanes, sorter=order)], array.lanes.shape)
        if index is None:
            raise UnsayableError
        whole = Named(step.key, is_array=array.lanes.size > 1)
        found: Term = whole if index.box is None else element(whole, index.box, lanes.size > 1)
        return transposed(found) if index.is_transposed else found

    def _input(self, kind: str, lanes: Lanes) -> Formula:
        program = self.vectors.program
        places = np.array(program.shared if kind == "shared" else program.batched, np.intp)[lanes]
        for group in self.given:
            if np.isin(places, group.places).all():
                flat = group.places.ravel()
                index = index_of(np.searchsorted(flat, places), group.places.shape, group.start)
                if index is not None:
                    whole = Named(None, group.box, is_array=group.places.size > 1)
                    found: Term = whole if index.box is None else element(whole, index.box, lanes.size > 1)
                    return transposed(found) if index.is_transposed else found
        raise UnsayableError
