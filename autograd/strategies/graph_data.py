"""A graph as data: input numbers and lines, each a primitive and its operands. It can be printed, compared and run."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autograd import functions
from autograd.primitive import lookup
from autograd.rules import INFIX
from autograd.testing import table
from autograd.value import Value

# The quick ways into the engine, so that running a graph on Values tests them too. Plain floats and other number types
# meet the row itself: Python's own operators on floats raise where the row gives inf or nan.
QUICK_WAYS: dict[str, Callable[..., Any]] = {
    "abs": operator.abs,
    "add": operator.add,
    "div": operator.truediv,
    "dot": lambda *xs: functions.dot(xs[: len(xs) // 2], xs[len(xs) // 2 : -1], xs[-1]),
    "mul": operator.mul,
    "neg": operator.neg,
    "pow": operator.pow,
    "sub": operator.sub,
}
OF_A_LIST = ("total", "prod", "logsumexp")
TABLE = tuple(table())
IS_FUNCTION = frozenset(row.name for row in TABLE if hasattr(functions, row.name)) - {"pow"}


@dataclass(frozen=True)
class Line:
    """One application of a primitive; an int among the operands is a distance back, a float is a constant.

    Distance 1 is what stands just before: the previous line, or the last input. `Line("mul", (1, 2.0))` doubles it.
    """

    primitive: str
    operands: tuple[int | float, ...]


@dataclass(frozen=True)
class Graph:
    """A function of `len(inputs)` numbers, written as lines of which the last is the result, and a point to take it at.

    >>> graph = Graph((3.0, 0.5), (Line("mul", (2, 2)), Line("add", (1, 2))))
    >>> print(graph)
    (x * x) + y
    >>> graph(*graph.point), graph(Value(3.0), 1.0).partials
    (9.5, (1.0,))

    Calling it applies the primitives to floats, Values or anything else that has `__primitive__`; TypeError for a wrong
    number of arguments. As text it is an expression in Python over the names of `autograd`, in which a line that is
    used twice is named: `(t2 := tanh(x)) * t2`.
    """

    inputs: tuple[float, ...]
    lines: tuple[Line, ...]

    @property
    def point(self) -> tuple[float, ...]:
        """The inputs: `check_gradients(graph, *graph.point)` is the whole test."""
        return self.inputs

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs' names in the text: x, y, z, or x0, x1, … when there are more.

        >>> Graph((1.0, 2.0), (Line("add", (1, 2)),)).names
        ('x', 'y')
        """
        count = len(self.inputs)
        return ("x", "y", "z")[:count] if count <= 3 else tuple(f"x{i}" for i in range(count))

    @property
    def primitives(self) -> tuple[str, ...]:
        """The primitive of every line, in order."""
        return tuple(line.primitive for line in self.lines)

    def __call__(self, *xs: Any) -> Any:
        if len(xs) != len(self.inputs):
            raise TypeError(f"this graph takes {len(self.inputs)} number(s), got {len(xs)}")
        return self.values(*xs)[-1]

    def values(self, *xs: Any) -> list[Any]:
        """What every input and every line comes to: the result is the last.

        >>> Graph((3.0,), (Line("square", (1,)), Line("neg", (1,)))).values(3.0)
        [3.0, 9.0, -9.0]
        """
        values = list(xs)
        for line in self.lines:
            values.append(apply(line.primitive, resolve(line.operands, values)))
        return values

    def pruned(self) -> Graph:
        """The same function without the lines its result does not need.

        >>> Graph((3.0,), (Line("exp", (1,)), Line("neg", (2,)))).pruned().lines
        (Line(primitive='neg', operands=(1,)),)
        """
        count = len(self.inputs)
        live = {count + len(self.lines) - 1}
        for place, line in reversed(list(enumerate(self.lines, count))):
            if place in live:
                live.update(references(line.operands, place))
        kept = [*range(count), *(place for place in range(count, count + len(self.lines)) if place in live)]
        moved = {old: new for new, old in enumerate(kept)}
        return Graph(self.inputs, tuple(_moved(self.lines[old - count], old, moved) for old in kept[count:]))

    def __str__(self) -> str:
        return "".join(_written(self))


