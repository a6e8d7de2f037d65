"""Conditions of breakpoints have the meaning of Python, and contain nothing that is not on the whitelist."""

from __future__ import annotations

import math
import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from autograd.expressions.conditions import Attributes, ConditionError, parse_condition

ATTRIBUTES: Attributes = {"data": lambda node: node.data, "grad": lambda node: node.grad, "op": lambda node: node.op}

NUMBERS = st.sampled_from(("x", "y", "0", "1.5", "-2", "1e3", "0.1"))
SUMS = st.recursive(
    NUMBERS,
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from("+-*"), part).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        part.map(lambda p: f"abs({p})"),
        part.map(lambda p: f"-({p})"),
    ),
    max_leaves=6,
)
COMPARISONS = st.lists(SUMS, min_size=2, max_size=3).flatmap(
    lambda parts: st.sampled_from(("<", "<=", ">", ">=", "==", "!=")).map(lambda sign: f" {sign} ".join(parts))
)
TRUTHS = st.recursive(
    COMPARISONS,
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(("and", "or")), part).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        part.map(lambda p: f"not ({p})"),
    ),
    max_leaves=4,
)


@given(TRUTHS, st.floats(-10.0, 10.0), st.floats(-10.0, 10.0))
def test_conditions_mean_what_python_means(text: str, x: float, y: float) -> None:
    expected = eval(text, {"abs": abs}, {"x": x, "y": y})
    assert parse_condition(text, {"x", "y"}).holds({"x": x, "y": y}) == bool(expected)


WORDS = ("x", ".", "(", ")", "[", "]", ",", "+", "**", "==", "'a'", "and", "not", "lambda", ":", "_", "1", "\n")


@given(st.text(max_size=30) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    with suppress(ConditionError):  # no other exception may escape
        assert parse_condition(text, {"x"}).holds({"x": 1.0}) in (True, False)


def test_nodes_are_known_by_attributes_and_by_any_name() -> None:
    w, h = Value(2.0, label="w2[1,0]"), Value(-1.0) * 3.0
    w.grad = 0.5
    names = {"w2[1,0]": w, "self.h": h, "node": h}
    for text in (
        "w2[1,0].grad == 0.5",
        "w2[1, 0] > 1",  # the node counts as its number
        "self.h.data == -3 and self.h < 0",
        "node.op == 'mul'",
        "node.op in ('mul', 'div') and node.op not in ['add']",
        "max(w2[1,0], self.h) == 2",
        "w2[1,0]",
    ):
        assert parse_condition(text, names, ATTRIBUTES).holds(names), text


def test_arithmetic_is_that_of_the_primitives_and_never_raises() -> None:
    environment = {"x": 0.0, "n": math.nan, "big": 1e308}
    for text in ("1 / x == inf", "x ** -1 == inf", "isnan(x / x)", "big * 10 > 1e300", "isinf(9.0 ** 9 ** 9)"):
        assert parse_condition(text, environment).holds(environment), text
    assert not parse_condition("n == n or n < 1 or n > 1", environment).holds(environment)
    assert parse_condition("not isfinite(n) and sign(-big) == -1 and 10 ** 400 == inf", environment).holds(environment)


def test_and_or_stop_as_early_as_in_python() -> None:
    names = {"x": 0.0, "text": "a"}
    assert not parse_condition("x and text > 1", names).holds(names)
    assert parse_condition("not x or text > 1", names).holds(names)


@pytest.mark.parametrize(
    ("text", "words", "caret"),
    [
        ("", "the condition is missing", ""),
        ("x >", "not a valid expression", "^"),
        ("x = 1", "not a valid expression", "^"),
        ("y > 1", "no name 'y' here; there are x", "^"),
        ("x > 1 and __import__('os')", "no function '__import__'", " " * 10 + "^^^^^^^^^^"),
        ("(lambda: 1)()", "no function 'lambda: 1'", ""),
        ("lambda: 1", "(Lambda)", "^^^^^^^^^"),
        ("[i for i in x]", "(ListComp)", ""),
        ("x.__class__", "no attribute .__class__; a node has data, grad, op", "^^^^^^^^^^^"),
        ("x.data > 0", "only nodes have .data", "^"),
        ("x[0] > 0", "(Subscript)", "^^^^"),
        ("x if x else x", "(IfExp)", ""),
        ("x is x", "write ==", ""),
        ("x // 2", "no operator FloorDiv", ""),
        ("~x", "write not", ""),
        ("x @ x", "no operator MatMult", ""),
        ("abs(x, x)", "abs takes 1 number", ""),
        ("max(x)", "max takes 2 numbers", ""),
        ("abs(x=1)", "abs takes 1 number", ""),
        ("'a' * 10 ** 9", "it takes numbers", ""),
        ("'a' < x", "cannot compute this for 'a', 1.0", "^^^^^^^"),
        ("'a' in x", "cannot compute", ""),
        ("None", "cannot contain None", "^^^^"),
        ("1j > 0", "cannot contain 1j", "^^"),
        ("f'{x}'", "(JoinedStr)", ""),
        ("-" * 60 + "x", "at most 50 levels", ""),
        ("(" * 500 + "x" + ")" * 500, "not a valid expression", ""),
        ("(x > 1\n and y)", "must be one line", ""),
    ],
)
def test_everything_else_is_refused_with_the_place(text: str, words: str, caret: str) -> None:
    names = {"x": 1.0}
    with pytest.raises(ConditionError) as caught:
        parse_condition(text, names, ATTRIBUTES).holds(names)
    message = str(caught.value)
    assert words in message
    assert caret in message


def test_nothing_of_python_can_be_reached() -> None:
    """Attacks that work against `eval`: none is accepted, whatever names exist."""
    names = {"x": Value(1.0), "text": "a"}
    for attack in (
        "().__class__.__bases__[0].__subclasses__()",
        "x.__init__.__globals__",
        "text.format(x)",
        "getattr(x, 'data')",
        "open('f', 'w')",
        "exec('1')",
        "(y := 1)",
        "x.data.__class__",
    ):
        with pytest.raises(ConditionError):
            parse_condition(attack, names, ATTRIBUTES).holds(names)


def test_long_conditions_take_time_in_proportion() -> None:
    rng = random.Random(0)
    text = " or ".join([f"x == {rng.randrange(1, 9)}.5" for _ in range(2_000)])
    assert not parse_condition(text, {"x"}).holds({"x": 1.0})
