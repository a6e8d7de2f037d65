"""f is called again: numbers that leave the graph, other functions than the recorded one, branches of one point."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from autograd import (
    PRIMITIVES,
    Value,
    cos,
    define,
    exp,
    hypot,
    pick,
    primitive,
    relu,
    sin,
    softmax,
    square,
    tanh,
    total,
    where,
)
from autograd import abs as absolute
from autograd.check import CheckReport, check_gradients
from tests.check.detaching import (
    ALONE,
    WAYS,
    Program,
    by_data,
    caught,
    correct_programs,
    is_alone_on_its_branch,
    is_at_an_end,
    planted_programs,
    random_program,
)

pytestmark = pytest.mark.slow


def report(f: Callable[..., Any], *at: Any, **options: Any) -> CheckReport:
    return check_gradients(f, *at, raise_on_failure=False, **options)


def facts(found: CheckReport, name: str) -> list[str]:
    return [text for failure in found.failures for each, text in failure.facts if each == name]


# --- numbers that leave (rows A1, A2, A12) ----------------------------------------------------------------------------

FIELD = "{x:.4f}" if sys.version_info >= (3, 12) else 'f"{x:.4f}"'  # where bytecode says that x is formatted
LEAVING: list[tuple[Callable[..., Any], tuple[float, ...], str, str]] = [
    (lambda x: math.exp(x) + 1.0, (1.0,), "math.exp(x)", "autograd.exp"),
    (lambda x: x * math.exp(x), (1.0,), "math.exp(x)", "autograd.exp"),
    (lambda x: math.fsum([x, x]), (1.0,), "math.fsum([x, x])", "autograd.total"),
    (lambda x: float(x) ** 2, (3.0,), "float(x)", "the Value itself"),
    (lambda x: Value(x.data**2), (3.0,), "x.data", "instead of its .data"),
    (lambda x, y: x * y.data + y, (3.0, 2.0), "y.data", "instead of its .data"),
    (lambda x: x * float(x), (3.0,), "float(x)", "the Value itself"),
    (lambda x: x.detach() * x, (3.0,), "x.detach()", "leave detach() out"),
    (lambda x: x * int(x * 10.0), (3.14,), "int(x * 10.0)", "autograd.floor"),
    (lambda x: x * round(x.data, 2), (3.14159,), "x.data", "instead of its .data"),
    (lambda x: x * float(f"{x:.4f}"), (3.14159,), FIELD, "format what f returns"),
    (lambda x: x * np.asarray([x], dtype=float)[0], (3.0,), "np.asarray([x], dtype=float)", "dtype=object"),
    (lambda x: relu(x) * float(x + 1.0), (0.0,), "float(x + 1.0)", "the Value itself"),
]


AT_A_KINK: list[Callable[..., Any]] = [
    lambda x: relu(x).detach() + 0.0 * x,
    lambda x: absolute(x).detach() + 0.0 * x,
    lambda x: relu(x) * (1.0 + x.detach()),
    lambda x: float(relu(x)) + x,
    lambda x: 0.0 * x + max(float(x), 0.0),
]


@pytest.mark.parametrize("f", AT_A_KINK)
def test_a_number_that_leaves_on_one_side_of_a_kink_is_found_at_the_kink(f: Callable[..., Any]) -> None:
    found = report(f, 0.0)
    assert [failure.title for failure in found.failures] == ["a number leaves the graph, and the result depends on it"]


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("f", "at", "text", "remedy"), LEAVING, ids=[text for _, _, text, _ in LEAVING])
def test_a2_a_number_that_leaves_is_named(
    f: Callable[..., Any], at: tuple[float, ...], text: str, remedy: str, order: int
) -> None:
    found = report(f, *at, order=order)
    assert [failure.title for failure in found.failures] == ["a number leaves the graph, and the result depends on it"]
    assert found.failures[0].expression == text
    assert remedy in facts(found, "instead")[0]
    assert f"test_reevaluation.py:{f.__code__.co_firstlineno} in <lambda>" in facts(found, "left at")[0]
    assert check_gradients(f, *at, order=order, detached="allow").ok


def test_a2_the_row_shows_the_slope_that_f_has() -> None:
    row = report(lambda x: x * math.exp(x), 1.0).rows[0]
    assert (row.analytic, row.verdict) == (math.e, "wrong")
    assert row.numerical == pytest.approx(2.0 * math.e, rel=1e-9)


def test_only_the_lines_that_matter_are_named() -> None:
    def f(x: Any, y: Any) -> Any:
        shown = f"{x} and {y.data}"
        if x.data > 0.0 and len(shown) > 3:
            x = x * 2.0
        return x * float(y)

    assert [text.rpartition(" in ")[2] for text in facts(report(f, 3.0, 2.0), "left at")] == [f.__qualname__]
    assert report(f, 3.0, 2.0).failures[0].expression == "float(y)"


def largest_by_data(xs: Any) -> Any:
    shift = max([x.data for x in xs])
    exps = [exp(x - shift) for x in xs]
    return exps[0] / total(exps)


HARMLESS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (lambda x: (str(x), f"{x:.2f}", float(x), x * x)[-1], (3.0,)),
    (lambda x: x * 2.0 if x.data > 2.999 else x * x, (3.0,)),
    (lambda x: x * (2.0 if x.data > 2.999 else 3.0), (3.0,)),
    (lambda x: x * (1.0 if x.data > 0.0 else 0.0), (0.0,)),
    (lambda x: x * (1.0 if x.data >= 3.0 else 2.0), (3.0,)),
    (lambda x: [sin, exp, tanh][int(x.data)](x), (1.5,)),
    (largest_by_data, ([1.0, 2.0, 3.0],)),
    (lambda x: softmax([x, 2.0 * x])[0], (3.0,)),
    (lambda x: pick([x, x * x, x * x * x], Value(1.0)), (3.0,)),
    (lambda x: round(x, 2) * x, (3.14159,)),
]


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("f", "at"), HARMLESS)
def test_numbers_that_the_gradient_does_not_depend_on_may_leave(
    f: Callable[..., Any], at: tuple[Any, ...], order: int
) -> None:
    assert report(f, *at, order=order).verdict == "ok"


def test_rows_that_hold_an_operand_by_definition_are_not_blamed() -> None:
    for name, at in (("pivot", (3.0, 2.0)), ("exp_shift", (0.5, 0.25)), ("step", (2.0, 2.0, 0.5))):
        row = PRIMITIVES[name]
        assert report(lambda *xs, row=row: row(*xs) * xs[0], *at).verdict == "ok", name  # type: ignore[misc]


def test_planted_in_random_graphs_all_are_caught_with_their_line() -> None:
    programs = planted_programs(3 * len(WAYS))
    assert [program for program in programs if caught(program) is None] == []


def test_planted_ones_are_caught_without_more_digits_and_at_order_2(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = planted_programs(len(WAYS), start=5_000)
    assert [program for program in programs if caught(program, order=2) is None] == []
    monkeypatch.setattr("autograd.check.function_calls.high_precision", lambda digits: None)
    assert [program for program in programs if caught(program) is None] == []


def test_correct_random_functions_are_ok() -> None:
    programs, _ = correct_programs(150)
    others = [program for program in programs if report(program, *program.at).verdict != "ok"]
    others += [program for program in programs[:30] if report(program, *program.at, order=2).verdict != "ok"]
    assert others == []


def test_random_functions_that_have_no_derivative_are_left_out_of_the_correct_ones() -> None:
    """The formula of the point alone, by the condition of a `where`; or next to a pole, by rounding."""
    for seed in (585, 1787, 2555, 8509):
        program = random_program(seed)
        assert is_alone_on_its_branch(program)
        assert [failure.title for failure in report(program, *program.at).failures] == [
            f"{ALONE}, and its derivative is not that of f"
        ]
    assert is_at_an_end(random_program(3176))
    zero = Program((0.0,), (("pow", (0, 1.5)),))  # the end of a domain, but exactly there
    tie = Program((0.0,), (("relu", (0,)), ("maximum", (0, 1))))
    decided = Program((1.0,), (("where", (0, 0, 2.0)),))
    assert not any(is_alone_on_its_branch(each) or is_at_an_end(each) for each in (zero, tie, decided))


def test_detached_allow_holds_what_left_and_checks_the_rest() -> None:
    def f(x: Any) -> Any:
        return x.detach() * x + sin(x)

    assert check_gradients(f, 3.0, detached="allow").rows[0].numerical == pytest.approx(3.0 + math.cos(3.0))
    with pytest.raises(ValueError, match="detached must be one of 'report', 'allow', got 'maybe'"):
        check_gradients(f, 3.0, detached="maybe")


def test_f_is_called_once_more_where_that_is_enough() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(x.data)
        return sin(x) * x

    assert check_gradients(f, 2.0).ok
    assert len(calls) == 2


# --- models -----------------------------------------------------------------------------------------------------------


class Model:
    def __init__(self, leak: Callable[[Any], Any]) -> None:
        self.w, self.b, self.leak = Value(0.5, label="w"), Value(-1.0, label="b"), leak

    def parameters(self) -> list[Value]:
        return [self.w, self.b]

    def __call__(self, x: float) -> Any:
        return tanh(self.leak(self.w) * x + self.b * self.w)


@pytest.mark.parametrize("order", [1, 2])
def test_models_are_called_again_and_keep_their_parameters(order: int) -> None:
    good = Model(lambda w: w)
    assert check_gradients(good, 3.0, 2.0, loss=lambda z, y: square(z - y), order=order).ok
    leaking = Model(by_data)
    found = report(leaking, 3.0, 2.0, loss=lambda z, y: square(z - y), order=order)
    assert "detaching.py" in facts(found, "left at")[0]
    assert [(p.data, p.grad) for p in (*good.parameters(), *leaking.parameters())] == [(0.5, 0.0), (-1.0, 0.0)] * 2
    assert "in a loss" in facts(report(good, 3.0, 2.0, loss=a_loss), "left at")[0].replace("in a_loss", "in a loss")


def a_loss(z: Any, y: float) -> Any:
    return square(z - y) * z.data


# --- opaque nodes -----------------------------------------------------------------------------------------------------


def by_hand(partial: Callable[[float], float]) -> Callable[[Any], Any]:
    return lambda x: Value(x.data**3, (x,), (partial(x.data),)) * 2.0


@pytest.mark.parametrize("x", [-2.0, 0.0, 1e-8, 3.0, 1e40])
def test_a2_partials_by_hand_are_held_against_the_slope_of_f(x: float) -> None:
    assert report(by_hand(lambda x: 3.0 * x * x), x).verdict == "ok"
    wrong = report(by_hand(lambda x: 3.0 * x + 1.0), x)
    assert wrong.verdict == "wrong"
    assert "x.data" in str(wrong)


def test_a_kink_by_hand_may_have_any_derivative_between_the_slopes() -> None:
    def hand(partial: float) -> Callable[[Any], Any]:
        return lambda x: Value(max(x.data, 0.0), (x,), (1.0 if x.data > 0.0 else partial if x.data == 0.0 else 0.0,))

    assert [report(hand(p), 0.0).verdict for p in (0.0, 0.5, 1.0, 2.0)] == ["ok", "ok", "ok", "wrong"]


# --- not a function of its arguments ----------------------------------------------------------------------------------


own_generator = random.Random(1)


def counted() -> Callable[[Any], Any]:
    calls: list[int] = []
    return lambda x: x * (calls.append(0) or len(calls))  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("f", "title"),
    [
        (lambda x: x * random.random(), "f is random"),
        (lambda x: x * np.random.rand(), "f is random"),
        (counted(), "f reads state that changes between calls"),
        (lambda x: x * own_generator.random(), "f reads state that changes between calls"),
    ],
)
def test_what_is_no_function_is_named_for_what_it_is(f: Callable[[Any], Any], title: str) -> None:
    found = report(f, 2.0)
    assert found.failures[0].title.startswith(title)
    assert facts(found, "first call") != facts(found, "second call")


def test_a_call_that_raises_elsewhere_is_no_reason_to_complain() -> None:
    def only_here(x: Any) -> Any:
        if x.data != 2.0:
            raise RuntimeError("nowhere else")
        return x * x

    assert report(only_here, 2.0).verdict == "ok"


def test_an_index_among_the_arguments_stays_one() -> None:
    table = [sin, exp, tanh]

    def f(i: Any, x: Any) -> Any:
        return table[{0.0: 0, 1.0: 1, 2.0: 2}[i.data]](x)

    assert report(f, 1.0, 0.5).verdict == "ok"


# --- a branch of one point (rows A8, A9) ------------------------------------------------------------------------------


def limit(x: Any) -> Any:
    return where(x, sin(x) / x, 1.0)


def limit_by_if(x: Any) -> Any:
    return 1.0 if x.data == 0.0 else sin(x) / x


@pytest.mark.parametrize("f", [limit, limit_by_if, lambda x: limit(x) * exp(x - x)])
def test_a9_a_branch_chosen_at_a_single_point_is_reported(f: Callable[[Any], Any]) -> None:
    assert report(f, 0.0).verdict == "ok", "the first derivative is that of the limit: 0"
    found = report(f, 0.0, order=2)
    assert found.verdict == "wrong"
    assert float(facts(found, "on both sides")[0]) == pytest.approx(-1.0 / 3.0, abs=1e-12)
    assert report(f, 1e-3, order=2).verdict == "ok"


def test_a_first_derivative_that_the_branch_has_not() -> None:
    found = report(lambda x: where(x, square(x) / x, 0.0), 0.0)
    assert (facts(found, "derivative ours"), facts(found, "on both sides")) == (["0.0"], ["1.0"])


def test_a_value_of_one_point_that_is_no_limit_has_no_derivative_to_compare_with() -> None:
    for order in (1, 2):
        assert report(lambda x, y: where(x, 0.5, sin(y)) * y + x, 0.0, 2.0, order=order).verdict == "ok"


def test_a8_a_second_derivative_at_a_kink_is_never_a_confident_zero() -> None:
    for f, at in (
        (lambda x: absolute(x) ** 2, (0.0,)),
        (lambda x, y: hypot(x, y) ** 2, (0.0, 0.0)),
        (lambda x: absolute(x) * absolute(x), (0.0,)),
    ):
        found = report(f, *at, order=2)
        rows = [row for row in found.rows if row.input.startswith("∂²")]
        assert rows
        assert {row.verdict for row in rows} == {"undecided"}


def test_kinks_with_two_slopes_are_left_alone() -> None:
    for f in (relu, absolute, lambda x: relu(x) ** 2, lambda x: where(x > 0.0, x * x, 0.0), lambda x: abs(x) * x):
        assert report(f, 0.0, order=2).verdict != "wrong"


# --- user rules written in math (row F11) -----------------------------------------------------------------------------


@pytest.fixture
def rule() -> Iterator[Callable[..., Any]]:
    made: list[str] = []

    def make(value: Callable[..., float], *partials: Any) -> Any:
        made.append(f"planted_{len(made)}")
        return define(made[-1], value, *partials)

    yield make
    for name in made:
        primitive._registry.pop(name)


def helper(x: float) -> float:
    return math.exp(math.sin(x))


def slope(x: Any) -> Any:
    return helper(x) * math.cos(x)


VALUES: list[Callable[[float], float]] = [helper, lambda x: math.exp(math.sin(x)), lambda x: math.pow(helper(x), 1.0)]


@pytest.mark.parametrize("value", VALUES)
def test_f11_wrong_rules_of_values_written_in_math(rule: Callable[..., Any], value: Callable[[float], float]) -> None:
    assert report(rule(value, lambda out, x: out * cos(x)), 2.0, order=2).verdict == "ok"
    assert report(rule(value, lambda out, x: math.nan), 2.0).verdict == "wrong"
    assert report(rule(value, lambda out, x: out * cos(x) * (1.0 + 1e-13)), 2.0).verdict == "wrong"
    assert report(rule(value, lambda out, x: slope(x) * (1.0 + 1e-13)), 2.0).verdict == "wrong"
    in_math = rule(value, lambda out, x: slope(float(x)))
    assert report(in_math, 2.0).verdict == "ok"
    assert report(in_math, 2.0, order=2).verdict == "wrong"


def test_f11_a_black_box_is_held_against_differences_of_its_values(rule: Callable[..., Any]) -> None:
    psi = 0.42278433509846713  # ψ(2) = 1 − γ; ψ′(2) = π²/6 − 1
    trigamma = math.pi**2 / 6.0 - 1.0
    assert report(rule(math.lgamma, lambda out, x: psi + (x - 2.0) * trigamma), 2.0, order=2).verdict == "ok"
    assert report(rule(math.lgamma, lambda out, x: psi + (x - 2.0) * 0.6), 2.0, order=2).verdict == "wrong"
    assert report(rule(math.lgamma, lambda out, x: math.nan), 2.0).verdict == "wrong"
    assert report(rule(math.lgamma, lambda out, x: psi * (1.0 + 1e-8)), 2.0).verdict == "wrong"
    times = rule(lambda x, y: math.gamma(x) * y, lambda out, x, y: None, lambda out, x, y: out / y)
    assert report(times, 2.0, 3.0).verdict == "wrong", "a partial of None, and the value depends on the operand"


def test_a_rule_that_is_right_on_the_recorded_branch(rule: Callable[..., Any]) -> None:
    row = rule(
        lambda x: math.sin(x) if x > 0.0 else math.log1p(x),
        lambda out, x: math.cos(x) if x > 0.0 else 1.0 / (1.0 + x),
    )
    assert [report(row, x).verdict for x in (0.5, -0.5)] == ["ok", "ok"]


def test_programs_of_this_file_are_as_described() -> None:
    right = Program((2.0,), (("square", (0,)), ("sin", (1,))))
    assert right.gradient() == [4.0 * math.cos(4.0)]
    assert Program(right.at, right.lines, 0, by_data).gradient() == [0.0]
    assert len(set(WAYS)) == 12
