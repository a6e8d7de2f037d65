"""Check the guards: whether this is the right program for these inputs."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from autograd._numpy import NDArray, np
from autograd.compiler.program import RELATIONS, Atom
from autograd.compiler.silent import silently

FEW = 8  # guards that are asked one by one
Numbers = NDArray[Any]
Asked = tuple[str, Atom, Atom, bool]

# The relations of program.py on arrays.
ON_ARRAYS: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "same": lambda x, y: (x == y) & (np.signbit(x) == np.signbit(y)),
    "truth": lambda x, _: x != 0.0,
}


class Guards:
    """Called with the inputs and the file of shared numbers, it gives the first guard that does not hold, or −1.

    In float32 all sides of a comparison are rounded, as all operands of the program are.
    """

    def __init__(self, guards: Sequence[Asked], inputs: int, dtype: str = "float64") -> None:
        self.dtype, self.inputs = dtype, inputs
        self.guards = silently(lambda: [_rounded(guard, dtype) for guard in guards])
        self.relations = {relation: self._those(relation) for relation in ON_ARRAYS}

    def __call__(self, shared: Numbers, numbers: Numbers) -> int:
        if self.dtype != "float64":
            shared = shared.astype(self.dtype)
        if len(self.guards) <= FEW:
            return self._one_by_one(shared, numbers)
        known = np.array(numbers, np.float64)
        known[: self.inputs] = shared
        failing = [len(self.guards)]
        for relation, (places, left, right, outcomes) in self.relations.items():
            holds = ON_ARRAYS[relation](_looked_up(left, known), _looked_up(right, known)) == outcomes
            failing += places[~holds][:1].tolist()
        return -1 if min(failing) == len(self.guards) else min(failing)

    def _one_by_one(self, shared: Numbers, numbers: Numbers) -> int:
        for place, (relation, left, right, outcome) in enumerate(self.guards):
            x, y = (
                atom if type(atom) is float else (shared if atom < self.inputs else numbers).item(int(atom))
                for atom in (left, right)
            )
            if RELATIONS[relation](x, y) != outcome:
                return place
        return -1

    def _those(self, relation: str) -> tuple[NDArray[np.intp], _Side, _Side, NDArray[np.bool_]]:
        chosen = [(i, left, right, outcome) for i, (r, left, right, outcome) in enumerate(self.guards) if r == relation]
        places, outcomes = np.array([each[0] for each in chosen], np.intp), np.array([each[3] for each in chosen], bool)
        return places, _side([each[1] for each in chosen]), _side([each[2] for each in chosen]), outcomes


def _rounded(guard: Asked, dtype: str) -> Asked:
    relation, *sides, outcome = guard
    left, right = [float(np.array(each).astype(dtype)) if type(each) is float else each for each in sides]
    return relation, left, right, outcome


_Side = tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]  # lanes, constants, which of them it is


def _side(atoms: Sequence[int | float]) -> _Side:
    constant = np.array([type(atom) is float for atom in atoms], bool)
    lanes = np.array([0 if type(atom) is float else atom for atom in atoms], np.intp)
    return lanes, np.array([atom if type(atom) is float else 0.0 for atom in atoms], np.float64), constant


def _looked_up(side: _Side, known: Numbers) -> Numbers:
    lanes, constants, constant = side
    return np.where(constant, constants, known[lanes])
