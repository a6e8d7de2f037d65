"""`grade_function`: right functions are not accused; what is wrong is said in a sentence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from autograd import Value
from autograd.testing import Draw, FunctionReport, grade_function


def double(x: float, y: list[float]) -> list[float]:
    return [x * each for each in y]


def graded(answer: Callable[..., object], **options: object) -> FunctionReport:
    return grade_function(answer, double, lambda draw: (draw.number(), draw.vector(draw.integer(2, 3))), **options)  # type: ignore[arg-type]


def changing(x: float, y: list[float]) -> list[float]:
    y[:] = double(x, y)
    return y


def raising(x: float, y: list[float]) -> list[float]:
    return y[x]  # type: ignore[call-overload, no-any-return]


WRONG = {
    "empty": (lambda x, y: None, "it returns None; it is not written yet"),
    "raises": (raising, "it raises TypeError: list indices must be integers or slices, not float in line"),
    "changes": (changing, "it changes its arguments"),
    "one number": (lambda x, y: x, "it returns 1 number, not "),
    "text": (lambda x, y: "right", "it returns what is not a number: result is of type str"),
    "generator": (lambda x, y: (x * each for each in y), "not a number: result is of type generator"),
    "of None": (lambda x, y: [x, None], "not a number: result[1] is of type NoneType"),
    "huge": (lambda x, y: [10**400 for _ in y], "not a number: int too large to convert to float"),
    "sign": (lambda x, y: [-x * each for each in y], "the sign is the opposite"),
    "factor": (lambda x, y: [2.5 * x * each for each in y], "every number is 2.5 times the right one"),
    "zero": (lambda x, y: [0.0 for _ in y], "wrong in 20 of 20 calls"),
    "nan": (lambda x, y: [float("nan") for _ in y], "wrong in 20 of 20 calls"),
    "one of them": (lambda x, y: [*double(x, y[:-1]), 0.0], "wrong in 20 of 20 calls"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_in_a_sentence(name: str) -> None:
    answer, says = WRONG[name]
    report = graded(answer)
    assert not report.ok
    assert says in report.problem
    assert str(report).splitlines()[0].startswith(answer.__name__)


def test_the_line_that_raised_is_shown() -> None:
    assert "`return y[x]" in graded(raising).problem


@pytest.mark.parametrize(
    "answer",
    [
        lambda x, y: tuple(double(x, y)),
        lambda x, y: np.array(y) * x,
        lambda x, y: [Value(x) * each for each in y],
        lambda x, y: [np.float64(x) * each * (1 + 1e-12) for each in y],
    ],
    ids=["tuple", "array", "Values", "rounded"],
)
def test_numbers_are_compared_in_whatever_they_are_kept(answer: Callable[..., object]) -> None:
    report = graded(answer)
    assert report.ok, str(report)
    assert "right in 20 calls" in str(report)


def test_a_known_mistake_is_named_only_where_all_numbers_are_the_same() -> None:
    mistakes = {"the first is squared": lambda x, y: double(x * x, y), "y is ignored": lambda x, y: [x for _ in y]}
    assert graded(lambda x, y: double(x * x, y), mistakes=mistakes).problem == "the first is squared"
    assert graded(lambda x, y: [x for _ in y], mistakes=mistakes).problem == "y is ignored"
    assert "none of the known mistakes" in graded(lambda x, y: double(x**3, y), mistakes=mistakes).problem


def test_the_shortest_call_is_shown_with_both_numbers() -> None:
    report = graded(lambda x, y: double(x * x, y))
    assert len(report.rows) == 2  # draw.vector(2), not (3)
    assert all(row.yours != row.right for row in report.rows)
    assert {"yours", "right", "result[0]"} <= set(str(report).split())


def test_the_same_seed_draws_the_same_arguments() -> None:
    first, again, other = (Draw(seed).matrix(3, 3) for seed in (1, 1, 2))
    assert first == again != other
    assert {Draw(seed).integer(1, 3) for seed in range(30)} == {1, 2, 3}


def test_no_calls_prove_nothing() -> None:
    with pytest.raises(ValueError, match="calls must be a positive integer, got 0"):
        graded(double, calls=0)
