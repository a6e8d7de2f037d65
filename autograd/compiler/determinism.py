"""Call a function twice: where the calls differ, a program would be wrong, so it is refused."""

from __future__ import annotations

import pickle
import random
import sys
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from operator import attrgetter
from types import FrameType
from typing import Any, NamedTuple, Protocol, cast

from autograd import origin, recording
from autograd._numpy import HAS_NUMPY, np
from autograd.compiler.program import same
from autograd.compiler.record import Recorder
from autograd.compiler.replay import Replay, is_same
from autograd.errors import CompileError
from autograd.structure import Key

BLOCK = 2048  # nodes that are compared at a time: they stay in the cache while their parts are looked at


class Recording(NamedTuple):
    """A recorded call of the function: `found` are the numbers that it returned, in the structure `key`."""

    recorder: Recorder
    inputs: list[Any]
    found: list[Any]
    key: Key


class Record(Protocol):
    """Records the call, on the nodes of an earlier recording if there is one."""

    def __call__(self, *, earlier: Recording | None = None) -> Recording: ...


def repeatable(record: Record, generators: Sequence[Any]) -> Recording:
    """The result of `record`, if another call agrees and draws no random numbers; else CompileError with the line.

    `generators` are those that the function may draw from besides the global ones.
    """
    first = record()
    states = _states(generators)
    replayable = first.recorder.replayable
    # What takes turns may agree with one recording, after a replay that did not.
    others = 0 if replayable and _replays(record, first) else 2 if replayable else 1
    agree = all(_agree(first, record) for _ in range(others))
    if states != _states(generators) and (line := _line_that_draws(record, generators)):
        raise CompileError(
            f"{line}: cannot compile the drawing of random numbers: they would be baked into the program; draw them "
            "outside and pass them as arguments"
        )
    if not agree:
        raise CompileError(_disagreement(record))
    return first


def _replays(record: Record, first: Recording) -> bool:
    """Whether the function does the same on the nodes of its recording.

    If not, it may still do the same on new ones, for instance where it looks for them in a table of its own.
    """
    try:
        again = record(earlier=first)
    except Exception:  # that of a recording is reported
        return False
    complete = cast(Replay, again.recorder).is_complete
    again.recorder.release()
    return complete and again.key == first.key and all(map(is_same, first.found, again.found))


def _states(generators: Sequence[Any]) -> list[bytes]:
    own = [np.random.get_state()] if HAS_NUMPY else []
    return [pickle.dumps(each) for each in (random.getstate(), *own, *generators)]


def _agree(first: Recording, record: Record) -> bool:
    """Whether another recording has the same rows, numbers and guards: what a program would be made of."""
    try:
        again = record()
    except CompileError:
        raise
    except Exception as error:
        raise CompileError(
            f"the function cannot be called twice with the same numbers: {type(error).__name__}: {error}; pass what it "
            "uses up, such as the next item of an iterator, as an argument"
        ) from error
    agree = _have_same_nodes(first, again)
    again.recorder.release()
    return agree


def _have_same_nodes(first: Recording, again: Recording) -> bool:
    one, other = first.recorder.nodes, again.recorder.nodes
    if len(one) != len(other) or _asked(first) != _asked(again):
        return False
    blocks = [slice(begin, begin + BLOCK) for begin in range(0, len(one), BLOCK)]
    return all(_digest(one[each]) == _digest(other[each]) for each in blocks)


def _asked(made: Recording) -> tuple[bytes, list[Any]]:
    """What the function returns, and the guards."""
    number = made.recorder.number
    guards = [(guard.relation, guard.outcome) for guard in made.recorder.guards]
    return array("d", [number(x) for x in made.found]).tobytes(), guards


def _digest(nodes: Sequence[Any]) -> tuple[list[Any], bytes]:
    """Rows and numbers."""
    return [node.primitive for node in nodes], array("d", _numbers(nodes)).tobytes()


def _numbers(nodes: Sequence[Any]) -> list[float]:
    """The results of nodes, then their operands that are constants: the first ones, the second ones, those of many."""
    numbers = [node._data for node in nodes]
    computed = [node for node in nodes if node.primitive is not None]
    numbers += [x for x in map(_first, computed) if type(x) is float]
    seconds = list(map(_second, computed))
    numbers += [y for y in seconds if type(y) is float]
    return numbers + [x for many in seconds if type(many) is tuple for x in many if type(x) is float]


_first, _second = attrgetter("_x"), attrgetter("_y")


def _disagreement(record: Record) -> str:
    """What two more recordings disagree on first, with its line."""
    with recording.watching(origin.remember):
        pairs = zip(record().recorder.nodes, record().recorder.nodes, strict=False)
        for one, other in pairs:
            if one.primitive is not other.primitive or _bits(one) != _bits(other):
                return _differs(one, other)
    return f"cannot compile the function: it gives other numbers, or takes another branch, at each call; {_REMEDY}"


_REMEDY = "what changes from call to call, like a random number, a clock or an iterator, has to be an argument"


def _bits(node: Any) -> bytes:
    return array("d", _numbers([node])).tobytes()


def _differs(one: Any, other: Any) -> str:
    place = origin.position(one)
    where = f"{place.file}:{place.line}: " if place else ""
    what = f"`{place.text}`" if place else "the function"
    pairs = zip(_numbers([one]), _numbers([other]), strict=False)
    x, y = next(((x, y) for x, y in pairs if not same(x, y)), (one.op, other.op))
    return f"{where}cannot compile {what}, which has {x} in one recording and {y} in the next; {_REMEDY}"


def _line_that_draws(record: Record, generators: Sequence[Any]) -> str | None:
    """`file:line` of the user's code that changes a generator; None if it was another thread: no line does it twice."""
    found = _traced(record, generators)
    return found if found == _traced(record, generators) else None


def _traced(record: Record, generators: Sequence[Any]) -> str | None:
    lines = _Lines(generators)
    before = sys.gettrace()
    sys.settrace(lines.enter)
    try:
        with suppress(Exception):
            record()
    finally:
        sys.settrace(before)
    return lines.found


class _Lines:
    """A trace function that finds the line at which a generator changes."""

    def __init__(self, generators: Sequence[Any]) -> None:
        self.generators = generators
        self.states = _states(generators)
        self.at: str | None = None
        self.found: str | None = None

    def enter(self, frame: FrameType, event: str, arg: Any) -> Any:
        """For a frame that begins: whether its lines are of interest."""
        return None if self.found or origin.is_library_file(frame.f_code.co_filename) else self.line

    def line(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Before each line, and when the frame ends."""
        if self.found is None and _states(self.generators) != self.states:
            self.found = self.at
        self.at = next(_users(frame if event == "line" else frame.f_back), self.at)
        return None if self.found else self.line


def _users(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        if not origin.is_library_file(frame.f_code.co_filename):
            yield f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
