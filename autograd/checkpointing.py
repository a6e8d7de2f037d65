"""Gradients of long loops in little memory: states are kept now and then, and steps are recorded again on the way back.

Which states are kept is `revolve`'s schedule (Griewank & Walther 2000, ACM Transactions on Mathematical Software 26(1),
algorithm 799): with s of them and each step repeated at most t times, a loop may have (s + t choose s) pieces.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from math import ceil, comb
from typing import Any, NamedTuple

from autograd.functions import dot
from autograd.graph import number_of
from autograd.recording import paused_gc
from autograd.structure import Key, flatten, key_of, leaves_of, rebuild
from autograd.value import Value, as_float

PIECE = 32  # steps that are recorded at once
SLOTS = 1000  # states that are kept at once


def checkpointed(
    step: Callable[[Any], Any], state: Any, steps: int, loss: Callable[[Any], Any], *, slots: int = SLOTS
) -> tuple[float, Any]:
    """The loss after many steps of a loop, and its derivatives, as one `backward()` gives them, in bounded memory.

    step   the next state from a state: a number, or lists, tuples and dicts of numbers
    state  the first one
    steps  how often `step` is applied
    loss   a number from the last state
    slots  how many states are kept at once, beside the graph of 32 steps; fewer take longer: see `repeats`

    Returns the loss and its derivatives by the first state, in its structure. Parameters, which are Values that `step`
    and `loss` use, get their gradients added as by `loss.backward()`, later steps first. Up to 32 steps, all of them
    have the bits of one pass. In longer loops those of parameters may differ in the last: where steps were recorded
    apart, a term of the later step comes before one of the earlier step that one pass may put first.

    >>> from autograd import Value
    >>> w = Value(0.5)
    >>> checkpointed(lambda x: w * x, 3.0, 2, lambda x: x * 1.0), w.grad
    ((0.75, 0.25), 3.0)

    `step` is evaluated again, so it has to give the same numbers each time. First derivatives only: nothing is returned
    that could be differentiated. TypeError when a state or the loss is not made of numbers, or a state has another
    structure than the one before; ValueError for a negative number of steps, and for no slots.
    """
    if steps < 0 or slots < 1:
        raise ValueError(f"steps must not be negative and slots be positive, got steps={steps} and slots={slots}")
    loop = _Loop(step, key_of(state))
    first = loop.numbers(state)
    with paused_gc():
        value, adjoints = None, array("d")
        for begin, end, start in _pieces(loop, first, steps, slots):
            leaves, after = loop.recorded(start, end - begin)
            if value is None:
                root = _as_value(loss(rebuild(loop.key, iter(after))))
                value = number_of(root)
            else:
                root = dot(after, list(adjoints))
            if isinstance(root, Value):
                root.backward()
            adjoints = array("d", [leaf.grad for leaf in leaves])
    assert value is not None
    return value, rebuild(loop.key, iter(adjoints.tolist()))


def repeats(steps: int, slots: int = SLOTS) -> int:
    """How often a step is evaluated at most, the recording left out: the smallest t with (slots + t choose t) ≥ pieces.

    >>> repeats(30_000), repeats(1_000_000), repeats(1_000_000, slots=10)
    (1, 2, 8)
    """
    pieces, t = ceil(steps / PIECE), 0
    while comb(slots + t, t) < pieces:
        t += 1
    return t


class _Loop(NamedTuple):
    step: Callable[[Any], Any]
    key: Key

    def numbers(self, state: Any) -> array[float]:
        """The numbers of a state."""
        found: list[Any] = []
        if flatten(state, found) != self.key:
            raise TypeError(f"step must return the structure that it is given, but the next state is {state!r}")
        return array("d", [as_float(number_of(x) if isinstance(x, Value) else x) for x in found])

    def advanced(self, start: array[float], count: int) -> array[float]:
        """The state some steps later; the graph of a few steps is cheaper to drop than to avoid."""
        for begin in range(0, count, PIECE):
            state = rebuild(self.key, iter(start.tolist()))
            for _ in range(min(PIECE, count - begin)):
                state = self.step(state)
            start = self.numbers(state)
        return start

    def recorded(self, start: array[float], count: int) -> tuple[list[Value], list[Any]]:
        """The numbers of a state as leaves, and those some steps later, with their graph."""
        leaves = [Value(x) for x in start]
        state = rebuild(self.key, iter(leaves))
        for _ in range(count):
            state = self.step(state)
        self.numbers(state)
        return leaves, leaves_of(state)


def _pieces(loop: _Loop, first: array[float], steps: int, slots: int) -> Iterator[tuple[int, int, array[float]]]:
    """(begin, end, state at begin) of the pieces of the loop, the last one first."""
    kept = [(0, first)]  # states at the beginning of pieces, by the number of the piece
    left = max(ceil(steps / PIECE), 1)
    while left:
        piece, state = kept[-1]
        while piece < left - 1:
            free = slots - len(kept)
            after = piece + _stride(left - piece, free + 1) if free > 0 else left - 1
            state = loop.advanced(state, PIECE * (after - piece))
            piece = after
            if free > 0:
                kept.append((piece, state))
        left = piece
        yield PIECE * piece, min(PIECE * (piece + 1), steps), state
        if kept[-1][0] == piece:
            kept.pop()


def _stride(pieces: int, slots: int) -> int:
    """After how many of the pieces the next state is kept, if there are slots for it and further ones."""
    repeat = 1
    while comb(slots + repeat, repeat) < pieces:
        repeat += 1
    return min(max(ceil(pieces * repeat / (slots + repeat)), 1), pieces - 1)


def _as_value(y: Any) -> Any:
    return y if isinstance(y, Value) else as_float(y)
