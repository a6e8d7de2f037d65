"""Why a function is recorded again and again, and what to write instead: by what it asked for."""

from __future__ import annotations

import linecache
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from types import FrameType
from typing import Any, NamedTuple

from autograd import origin
from autograd.compiler.program import Guard
from autograd.structure import Key, places

MANY = 3  # recordings of a kind, before a warning says what they cost
AS_ARGUMENT = "pass it as an argument, so that one program serves all its values"
PAD = "name arguments that hold samples in batch=, or pad them to one length"
PICK = "use autograd.pick for an index, or nn.Embedding for the rows of a table, which keep it in the program"
CHOOSE = "use where, maximum, minimum, clip or relu, which stay in the program"
NO_FLOAT = "leave float out and use the number itself"


class Repeat(NamedTuple):
    """A recording that is made again: what made it necessary, of what, the line, and the remedy."""

    kind: str
    place: Hashable
    where: str
    why: str
    remedy: str


class Repeats:
    """Counts the recordings of a function by what made them necessary, and warns once of each kind.

    >>> repeats = Repeats()
    >>> repeats.note(Repeat("branch", "here", "a.py:1: ", "a comparison came out differently", CHOOSE))
    """

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, Hashable]] = Counter()
        self._warned: set[str] = set()

    def note(self, repeat: Repeat) -> None:
        """Count a recording that was made again; RuntimeWarning at the third one, the first included."""
        kind, place, where, why, remedy = repeat
        self._counts[kind, place] += 1
        if self._counts[kind, place] >= MANY - 1 and kind not in self._warned:
            self._warned.add(kind)
            warnings.warn(
                f"{where}the function is recorded for the {MANY}rd time: {why}; {remedy}",
                RuntimeWarning,
                stacklevel=_level(sys._getframe()),
            )


def _level(frame: FrameType | None) -> int:
    """The stack level, for a warning raised in the frame, of the user's line that made the call."""
    level = 1
    while frame is not None and origin.is_library_file(frame.f_code.co_filename):
        frame, level = frame.f_back, level + 1
    return level


def kind_of(guard: Guard) -> str:
    """Whether a guard asks for an index (or another integer) or chooses a branch."""
    return "index" if guard.relation == "same" else "branch"


def asked(guard: Guard) -> str:
    """What came out differently.

    >>> asked(Guard("same", 0, 1.0, True, "a.py:7"))
    'an index (or a number made an int or a float) came out differently'
    """
    if kind_of(guard) == "index":
        return "an index (or a number made an int or a float) came out differently"
    return "a comparison came out differently"


def remedy(guard: Guard) -> str:
    """What to write instead of what the guard asked for.

    >>> remedy(Guard(">", 0, 1.0, True, "a.py:7")) == CHOOSE, remedy(Guard("same", 0, 1.0, True, "a.py:7")) == PICK
    (True, True)
    """
    if kind_of(guard) == "branch":
        return CHOOSE
    file, _, line = guard.where.rpartition(":")
    source = linecache.getline(file, int(line)) if line.isdigit() else ""
    return NO_FLOAT if "float(" in source else PICK


def changed_structure(names: Sequence[str], before: Sequence[Key], now: Sequence[Key]) -> str:
    """How the structure of the arguments has changed.

    >>> from autograd.structure import key_of
    >>> changed_structure(["xs"], [key_of([1.0])], [key_of([1.0, 2.0])])
    'its arguments have another structure (xs holds 2 numbers now, and 1 before)'
    """
    what = "their number differs"
    for name, old, new in zip(names, before, now, strict=False):
        if old != new:
            counts = [sum(1 for _ in places(key, name)) for key in (new, old)]
            what = f"{name} holds {counts[0]} numbers now, and {counts[1]} before"
            if counts[0] == counts[1]:
                what = f"{name} is nested differently"
            break
    return f"its arguments have another structure ({what})"


def defined_at(f: Callable[..., Any] | None) -> str:
    """`file:line: ` of a function, '' if it has none.

    >>> defined_at(max)
    ''
    """
    inner = getattr(f, "func", f)  # of a partial
    code = getattr(inner, "__code__", None) or getattr(vars(type(inner)).get("__call__"), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}: " if code else ""
