"""What `digits` takes, what its report says, and the command line."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import GraphError, Value, digits
from autograd.cli.main import main
from autograd.precision import exact as exact_module
from autograd.strategies import Graph, graphs
from tests.precision.test_digits import FULL

pytestmark = pytest.mark.slow


@given(graphs(max_size=8))
def test_any_graph(graph: Graph) -> None:
    """The numbers are those of `backward`; what is right to the last bits is not complained about."""
    report = digits(graph, *graph.point)
    leaves = [Value(x) for x in graph.point]
    root = graph(*leaves)
    root.backward()
    assert [row.number for row in report.rows] == [root.data, *[leaf.grad for leaf in leaves]]
    for row in report.rows:
        assert row.digits is None or 0.0 <= row.digits <= FULL
        assert row.loss is None or row.digits is None or row.digits < 13.0
    assert str(report)


@given(st.floats(1e-12, 1e-3))
def test_a_subtraction_is_to_blame_wherever_it_happens(x: float) -> None:
    report = digits(lambda x: autograd.tanh(autograd.exp(x) - 1.0) * 3.0, x)
    assert report.value.loss is None or report.value.loss.expression == "autograd.exp(x) - 1.0"
    assert (report.value.loss is not None) == (not report.ok)


def test_lists_and_inputs_that_are_not_used() -> None:
    report = digits(lambda xs, unused: xs[0] ** 2 - xs[1] ** 2, [1.0 + 2.0**-40, 1.0], 5.0)
    assert [row.name for row in report.rows] == ["value", "∂f/∂xs[0]", "∂f/∂xs[1]", "∂f/∂unused"]
    assert report.gradient[2].digits == FULL


def test_a_recorded_value_with_and_without_lines() -> None:
    x = Value(1e-9, label="x")
    bare = digits(autograd.exp(x) - 1.0).value.loss
    with autograd.debug():
        y = autograd.exp(x) - 1.0
    placed = digits(y).value.loss
    assert bare is not None
    assert placed is not None
    assert (bare.place, bare.remedy) == ("", "expm1(x)")
    assert placed.expression == "autograd.exp(x) - 1.0"
    assert x.grad == 0.0


def test_a_model_with_a_loss() -> None:
    model = nn.MLP(2, [2, 1], seed=0)
    report = digits(model, [1.0, 2.0], 0.5, loss=lambda p, y: (p - y) ** 2)
    assert len(report.gradient) == len(model.parameters())
    assert all(row.digits is not None and row.digits > 12.0 for row in report.rows)


def test_more_digits_are_taken_where_60_are_not_enough() -> None:
    report = digits(lambda x: (1.0 + x) - 1.0, 1e-90)
    assert report.value.exact.startswith("1.0e-90") or report.value.exact.startswith("9.99999999999999")
    assert report.value.digits == 0.0


def test_infinities_and_nan() -> None:
    overflow = digits(lambda x: autograd.log(autograd.exp(x)), 800.0).value
    assert (overflow.number, overflow.digits) == (math.inf, 0.0)
    assert overflow.loss is not None
    assert overflow.loss.expression == "autograd.exp(x)"
    right = digits(autograd.exp, 800.0).value  # e⁸⁰⁰ does not fit a float
    assert (right.number, right.digits) == (math.inf, FULL)
    undefined = digits(lambda x: autograd.sin(x) / x, 0.0).value
    assert math.isnan(undefined.number)
    assert undefined.digits is None
    assert undefined.loss is not None
    assert undefined.loss.remedy == "sinc(x/pi)"
    product = digits(lambda x, y: x * autograd.log(y), 0.0, 0.0).value
    assert product.loss is not None
    assert product.loss.remedy == "xlogy(x, y)"
    given = digits(lambda x: x * 2.0, math.nan).value
    assert (given.digits, given.loss) == (None, None)


def test_a_black_box_is_taken_to_be_exact() -> None:
    name = "black_box_for_digits"
    box = autograd.PRIMITIVES.get(name) or autograd.define(
        name, lambda x: float(np.exp(np.sin(x))), lambda out, x: out * autograd.cos(x)
    )
    report = digits(lambda x: box(x) - 1.0, 1e-9)
    assert report.unknown == (name,)
    assert name in str(report)


def test_a_long_sum_loses_its_digits_nowhere_in_particular() -> None:
    report = digits(lambda *xs: sum(xs), *[0.1] * 300)
    assert report.losses == ()


def test_without_mpmath(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact_module, "high_precision", lambda digits: None)
    with pytest.raises(ImportError, match="mpmath, which is not installed: pip install"):
        digits(lambda x: x * x, 1.0)


def test_what_cannot_be_recorded() -> None:
    with pytest.raises(TypeError, match="cannot check the gradients of 3"):
        digits(3)
    by_hand = Value(9.0, (Value(3.0),), (6.0,))
    with pytest.raises(GraphError, match="is opaque"):
        digits(by_hand)


# --- the command line -------------------------------------------------------------------------------------------------


def test_an_expression(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["digits", "sin(x)/x", "x=1e-8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["value", "∂f/∂x"]
    assert lines[2].split()[-1] == "0.0"
    assert lines[4] == "∂f/∂x: lost in the derivative of sin(x)/x, <expression>:1 in <module>"
    assert lines[-1] == "  write sinc(x/pi)"


def test_a_function_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "loss.py"
    path.write_text("from autograd import exp\n\n\ndef f(x):\n    y = exp(x)\n    return y - 1.0\n")
    assert main(["digits", f"{path}:f", "--at", "1e-9"]) == 0
    out = capsys.readouterr().out
    assert f"value: lost in y - 1.0, {path}:6 in f" in out
    assert "write expm1(x)" in out


def test_wrong_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["digits", "sin(x)/x"]) == 2
    assert "needs a number for x" in capsys.readouterr().err
