"""Anomaly detection names the first node that is not finite, its place and a remedy; nothing else changes."""

import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import DomainError, NonFiniteError, Value, debug, no_graph
from tests.support.examples import examples
from tests.support.graphs import graphs

HUGE, TINY, INF, NAN = 1e200, 1e-320, math.inf, math.nan


def message_of(expression, **variables):
    """The message for an expression whose Values are made outside the block and have labels."""
    leaves = {key: Value(number, label=key) for key, number in variables.items()}
    with debug(anomaly=True), pytest.raises(NonFiniteError) as caught:
        eval(expression, {**vars(autograd), **leaves})
    return str(caught.value)


# --- what is named ----------------------------------------------------------------------------------------------------


def cross_entropy(p, y):
    q = 1.0 - p
    return -(y * log(p) + (1.0 - y) * log(q))


log = autograd.log


def test_the_message_in_full():
    with debug(anomaly=True), pytest.raises(NonFiniteError) as caught:
        cross_entropy(Value(1.0, label="p"), 1.0)
    lines = str(caught.value).splitlines()
    assert lines[0] == "log made a value of -inf and a derivative of inf with respect to q"
    assert lines[1] == f"  at {__file__}:{cross_entropy.__code__.co_firstlineno + 2} in cross_entropy"
    assert lines[2] == "    return -(y * log(p) + (1.0 - y) * log(q))"
    assert lines[3] == "                                      ^^^^^^"
    assert lines[4] == "  operands: q = 0.0"
    assert lines[5].startswith("  hint: log x tends to -inf at 0")
    assert len(lines) == 6
    node = caught.value.node
    assert (node.op, node.data, node.partials) == ("log", -INF, (INF,))
    assert isinstance(caught.value, autograd.AutogradError)
    assert isinstance(caught.value, ArithmeticError)


CASES = [
    (
        "log(x)",
        {"x": 0.0},
        "log made a value of -inf and a derivative of inf with respect to x",
        "log1p(x) for log(1 + x)",
    ),
    ("log(x)", {"x": TINY}, "log made a derivative of inf with respect to x", "maximum(x, 1e-12)"),
    (
        "log(x)",
        {"x": -1.0},
        "log made a value of nan and a derivative of nan",
        "log is defined on [0, inf), and -1.0 lies",
    ),
    ("log1p(x)", {"x": -1.0}, "log1p made a value of -inf", "tends to -inf at -1"),
    ("x / y", {"x": 1.0, "y": 0.0}, "div made a value of inf and a derivative of inf with respect to x", "division by"),
    ("x / 0", {"x": 1.0}, "div made a value of inf", "operands: x = 1.0, 0.0"),
    ("1 / x", {"x": 0.0}, "div made a value of inf", "where(y > 0, x / y, 0)"),
    ("x / y", {"x": HUGE, "y": 1 / HUGE}, "div made a value of inf", "(almost) zero"),
    ("reciprocal(x)", {"x": 0.0}, "reciprocal made a value of inf", "division by"),
    ("exp(x)", {"x": 710.0}, "exp made a value of inf", "softplus(x) for log(1 + exp(x))"),
    ("cosh(x)", {"x": 1e3}, "cosh made a value of inf", "logsumexp(xs)"),
    ("sqrt(x)", {"x": 0.0}, "sqrt made a derivative of inf with respect to x", "norm(xs) or hypot(x, y)"),
    ("sqrt(x)", {"x": -4.0}, "sqrt made a value of nan", "sqrt is defined on [0, inf), and -4.0 lies outside"),
    ("x**0.5", {"x": 0.0}, "pow made a derivative of inf with respect to x", "maximum(x, 1e-12)**y"),
    ("x**0.5", {"x": -2.0}, "pow made a value of nan", "abs(x)**y"),
    (
        "x**y",
        {"x": -2.0, "y": 3.0},
        "pow made a derivative of nan with respect to y",
        "make the exponent a plain number",
    ),
    ("x**400", {"x": 10.0}, "pow made a value of inf", "exceed 1.8e308"),
    ("asin(x)", {"x": 1.0}, "asin made a derivative of inf", "is its end, where the derivative is infinite"),
    ("acosh(x)", {"x": 0.5}, "acosh made a value of nan", "maximum(x, 1)"),
    ("atanh(x)", {"x": 2.0}, "atanh made a value of nan", "clip(x, -1, 1)"),
    ("x * y", {"x": HUGE, "y": HUGE}, "mul made a value of inf", "exceed 1.8e308"),
    ("dot([x, 2.0], [y, y])", {"x": HUGE, "y": HUGE}, "dot made a value of inf", "smaller initial weights"),
    ("Value(1.0, (x,), (inf,), op='hand')", {"x": 1.0}, "hand made a derivative of inf with respect to x", "1.8e308"),
    ("Value(inf)", {}, "a leaf was made with the value inf", "with autograd.debug(anomaly=False)"),
    ("Value(nan)", {}, "a leaf was made with the value nan", "data, a file, a step of the optimiser"),
    ("x * nan", {"x": 1.0}, "mul made a value of nan", "one of the operands is the plain number nan"),
    ("x + 1", {"x": NAN}, "add made a value of nan", "the operand was not finite before"),
    ("x - x", {"x": INF}, "sub made a value of nan", "the operand was not finite before"),
]


@pytest.mark.parametrize(("expression", "variables", "headline", "advice"), CASES)
def test_every_kind_of_error_has_a_hint(expression, variables, headline, advice, monkeypatch):
    monkeypatch.setattr(autograd, "inf", INF, raising=False)
    monkeypatch.setattr(autograd, "nan", NAN, raising=False)
    message = message_of(expression, **variables)
    assert message.startswith(headline)
    assert advice in message


