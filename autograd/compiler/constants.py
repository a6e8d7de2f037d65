"""What the code of a function asks for besides its arguments: read off its instructions."""

from __future__ import annotations

import dis
from functools import lru_cache
from types import CodeType, FrameType

from autograd import origin


def compares_with_is(frame: FrameType | None) -> bool:
    """Whether the user's functions in `frame` and around it ask `… is True` or `… is False` anywhere."""
    while frame is not None:
        if asks_identity(frame.f_code) and next(origin.inside(frame), None) is None:
            return True
        frame = frame.f_back
        if frame is not None and frame.f_globals.get("__name__") == "autograd.compiler.record":
            return False
    return False


@lru_cache(maxsize=1024)
def asks_identity(code: CodeType) -> bool:
    """Whether there is an `is` with True or False on one of its sides.

    >>> asks_identity((lambda x: (x > 0) is True).__code__), asks_identity((lambda x: x is None).__code__)
    (True, False)
    """
    instructions = list(dis.get_instructions(code))
    booleans = [each for each in instructions if each.argval is True or each.argval is False]
    return any(
        asked.opname == "IS_OP" and any(_within(each, asked) for each in booleans if each.opname == "LOAD_CONST")
        for asked in instructions
    )


def _within(inner: dis.Instruction, outer: dis.Instruction) -> bool:
    """Whether the expression of one instruction is a part of that of the other."""
    if inner.positions is None or outer.positions is None or inner.positions.lineno is None:
        return abs(outer.offset - inner.offset) <= 4
    a, b = inner.positions, outer.positions
    start, end = (b.lineno or 0, b.col_offset or 0), (b.end_lineno or 0, b.end_col_offset or 0)
    return start <= (a.lineno or 0, a.col_offset or 0) and (a.end_lineno or 0, a.end_col_offset or 0) <= end
