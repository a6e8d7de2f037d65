"""Assignments of many elements, those of evenly spaced places as loops."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from autograd.exporting.operands import linear
from autograd.exporting.writing import Lines

LEAST = 4  # assignments that are a loop
_ELEMENT = re.compile(r"(\w+)\[(\d*)((?: ?[+-] )?[^\[\]]*)\]")


class _Place(NamedTuple):
    """An element: its array, the constant part of its place, and the rest of that."""

    pointer: str
    offset: int
    rest: str

    def at(self, step: int, index: str) -> str:
        return f"{self.pointer}[{linear(self.offset, [(step, index)])}{self.rest}]"


def _place(text: str) -> _Place | None:
    """An element whose place begins with a number, or is one.

    >>> _place("w[12 + i1]"), _place("w[3 * i1]"), _place("t5")
    (_Place(pointer='w', offset=12, rest=' + i1'), None, None)
    """
    match = _ELEMENT.fullmatch(text)
    if match is None or not match[2] or match[3].startswith(" *"):
        return None
    return _Place(match[1], int(match[2]), match[3])


def assign(to: Lines, pairs: Sequence[tuple[str, str]]) -> None:
    """target = source for each pair, in order.

    >>> from autograd.exporting.language import DOUBLE
    >>> from autograd.exporting.writing import File
    >>> lines = Lines(DOUBLE, File(DOUBLE))
    >>> assign(lines, [(f"w[{i}]", f"x[{9 - 2 * i} + j]") for i in range(4)])
    >>> print("\\n".join(lines.lines))
        for (int i1 = 0; i1 < 4; i1++) {
            w[i1] = x[9 - 2 * i1 + j];
        }
    """
    places = [(_place(target), _place(source)) for target, source in pairs]
    begin = 0
    while begin < len(pairs):
        end = _end(places, begin)
        target, source = places[begin]
        if end - begin < LEAST or target is None or source is None:
            for left, right in pairs[begin:end]:
                to.add(f"{left} = {right};")
        else:
            steps = [_step(places, begin, side) for side in (0, 1)]
            with to.loop(end - begin) as k:
                to.add(f"{target.at(steps[0], k)} = {source.at(steps[1], k)};")
        begin = end


def _end(places: Sequence[tuple[_Place | None, _Place | None]], begin: int) -> int:
    """Where a run of even steps from `begin` on ends."""
    end = begin + 1
    while end < len(places):
        if not all(_continues(places, begin, end, side) for side in (0, 1)):
            break
        end += 1
    return end


def _continues(places: Sequence[tuple[_Place | None, _Place | None]], begin: int, end: int, side: int) -> bool:
    first, last = places[begin][side], places[end][side]
    if first is None or last is None or (first.pointer, first.rest) != (last.pointer, last.rest):
        return False
    return last.offset - first.offset == (end - begin) * _step(places, begin, side)


def _step(places: Sequence[tuple[_Place | None, _Place | None]], begin: int, side: int) -> int:
    first, second = places[begin][side], places[begin + 1][side]
    return second.offset - first.offset if first and second else 0
