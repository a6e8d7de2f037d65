"""Look at the instructions of a function: the names it loads, whether it asks `is True`, whose code it is."""

from __future__ import annotations

import dis
import sys
from functools import lru_cache
from types import CodeType, FrameType, FunctionType, ModuleType

from autograd import origin


def compares_with_is(frame: FrameType | None, end: CodeType) -> bool:
    """Whether the user's functions from `frame` up to the one that runs `end` ask `… is True` or `… is False`."""
    while frame is not None and frame.f_code is not end:
        if asks_identity(frame.f_code) and next(origin.inside(frame), None) is None:
            return True
        frame = frame.f_back
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


@lru_cache(maxsize=1024)
def names_in(code: CodeType) -> tuple[list[str], frozenset[str]]:
    """The names that code loads from outside, sorted, and those of attributes; with the functions inside it.

    A text counts as the name of an attribute, which `getattr` may ask for.

    >>> names_in((lambda x: rate * x.size).__code__)
    (['rate'], frozenset({'size'}))
    """
    loaded: set[str] = set()
    attributes: set[str] = set()
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            loaded.add(instruction.argval)
        elif instruction.opname in ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"):
            attributes.add(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names, others = names_in(constant)
            loaded.update(names)
            attributes |= others
        elif isinstance(constant, str) and constant.isidentifier():
            attributes.add(constant)
    return sorted(loaded), frozenset(attributes)


def is_library(x: FunctionType | ModuleType | type) -> bool:
    """Whether a function, module or class belongs to this project, Python or an installed package.

    >>> is_library(dis), is_library(dis.dis), is_library(dict), is_library(lambda x: x)
    (True, True, True, False)
    """
    if isinstance(x, FunctionType):
        return origin.is_library_file(x.__code__.co_filename)
    name = x.__name__ if isinstance(x, ModuleType) else x.__module__
    file = getattr(sys.modules.get(name), "__file__", None)
    return name.partition(".")[0] in sys.stdlib_module_names or bool(file and origin.is_library_file(file))


def is_ours(kind: type) -> bool:
    """Whether a class belongs to this project.

    >>> is_ours(origin.Position), is_ours(int)
    (True, False)
    """
    return origin.is_ours_file(getattr(sys.modules.get(kind.__module__), "__file__", None) or "")
