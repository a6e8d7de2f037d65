"""Find what repeats in a sequence, as the steps of a loop do."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

LONGEST = 64  # entries of a step
TRIPS = 8  # fewer are shown one by one, as in the loops of the compiler


class Run(NamedTuple):
    """Entries from `start` to before `end` that repeat with a period."""

    start: int
    end: int
    period: int

    @property
    def trips(self) -> int:
        """How often the whole period is there."""
        return (self.end - self.start) // self.period


def repetitions(entries: Sequence[Hashable], least: int = TRIPS) -> list[Run]:
    """The runs of at least `least` whole periods, in order and apart; the longest are found first, O(64 · N).

    >>> repetitions("abcdabcdabcd-eeeeeeee", 3)
    [Run(start=0, end=12, period=4), Run(start=13, end=21, period=1)]
    """
    numbers: dict[Hashable, int] = {}
    codes = [numbers.setdefault(entry, len(numbers)) for entry in entries]
    found: list[Run] = []
    for run in sorted(_runs(codes, least), key=lambda run: (run.start - run.end, run.period)):
        if all(run.end <= other.start or other.end <= run.start for other in found):
            found.append(run)
    return sorted(found)


def _runs(codes: Sequence[int], least: int) -> list[Run]:
    """All runs; each ends with a whole period."""
    found = []
    for period in range(1, min(LONGEST, len(codes) // least) + 1):
        start = 0
        differences = [i for i, pair in enumerate(zip(codes, codes[period:], strict=False)) if pair[0] != pair[1]]
        for end in (*differences, len(codes) - period):
            trips = (end - start) // period + 1
            if trips >= least:
                found.append(Run(start, start + trips * period, period))
            start = end + 1
    return found
