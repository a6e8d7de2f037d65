"""Examples to try a mutant on: graphs drawn by the strategies, then every special point of its row."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product

from hypothesis import HealthCheck, Phase, given, settings

from autograd import PRIMITIVES
from autograd.primitive import Primitive
from autograd.strategies import Graph, Line, graphs
from autograd.strategies.graphs import counts, is_defined, lines_at

DRAWN_PER_ROW = 40
DRAWN_FOR_THE_ENGINE = 60
GRID = {1: (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 0.3, 1.7, -0.7, 0.9, 3.0), 2: (0.0, 1.0, -1.0, 0.5, 2.0, -0.7)}
COARSE = (0.0, 1.0, 2.0, -0.7)
FAR = {"pow": ((1.0 + 2.0**-52, 1e16),)}  # points off the grid where a rule has a formula of its own


@cache
def examples(primitive: str) -> tuple[Graph, ...]:
    """The graphs that mutants of one row are tried on, or those of the engine for ''."""
    if not primitive:
        return draw(DRAWN_FOR_THE_ENGINE, ["mul", "add", "tanh", "sub", "dot", "hypot"], max_size=6)
    row = PRIMITIVES[primitive]
    return (*draw(DRAWN_PER_ROW, [primitive, "mul", "add"], max_size=4), *special_points(row), *constant_lines(row))


def draw(count: int, primitives: list[str], max_size: int) -> tuple[Graph, ...]:
    """Graphs of the strategies over a few primitives, the first of which is in each: the same ones every time."""
    drawn: dict[Graph, None] = {}

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(graphs(primitives=primitives, min_size=2, max_size=max_size))
    def collect(graph: Graph) -> None:
        if primitives[0] in graph.primitives:
            drawn[graph] = None

    collect()
    return tuple(drawn)


def special_points(row: Primitive) -> Iterator[Graph]:
    """The row alone, with an input per operand, at the points of a grid and of `FAR` where it is differentiable."""
    for count in counts(row):
        line = Line(row.name, tuple(range(count, 0, -1)))
        grid = product(GRID.get(count, COARSE), repeat=min(count, 3))
        for point in (*grid, *FAR.get(row.name, ())):
            filled = (*point, *point)[:count]
            if is_defined(row, filled, [True] * count):
                yield Graph(filled, (line,))


def constant_lines(row: Primitive) -> Iterator[Graph]:
    """The row alone on one input, with constants as its other operands."""
    for x in GRID[1]:
        for line in lines_at(row, x):
            yield Graph((x,), (line,))
