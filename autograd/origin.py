"""Find where in the user's program a node was made, and the name that the value has there.

While provenance is on, each new node keeps the code object and the instruction that made it: two pointers, since a line
number costs a walk through the function and a frame would keep all its locals alive. Everything else is worked out
when it is asked for: Python (3.11 and later) knows the columns of each instruction, `linecache` has the source, even
of notebook cells, and the syntax tree says which expression is assigned to what.
"""

from __future__ import annotations

import linecache
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from os.path import abspath, dirname, join
from pathlib import Path
from sys import _getframe
from types import CodeType, FrameType
from typing import Any

from autograd.assignments import Span, assigned, callee

Instruction = tuple[CodeType, int]

_ROOT = dirname(dirname(abspath(__file__)))
_OURS = (join(_ROOT, "autograd", ""), join(_ROOT, "nn", ""), "<autograd ")  # the last: compiled while it runs
_INSTALLED = frozenset(["site-packages", "dist-packages"])
_STDLIB = join(dirname(linecache.__file__), "")
_inside: dict[str, bool] = {}  # file name → whether it is one of ours


def remember(node: Any) -> None:
    """Keep, in `node._origin`, the instruction of the innermost frame outside this project that led to the node.

    A watcher for `recording.watching`. A node that only our own code asked for keeps no origin.
    """
    try:
        frame = _getframe(1)
        code = frame.f_code
        while _inside[code.co_filename]:
            frame = frame.f_back  # type: ignore[assignment]  # None at the end: AttributeError
            code = frame.f_code
        node._origin = (code, frame.f_lasti)
    except KeyError:  # a file that was not seen before
        if (found := _first_outside(frame)) is not None:
            node._origin = found
    except (AttributeError, ValueError):  # no frame is left
        return


def asking() -> Instruction | None:
    """The instruction outside this project that is running, which has led here."""
    return _first_outside(_getframe(1))


