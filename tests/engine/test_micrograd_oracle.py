"""micrograd as published, as an oracle for random graphs: the same data to the last bit, and the same gradients.

Gradients only to rounding: micrograd keeps parents in a set, so the order of its sums changes from run to run.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from autograd.graph import topological
from tests.support.graphs import numbers

engine = pytest.importorskip("micrograd.engine", reason="python -m pip install micrograd")

# What both engines support and micrograd gets right: no Value ** Value, no 0 ** -1, no relu of nan, one backward only.
UNARY = {
    "neg": lambda x: -x,
    "relu": lambda x: x.relu(),
    "x**2": lambda x: x**2,
    "x**3": lambda x: x**3,
    "x+c": lambda x: x + 0.5,
    "c+x": lambda x: 1 + x,
    "c*x": lambda x: -1.5 * x,
    "c-x": lambda x: 2 - x,
    "x-c": lambda x: x - 0.25,
    "x/c": lambda x: x / 4,
}
BINARY = {"x+y": lambda x, y: x + y, "x-y": lambda x, y: x - y, "x*y": lambda x, y: x * y}

Line = tuple[str, int, int]


@st.composite
def programs(draw: st.DrawFn) -> tuple[list[float], list[Line]]:
    """Numbers to start from, and lines (operation, operand, operand)."""
    inputs = draw(st.lists(numbers, min_size=1, max_size=3))
    lines: list[Line] = []
    for size in range(len(inputs), len(inputs) + draw(st.integers(1, 10))):
        operand = st.integers(0, size - 1)
        lines.append((draw(st.sampled_from([*UNARY, *BINARY])), draw(operand), draw(operand)))
    return inputs, lines


def _run(kind: Any, inputs: list[float], lines: list[Line]) -> list[Any]:
    nodes = [kind(x) for x in inputs]
    for name, i, j in lines:
        nodes.append(UNARY[name](nodes[i]) if name in UNARY else BINARY[name](nodes[i], nodes[j]))
    nodes.append(sum(nodes))
    nodes[-1].backward()
    return nodes


@given(program=programs())
def test_data_and_gradients_are_equal(program: tuple[list[float], list[Line]]) -> None:
    ours, theirs = _run(Value, *program), _run(engine.Value, *program)
    assert [node.data for node in ours] == [node.data for node in theirs]
    # Each of n sums in another order is off by n 2⁻⁵³ of the largest number L, and reaches a leaf times at most L.
    largest = max([1.0, *[abs(x) for node in theirs for x in (node.data, node.grad)]])
    tolerance = 2.0**-53 * len(theirs) ** 2 * largest * largest
    assert all(abs(a.grad - b.grad) <= tolerance for a, b in zip(ours, theirs, strict=True))


def test_where_micrograd_is_wrong() -> None:
    """A second backward: 4 + 4 = 8, not 12. If this fails, the oracle has changed."""

    def twice(kind: Any) -> float:
        x = kind(2.0)
        z = (x * x) * 1
        z.backward()
        z.backward()
        return float(x.grad)

    assert (twice(Value), twice(engine.Value)) == (8.0, 12.0)


def test_the_depth_that_micrograd_cannot_reach() -> None:
    def chain(kind: Any) -> Any:
        x = kind(1.0)
        for _ in range(3000):
            x = x + 1
        return x

    with pytest.raises(RecursionError):
        chain(engine.Value).backward()
    assert len(topological(chain(Value))) == 3001
