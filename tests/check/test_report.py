"""The report of a check: its table, the correct digits of value and gradient, and errors for wrong arguments."""

from __future__ import annotations

import math
from typing import Any

import pytest

from autograd import PRIMITIVES, GraphError, Value, digits, erf, exp, log, no_graph, sin, square, tanh
from autograd.check import check_gradients
from autograd.check.accuracy import FULL
from autograd.testing import defined, mutated

cos = PRIMITIVES["cos"]


def test_the_table_is_aligned_and_names_its_columns() -> None:
    lines = check_gradients(lambda x, y: x * tanh(y), 1.5, -2.0).table().splitlines()
    titles = ("analytic", "numerical", "relative difference", "digits", "verdict")
    columns = [lines[0].index(title) for title in titles]
    assert all(line[column - 2 : column] == "  " and line[column] != " " for line in lines[:-1] for column in columns)
    assert [line.split()[0] for line in lines] == ["input", "x", "y", "value"]


def test_worst_is_the_row_with_the_largest_difference() -> None:
    report = check_gradients(lambda x, y: x + erf(y), 1.0, 0.5)
    assert report.worst == max(report.rows, key=lambda row: row.difference or 0.0)
    assert report.worst.input == "y", "2/√π is a float in the rule of erf"
    assert check_gradients(lambda: 1.0).worst is None


# --- correct digits ---------------------------------------------------------------------------------------------------


def lossy(x: Value, y: Value) -> Value:
    return sin(x) / x + y


def test_they_are_those_that_digits_finds() -> None:
    report, found = check_gradients(lossy, 1e-8, 2.0), digits(lossy, 1e-8, 2.0)
    assert (report.value, report.value_digits) == (found.value.number, found.value.digits)
    assert [row.digits for row in report.rows] == [row.digits for row in found.gradient] == [0.0, FULL]


def test_json_has_them() -> None:
    found = check_gradients(lossy, 1e-8, 2.0).to_dict()
    assert [row["digits"] for row in found["rows"]] == [0.0, FULL]
    assert (found["value"], found["value_digits"]) == (3.0, FULL)


def test_a_wrong_derivative_has_the_digits_that_it_shares_with_the_right_one() -> None:
    with mutated("sin", lambda out, x: cos(x) * (1.0 + 1e-6)):
        report = check_gradients(sin, 0.5, raise_on_failure=False)
    assert report.rows[-1].digits == pytest.approx(6.0, abs=1e-5)  # log10(1 + 1e-6) and the rounding of the rule


@pytest.mark.parametrize("oracle", ["complex", "differences", "function"])
def test_a_dash_where_nothing_was_replayed(oracle: str) -> None:
    report = check_gradients(lambda x: x * exp(x), 0.5, oracle=oracle)
    assert report.rows[0].digits is report.value_digits is None
    assert [line.split()[4] for line in report.table().splitlines()[1:]] == ["-"]


@pytest.mark.parametrize("x", [0.3, 0.7])
def test_a_dash_for_a_derivative_that_cancels_to_rounding_errors(x: float) -> None:
    assert check_gradients(lambda x: log(3.0 * exp(x)) - x, x).rows[0].digits is None


def test_a_dash_for_values_that_insist_on_floats() -> None:
    with defined("rounded_sine", lambda x: float(math.sin(float(x))), lambda out, x: cos(x)) as row:
        report = check_gradients(lambda x: x * row(x), 0.5)
    assert report.rows[-1].digits is report.value_digits is None


def test_an_input_that_is_not_used_has_an_exact_zero() -> None:
    assert check_gradients(lambda x, y: x * 2.0, 0.5, 1.0).rows[1].digits == FULL


# --- wrong arguments --------------------------------------------------------------------------------------------------


class Model:
    def parameters(self) -> list[Value]:
        return []

    def __call__(self, x: float) -> float:
        return x


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        ((tanh, 0.5), {"kinks": "sharp"}, ValueError, "kinks must be one of 'frozen', .* got 'sharp'"),
        ((tanh, 0.5), {"order": 3}, ValueError, "order must be 1 or 2, got 3"),
        ((tanh, 0.5), {"oracle": "delphi"}, ValueError, "oracle must be one of 'auto', .* got 'delphi'"),
        ((3.0,), {}, TypeError, r"cannot check the gradients of 3.0 \(float\): check_gradients\(f"),
        ((tanh, "0.5"), {}, TypeError, "got '0.5'"),
        ((lambda x: [x, x], 0.5), {}, TypeError, "must return one number to have gradients"),
        ((Value(1.0), 2.0), {}, TypeError, "checked where it was recorded"),
        ((tanh, 0.5), {"loss": square}, TypeError, "goes with a model"),
        ((Model(), 1.0), {"loss": square}, TypeError, r"got 1 argument\(s\)"),
        ((Model(), 1.0, 2.0), {"loss": "mse"}, TypeError, "a function of .* and loss='mse'"),
    ],
)
def test_wrong_input_is_named(arguments: Any, options: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        check_gradients(*arguments, **options)


def test_nothing_is_recorded_inside_no_graph() -> None:
    with no_graph(), pytest.raises(GraphError, match="check outside the block"):
        check_gradients(tanh, 0.5)
