"""The correct digits of value and gradient in the report of a check, where a replay with 60 digits tells."""

from __future__ import annotations

import math

import pytest

from autograd import PRIMITIVES, Value, digits, exp, log, sin
from autograd.check import check_gradients
from autograd.check.accuracy import FULL
from autograd.testing import defined, mutated

cos = PRIMITIVES["cos"]


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
