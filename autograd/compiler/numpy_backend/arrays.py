"""The arrays of a source: views of the work buffers, declared once, under the names of the vector program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd._numpy import NDArray
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.program import Lanes

BASES = {"shared": "p", "batched": "v", "result": "g"}
Axes = tuple[tuple[int, int], ...]  # (length, stride in lanes) of each; a stride of 0 is an axis of length 1


@dataclass(frozen=True)
class Look:
    """A regular part of a file."""

    kind: str  # "shared", "batched" or "result"
    first: int
    axes: Axes
    column: bool = False  # with an axis of length 1 for the samples behind

    @property
    def shape(self) -> tuple[int, ...]:
        """Without the samples."""
        return tuple([length for length, _ in self.axes])


def look(kind: str, lanes: Lanes, column: bool = False) -> Look | None:
    """The view of these lanes, if they are regular."""
    found = strides(lanes)
    if found is None:
        return None
    axes = tuple((length if step else 1, step) for length, step in zip(lanes.shape, found, strict=True))
    return Look(kind, int(lanes.flat[0]), axes, column and kind != "batched")


@dataclass
class Arrays:
    """Declarations so far, and the name of each view."""

    sizes: dict[str, int]
    taken: set[str]
    lines: list[str] = field(default_factory=list)
    names: dict[Look, str] = field(default_factory=dict)
    wishes: dict[Look, str] = field(default_factory=dict)  # names for whole arrays, without `column`
    parts: dict[Look, str] = field(default_factory=dict)  # the same without axes of length 1
    tables: dict[str, NDArray[Any]] = field(default_factory=dict)
    known: dict[tuple[object, ...], str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)  # the last number appended to a name: none before it is free

    def wish(self, name: str, kind: str, lanes: Lanes) -> None:
        """Ask for this name, in case these lanes are used as a whole."""
        if (whole := look(kind, lanes)) is not None:
            self.wishes.setdefault(whole, name)
            self.parts.setdefault(_without_ones(whole), name)

    def fresh(self, wish: str) -> str:
        """A name that is free: the one asked for, or with a number appended."""
        name, number = wish, self.numbers.get(wish, 1)
        while name in self.taken:
            number += 1
            name = f"{wish}_{number}"
        self.numbers[wish] = number
        self.taken.add(name)
        return name

    def declare(self, wish: str, expression: str, comment: str = "") -> str:
        """A line in front of the function."""
        name = self.fresh(wish)
        self.lines.append(f"{name} = {expression}{f'  # {comment}' if comment else ''}")
        return name

    def view(self, wanted: Look) -> str:
        """The name of a view, declared at its first use."""
        if wanted in self.names:
            return self.names[wanted]
        if turned := self._turned(wanted):
            return turned
        plain = Look(wanted.kind, wanted.first, wanted.axes)
        wish = self.wishes.get(plain) or self.parts.get(_without_ones(plain)) or "part"
        name = self.declare(wish, self._expression(wanted), self._comment(wanted))
        self.names[wanted] = name
        return name

    def _turned(self, wanted: Look) -> str:
        """The transpose of a matrix that has a name, or will have."""
        if len(wanted.axes) != 2 or wanted.kind != "shared" or wanted.column:
            return ""
        other = Look(wanted.kind, wanted.first, wanted.axes[::-1])
        if other in self.names or (other in self.wishes and wanted not in self.wishes):
            return f"{self.view(other)}.T"
        return ""

    def _comment(self, wanted: Look) -> str:
        lengths = [str(length) for length, _ in wanted.axes]
        if wanted.kind == "batched":
            lengths.append("B")
        elif wanted.column:
            lengths.append("1")
        return f"({', '.join(lengths)}{',' * (len(lengths) == 1)})"

    def _expression(self, wanted: Look) -> str:
        text = self._sliced(wanted)
        if wanted.column:
            text = f"{text}[..., None]"
        return text

    def _sliced(self, wanted: Look) -> str:
        """Slices where these suffice, else the helper `view`."""
        base, size = BASES[wanted.kind], self.sizes[wanted.kind]
        long = tuple([(length, step) for length, step in wanted.axes if step])
        tail = ", B" if wanted.kind == "batched" else ""
        first = wanted.first
        if not long:
            return _reshaped(f"{base}[{first}:{first + 1}]", wanted.shape, tail)
        if len(long) == 1 and long[0][1] > 0:
            length, step = long[0]
            text = _slice(base, first, length, step)
            return text if len(wanted.axes) == 1 else _reshaped(text, wanted.shape, tail)
        contiguous = math.prod(wanted.shape)
        if wanted.axes == _row_major(wanted.shape):
            return _reshaped(f"{base}[{first}:{first + contiguous}]", wanted.shape, tail)
        if len(wanted.axes) == 2 and (text := _in_rows(base, size, first, long, tail)):
            return text
        if len(wanted.axes) == 2 and (text := _in_rows(base, size, first, long[::-1], tail)):
            return f"{text}.transpose(1, 0, 2)" if tail else f"{text}.T"
        shape, steps = wanted.shape, tuple([step for _, step in wanted.axes])
        return f"view({base}, {first}, {shape}, {steps})"

    def table(self, wish: str, numbers: NDArray[Any]) -> str:
        """The name of an array of constants or indices, equal ones once."""
        key = (numbers.shape, numbers.dtype.str, numbers.tobytes())
        if key not in self.known:
            name = self.fresh(wish)
            self.tables[name] = numbers
            self.known[key] = name
        return self.known[key]


def _without_ones(look: Look) -> Look:
    axes = tuple([axis for axis in look.axes if axis[1]]) or look.axes[:1]
    return Look(look.kind, look.first, axes)


def _row_major(shape: Sequence[int]) -> Axes:
    axes: list[tuple[int, int]] = []
    step = 1
    for length in reversed(shape):
        axes.insert(0, (length, step))
        step *= length
    return tuple(axes)


def _slice(base: str, first: int, length: int, step: int) -> str:
    return f"{base}[{first}:{first + (length - 1) * step + 1}{f':{step}' if step > 1 else ''}]"


def _reshaped(text: str, shape: Sequence[int], tail: str) -> str:
    return text if len(shape) == 1 else f"{text}.reshape({', '.join(map(str, shape))}{tail})"


def _in_rows(base: str, size: int, first: int, long: Axes, tail: str) -> str:
    """Columns of a matrix whose rows follow each other: `p[0:48].reshape(16, 3)[:, :2]`."""
    if len(long) != 2:
        return ""
    (rows, width), (length, step) = long
    if step <= 0 or width <= 0 or (length - 1) * step >= width:
        return ""
    before = max(0, first + rows * width - size)  # the rows begin that much earlier, to stay within the file
    begin = first - before
    end = before + (length - 1) * step + 1
    if begin < 0 or end > width:
        return ""
    rows_text = f"{base}[{begin}:{begin + rows * width}].reshape({rows}, {width}{tail})"
    if (before, end, step) == (0, width, 1):
        return rows_text
    return f"{rows_text}[:, {before or ''}:{end}{f':{step}' if step > 1 else ''}]"
