"""Planted faults: they are there inside the block, everywhere, and gone after it."""

import math

import pytest

import autograd
from autograd import PRIMITIVES, GraphError, Value, backward_steps, dot, no_graph, relu, square, tanh
from autograd.primitive import undefine
from autograd.testing import Mutant, defined, mutants, mutated, table, textbook_pass
from autograd.testing.dependence import depends_on

WRONG_MUL = (lambda out, x, y: 7.0, lambda out, x, y: 8.0)


def partials_of_mul() -> list[tuple[float, ...]]:
    """By every way there is to record a product: both operators, with a constant on either side, and the row."""
    x, y = Value(2.0), Value(3.0)
    return [node.partials for node in (x * y, x * 3.0, 2.0 * y, PRIMITIVES["mul"](x, y))]


def test_a_fault_is_seen_by_operators_functions_methods_and_the_row_and_is_gone_afterwards():
    before = partials_of_mul()
    with mutated("mul", *WRONG_MUL) as row:
        assert partials_of_mul() == [(7.0, 8.0), (7.0,), (8.0,), (7.0, 8.0)]
        assert row is PRIMITIVES["mul"]
        assert (Value(2.0) * 3.0).primitive is row
    assert partials_of_mul() == before == [(3.0, 2.0), (3.0,), (2.0,), (3.0, 2.0)]
    with mutated("tanh", lambda out, x: 5.0):
        assert tanh(Value(1.0)).partials == Value(1.0).tanh().partials == (5.0,)
    with mutated("dot", variadic=lambda out, *operands: range(len(operands))):
        assert dot([Value(1.0)], [Value(2.0)], Value(3.0)).partials == (0, 1, 2)
    assert dot([Value(1.0)], [Value(2.0)], Value(3.0)).partials == (2.0, 1.0, 1.0)


def test_what_was_before_comes_back_after_an_exception_and_from_nested_blocks():
    with mutated("mul", *WRONG_MUL):
        with pytest.raises(KeyError), mutated("mul", 1.0, 1.0):
            raise KeyError(partials_of_mul()[0])
        assert partials_of_mul()[0] == (7.0, 8.0)
    assert partials_of_mul()[0] == (3.0, 2.0)


def test_recording_can_still_be_switched_off_inside_a_block():
    with mutated("square", 1.0), no_graph():
        assert square(Value(3.0)).parents == ()


def test_a_primitive_of_the_users_own_can_be_mutated():
    with defined("tripled_to_mutate", lambda x: 3.0 * x, 3.0):
        with mutated("tripled_to_mutate", 4.0) as row:
            assert row(Value(1.0)).partials == (4.0,)
        assert [m.mutation for m in mutants(["tripled_to_mutate"], engine=False)][-1] == "one"


def test_a_primitive_is_defined_for_a_block_and_its_graphs_outlive_it():
    before = dict(PRIMITIVES)
    with defined("cubed_for_a_block", lambda x: x * x * x, lambda out, x: 3.0 * x * x, symbol="³") as row:
        assert PRIMITIVES["cubed_for_a_block"] is row
        y = row(x := Value(2.0))
    assert dict(PRIMITIVES) == before
    y.backward()
    assert (y.data, x.grad, autograd.grad(y, x).data, row.symbol) == (8.0, 12.0, 12.0, "³")


def test_a_definition_is_undone_after_an_exception_and_one_that_is_refused_changes_nothing():
    before = dict(PRIMITIVES)
    with pytest.raises(KeyError), defined("for_an_error", abs, 1.0):
        raise KeyError
    with pytest.raises(ValueError, match="'exp' is already defined"), defined("exp", abs, 1.0):
        pass
    with pytest.raises(TypeError, match="one partial per operand"), defined("without_partials", abs):
        pass
    assert dict(PRIMITIVES) == before


def test_a_primitive_that_was_defined_again_meanwhile_stays():
    with defined("defined_twice", abs, 1.0) as first:
        undefine(first)
        with defined("defined_twice", abs, 2.0) as second:
            undefine(first)
            assert PRIMITIVES["defined_twice"] is second


def test_a_function_is_decorated():
    @defined("for_a_function", variadic=lambda out, *xs: (1.0,) * len(xs), value=lambda *xs: sum(xs))
    def partials() -> tuple[float, ...]:
        return PRIMITIVES["for_a_function"](Value(1.0), Value(2.0)).partials

    assert partials() == partials() == (1.0, 1.0)
    assert "for_a_function" not in PRIMITIVES


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        (("mull", 1.0), {}, GraphError, "no primitive is named 'mull'"),
        (("mul", 1.0), {}, TypeError, r"mul\(x, y\) needs 2 partial\(s\) but got 1"),
        (("dot", 1.0), {}, TypeError, "needs variadic=, which returns all partials"),
        (("tanh",), {"variadic": lambda out, x: [1.0]}, TypeError, r"needs 1 partial\(s\) but got 0"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, options, error, words):
    with pytest.raises(error, match=words), mutated(*arguments, **options):
        pass


