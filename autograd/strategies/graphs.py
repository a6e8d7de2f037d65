"""Draw random graphs line by line, each valid at the values so far, without filtering or `assume`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import DrawFn, SearchStrategy

from autograd.primitive import Primitive, lookup
from autograd.rules import INFIX
from autograd.strategies.arguments import check_sizes, rows_of
from autograd.strategies.graph_data import IS_FUNCTION, OF_A_LIST, TABLE, Graph, Line, references, resolve
from autograd.strategies.leaves import MODERATE, SPECIAL

T = TypeVar("T")

# `pivot` and `exp_shift` hold an operand constant that the value depends on: alone they have no derivative to compare.
HELD_CONSTANT = ("pivot", "exp_shift")
# `pick` and `sinc_slope` need an integer operand, in a small range or from 0 on, which is hardly ever drawn.
DEFAULT = tuple(row for row in TABLE if row.name not in (*HELD_CONSTANT, "pick", "sinc_slope"))
SPELLED = tuple(row for row in DEFAULT if row.name in {*INFIX, *IS_FUNCTION, *OF_A_LIST, "neg"})

COUNTS = {"dot": (3, 5)}  # of operands: (w…, x…, bias)
ANY_NUMBER = (1, 2, 3)
# The first place is the simplest, so what fails shrinks to one line on an input.
OPERAND_KINDS = ("any place", "newest", "newest", "constant")
OFTEN_FEW = (1, 2, 3, 1, 1, 2, 1, 1, 2, 1, 1, 5)  # how many operands a line has, before what fits is drawn

# Beyond it a product of eight partials could leave the floats.
LARGEST = 1e30

# Where an input goes if the rows asked for are defined at none that was drawn: acosh needs more than 1.
HOMES = (0.5, 2.0, -0.5, -2.0, 1.0, 0.0)

# Where a value jumps, which no row calls a kink: there are no two slopes to choose from.
JUMPS: dict[str, Callable[..., bool]] = {
    "atan2": lambda x, y: x == 0.0 and y <= 0.0,
    "ceil": lambda x: x == math.floor(x),
    "floor": lambda x: x == math.floor(x),
    "fmod": lambda x, y: math.fmod(x, y) == 0.0,
    "greater": lambda x, y: x == y,
    "at_least": lambda x, y: x == y,
    "equal": lambda x, y: x == y,
    "hypot": lambda *xs: not any(xs),
    "mod": lambda x, y: x % y == 0.0,
    "round": lambda x, digits: True,
    "where": lambda x, y, z: x == 0.0,
}


def graphs(
    *,
    min_inputs: int = 1,
    max_inputs: int = 3,
    min_size: int = 1,
    max_size: int = 8,
    primitives: Iterable[str | Primitive] | None = None,
    kinks: bool = True,
    elements: SearchStrategy[float] | None = None,
) -> SearchStrategy[Graph]:
    """Graphs of `min_size` to `max_size` lines on `min_inputs` to `max_inputs` numbers, with a point to take them at.

    Each line is a primitive that is defined at the numbers it meets there, with a finite value and finite partials, so
    every graph can be differentiated at its `point`. Operands are earlier lines, inputs and constants. `primitives`
    defaults to the table, without the rows that hold an operand constant; your own are given by name, after
    `autograd.define`. `kinks=False` keeps away from kinks, jumps and ends of domains. `elements` draws the inputs.

    >>> from hypothesis import given
    >>> import autograd
    >>> @given(graphs(primitives=["mul", "tanh"], max_size=3))
    ... def test(graph):
    ...     leaves = [autograd.Value(x) for x in graph.point]
    ...     graph(*leaves).backward()
    ...     assert graph(*leaves).data == graph(*graph.point)
    >>> test()

    Every line is needed for the result. With a choice of primitives that cannot go on, such as `log` of a negative
    number, a graph has fewer lines than `min_size`. InvalidArgument for impossible sizes and unknown primitives.
    """
    rows = _rows(min_inputs, max_inputs, min_size, max_size, primitives, DEFAULT)
    return _graphs(rows, (min_inputs, max_inputs, min_size, max_size), kinks, elements, shared=True)


def expressions(
    *,
    min_inputs: int = 1,
    max_inputs: int = 3,
    min_size: int = 1,
    max_size: int = 8,
    primitives: Iterable[str | Primitive] | None = None,
    kinks: bool = True,
    elements: SearchStrategy[float] | None = None,
) -> SearchStrategy[tuple[str, dict[str, float]]]:
    """Texts like `x * tanh(y)` with the numbers to take them at, `{"x": 0.5, "y": -1.0}`: graphs that are trees.

    A text uses operators and the functions of `autograd` by name. Arguments as for `graphs`.

    >>> from hypothesis import given
    >>> import autograd
    >>> @given(expressions(primitives=["add", "sin"]))
    ... def test(drawn):
    ...     text, at = drawn
    ...     assert isinstance(eval(text, vars(autograd), at), float)
    >>> test()
    """
    rows = _rows(min_inputs, max_inputs, min_size, max_size, primitives, SPELLED)
    unspelled = [row.name for row in rows if row not in SPELLED]
    if unspelled:
        raise InvalidArgument(f"primitive {unspelled[0]!r} has no spelling as a function; graphs() can draw it")
    trees = _graphs(rows, (min_inputs, max_inputs, min_size, max_size), kinks, elements, shared=False)
    return trees.map(lambda graph: (str(graph), dict(zip(graph.names, graph.point, strict=True))))


def _rows(
    min_inputs: int,
    max_inputs: int,
    min_size: int,
    max_size: int,
    primitives: Iterable[str | Primitive] | None,
    default: tuple[Primitive, ...],
) -> tuple[Primitive, ...]:
    check_sizes("inputs", min_inputs, max_inputs, least=1)
    check_sizes("size", min_size, max_size, least=1)
    return rows_of(primitives, default)


def is_defined(row: Primitive, operands: Sequence[float], flows: Sequence[bool], kinks: bool = True) -> bool:
    """Whether value and partials are finite there; `flows` says which operands a partial is needed for.

    >>> from autograd import rules
    >>> is_defined(rules.log, [2.0], [True]), is_defined(rules.log, [0.0], [True])
    (True, False)
    >>> is_defined(rules.pow_, [-2.0, 3.0], [True, False]), is_defined(rules.pow_, [-2.0, 3.0], [True, True])
    (True, False)
    """
    try:
        value = row.value(*operands)
        if not abs(value) <= LARGEST:
            return False
        partials = row.partials_at(value, operands)
    except (ArithmeticError, ValueError):  # a primitive of the user's, or `round` to 10³⁰ digits
        return False
    needed = [p for p, flow in zip(partials, flows, strict=True) if flow and p is not None]
    return all(abs(p) <= LARGEST for p in needed) and (kinks or _is_smooth(row, operands))


def _is_smooth(row: Primitive, operands: Sequence[float]) -> bool:
    jumps = JUMPS.get(row.name)
    ends = [x in interval for x, interval in zip(operands, row.domain, strict=False)]
    return not any(ends) and 0.0 not in row.distances_to_kinks(operands) and not (jumps and jumps(*operands))


def counts(row: Primitive) -> tuple[int, ...]:
    """How many operands a line with this primitive may have.

    >>> from autograd import rules
    >>> counts(rules.atan2), counts(rules.hypot), counts(rules.dot)
    ((2,), (1, 2, 3), (3, 5))
    """
    return COUNTS.get(row.name, ANY_NUMBER) if row.arity is None else (row.arity,)


def lines_at(row: Primitive, x: float, distance: int = 1, kinks: bool = True, repeat: bool = True) -> Iterator[Line]:
    """The lines of a primitive that use the number x, `distance` back, alone or next to a constant that goes with it.

    Without `repeat`, x is used once at most.

    >>> from autograd import rules
    >>> [line.operands for line in lines_at(rules.pow_, -2.0)]
    [(1, 0.0), (1, 1.0), (1, -1.0), (1, 2.0), (1, -0.0)]
    """
    for count in counts(row):
        for constant in (None, *SPECIAL) if count > 1 else (None,):
            if constant is None and count > 1 and not repeat:
                continue
            filled = [x] + [x if constant is None else constant] * (count - 1)
            if is_defined(row, filled, [True] + [constant is None] * (count - 1), kinks):
                yield Line(row.name, (distance, *[distance if constant is None else constant] * (count - 1)))


class _Drawing:
    """A graph being drawn: its numbers so far, and the places that later lines may refer to."""

    def __init__(self, draw: DrawFn, rows: tuple[Primitive, ...], inputs: list[float], kinks: bool, shared: bool):
        self.draw, self.rows, self.kinks, self.shared = draw, rows, kinks, shared
        self.numbers = inputs
        self.inputs = tuple(inputs)
        self.free = list(range(len(inputs)))
        self.lines: list[Line] = []
        self.by_count = {
            count: [row for row in rows if count in counts(row)] for count in sorted({*chain(*map(counts, rows))})
        }
        self.counts = [count for count in OFTEN_FEW if count in self.by_count] or list(self.by_count)

    def add_line(self, must_go_on: bool) -> bool:
        """Draw one more line, through the newest number if it must go on there; False where nothing is defined."""
        operands = self._draw_operands(must_go_on)
        row = self._draw_row(operands)
        if row is not None:
            self._append(Line(row.name, operands))
            return True
        places = [len(self.numbers) - 1] if must_go_on else self.free
        others = [line for place in places for line in self._lines_through(place)]
        if others:
            self._append(self._choose(others))
        return bool(others)

    def _draw_row(self, operands: tuple[int | float, ...]) -> Primitive | None:
        """The row drawn, or the next one that is defined at the operands: to look at all of them would take longer."""
        rows = self.by_count[len(operands)]
        drawn = self._choose(range(len(rows)))
        filled = resolve(operands, self.numbers)
        flows = [isinstance(x, int) for x in operands]
        offered = (row for row in (*rows[drawn:], *rows[:drawn]) if is_defined(row, filled, flows, self.kinks))
        return next(offered, None)

    def _choose(self, options: Sequence[T]) -> T:
        """One of the options; the first is the simplest. As `sampled_from`, which would be made anew for every line."""
        return options[self.draw(st.integers(0, len(options) - 1))]

    def _draw_operands(self, must_go_on: bool) -> tuple[int | float, ...]:
        free, count = list(self.free), self._choose(self.counts)
        operands: list[int | float] = []
        while len(operands) < count:
            kind = self._choose(OPERAND_KINDS)
            if kind == "constant":
                operands.append(self.draw(MODERATE))
            else:
                operands.append(self._take(free, free[-1] if kind == "newest" else self._choose(free)))
        if must_go_on and not any(isinstance(x, int) and x == 1 for x in operands):  # 1.0 is a constant
            operands[self._choose(range(count))] = 1
        elif not any(isinstance(x, int) for x in operands):
            operands[0] = self._take(free, free[0])
        return tuple(operands)

    def _take(self, free: list[int], place: int) -> int:
        """The distance to a place; in a tree, a line can be used only once."""
        if not self.shared and place >= len(self.inputs):
            free.remove(place)
        return len(self.numbers) - place

    def _lines_through(self, place: int) -> Iterator[Line]:
        repeat = self.shared or place < len(self.inputs)
        for row in self.rows:
            yield from lines_at(row, self.numbers[place], len(self.numbers) - place, self.kinks, repeat)

    def _append(self, line: Line) -> None:
        here = len(self.numbers)
        if not self.shared:
            used = {place for place in references(line.operands, here) if place >= len(self.inputs)}
            self.free = [place for place in self.free if place not in used]
        self.free.append(here)
        self.lines.append(line)
        self.numbers.append(float(lookup(line.primitive).value(*resolve(line.operands, self.numbers))))


@st.composite
def _graphs(
    draw: DrawFn,
    rows: tuple[Primitive, ...],
    sizes: tuple[int, int, int, int],
    kinks: bool,
    elements: SearchStrategy[float] | None,
    shared: bool,
) -> Graph:
    min_inputs, max_inputs, min_size, max_size = sizes
    inputs = draw(st.lists(MODERATE if elements is None else elements, min_size=min_inputs, max_size=max_inputs))
    if not _is_possible(rows, inputs, kinks):
        inputs[0] = _home(rows, inputs, kinks, movable=elements is None)
    drawing = _Drawing(draw, rows, inputs, kinks, shared)
    size = draw(st.integers(min_size, max_size))
    while len(drawing.lines) < size:
        # The last min_size lines are a chain, so as many are left when those that lead nowhere are pruned.
        must_go_on = bool(drawing.lines) and size - len(drawing.lines) < min_size
        if not drawing.add_line(must_go_on):
            break
    return Graph(drawing.inputs, tuple(drawing.lines)).pruned()


def _is_possible(rows: Sequence[Primitive], numbers: Sequence[float], kinks: bool) -> bool:
    return any(True for row in rows for x in numbers for _ in lines_at(row, x, kinks=kinks))


def _home(rows: Sequence[Primitive], inputs: Sequence[float], kinks: bool, movable: bool) -> float:
    """A number that some row is defined at, where it is defined at none of the inputs that were drawn."""
    if not movable:
        raise InvalidArgument(
            f"none of {', '.join(row.name for row in rows)} can be differentiated at {list(inputs)}, "
            "drawn from elements=; let it draw numbers inside their domains"
        )
    for x in HOMES:
        if _is_possible(rows, [x], kinks):
            return x
    raise InvalidArgument(
        f"found no number that {', '.join(row.name for row in rows)} can be differentiated at; give elements="
    )
