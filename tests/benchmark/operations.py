"""Nanoseconds per operation: ours beside a Value reduced to slots and tuples, by turns, in one process."""

from __future__ import annotations

import math
import timeit
from collections.abc import Callable, Sequence
from typing import Any

from autograd import Value, dot
from tests.benchmark import tuples

NAME = "operations"
NUMBER, QUICK_NUMBER = 2_000, 10  # executions in one measurement
TURNS, QUICK_TURNS = 150, 2  # of each side; the best counts, since what disturbs only ever adds

# The text of each operation, for both sides; `V` is the class, `w` and `a` are lists of four.
OPERATIONS = (
    "x + y", "x - y", "x * y", "x / y", "-x", "abs(x)", "x + 2.0", "x - 1", "2.0 * x", "1.0 - x", "1.0 / x", "x < y",
    "x > 0.0", "x**2", "x**-1", "x**3", "x**1.7", "x.exp()", "x.log()", "x.sqrt()", "x.sin()", "x.tanh()",
    "x.sigmoid()", "x.relu()", "sum(a)", "dot(w, a)", "V(1)", "V(1.0)", "V(0.5, (x,), (2.0,))",
    "V(0.5, (x, y), (2.0, 3.0))",
)  # fmt: skip


class Peer(tuples.Value):
    """The peer with more functions and comparisons, in the way of those that it has."""

    __slots__ = ()

    def sqrt(self) -> tuples.Value:
        """√x."""
        root = math.sqrt(self.data)
        return tuples.Value(root, (self,), (0.5 / root,))

    def sin(self) -> tuples.Value:
        """sin x."""
        return tuples.Value(math.sin(self.data), (self,), (math.cos(self.data),))

    def tanh(self) -> tuples.Value:
        """tanh x."""
        t = math.tanh(self.data)
        return tuples.Value(t, (self,), (1.0 - t * t,))

    def sigmoid(self) -> tuples.Value:
        """1 / (1 + e⁻ˣ)."""
        s = 1.0 / (1.0 + math.exp(-self.data))
        return tuples.Value(s, (self,), (s * (1.0 - s),))

    def __abs__(self) -> tuples.Value:
        return tuples.Value(abs(self.data), (self,), (1.0 if self.data > 0.0 else -1.0,))

    def __lt__(self, other: Peer | float) -> bool:
        return self.data < (other.data if isinstance(other, Peer) else other)

    def __gt__(self, other: Peer | float) -> bool:
        return self.data > (other.data if isinstance(other, Peer) else other)


def peer_dot(w: Sequence[Peer], x: Sequence[Peer]) -> Any:
    """Σ wᵢ xᵢ, as a program on the peer writes it."""
    return sum(each * other for each, other in zip(w, x, strict=True))


def run(quick: bool) -> bool:
    """Print a line per operation; False where the two sides disagree on the value or the gradients."""
    print(f"\n{NAME}: ns per operation, best of the turns; ratio below 1: ours is faster")
    sound = True
    for text in OPERATIONS:
        agree = same(text)
        ours, peer = times(text, quick)
        verdict = "" if agree else "  DIFFERENT NUMBERS"
        print(f"  {text:28}  ours {ours:6.0f}  slots and tuples {peer:6.0f}  ratio {ours / peer:4.2f}{verdict}")
        sound &= agree
    return sound


def times(text: str, quick: bool) -> tuple[float, float]:
    """The best time of both sides, in nanoseconds."""
    number, turns = (QUICK_NUMBER, QUICK_TURNS) if quick else (NUMBER, TURNS)
    timers = [timeit.Timer(text, globals=operands(kind)) for kind in (Value, Peer)]
    measured = [[timer.timeit(number) / number * 1e9 for timer in timers] for _ in range(turns)]
    ours, peer = map(min, zip(*measured, strict=True))
    return ours, peer


def operands(kind: Callable[..., Any]) -> dict[str, Any]:
    """The names that an operation refers to."""
    lists = {name: [kind(start + i) for i in range(4)] for name, start in (("w", 0.5), ("a", 0.25))}
    return {"V": kind, "x": kind(1.5), "y": kind(0.7), "dot": dot if kind is Value else peer_dot, **lists}


def same(text: str) -> bool:
    """Whether both sides compute the same value and gradients, to rounding."""
    found = []
    for kind in (Value, Peer):
        names = operands(kind)
        out = eval(text, names)
        if isinstance(out, bool):
            found.append([float(out)])
            continue
        out.backward()
        found.append([out.data, *[v.grad for v in (names["x"], names["y"], *names["w"], *names["a"])]])
    return all(math.isclose(a, b, rel_tol=1e-14) for a, b in zip(*found, strict=True))
