"""The node as a number: operators, conversions, NumPy, foreign types."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, no_graph
from tests.engine.test_value import PLAIN

OPERATORS: list[Callable[[Any, Any], Any]] = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow,
]  # fmt: skip
COMPARISONS: list[Callable[[Any, Any], Any]] = [operator.lt, operator.le, operator.gt, operator.ge]
FOREIGN = ["3", None, True, 3j, Decimal(3), [3.0], np.bool_(True), np.complex128(3)]


class TestOperators:
    @pytest.mark.parametrize("operate", OPERATORS)
    @pytest.mark.parametrize("number", PLAIN, ids=repr)
    def test_a_plain_number_on_either_side_never_becomes_a_node(
        self, operate: Callable[[Any, Any], Any], number: Any
    ) -> None:
        x = Value(2.0)
        right, left = operate(x, number), operate(number, x)
        assert (right.data, left.data) == (operate(2.0, 3.0), operate(3.0, 2.0))
        assert (right.parents, left.parents) == ((x,), (x,))
        assert (right.operands, left.operands) == ((x, 3.0), (3.0, x))
        assert {type(each) for each in (*right.operands, *left.operands)} == {Value, float}
        assert (type(right), type(right.data), type(left.data)) == (Value, float, float)

    @pytest.mark.parametrize("operate", OPERATORS)
    @given(x=st.floats(0.5, 4.0), y=st.floats(-2.0, 2.0).filter(bool))
    def test_partials_do_not_depend_on_which_operand_is_a_node(
        self, operate: Callable[[Any, Any], Any], x: float, y: float
    ) -> None:
        both = operate(Value(x), Value(y))
        assert operate(Value(x), y).partials + operate(x, Value(y)).partials == both.partials
        assert operate(Value(x), y).data == operate(x, Value(y)).data == both.data

    @pytest.mark.parametrize("operate", [*OPERATORS, *COMPARISONS])
    @pytest.mark.parametrize("foreign", FOREIGN, ids=repr)
    def test_foreign_types_are_refused_on_either_side(self, operate: Callable[[Any, Any], Any], foreign: Any) -> None:
        for operands in ((Value(2.0), foreign), (foreign, Value(2.0))):
            with pytest.raises(TypeError):
                operate(*operands)
            with no_graph(), pytest.raises(TypeError):
                operate(*operands)

    @pytest.mark.parametrize("operate", OPERATORS)
    def test_a_foreign_type_may_answer_itself(self, operate: Callable[[Any, Any], Any]) -> None:
        class Polite:
            def answer(self, other: Any) -> str:
                return "mine"

            __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = answer

        assert operate(Value(2.0), Polite()) == "mine"
        with no_graph():
            assert operate(Value(2.0), Polite()) == "mine"

    def test_multiplicity_and_order_of_parents(self) -> None:
        x, y = Value(2.0), Value(3.0)
        assert (x * x).parents == (x, x)
        assert (y - x).parents == (y, x)
        assert (x**2).parents == (x,)
        assert (2**x).parents == (x,)
        assert autograd.dot([x, 1.0], [y, x], 4.0).parents == (x, y, x)

    def test_unary(self) -> None:
        x = Value(-2.5)
        assert [(-x).data, abs(x).data, round(x).data, round(Value(2.345), 2).data] == [2.5, 2.5, -2.0, 2.35]
        assert [math.floor(x).data, math.ceil(x).data] == [-3.0, -2.0]
        assert +x is x

    def test_methods_are_the_functions(self) -> None:
        for name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "relu", "sigmoid", "softplus"):
            node, same = getattr(Value(0.7), name)(), getattr(autograd, name)(Value(0.7))
            assert (node.data, node.partials, node.op) == (same.data, same.partials, name)

    def test_sum_of_a_list(self) -> None:
        xs = [Value(1.0), Value(2.0)]
        out = sum(xs)
        assert isinstance(out, Value)
        assert out.data == 3.0

    def test_an_array_of_values_keeps_values(self) -> None:
        out = np.array([Value(1.0), Value(2.0)]) * np.array([3.0, 4.0])
        assert [(type(each), each.data) for each in out] == [(Value, 3.0), (Value, 8.0)]


class TestAsANumber:
    @pytest.mark.parametrize("compare", COMPARISONS)
    @pytest.mark.parametrize("number", [2.0, 3, np.float64(3), np.int64(4), Value(3.0), math.nan])
    def test_comparisons_give_bool(self, compare: Callable[[Any, Any], Any], number: Any) -> None:
        expected = compare(3.0, float(number))
        assert compare(Value(3.0), number) is expected
        assert bool(compare(number, Value(3.0))) is compare(float(number), 3.0)

    def test_equality_and_hash_are_identity(self) -> None:
        x: Any = Value(3.0)
        twin: Any = Value(3.0)
        assert x != twin
        assert x != 3.0
        assert np.float64(3.0) != x
        assert len({x, twin, x}) == 2
        assert [x, twin].index(twin) == 1

    def test_truth_is_refused_with_a_hint(self) -> None:
        with pytest.raises(TypeError, match=r"compare it, as in `v > 0`, or test the number, as in `v.data`"):
            bool(Value(0.0))

    def test_conversions(self) -> None:
        assert (float(Value(2)), int(Value(2.9)), math.sqrt(Value(4.0))) == (2.0, 2, 2.0)
        assert type(float(Value(2))) is float

    def test_format(self) -> None:
        assert f"{Value(2.3456):.2f} {Value(0.5):>6.0%} {Value(-1.0)}" == "2.35    50% Value(data=-1.0, grad=0.0)"

    def test_repr(self) -> None:
        x = Value(2.0, label="x")
        assert repr(x) == "Value(data=2.0, grad=0.0, label='x')"
        assert repr(x * 3) == "Value(data=6.0, grad=0.0, op='mul')"

    def test_repr_in_ipython_shows_parents_and_partials(self) -> None:
        class Printer:
            def text(self, text: str) -> None:
                self.written = text

        printer = Printer()
        x = Value(2.0, label="x")
        (x * Value(3.0))._repr_pretty_(printer, False)
        head, first, second = printer.written.splitlines()
        assert head == "Value(data=6.0, grad=0.0, op='mul')"
        assert first == "  ∂/∂x = 3.0   Value(data=2.0, grad=0.0, label='x')"
        assert second == "  ∂/∂parent = 2.0   Value(data=3.0, grad=0.0)"
        autograd.total([x] * 9)._repr_pretty_(printer, False)
        assert (len(printer.written.splitlines()), printer.written[-1]) == (10, "…")


class TestProtocol:
    """Another number-like type that sees the primitives applied to it."""

    class Symbol:
        def __init__(self, text: str) -> None:
            self.text = text

        def __primitive__(self, primitive: Any, operands: Any) -> Any:
            return TestProtocol.Symbol(f"{primitive.name}({', '.join(getattr(x, 'text', str(x)) for x in operands)})")

    def test_it_is_asked_on_any_operand(self) -> None:
        assert autograd.tanh(self.Symbol("x")).text == "tanh(x)"
        assert autograd.atan2(1.0, self.Symbol("x")).text == "atan2(1.0, x)"
        assert autograd.atan2(Value(1.0), self.Symbol("x")).text.startswith("atan2(Value(")

    def test_it_may_leave_the_call_to_others(self) -> None:
        class Shy:
            def __primitive__(self, primitive: Any, operands: Any) -> Any:
                return NotImplemented

            def __float__(self) -> float:
                return 2.0

        assert autograd.maximum(Shy(), self.Symbol("x")).text.endswith(", x)")
        assert autograd.maximum(Shy(), 1.0) == 2.0
