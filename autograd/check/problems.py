"""Functions that `oracle="function"` can check: of Values, of numbers with a gradient, of another engine's nodes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement
from typing import Any

from autograd.check.backward_passes import backward_on_floats
from autograd.check.second_order import gradient_tapes
from autograd.check.subject import names_of, subject
from autograd.check.tape import Tape
from autograd.structure import key_of, leaves_of, rebuild
from autograd.value import Value, as_float

PAIRS_OF = 12  # inputs whose second derivatives are looked at


def problem(f: Any, at: Sequence[Any], loss: Any, gradient: Callable[..., Any] | None) -> Problem:
    """The problem for the arguments of `check_gradients`."""
    if gradient is not None:
        return Numbers(f, at, gradient)
    return ForeignGraph(f, at) if any(map(is_node, leaves_of(at))) else OwnGraph(f, at, loss)


class Problem:
    """A function to check: names of its inputs, its value, and the gradient at a point."""

    names: list[str]
    at: list[float]

    def value(self, numbers: Sequence[float]) -> float:
        """f's value; nan where it has none."""
        raise NotImplementedError

    def gradient(self) -> list[float]:
        """The derivatives to be checked."""
        raise NotImplementedError

    def hessian(self) -> dict[tuple[int, int], float]:
        """Second derivatives to be checked, by the places of two inputs."""
        raise TypeError("order=2 needs a graph of autograd: other engines give first derivatives only")


class OwnGraph(Problem):
    """f of Values, or a model of this project."""

    def __init__(self, f: Any, at: Sequence[Any], loss: Any) -> None:
        if isinstance(f, Value):
            raise TypeError("oracle='function' calls f at other points: give the function, not a recorded graph")
        on = subject(f, at, loss)
        assert on.again is not None  # only a recorded graph has none
        self._again, self._root, self._leaves = on.again, on.root, [*on.inputs.values()]
        self.names, self.at = [*on.inputs], [leaf.data for leaf in on.inputs.values()]

    def value(self, numbers: Sequence[float]) -> float:
        """The number of the root that f records there."""
        with self._again(numbers) as recording:
            return recording.root.data

    def gradient(self) -> list[float]:
        """What `backward()` gives."""
        tape = Tape(self._root)
        found = backward_on_floats(tape).once
        return [float(found[tape.slot[leaf]]) if leaf in tape.slot else 0.0 for leaf in self._leaves]

    def hessian(self) -> dict[tuple[int, int], float]:
        """What `grad` of `grad` gives, for the first inputs."""
        some = self._leaves[:PAIRS_OF]
        tapes = gradient_tapes(Tape(self._root), some)
        slopes = {leaf: backward_on_floats(tape).once for leaf, tape in tapes.items()}
        found = {}
        for i, j in combinations_with_replacement(range(len(some)), 2):
            row, column = some[i], some[j]
            known = row in tapes and column in tapes[row].slot
            found[i, j] = float(slopes[row][tapes[row].slot[column]]) if known else 0.0
        return found


class Numbers(Problem):
    """f of plain numbers, with a function that gives its derivatives in the structure of the arguments."""

    def __init__(self, f: Callable[..., Any], at: Sequence[Any], derivative: Callable[..., Any]) -> None:
        self._f, self._key, self._derivative = f, key_of(at), derivative
        self.names, self.at = names_of(f, at), [as_float(x) for x in leaves_of(at)]

    def value(self, numbers: Sequence[float]) -> float:
        """f there."""
        return float(self._f(*rebuild(self._key, iter(numbers))))

    def gradient(self) -> list[float]:
        """The derivatives, in order."""
        found = self._derivative(*rebuild(self._key, iter(self.at)))
        flat = [float(x) for x in leaves_of(found)]
        if len(flat) != len(self.at):
            raise TypeError(f"gradient= gave {len(flat)} number(s) for {len(self.at)} input(s): {found!r}")
        return flat


class ForeignGraph(Problem):
    """f of the nodes of another engine."""

    def __init__(self, f: Callable[..., Any], at: Sequence[Any]) -> None:
        self._f, self._key = f, key_of(at)
        self._likes = leaves_of(at)
        self.names, self.at = names_of(f, at), [number_of(x) for x in self._likes]

    def _nodes(self, numbers: Sequence[float]) -> list[Any]:
        return [alike(like, x) if is_node(like) else x for like, x in zip(self._likes, numbers, strict=True)]

    def value(self, numbers: Sequence[float]) -> float:
        """The data of the node that f makes."""
        return number_of(self._f(*rebuild(self._key, iter(self._nodes(numbers)))))

    def gradient(self) -> list[float]:
        """What its `backward()` leaves in `grad`."""
        nodes = self._nodes(self.at)
        root = self._f(*rebuild(self._key, iter(nodes)))
        if hasattr(root, "backward"):
            root.backward()
        return [float(node.grad) if getattr(node, "grad", None) is not None else 0.0 for node in nodes]


def is_node(x: Any) -> bool:
    """Whether x is a node of another engine."""
    return hasattr(x, "data") and hasattr(x, "grad") and hasattr(x, "backward") and not isinstance(x, Value)


def number_of(x: Any) -> float:
    """The number of a node, or a number itself."""
    return float(x.data if hasattr(x, "backward") else x)


def alike(node: Any, number: float) -> Any:
    """A leaf of another engine with another number: its class called with that, or a copy with other data."""
    try:
        made = type(node)(number)
        if number_of(made) == number:
            return made
    except (TypeError, ValueError, RuntimeError):
        pass
    made = copy.deepcopy(node)
    if hasattr(made.data, "fill_"):  # a tensor
        made.data.fill_(number)
        made.grad = None
    else:
        made.data, made.grad = type(node.data)(number), type(node.data)(0.0)
    return made