def test_every_mutant_is_planted_and_removed_and_every_partial_has_some():
    everything = list(mutants())
    rows = table()
    before = [(row.partials, row.variadic) for row in rows]
    operators = (Value.__mul__, Value.__rsub__)
    for mutant in everything:
        with mutant:
            assert not mutant.primitive or [(row.partials, row.variadic) for row in rows] != before
        assert [(row.partials, row.variadic) for row in rows] == before, mutant
    assert operators == (Value.__mul__, Value.__rsub__)
    partials = {f"{row.name}[{i}]" for row in rows for i in range(len(row.partials))}
    assert partials <= {mutant.target for mutant in everything}
    assert len({(mutant.target, mutant.mutation) for mutant in everything}) == len(everything)


def test_a_mutant_is_not_planted_twice_at_a_time_but_can_be_used_again():
    mutant: Mutant = next(mutants(["tanh"]))
    with mutant, pytest.raises(RuntimeError, match="is planted already"), mutant:
        pass
    with mutant as again:
        assert repr(again) == "<mutant tanh[0]: × (1 + 1e-6)>"


@pytest.mark.parametrize(
    ("primitive", "mutation", "x", "partial"),
    [
        ("tanh", "× (1 + 1e-6)", 0.0, 1.000001),
        ("square", "sign", 3.0, -6.0),
        ("square", "double", 3.0, 12.0),
        ("square", "zero", 3.0, 0.0),
        ("square", "one", 3.0, 1.0),
        ("square", "output for operand", 3.0, 18.0),
        ("square", "exponent + 1", 3.0, 18.0),
        ("square", "exponent − 1", 3.0, 2.0),
        ("exp", "operand for output", 3.0, 3.0),
        ("relu", "kink from the right", 0.0, 1.0),
        ("abs", "kink from the left", 0.0, -1.0),
        ("abs", "kink from the right", 0.0, 1.0),
    ],
)
def test_a_mutant_does_what_its_name_says(primitive, mutation, x, partial):
    (mutant,) = [m for m in mutants([primitive], engine=False) if m.mutation == mutation]
    with mutant:
        assert PRIMITIVES[primitive](Value(x)).partials == (partial,)


def test_two_operands_are_exchanged_and_a_tie_goes_to_one_of_them():
    by_name = {(m.target, m.mutation): m for m in mutants(["sub", "div", "maximum"], engine=False)}
    with by_name["sub", "partials exchanged"]:
        assert (Value(5.0) - Value(3.0)).partials == (-1.0, 1.0)
    with by_name["div[0]", "operands swapped"]:
        assert (Value(4.0) / Value(2.0)).partials[0] == 0.25
    with by_name["maximum", "kink from the right"]:
        assert autograd.maximum(Value(2.0), Value(2.0)).partials == (1.0, 0.0)


def gradients(make) -> tuple[float, float]:
    x, y = Value(0.5), Value(-2.0)
    make(x, y).backward()
    return x.grad, y.grad


def skipping(x: Value, y: Value) -> Value:
    """A product is used directly and through tanh, x·x has one parent twice."""
    z = x * y
    return z * tanh(z) + x * x


def test_the_textbook_pass_is_what_backward_does():
    def by_the_book(x: Value, y: Value) -> tuple[float, float]:
        textbook_pass(skipping(x, y))
        return x.grad, y.grad

    assert by_the_book(Value(0.5), Value(-2.0)) == gradients(skipping)


@pytest.mark.parametrize("mutant", [m for m in mutants() if m.target == "backward"], ids=lambda m: m.mutation)
def test_every_fault_of_the_engine_makes_backward_wrong(mutant):
    def twice(x: Value, y: Value) -> Value:
        loss = skipping(x, y)
        loss.backward()
        return loss

    right = gradients(twice)
    with mutant:
        assert gradients(twice) != right
    x, y = Value(0.5), Value(-2.0)
    list(backward_steps(skipping(x, y)))
    assert (x.grad, y.grad) == gradients(skipping)


@pytest.mark.parametrize("mutant", [m for m in mutants() if m.target == "grad"], ids=lambda m: m.mutation)
def test_every_fault_of_grad_makes_grad_wrong_and_leaves_backward_alone(mutant):
    x, y = Value(0.5), Value(-2.0)
    right = [each.data for each in autograd.grad(skipping(x, y), [x, y])]
    with mutant:
        assert [each.data for each in autograd.grad(skipping(x, y), [x, y])] != right
        assert list(gradients(skipping)) == right


def test_dependence_is_found_through_branches_and_primitives():
    assert depends_on(lambda out, x: relu(x), 1, 2)
    assert depends_on(lambda out, x: 1.0 if x > 0.0 else 2.0, 1, 2)
    assert depends_on(lambda out, x: 1.0 if x == 0.0 else x % 2.0, 1, 2)
    assert not depends_on(lambda out, x: math.pi, 1, 2)
    assert not depends_on(lambda out, x: 2.0 * x, 0, 2)