def test_a_result_inside_no_graph_is_checked_too():
    x = Value(0.0)
    with debug(anomaly=True), no_graph(), pytest.raises(NonFiniteError, match=r"or computed inside no_graph\(\)"):
        log(x)


def test_an_intended_infinity_propagates():
    with debug(anomaly=False):
        mask = Value(-INF)
    with debug(anomaly=True):
        assert (mask + 1.0).exp().data == 0.0
        assert (mask * 2.0).data == -INF


def test_a_branch_that_was_not_taken_does_no_harm():
    with debug(anomaly=True):
        y = autograd.where(Value(1.0) > 0, Value(2.0), Value(3.0))
        y.backward()
    assert y.data == 2.0


def test_other_errors_are_as_they_were():
    with debug(anomaly=True), pytest.raises(DomainError, match="softmax needs"):
        autograd.softmax([])


def test_a_neuron_of_a_thousand_inputs_gives_a_short_message():
    w = [Value(1.0) for _ in range(1000)]
    w[700] = Value(NAN, label="w[700]")
    with debug(anomaly=True), pytest.raises(NonFiniteError) as caught:
        autograd.dot(w, [1.0] * 1000)
    message = str(caught.value)
    assert "operands: w[700] = nan, " in message
    assert "and 1993 more" in message
    assert len(message) < 1000


def test_without_a_label_operands_are_called_as_they_are_written():
    p = Value(1.0)
    with debug(anomaly=True), pytest.raises(NonFiniteError) as caught:
        log(1.0 - p)
    assert "with respect to 1.0 - p\n" in str(caught.value)
    assert "operands: 1.0 - p = 0.0\n" in str(caught.value)


def test_operands_are_called_by_their_kind_if_their_text_is_of_no_use():
    p = Value(1.0)
    with debug(anomaly=True), pytest.raises(NonFiniteError, match=r"operands: a sub = 0\.0\n"):
        log(
            1.0 -
            p
        )  # fmt: skip
    with (
        debug(anomaly=True),
        pytest.raises(NonFiniteError, match=r"operands: a sub = 1\.7e\+308, a sub = -1\.7e\+308\n"),
    ):
        autograd.std([Value(1.7e308), Value(-1.7e308)])


# --- a needle in a haystack -------------------------------------------------------------------------------------------


def haystack(x, bad, planted):
    """A graph of 1 000 nodes and more, in which node `planted` is the square root of a negative number."""
    h = x
    for i in range(500):
        h = tanh(h * 0.9 + 0.1) if i != planted else h + sqrt(bad * tanh(h * h + 0.2)) * 0.5
    return h * 2.0


sqrt, tanh = autograd.sqrt, autograd.tanh


@examples(30)  # of 1 000 nodes each
@given(st.integers(0, 499), st.floats(-2.0, 2.0))
def test_a_nan_planted_among_a_thousand_nodes_is_found(planted, start):
    with debug(anomaly=True), pytest.raises(NonFiniteError) as caught:
        haystack(Value(start), Value(-1.0), planted)
    lines = str(caught.value).splitlines()
    text = "sqrt(bad * tanh(h * h + 0.2))"
    assert lines[0].startswith("sqrt made a value of nan and a derivative of nan with respect to bad * tanh(")
    assert f"{os.path.basename(__file__)}:{haystack.__code__.co_firstlineno + 4} in haystack" in lines[1]
    source, marks = lines[2][4:], lines[3][4:]
    assert source[marks.index("^") :][: marks.count("^")] == text


# --- the backward pass ------------------------------------------------------------------------------------------------


def error_of(root):
    with debug(anomaly=True), pytest.raises(NonFiniteError) as caught:
        root.backward()
    return caught.value


def test_a_gradient_that_overflows_is_named():
    with debug():
        x = Value(1e-300, label="x")
        y = x * HUGE
        z = y * HUGE
    error = error_of(z)
    lines = str(error).splitlines()
    assert error.node is x
    assert lines[0] == "backward() made the gradient of x inf, coming from y"
    assert lines[1].endswith("in test_a_gradient_that_overflows_is_named")
    assert lines[2:4] == ["    y = x * HUGE", "        ^^^^^^^^"]
    assert lines[4] == "  gradient: 0.0 + ∂mul/∂(x) · upstream = 0.0 + 1e+200 × 1e+200 = inf"
    assert lines[5] == "  operands: x = 1e-300, 1e+200"
    assert lines[6].startswith("  hint: the gradient overflows")


def test_an_infinite_derivative_from_outside_is_named():
    x = Value(0.0, label="x")
    message = str(error_of(sqrt(x) * 0.0))
    assert "made outside the debug block" in message
    assert "0.0 + inf × 0.0 = nan" in message
    assert "the node was made outside the block, where nothing was checked; the derivative of sqrt x is" in message


def test_a_gradient_left_from_a_bad_pass_is_named():
    x = Value(1.0, label="x")
    x.grad = NAN
    assert "the gradient was nan before this contribution" in str(error_of(x * 2.0))


def test_sums_of_finite_contributions_are_checked():
    x = Value(1e-300, label="x")
    assert "· upstream = 1e+308 + 1e+308 × 1.0 = inf" in str(error_of(x * 1e308 + x * 1e308))


@given(graphs())
def test_nothing_changes_where_all_is_finite(graph):
    """Same bits. Random graphs keep values and partials within 1e6, so that neither pass can overflow."""
    leaves, result = graph.record()
    result.backward()
    with debug(anomaly=True):
        checked_leaves, checked = graph.record()
        checked.backward()
    assert repr(checked.data) == repr(result.data)
    assert [repr(leaf.grad) for leaf in checked_leaves] == [repr(leaf.grad) for leaf in leaves]
