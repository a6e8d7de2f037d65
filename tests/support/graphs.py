"""Random graphs as data: numbers to start from and lines (primitive, operand indices), which print, shrink and run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from autograd import PRIMITIVES, Value

SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0)
SMOOTH = ("add", "sub", "mul", "div", "neg", "square", "exp", "log", "sin", "cos", "tanh", "sigmoid", "sqrt", "pow")
KINKED = ("relu", "abs", "maximum", "minimum", "leaky_relu", "where", "clip")
NARY = {"total": 3, "prod": 3, "hypot": 3, "logsumexp": 2, "dot": 5}
ANY = (*SMOOTH, *KINKED, *NARY)
LARGEST = 1e6  # numbers and partials that are not 0 stay within 1e-6 … 1e6: no path of 25 lines over- or underflows

numbers = st.sampled_from(SPECIAL) | st.floats(-3.0, 3.0).map(lambda x: round(x, 3))


@dataclass(frozen=True)
class Graph:
    """`inputs`, then a new number per line; its result is the sum of all that no line uses, so that no line is idle."""

    inputs: tuple[float, ...]
    lines: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def nodes(self, xs: Iterable[Any]) -> list[Any]:
        """Every number on the way and, last, the result."""
        found = list(xs)
        for name, operands in self.lines:
            found.append(PRIMITIVES[name](*[found[i] for i in operands]))
        used = {i for _, operands in self.lines for i in operands}
        return [*found, PRIMITIVES["total"](*[x for i, x in enumerate(found) if i not in used])]

    def __call__(self, *xs: Any) -> Any:
        """The result, for numbers or for Values."""
        return self.nodes(xs)[-1]

    def record(self) -> tuple[list[Value], Value]:
        """The inputs as Values, and the result recorded on them."""
        leaves = [Value(x) for x in self.inputs]
        return leaves, self(*leaves)


def _offers(names: Sequence[str], operands: Sequence[float]) -> list[str]:
    """The primitives that are finite at `operands`, with their partials: what may be drawn here."""
    return [name for name in names if _is_tame(name, operands[: PRIMITIVES[name].arity or NARY.get(name, 2)])]


def _is_tame(name: str, operands: Sequence[float]) -> bool:
    row = PRIMITIVES[name]
    out = row(*operands)
    partials = [partial for partial in row.partials_at(out, operands) if partial is not None]
    return all(x == 0.0 or 1.0 / LARGEST <= abs(x) <= LARGEST for x in (out, *partials))


@st.composite
def graphs(draw: st.DrawFn, names: Sequence[str] = ANY, max_lines: int = 10) -> Graph:
    """Graphs of one to three inputs; nothing is drawn that has to be thrown away."""
    inputs = draw(st.lists(numbers, min_size=1, max_size=3))
    found, lines = list(inputs), []
    for _ in range(draw(st.integers(1, max_lines))):
        chosen = draw(st.lists(st.integers(0, len(found) - 1), min_size=5, max_size=5))
        offers = _offers(names, [found[i] for i in chosen])
        if offers:
            name = draw(st.sampled_from(offers))
            operands = tuple(chosen[: PRIMITIVES[name].arity or NARY.get(name, 2)])
            lines.append((name, operands))
            found.append(PRIMITIVES[name](*[found[i] for i in operands]))
    return Graph(tuple(inputs), tuple(lines))


def post_order(root: Value) -> list[Value]:
    """The textbook recursion: parents in operand order, then the node."""
    order: list[Value] = []
    seen: set[Value] = set()

    def visit(node: Value) -> None:
        if node not in seen:
            seen.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
    return order
