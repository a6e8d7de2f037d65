"""Expressions typed by a user: their values, and the message and place of every error."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import PRIMITIVES, AutogradError, Value, tanh
from autograd.expressions.expression import ExpressionError, known_functions, parse

OPERATORS = {"+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow"}
leaves = st.sampled_from(["x", "y"]) | st.sampled_from(["0", "1", "2.5", "1e-3", "pi"])


@st.composite
def trees(draw: st.DrawFn) -> object:
    """A name, a number, or (operator or function, trees…)."""
    return draw(
        st.recursive(
            leaves,
            lambda inner: (
                st.tuples(st.sampled_from(sorted(OPERATORS)), inner, inner)
                | st.tuples(st.sampled_from(["sin", "neg", "relu", "square", "gelu"]), inner)
                | st.tuples(st.sampled_from(["atan2", "maximum"]), inner, inner)
            ),
            max_leaves=12,
        )
    )


def text_of(tree: object) -> str:
    """The tree as an expression with every parenthesis."""
    match tree:
        case (operator, left, right) if operator in OPERATORS:
            return f"({text_of(left)} {operator} {text_of(right)})"
        case (function, *arguments):
            return f"{function}({', '.join(map(text_of, arguments))})"
    return str(tree)


def meaning_of(tree: object, numbers: dict[str, float]) -> float:
    """The tree by the table."""
    match tree:
        case (name, *arguments):
            return float(
                PRIMITIVES[OPERATORS.get(str(name), str(name))](*[meaning_of(each, numbers) for each in arguments])
            )
    return numbers[str(tree)] if str(tree) in numbers else math.pi if tree == "pi" else float(str(tree))


@given(trees(), st.floats(-3, 3), st.floats(-3, 3))
def test_an_expression_means_what_the_table_says(tree: object, x: float, y: float) -> None:
    text = text_of(tree)
    expression = parse(text)
    numbers = {"x": x, "y": y}
    assert set(expression.names) == {name for name in numbers if name in text.replace("maximum", "").replace("exp", "")}
    found = expression(*[numbers[name] for name in expression.names])
    assert repr(found) == repr(meaning_of(tree, numbers)), text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3 * 4", 14.0),
        ("-2**2", -4.0),
        ("2**-1", 0.5),
        ("2**3**2", 512.0),
        ("10 - 4 - 3", 3.0),
        ("+5", 5.0),
        ("1/0", math.inf),
        ("leaky_relu(-2)", -0.02),
        ("leaky_relu(-2, 0.5)", -1.0),
        ("dot([1, 2], [3, 4], 0.5)", 11.5),
        ("mean([1, 2, 6])", 3.0),
        ("mod(-7, 3) + fmod(-7, 3)", 1.0),
        ("cbrt(-8) + log2(8) + exp2(3) + log10(100)", 11.0),
        ("sinc(0) + xlogy(0, 0) + cosm1(0) + rsqrt(4)", 1.5),
        ("max(1, 2) - min(1, 2)", 1.0),
        ("where(2 > 1, 5, 6)", 5.0),
        ("where(2 < 1, 5, 6)", 6.0),
        ("cos(2*\n  pi)", 1.0),
    ],
)
def test_arithmetic_as_people_write_it(text: str, value: float) -> None:
    assert parse(text)() == value


def test_names_come_in_the_order_of_appearance_and_record() -> None:
    expression = parse("b*tanh(a) + c*b")
    assert expression.names == ("b", "a", "c")
    b, a, c = Value(2.0), Value(0.5), Value(-1.0)
    expression(b, a, c).backward()
    assert b.grad == tanh(0.5) - 1.0
    with pytest.raises(TypeError, match="needs 3 number"):
        expression(1.0)


def test_functions_are_looked_up_when_they_are_called() -> None:
    assert set(PRIMITIVES) <= set(known_functions())


UNDERSTOOD = "only names, numbers, .* are understood"


@pytest.mark.parametrize(
    ("text", "words", "under"),
    [
        ("x*tanh(y", "'\\(' was never closed", "("),
        ("", "not a valid expression", ""),
        ("x +", "not a valid expression", ""),
        ("x; y", "not a valid expression", ";"),
        ("rleu(x)", "unknown function 'rleu'; did you mean 'relu'\\?", "rleu"),
        ("2*frobnicate(x)", "unknown function 'frobnicate'", "frobnicate"),
        ("x^2", f"{UNDERSTOOD}; a power is written \\*\\*", "x^2"),
        ("x >= 2", f"{UNDERSTOOD}; compare with < or >", "x >= 2"),
        ("0 < x < 2", UNDERSTOOD, "0 < x < 2"),
        ("x // 2", f"{UNDERSTOOD}; use floor", "x // 2"),
        ("x % 2", f"{UNDERSTOOD}; use mod\\(x, y\\), or fmod", "x % 2"),
        ("x.real", f"{UNDERSTOOD}; attributes such as x.data are not supported", "x.real"),
        ("x[0]", f"{UNDERSTOOD}; indices are not supported here", "x[0]"),
        ("lambda x: x", f"{UNDERSTOOD}; write the body", "lambda x: x"),
        ("[x, 1]", UNDERSTOOD, "[x, 1]"),
        ("mean([[x]])", UNDERSTOOD, "[x]"),
        ("'text'", UNDERSTOOD, "'text'"),
        ("x + True", UNDERSTOOD, "True"),
        ("2j", UNDERSTOOD, "2j"),
        ("x if x else y", UNDERSTOOD, "x if x else y"),
        ("tanh(x=1)", UNDERSTOOD, "tanh(x=1)"),
        ("tanh(*x)", UNDERSTOOD, "*x"),
        ("__import__('os').remove('f')", UNDERSTOOD, "__import__('os').remove('f')"),
        ("__import__('os')", "unknown function '__import__'", "__import__"),
        ("(tanh)(x)(y)", UNDERSTOOD, "(tanh)(x)(y)"),
        ("x + tanh", "tanh is a function; call it", "tanh"),
        ("1" + "0" * 400, "too large for a float", "1" + "0" * 400),
        ("δ + x.y", UNDERSTOOD, "x.y"),
        ("(x +\n  y.z)", UNDERSTOOD, "y.z"),
        ("(x\n  + ; y)", "not a valid expression", ";"),
        ("x + " * 50 + "y.z", UNDERSTOOD, "y.z"),
    ],
)
def test_everything_else_is_refused_with_a_caret_under_it(text: str, words: str, under: str) -> None:
    with pytest.raises(ExpressionError, match=words) as caught:
        parse(text)
    assert isinstance(caught.value, AutogradError)
    _, line, carets = str(caught.value).split("\n")
    start, length = carets.index("^"), carets.count("^")
    assert line[start : start + min(length, len(under))] == under[: len(line) - start]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("(" * 4000 + "x" + ")" * 4000, "not a valid expression: .*(nested|parentheses)"),
        ("+".join("x" * 300), "levels deep"),
        ("+".join("x" * 4000), "levels deep|nested too deeply"),
        ("x" * 10_001, "at most 10000 characters, this one has 10001"),
        ("x\0", "null"),
    ],
    ids=["parentheses", "sum", "long sum", "long", "null"],
)
def test_limits_are_refusals_not_crashes(text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words):
        parse(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 + tanh(1, 2)", "tanh takes 1 operand"),
        ("1 + dot([1], [2, 3])", "dot needs as many weights as inputs, got 1 and 2"),
        ("1 + mean([])", "mean needs at least one number"),
        ("1 + total(3)", "total: "),
    ],
)
def test_a_function_called_wrongly_is_pointed_at(text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words) as caught:
        parse(text)()
    assert str(caught.value).split("\n")[2].index("^") == len("  1 + ")
