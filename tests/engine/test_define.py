"""A row that a user adds at run time is like any other; no other file has to know of it."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import PRIMITIVES, GraphError, Primitive, Value, define, grad, no_graph
from autograd.functional import jvp
from autograd.graph import topological
from autograd.primitive import _registry, lookup

mish = define(
    "mish_of_tests",
    lambda x: x * math.tanh(math.log1p(math.exp(x))),
    lambda out, x: (
        autograd.tanh(autograd.softplus(x))
        + x * autograd.sigmoid(x) * (1.0 - autograd.square(autograd.tanh(autograd.softplus(x))))
    ),
    symbol="mish",
    formula="x tanh(softplus(x))",
)
# Three operands: one with a constant partial, one that nothing flows to, one with a partial that depends on the point.
blend = define(
    "blend_of_tests", lambda x, y, z: 2.0 * x + y * z, 2, None, lambda out, x, y, z: y,
    domain=[(-1.0, 1.0), (0.0, math.inf), (-math.inf, math.inf)], kinks=lambda x, y, z: (x - z,),
)  # fmt: skip
harmonic = define(
    "harmonic_of_tests", lambda *xs: 1.0 / sum(1.0 / x for x in xs),
    variadic=lambda out, *xs: [autograd.square(out / x) for x in xs],
)  # fmt: skip

# Out of the table between these tests: others go through all of it, and look at every row for mistakes.
ROWS = {row.name: row for row in (mish, blend, harmonic)}
for name in ROWS:
    del _registry[name]

points = st.floats(-3.0, 3.0)


@pytest.fixture(autouse=True, scope="module")
def defined() -> Iterator[None]:
    _registry.update(ROWS)
    yield
    for name in ROWS:
        del _registry[name]


def central_difference(f: Callable[[float], float], x: float) -> float:
    return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5  # error about 1e-10: six digits are shown


class TestLikeAnyOther:
    @given(x=points)
    def test_recorded(self, x: float) -> None:
        node = mish(Value(x))
        assert (node.op, node.data, node.partials) == (mish.name, mish(x), mish.partials_at(mish(x), (x,)))

    @given(x=points)
    def test_differentiated_twice(self, x: float) -> None:
        """Against the same function written in primitives that have been there before."""
        a, b = Value(x), Value(x)
        by_row, by_parts = mish(a), b * autograd.tanh(autograd.softplus(b))
        for order in (1, 2):
            by_row, by_parts = grad(by_row, a), grad(by_parts, b)
            # Some 100 operations on numbers below 10, in another order.
            assert math.isclose(by_row.data, by_parts.data, rel_tol=1e-12, abs_tol=1e-13), order

    def test_some_operands_have_no_partial(self) -> None:
        x, y, z = Value(0.5), Value(3.0), Value(7.0)
        node = blend(x, y, z)
        assert (node.parents, node.partials, node.operands) == ((x, z), (2.0, 3.0), (x, y, z))
        assert blend(x, 3.0, 7.0).parents == (x,)
        assert [each.data for each in grad(node, [x, y, z])] == [2.0, 0.0, 3.0]

    def test_any_number_of_operands(self) -> None:
        xs = [Value(1.0), Value(2.0), Value(2.0)]
        node = harmonic(*xs)
        assert (node.data, node.partials) == (0.5, (0.25, 0.0625, 0.0625))
        assert harmonic(xs[0], 1.0).partials == (0.25,)
        assert jvp(lambda x: harmonic(x, x), (2.0,), (1.0,)) == (1.0, 0.5)

    def test_floats_in_floats_out_and_nothing_is_recorded_in_no_graph(self) -> None:
        assert type(mish(1)) is float
        with no_graph():
            assert mish(Value(1.0)).parents == ()

    @pytest.mark.parametrize("copied", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy])
    def test_pickled_and_copied(self, copied: Callable[[Any], Any]) -> None:
        twin = copied(mish(blend(Value(0.5), 2.0, Value(1.0))))
        assert [node.op for node in topological(twin)] == ["", "", blend.name, mish.name]
        assert twin.primitive is mish

    def test_documented(self) -> None:
        assert repr(mish) == "<primitive mish_of_tests(x)>"
        assert mish.__doc__ == (
            "mish_of_tests(x) = x tanh(softplus(x))\n\n"
            f"For example, mish_of_tests(0.5) = {mish(0.5):.6g}, with derivative {central_difference(mish, 0.5):.6g}."
        )
        assert blend.__doc__.startswith(
            "blend_of_tests(x, y, z)\n\nDefined for x in [-1, 1]; outside not always nan.\n"
            "Defined for y in [0, inf]; outside not always nan.\nIt has kinks where its operands meet.\nFor example, "
        )
        assert (harmonic.signature(), mish.symbol, blend.symbol) == ("harmonic_of_tests(…)", "mish", blend.name)

    def test_kinks(self) -> None:
        assert blend.distances_to_kinks((0.5, 1.0, 2.0)) == (-1.5,)
        assert mish.distances_to_kinks((0.5,)) == ()

    def test_listed(self) -> None:
        assert PRIMITIVES[mish.name] is mish
        assert Value(1.0).primitive is None
        assert mish(Value(1.0))._op == "mish"


@pytest.fixture
def unchanged_table() -> Iterator[None]:
    before = dict(PRIMITIVES)
    yield
    assert dict(PRIMITIVES) == before


def _identity(out: Any, x: Any) -> float:
    return 1.0


@pytest.mark.usefixtures("unchanged_table")
@pytest.mark.parametrize(
    ("error", "words", "call"),
    [
        (ValueError, "primitive 'exp' is already defined; choose another name", lambda: define("exp", abs, _identity)),
        (ValueError, "must be an identifier like 'cube', got 'a b'", lambda: define("a b", abs, _identity)),
        (ValueError, "must be an identifier like 'cube', got ''", lambda: define("", abs, _identity)),
        (ValueError, "must be an identifier like 'cube', got 7", lambda: define(7, abs, _identity)),  # type: ignore[arg-type]
        (TypeError, "f1: give one partial per operand, or variadic=", lambda: define("f1", abs)),
        (TypeError, "f2: give one partial .* or variadic=", lambda: define("f2", abs, 1.0, variadic=_identity)),
        (TypeError, "f3: a value or partial must be .* got 'x'", lambda: define("f3", abs, "x")),  # type: ignore[arg-type]
        (TypeError, "f4: value must be a function of floats, got 3.0", lambda: define("f4", 3.0, 1.0)),  # type: ignore[arg-type]
        (
            TypeError,
            "f5: 1 operands but 2 intervals in domain",
            lambda: define("f5", abs, 1.0, domain=[(0, 1), (0, 1)]),
        ),
    ],
)
def test_refusals(error: type[Exception], words: str, call: Callable[[], Any]) -> None:
    with pytest.raises(error, match=words):
        call()


class TestCalls:
    @pytest.mark.parametrize("operands", [(), (1.0, 2.0), (Value(1.0), 2.0), (Value(1.0), Value(2.0))])
    def test_a_wrong_number_of_operands(self, operands: tuple[Any, ...]) -> None:
        with pytest.raises(TypeError, match=rf"mish_of_tests takes 1 operand\(s\), got {len(operands)}"):
            mish(*operands)

    @pytest.mark.parametrize("operand", ["1", None, [1.0], 1j])
    def test_an_operand_that_is_not_a_number_is_refused(self, operand: Any) -> None:
        with pytest.raises(
            TypeError, match=r"mish_of_tests takes real numbers, got .* \((str|NoneType|list|complex)\)"
        ):
            mish(operand)
        with pytest.raises(TypeError, match="a Value holds a real number, got"):
            blend(Value(1.0), operand, 1.0)

    def test_the_table_is_read_only(self) -> None:
        with pytest.raises(TypeError):
            PRIMITIVES["exp"] = mish  # type: ignore[index]
        with pytest.raises(AttributeError):
            mish.name = "other"  # type: ignore[misc]

    def test_a_row_without_a_name_in_the_table(self) -> None:
        with pytest.raises(GraphError, match=r"no primitive is named 'gone' here; run the autograd.define\('gone'"):
            lookup("gone")

    def test_rows_are_compared_and_hashed_by_identity(self) -> None:
        assert {mish: 1}[mish] == 1
        assert isinstance(mish, Primitive)