def apply(name: str, operands: Sequence[Any]) -> Any:
    """Apply the primitive of that name to numbers of any kind; to Values by the public operator or function."""
    quick_way = QUICK_WAYS.get(name) if any(isinstance(x, Value) for x in operands) else None
    return (quick_way or lookup(name))(*operands)


def resolve(operands: Sequence[int | float], values: Sequence[Any]) -> list[Any]:
    """The operands as numbers, given the inputs and lines so far.

    >>> resolve((1, 0.5), [3.0, 9.0])
    [9.0, 0.5]
    """
    return [values[-operand] if isinstance(operand, int) else operand for operand in operands]


def references(operands: Sequence[int | float], place: int) -> list[int]:
    """The places that the operands of a line at `place` refer to, constants left out.

    >>> references((1, 0.5, 3), 4)
    [3, 1]
    """
    return [place - operand for operand in operands if isinstance(operand, int)]


def _moved(line: Line, place: int, moved: dict[int, int]) -> Line:
    """The line at `place`, after every place has become `moved[place]`."""
    new = moved[place]
    return Line(line.primitive, tuple(new - moved[place - x] if isinstance(x, int) else x for x in line.operands))


# --- as text ----------------------------------------------------------------------------------------------------------


def _written(graph: Graph) -> Iterator[str]:
    """The text in pieces, left to right: the order in which Python evaluates, so a name is set before it is used.

    With a stack instead of recursion, since a graph may be deep.
    """
    count = len(graph.inputs)
    uses = Counter(used for at, line in enumerate(graph.lines, count) for used in references(line.operands, at))
    names = dict(enumerate(graph.names))
    stack: list[str | tuple[int, bool]] = [(count + len(graph.lines) - 1, False)]
    while stack:
        piece = stack.pop()
        if isinstance(piece, str):
            yield piece
            continue
        place, inside = piece
        if place in names:
            yield names[place]
            continue
        line, shared = graph.lines[place - count], uses[place] > 1
        if shared:
            names[place] = f"t{place}"
            yield f"(t{place} := "
        brackets = inside and not shared and (line.primitive in INFIX or line.primitive == "neg")
        pieces = _line_pieces(line, place)
        stack += reversed([*("(" * brackets), *pieces, *(")" * (brackets or shared))])


def _line_pieces(line: Line, place: int) -> list[str | tuple[int, bool]]:
    """One line as text and (place, whether it stands inside an operator) for each operand that is a reference."""
    infix = line.primitive in INFIX or line.primitive == "neg"
    operands = [(place - x, infix) if isinstance(x, int) else _constant(x, infix) for x in line.operands]
    if line.primitive in INFIX:
        return [operands[0], f" {INFIX[line.primitive]} ", operands[1]]
    if line.primitive == "neg":
        return ["-", operands[0]]
    if line.primitive == "dot":
        half = len(operands) // 2
        return ["dot([", *_listed(operands[:half]), "], [", *_listed(operands[half:-1]), "], ", operands[-1], ")"]
    if line.primitive in OF_A_LIST:
        return [f"{line.primitive}([", *_listed(operands), "])"]
    name = line.primitive if line.primitive in IS_FUNCTION else f'PRIMITIVES["{line.primitive}"]'
    return [f"{name}(", *_listed(operands), ")"]


def _listed(operands: Sequence[str | tuple[int, bool]]) -> list[str | tuple[int, bool]]:
    """The operands with commas between them."""
    return [piece for operand in operands for piece in (operand, ", ")][:-1]


def _constant(x: float, inside: bool) -> str:
    return f"({x!r})" if inside and repr(x).startswith("-") else repr(x)
