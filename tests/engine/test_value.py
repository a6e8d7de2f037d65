"""The node: what it accepts, what it refuses and with which message, and how it behaves as a number."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import GraphError, Value

# Three as every type that counts as a plain number.
PLAIN = [3, 3.0, Fraction(3), np.float64(3), np.float32(3), np.int64(3), np.uint8(3), np.array(3.0), np.array(3)]


class Special(Value):
    """A class of a user."""

    __slots__ = ()


class TestConstructor:
    def test_a_leaf(self) -> None:
        x = Value(2.5)
        assert (x.data, x.grad, x.op, x.label) == (2.5, 0.0, "", "")
        assert (x.parents, x.partials, x.operands) == ((), (), ())

    @pytest.mark.parametrize("number", PLAIN, ids=repr)
    def test_plain_numbers_become_floats(self, number: Any) -> None:
        x = Value(number)
        assert type(x.data) is float
        assert x.data == 3.0

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (True, "write 1.0 or 0.0, or use where"),
            (np.bool_(True), "write 1.0 or 0.0, or use where"),
            ("2", r"convert it with float\(...\)"),
            (Decimal(2), r"convert it with float\(...\)"),
            (b"2", r"convert it with float\(...\)"),
            (2j, "take its .real or .imag part"),
            (np.complex128(2), "take its .real or .imag part"),
            (None, "give it a number"),
            ([1.0], r"\[Value\(each\) for each in x\]"),
            (np.array([1.0]), r"\[Value\(each\) for each in x\]"),
            (Value(1.0), r"x.detach\(\)"),
        ],
        ids=repr,
    )
    def test_refusals_name_the_value_and_the_way_out(self, data: Any, words: str) -> None:
        with pytest.raises(TypeError, match=words) as refusal:
            Value(data)
        assert repr(data) in str(refusal.value)
        assert type(data).__name__ in str(refusal.value)

    def test_an_opaque_node(self) -> None:
        a, b = Value(2.0), Value(3.0)
        c = Value(8.0, (a, b), (12.0, np.float64(5.5)), op="power", label="c")
        assert (c.parents, c.partials, c.operands) == ((a, b), (12.0, 5.5), (a, b))
        assert (c.op, c.label, c._op) == ("power", "c", "power")
        c.backward()
        assert (a.grad, b.grad) == (12.0, 5.5)

    @pytest.mark.parametrize(
        ("parents", "partials", "words"),
        [
            ((Value(1.0),), (), "1 parents need as many partials, got 0"),
            ((), (1.0,), "0 parents need as many partials, got 1"),
            ((2.0,), (1.0,), "parents must be Values, got"),
            ((Value(1.0),), ("x",), "a Value holds a real number, got 'x'"),
            ((Value(1.0), Value(2.0)), "*+", r"autograd.define\(name, value, \*partials\)"),
        ],
    )
    def test_an_opaque_node_that_does_not_fit(self, parents: Any, partials: Any, words: str) -> None:
        with pytest.raises(TypeError, match=words):
            Value(1.0, parents, partials)

    @pytest.mark.parametrize(
        ("parents", "partials"),
        [
            ((Value(2.0),), (3.0,)),
            ([Value(2.0)], [3]),
            ((Value(2.0), Value(4.0)), (3.0, 5.0)),
            ((Value(2.0), Value(4.0)), np.array([3.0, 5.0])),
            ([Value(2.0), Value(4.0), Value(6.0)], (3.0, 5.0, 7.0)),
            ((Special(2.0),), (3.0,)),
        ],
    )
    def test_opaque_nodes_are_alike_whatever_they_are_made_of(self, parents: Any, partials: Any) -> None:
        """Row B3: one or two plain Values and floats take a shorter path."""
        node = Value(1.0, parents, partials)
        iterated = Value(1.0, iter(parents), partials)
        copied, loaded = copy.copy(node), pickle.loads(pickle.dumps(node))
        for each in (node, iterated, copied):
            assert each.parents == each.operands == tuple(parents)
        for each in (node, iterated, copied, loaded):
            assert each.partials == tuple(partials)
            assert each.op == ""
            each.backward()
        assert [parent.grad for parent in parents] == [3 * partial for partial in partials]
        assert [parent.grad for parent in loaded.parents] == list(partials)

    def test_what_is_given_and_empty_makes_a_leaf(self) -> None:
        for leaf in (Value(1.0, (), ()), Value(1.0, (), ""), Value(1.0, op="", label=""), Value(1.0, _children=())):
            assert (leaf.primitive, leaf.parents, leaf.partials, leaf.label) == (None, (), (), "")
        assert Value(1.0, label="x").label == "x"
        assert Value(1.0, label="x").primitive is None

    def test_an_opaque_node_has_no_second_derivative(self) -> None:
        x = Value(3.0)
        with pytest.raises(autograd.GraphError, match=r"'square' is opaque, made from numbers.* autograd.define"):
            autograd.grad(Value(9.0, (x,), (6.0,), op="square"), x)


class TestCopies:
    def test_detach_is_a_leaf(self) -> None:
        x = Value(3.0, label="x")
        y = x * x
        z = y.detach()
        assert (z.data, z.grad, z.parents, z.label) == (9.0, 0.0, (), "")
        (z * x).backward()
        assert x.grad == 9.0

    def test_copy_shares_parents_and_has_its_own_gradient_and_attributes(self) -> None:
        x = Value(3.0)
        y = x * x
        y.label, y.extra = "y", [1]
        z = copy.copy(y)
        assert (z.data, z.parents, z.partials, z.op, z.label) == (9.0, (x, x), (3.0, 3.0), "mul", "y")
        assert z.extra is y.extra
        z.label = "z"
        z.backward()
        assert (y.label, y.grad, x.grad) == ("y", 0.0, 6.0)

    def test_deepcopy_is_apart(self) -> None:
        x = Value(3.0)
        y = x * x
        z = copy.deepcopy(y)
        z.backward()
        assert (x.grad, z.parents[0].grad, z.parents[0] is z.parents[1]) == (0.0, 6.0, True)


class TestSubclassesAndAttributes:
    class Named(Value):
        def shout(self) -> str:
            return self.label.upper()

    def test_a_subclass_takes_part_on_either_side(self) -> None:
        x = self.Named(3.0, label="x")
        y = Value(2.0)
        for out in (x * y, y * x, x * 2.0, 2.0 * x, autograd.prod([x, y])):
            assert (type(out), out.data) == (Value, 6.0)
        assert x.shout() == "X"
        (x * y + autograd.exp(x) + autograd.dot([x], [y])).backward()
        assert x.grad == 4.0 + math.exp(3.0)

    def test_attributes_may_be_hung_on_any_node(self) -> None:
        x: Any = Value(3.0)
        x.momentum = 0.5
        (y := x * x).note = "square"
        assert (vars(x), vars(y)) == ({"momentum": 0.5}, {"note": "square"})
        assert vars(Value(1.0)) == {}

    @pytest.mark.parametrize("use", [lambda v: v._backward, lambda v: setattr(v, "_backward", lambda: None)])
    def test_closures_of_micrograd_are_refused_with_the_way_out(self, use: Callable[[Value], Any]) -> None:
        with pytest.raises(AttributeError, match=r"autograd.define\(name, value, \*partials\)"):
            use(Value(1.0))

    def test_other_names_for_the_same_things(self) -> None:
        x = Value(3.0)
        y = x * x
        assert (y._prev, y._children, y._local_grads, y._op, x._op) == ({x}, (x, x), (3.0, 3.0), "*", "")


class TestSetting:
    def test_data_and_grad_are_settable(self) -> None:
        x = Value(3.0)
        x.data -= 1
        x.grad = 0
        (x * x).backward()
        assert (x.data, x.grad) == (2.0, 4.0)

    def test_partials_stay_as_they_were_recorded(self) -> None:
        x = Value(3.0)
        y = x * x
        x.data = 100.0
        y.backward()
        assert x.grad == 6.0


class TestOtherDialects:
    """Rows B4 and B10: what other scalar engines have, and what does not get in."""

    def test_children_without_derivatives_are_kept_and_refused_by_backward(self) -> None:
        a, b = Value(1.0), Value(2.0)
        out = Value(3.0, _children=(a, b), _op="+")
        assert (out.parents, out._prev, out.op) == ((a, b), {a, b}, "+")
        with pytest.raises(GraphError, match="has no local derivatives"):
            (out * 2.0).backward()

    def test_op_alone(self) -> None:
        assert Value(3.0, _op="Op").op == "Op"

    def test_zero_grad(self) -> None:
        x = Value(2.0)
        (x * x).backward()
        x.zero_grad()
        assert x.grad == 0.0

    def test_clip(self) -> None:
        x = Value(2.0)
        out = x.clip(0, 1)
        out.backward()
        assert (out.data, x.grad) == (1.0, 0.0)

    @pytest.mark.parametrize(("x", "y"), [(7.0, 3.0), (-7.0, 3.0), (7.0, -3.0), (0.5, 0.25)])
    def test_modulo_is_pythons(self, x: float, y: float) -> None:
        a, b = Value(x), Value(y)
        out = a % b
        out.backward()
        assert (out.data, (a % y).data, (x % b).data) == (x % y,) * 3
        assert (a.grad, b.grad) == (1.0, -(x // y))

    @pytest.mark.parametrize("bad", ["10", None, [1.0], 1j, True])
    def test_only_numbers_get_in(self, bad: Any) -> None:
        p = Value(2.0)
        with pytest.raises(TypeError, match="a Value holds a real number"):
            p.data = bad
        with pytest.raises(TypeError, match="a Value holds a real number"):
            p.grad = bad
        assert (p.data, p.grad) == (2.0, 0.0)

    def test_numbers_of_other_kinds_become_floats(self) -> None:
        p = Value(2.0)
        p.data = np.float32(0.5)
        assert type(p.data) is float
        p.data = 3
        assert (type(p.data), p.data) == (float, 3.0)