def inside(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames of this project from `frame` to the first that is not, which has led here."""
    while frame is not None and is_ours(frame):
        yield frame
        frame = frame.f_back


def _first_outside(frame: FrameType | None) -> Instruction | None:
    """The same search as in `remember`, which also notes which files are ours."""
    while frame is not None and is_ours(frame):
        frame = frame.f_back
    return (frame.f_code, frame.f_lasti) if frame else None


def is_ours(frame: FrameType) -> bool:
    """Whether a frame runs code of this project."""
    return is_ours_file(frame.f_code.co_filename)


def is_ours_file(file: str) -> bool:
    """Whether a file name is that of a module of this project, or of code that it compiled."""
    return _inside.setdefault(file, file.startswith(_OURS))


@lru_cache(maxsize=1024)
def is_library_file(file: str) -> bool:
    """Whether a file name belongs to this project, to Python or to an installed package.

    >>> is_library_file(linecache.__file__), is_library_file("<stdin>")
    (True, False)
    """
    generated = file.startswith(("<frozen ", "<__array_function__"))  # of Python and NumPy
    return generated or is_ours_file(file) or file.startswith(_STDLIB) or not _INSTALLED.isdisjoint(Path(file).parts)


@dataclass(frozen=True)
class Position:
    """A piece of source: lines count from 1, columns from 0 in characters, ends are exclusive as in slices.

    file, function           where the code is: a path or a name like `<stdin>`, and the qualified name
    line, end_line           the lines of the sub-expression
    column, end_column       its columns in those; None where Python kept none (`-X no_debug_ranges`)
    source                   the whole first line, '' where the source is not available
    text                     exactly the sub-expression, with its line breaks
    """

    file: str
    function: str
    line: int
    end_line: int
    column: int | None
    end_column: int | None
    source: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


def position(node: Any) -> Position | None:
    """The sub-expression that made `node`; None for a node made while provenance was off.

    >>> from autograd import Value, debug
    >>> x = Value(3.0)
    >>> with debug():
    ...     y = x * 2.0 + 1.0
    >>> position(y).text, position(y.parents[0]).text, position(x)
    ('x * 2.0 + 1.0', 'x * 2.0', None)
    """
    instruction: Instruction | None = getattr(node, "_origin", None)
    return None if instruction is None else position_of(instruction)


def position_of(instruction: Instruction) -> Position:
    """The sub-expression that an instruction computes."""
    code, _ = instruction
    lines = linecache.getlines(code.co_filename)
    line, end_line, start, end = span(instruction)
    inside = lines[line - 1 : end_line]
    known = start is not None and end is not None and len(inside) == end_line - line + 1
    return Position(
        file=code.co_filename,
        function=code.co_qualname,
        line=line,
        end_line=end_line,
        column=_characters(inside[0], start) if known else None,
        end_column=_characters(inside[-1], end) if known else None,
        source=inside[0].rstrip("\n") if inside else "",
        text=_cut(inside, start, end) if known else "".join(inside).strip(),
    )


def span(instruction: Instruction) -> tuple[int, int, int | None, int | None]:
    """(line, end line, column, end column) of an instruction; columns in UTF-8 bytes, None where Python kept none."""
    code, offset = instruction
    line, end_line, start, end = _positions(code)[offset // 2]
    first = line or code.co_firstlineno
    return first, end_line or first, start, end


@lru_cache(maxsize=1024)
def _positions(code: CodeType) -> list[tuple[int | None, int | None, int | None, int | None]]:
    return list(code.co_positions())


def _characters(line: str, byte: int | None) -> int:
    """Columns of the compiler count UTF-8 bytes."""
    return len(line.encode()[:byte].decode(errors="ignore"))


def _cut(lines: list[str], start: int | None, end: int | None) -> str:
    last = lines[-1].encode()[:end].decode(errors="ignore")
    return "".join([*lines[:-1], last]).encode()[start:].decode(errors="ignore")


# --- names ------------------------------------------------------------------------------------------------------------


def name(node: Any) -> str | None:
    """What the node's value is assigned to in the line that made it, as in `h` for `h = w*x + b`; None if nothing.

    Only the whole right-hand side has the name. Pairs are matched, `a, b = Value(1), Value(2)`; elements of a literal
    are `h[0]`, `p['w']`, those of a comprehension all have the name of the list. A call that makes several nodes, as
    in `s = std(xs)`, makes them in one place: `names` tells which of them is the result.

    >>> from autograd import Value, debug
    >>> with debug():
    ...     w, b = Value(2.0), Value(1.0)
    ...     h = w * 3.0 + b
    >>> name(w), name(h), name(h.parents[0])
    ('w', 'h', None)
    """
    instruction: Instruction | None = getattr(node, "_origin", None)
    if instruction is None:
        return None
    line, end_line, start, end = span(instruction)
    if start is None or end is None:
        return None
    return _targets(instruction[0].co_filename).get((line, start, end_line, end))


def names(nodes: Iterable[Any]) -> dict[Any, str]:
    """The names of `nodes`, without those that another of `nodes`, made in the same place, was computed from.

    >>> from autograd import Value, debug, std
    >>> with debug():
    ...     spread = std([Value(1.0), Value(3.0)])
    >>> list(names([spread, *spread.parents]).values())
    ['spread']
    """
    found = {node: text for node in nodes if (text := name(node)) is not None}
    inner = {parent for node in found for parent in node.parents if _is_step_of(parent, node)}
    return {node: text for node, text in found.items() if node not in inner}


def _is_step_of(parent: Any, node: Any) -> bool:
    """Whether one call made both; not so in `h = tanh(h)` of a loop, where the call has the primitive's name."""
    if getattr(parent, "_origin", None) != node._origin:
        return False
    place = position(node)
    return place is not None and callee(place.text) not in (None, node.op)


_trees: dict[str, tuple[list[str], Mapping[Span, str]]] = {}


def _targets(file: str) -> Mapping[Span, str]:
    """Names by the span of the expression that is assigned; read again when `linecache` has other lines."""
    lines = linecache.getlines(file)
    known = _trees.get(file)
    if known is None or known[0] is not lines:
        known = _trees[file] = (lines, assigned("".join(lines)))
    return known[1]


# --- carets -----------------------------------------------------------------------------------------------------------


def caret(place: Position) -> str:
    """Two lines: the source line without its indentation, and carets under the sub-expression.

    Of an expression over several lines, the part in the first. Wide and combining characters take two columns and
    none. One line only where Python kept no columns, '' where there is no source.

    >>> print(caret(Position("a.py", "<module>", 1, 1, 8, 14, "    y = log(x) + 1", "log(x)")))
    y = log(x) + 1
        ^^^^^^
    """
    line = place.source.lstrip()
    if place.column is None or not line:
        return line.rstrip()
    shift = len(place.source) - len(line)
    line = line.rstrip()
    column = max(place.column - shift, 0)
    end = place.end_column - shift if place.end_column is not None and place.end_line == place.line else len(line)
    pad = "".join(["\t" if char == "\t" else " " * _width(char) for char in line[:column]])
    return f"{line}\n{pad}{'^' * max(sum(map(_width, line[column:end])), 1)}"


def _width(char: str) -> int:
    """Columns on a terminal: 2 for East Asian wide, 0 for combining and other invisible characters."""
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
