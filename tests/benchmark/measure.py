"""Taking figures: wall-clock seconds and traced bytes, one side after the other in turns."""

from __future__ import annotations

import gc
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import repeat as times

import autograd
from tests.benchmark.contest import Side

TURN = 0.05
"""Seconds that a turn of many short calls lasts: a thousand times what the clock and a switch of tasks cost."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How one step becomes a figure, and the figure a text."""

    take: Callable[[Side], float]
    text: Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one side over the repetitions.

    >>> figures = Figures("ours", (3.0, 1.0, 2.0))
    >>> figures.best, figures.median
    (1.0, 2.0)
    """

    name: str
    taken: tuple[float, ...]

    @property
    def best(self) -> float:
        """The smallest figure: the one that other work on the machine disturbed least."""
        return min(self.taken)

    @property
    def median(self) -> float:
        """The middle figure: what a user sees, disturbances included."""
        return statistics.median(self.taken)


def collector_of(side: Side) -> AbstractContextManager[object]:
    """The context that brings the garbage collector into the state that the workload defines for this side."""
    return autograd.paused_gc() if side.collector == "paused" else nullcontext()


def seconds(side: Side) -> float:
    """Wall-clock seconds of one step.

    The garbage of the side that ran before is collected first: micrograd's closures make cycles, and whoever runs
    next would pay for them.
    """
    gc.collect()
    with collector_of(side):
        return timed(side.step, 1)


def per_call(side: Side) -> float:
    """Wall-clock seconds of one step, the mean over as many steps as fill a turn; one step alone if it fills it."""
    gc.collect()
    with collector_of(side):
        once = timed(side.step, 1)
        calls = int(TURN / once)
        return once if calls < 1 else timed(side.step, calls) / calls


def timed(step: Callable[[], object], calls: int) -> float:
    """Wall-clock seconds of that many calls."""
    start = time.perf_counter()
    for _ in times(None, calls):
        step()
    return time.perf_counter() - start


def traced_bytes(side: Side) -> float:
    """Bytes that the list returned by one step keeps alive, without the list's own."""
    gc.collect()
    tracemalloc.start()
    try:
        with collector_of(side):
            kept = side.step()
        return float(tracemalloc.get_traced_memory()[0] - sys.getsizeof(kept))
    finally:
        tracemalloc.stop()


def time_text(figure: float) -> str:
    """A duration with three digits in the unit that suits it.

    >>> time_text(0.0213), time_text(4.2e-7)
    ('21.3 ms', '420 ns')
    """
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if figure >= size:
            return f"{figure / size:.3g} {unit}"
    return f"{figure / 1e-9:.3g} ns"


def bytes_text(figure: float) -> str:
    """A number of bytes, to the byte.

    >>> bytes_text(231.6)
    '232 bytes'
    """
    return f"{figure:.0f} bytes"


SECONDS = Measure(seconds, time_text)
CALLS = Measure(per_call, time_text)
BYTES = Measure(traced_bytes, bytes_text)


def take_turns(sides: Sequence[Side], measure: Measure, repeat: int, nodes: int = 1) -> tuple[Figures, ...]:
    """Measure the sides in turns, ``repeat`` times each, so that a disturbance of the machine meets all of them.

    Figures are per node where ``nodes`` says how many there are.
    """
    rounds = [[measure.take(side) / nodes for side in sides] for _ in range(repeat)]
    return tuple(Figures(side.name, taken) for side, taken in zip(sides, zip(*rounds, strict=True), strict=True))
