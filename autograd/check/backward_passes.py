"""The engine's own backward pass, on floats and again on numbers with more digits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from autograd.check.arithmetic import Arithmetic
from autograd.check.differences import ROUND_OFF
from autograd.check.tape import Tape
from autograd.value import Value

SMALLEST = 2.0**-1074


class Passes(NamedTuple):
    """Gradients by slot after one `backward()`, and after a second one on the same graph, which doubles the leaves."""

    once: list[float]
    twice: list[float]


def backward_on_floats(tape: Tape) -> Passes:
    """What `root.backward()` gives for the recorded graph; the graph's own gradients end as they were."""
    with _restored(tape.nodes):
        for node in tape.nodes:
            node._grad = 0.0
        root = tape.nodes[-1]
        root.backward()
        once = [node._grad for node in tape.nodes]
        root.backward()
        return Passes(once, [node._grad for node in tape.nodes])


def backward_in(m: Arithmetic, tape: Tape) -> list[Any]:
    """The same code over a copy of the graph whose data and partials are numbers of another arithmetic."""
    base, zero = tape.base(m), m.lift(0.0)
    copies: list[Any] = [object.__new__(Value) for _ in tape.nodes]
    for copy, node, number in zip(copies, tape.nodes, base, strict=True):
        copy._data, copy._grad, copy.primitive = number, zero, node.primitive
        copy._x = copy._y = copy._dx = copy._dy = None
    for line in tape.lines:
        copy = copies[line.slot]
        copy._x = copy._y = tuple([copies[edge.slot] for edge in line.edges])
        copy._dx = tuple(tape.partials(m, line))
    copies[-1].backward()
    return [copy._grad for copy in copies]


@contextmanager
def _restored(nodes: Sequence[Value]) -> Iterator[None]:
    before = [node._grad for node in nodes]
    try:
        yield
    finally:
        for node, grad in zip(nodes, before, strict=True):
            node._grad = grad


def condition(tape: Tape) -> list[float]:
    """By slot, the adjoint with the absolute value of every partial: the scale of rounding errors."""
    sizes = [0.0] * len(tape.nodes)
    sizes[-1] = 1.0
    for line in reversed(tape.lines):
        for edge in line.edges:
            sizes[edge.slot] += abs(edge.recorded) * sizes[line.slot]
    return sizes


def rounding_bounds(tape: Tape, m: Arithmetic, adjoints: Sequence[Any]) -> list[float]:
    """By slot, how far the adjoint on floats may be off from the exact one: a running error bound (Higham 2002, ch. 3).

    Σ |p| E + |p − P| |A| + (n + 1) u |p| (|A| + E) over the consumers, with p and P the partial as recorded and exact,
    A the consumer's exact adjoint, E its own bound, n the number of terms and u = 2⁻⁵³.
    """
    terms = [0] * len(tape.nodes)
    for line in tape.lines:
        for edge in line.edges:
            terms[edge.slot] += 1
    bounds = [0.0] * len(tape.nodes)
    for line in reversed(tape.lines):
        size, error = abs(as_float(adjoints[line.slot])), bounds[line.slot]
        for edge, exact in zip(line.edges, tape.partials(m, line), strict=True):
            slot, p, off = edge.slot, abs(edge.recorded), abs(as_float(m.lift(edge.recorded) - exact)) + SMALLEST
            bounds[slot] += p * error + off * size + (terms[slot] + 1) * ROUND_OFF * p * (size + error) + SMALLEST
    return [bound * (1.0 + 1e-9) for bound in bounds]  # the bound is itself computed in floats


def as_float(x: Any) -> float:
    """A number of any arithmetic as a float; nan for what is not real.

    >>> as_float(2 + 0j), as_float(1j)
    (2.0, nan)
    """
    try:
        return float(x)
    except TypeError:
        return float(x.real) if x.imag == 0 else math.nan
