"""An equation r(x, θ) = 0 recorded at one point: θ is whatever the function used from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

from autograd.derivative import slopes
from autograd.errors import RootError
from autograd.graph import number_of
from autograd.observing import Conversions
from autograd.recording import paused_gc, under
from autograd.scopes import Hooks, hooks
from autograd.series.terms import Run, Series
from autograd.structure import Key, flatten, rebuild
from autograd.value import Value, as_float

Equation = Callable[[Any], Any]


class Residual:
    """`f` evaluated at the numbers `at`, in the structure `key`: its graph, which is walked again for other numbers.

    `outer` are the Values that it used and did not make: arguments, parameters, and what functions close over.

    TypeError where it does not return as many numbers as there are unknowns.
    """

    def __init__(self, f: Equation, key: Key, at: Sequence[float]) -> None:
        self.made: list[Value] = []
        self.unknowns: list[Value] = []
        self.outputs: list[Any] = []
        self.runs: list[Run] = []  # of the Taylor series that it used: then `outputs` is what they are at t = 0
        observer = hooks().observer or Conversions()
        with paused_gc():
            under(lambda now: _recording(now, self.made.append, observer), self._evaluate, f, key, at, observer)
        if len(self.outputs) != len(self.unknowns):
            raise TypeError(
                f"{_name(f)} must return as many numbers as there are unknowns: got {len(self.outputs)} for "
                f"{len(self.unknowns)}"
            )
        self._find_outer()

    def _evaluate(self, f: Equation, key: Key, at: Sequence[float], observer: Any) -> None:
        self.unknowns = [Value(x) for x in at]
        if isinstance(observer, Conversions):
            observer.inputs.update(self.unknowns)
        found: list[Any] = []
        flatten(f(rebuild(key, iter(self.unknowns))), found)
        self.runs = [x.run for x in found if isinstance(x, Series)]
        heads = [x.coefficients[0] if isinstance(x, Series) else x for x in found]
        self.outputs = [x if isinstance(x, Value) else as_float(x) for x in heads]

    def _find_outer(self) -> None:
        """Keep the nodes that an output needs, operands first, and what they need that was there before."""
        inner, wanted = set(self.made), {x for x in self.outputs if isinstance(x, Value)}
        kept = []
        for node in reversed(self.made):
            if node in wanted and node.primitive is not None:
                kept.append(node)
                wanted.update([x for x in node.operands if isinstance(x, Value)])
        self.made = kept[::-1]
        inputs = dict.fromkeys([x for node in self.made for x in node.operands if isinstance(x, Value)])
        inputs.update(dict.fromkeys([x for x in self.outputs if isinstance(x, Value)]))
        self.outer = [x for x in inputs if x not in inner]

    @property
    def numbers(self) -> list[float]:
        """r, at the recorded point; RootError where it is not finite."""
        found = list(map(number_of, self.outputs))
        if not all(map(isfinite, found)):
            raise RootError(f"the equation is {found} at {list(map(number_of, self.unknowns))}; start elsewhere")
        return found

    def jacobian(self) -> list[list[float]]:
        """∂r/∂x, at the recorded point."""
        rows = under(_on, lambda: [self._slopes(y, self.unknowns) for y in self.outputs])
        return [[number_of(x) for x in row] for row in rows]

    def _slopes(self, y: Any, inputs: Sequence[Value]) -> list[Any]:
        return list(slopes(y, inputs, independent=True)) if isinstance(y, Value) else [0.0] * len(inputs)

    def at(self, unknowns: Sequence[Value], outer: Sequence[Value]) -> tuple[list[list[Any]], list[list[Any]]]:
        """∂r/∂x and ∂r/∂θ at other Values, as Values."""
        xs, thetas = [x * 1.0 for x in unknowns], [x * 1.0 for x in outer]  # none depends on another
        known: dict[Any, Any] = dict(zip((*self.unknowns, *self.outer), (*xs, *thetas), strict=True))
        for node in self.made:
            assert node.primitive is not None
            known[node] = node.primitive(*[known.get(x, x) if isinstance(x, Value) else x for x in node.operands])
        both = [self._slopes(known.get(y, y), [*xs, *thetas]) for y in self.outputs]
        return [row[: len(xs)] for row in both], [row[len(xs) :] for row in both]

    def moved(self, outer: Sequence[float]) -> Equation:
        """The equation with other numbers for θ, as a function of the list of unknowns."""

        def f(xs: Sequence[Any]) -> list[Any]:
            known: dict[Any, Any] = dict(zip((*self.unknowns, *self.outer), (*xs, *outer), strict=True))
            for node in self.made:
                assert node.primitive is not None
                known[node] = node.primitive(*[known.get(x, x) if isinstance(x, Value) else x for x in node.operands])
            return [known.get(y, y) for y in self.outputs]

        return f


def _recording(now: Hooks, see: Callable[[Any], None], observer: Any) -> Hooks:
    return replace(now, off=False, watchers=(*now.watchers, see), observer=observer)


def _on(now: Hooks) -> Hooks:
    return replace(now, off=False)


def _name(f: Any) -> str:
    return str(getattr(f, "__name__", repr(f)))
