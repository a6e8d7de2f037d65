"""`check_gradients` on correct gradients: no false alarms, and everything that can be checked."""

from __future__ import annotations

import dataclasses
import math
import random
import sys
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import (
    PRIMITIVES,
    CheckError,
    Primitive,
    Value,
    acosh,
    asin,
    atan2,
    atanh,
    clip,
    debug,
    define,
    dot,
    elu,
    erf,
    exp,
    expm1,
    floor,
    gelu,
    leaky_relu,
    log,
    log1p,
    logsumexp,
    maximum,
    minimum,
    norm,
    prod,
    relu,
    sigmoid,
    sin,
    softmax,
    softplus,
    sqrt,
    square,
    std,
    tanh,
    where,
)
from autograd import abs as absolute
from autograd.check import CheckReport, check_gradients, whole_graph
from autograd.testing import table

pytestmark = pytest.mark.slow

SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0)
# `pivot` is held constant, by definition without derivative; `pick` wants an index, see test_pick.py.
ROWS = [row for row in table() if row.name not in ("pivot", "pick")]
ALL_ORACLES = ("auto", "complex", "differences")


def random_number(rng: random.Random) -> float:
    return rng.choice(SPECIAL) if rng.random() < 0.3 else round(rng.uniform(-3.0, 3.0), 2)


def random_graph(seed: int) -> Value:
    """Up to 12 primitives on up to 3 inputs, all numbers finite; nearly a third of the inputs are special points."""
    rng = random.Random(seed)
    nodes = [Value(random_number(rng), label=f"x{i}") for i in range(rng.randint(1, 3))]
    wanted = len(nodes) + rng.randint(1, 12)
    while len(nodes) < wanted:
        row = rng.choice(ROWS)
        recent = [nodes[-1 - min(int(rng.expovariate(0.5)), len(nodes) - 1)] for _ in range(arity(row, rng))]
        operands = [x if rng.random() < 0.85 else random_number(rng) for x in recent[1:]]
        made = row(recent[0], *operands) if row.name != "round" else row(recent[0], 2.0)
        if abs(made.data) < 1e30 and all(map(math.isfinite, made.partials)):
            nodes.append(made)
    return nodes[-1]


def arity(row: Primitive, rng: random.Random) -> int:
    return row.arity or (rng.choice((3, 5)) if row.name == "dot" else rng.randint(1, 4))


# --- no false alarms --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [0, 200])
def test_no_false_alarm_on_random_graphs_and_hardly_anything_undecided(start: int) -> None:
    reports = [check_gradients(random_graph(seed)) for seed in range(start, start + 200)]  # raises when one is wrong
    assert sum(bool(report.kinks) for report in reports) > 10, "the graphs should visit kinks"
    assert sum(bool(report.inconclusive) for report in reports) < 5
    assert {report.oracle for report in reports} == {"mpmath"}


@pytest.mark.parametrize("oracle", ["complex", "differences"])
def test_no_false_alarm_without_more_digits(oracle: str) -> None:
    reports = [check_gradients(random_graph(seed), oracle=oracle) for seed in range(100)]
    assert sum(bool(report.inconclusive) for report in reports) < 5


def test_no_false_alarm_in_second_derivatives() -> None:
    for seed in range(30):
        check_gradients(random_graph(seed), order=2)


def test_one_sided_slopes_enclose_the_documented_derivative() -> None:
    reports = [check_gradients(random_graph(seed), kinks="onesided") for seed in range(100)]
    assert any(report.kinks for report in reports)


# Correct gradients that other checkers report as wrong, and awkward points: ok, or undecided without a derivative.
KNOWN: list[tuple[Callable[..., Any], tuple[float, ...]]] = [
    (log, (1e-5,)),
    (log, (1e-7,)),
    (lambda x: 1 / x, (1e-4,)),
    (relu, (1e-7,)),
    (relu, (-1e-7,)),
    (relu, (0.0,)),
    (lambda x: 1e10 + x, (1.0,)),
    (lambda x: 1e10 + x, (1e-8,)),
    (lambda x: sin(1e6 * x), (1.0,)),
    (lambda x: x * x, (1e8,)),
    (lambda x: x**2, (1e8,)),
    (lambda x: x**2, (1e-200,)),
    (lambda x: (x - 1) ** 2, (1 + 1e-9,)),
    (lambda x: x - x, (1.0,)),
    (lambda x: relu(x * 0.1 + 0.2 - 0.3), (1.0,)),  # 0.1 + 0.2 − 0.3 is > 0 in floats, and not in exact arithmetic
    (lambda x: maximum(x * 0.1 + 0.2, 0.3), (1.0,)),
    (lambda x: 0 * sqrt(x), (0.0,)),
    (lambda x: where(x > 0, sqrt(x), 0.0), (0.0,)),
    (sqrt, (0.0,)),
    (log, (0.0,)),
    (log, (-1.0,)),
    (lambda x: x**0.5, (-2.0,)),
    (lambda x: x**3, (-2.0,)),
    (lambda x: x**0.5, (0.0,)),
    (lambda x, y: x**y, (-2.0, 3.0)),
    (lambda x, y: x**y, (0.0, 0.0)),
    (lambda x, y: x**y, (0.0, 2.0)),
    (lambda x, y: x / y, (1e-200, 1e-200)),
    (lambda x, y: x / y, (1.0, 0.0)),
    (exp, (710.0,)),
    (exp, (-745.0,)),
    (tanh, (20.0,)),
    (tanh, (800.0,)),
    (sigmoid, (37.0,)),
    (sigmoid, (-800.0,)),
    (softplus, (20.5,)),
    (erf, (10.0,)),
    (gelu, (-38.0,)),
    (log1p, (-1e-300,)),
    (expm1, (1e-300,)),
    (asin, (1.0,)),
    (asin, (1 - 2**-53,)),
    (acosh, (1 + 2**-52,)),
    (atanh, (1 - 2**-53,)),
    (atan2, (0.0, 0.0)),
    (atan2, (0.0, -1.0)),
    (atan2, (-0.0, -1.0)),
    (atan2, (1e-200, 1e-200)),
    (lambda x, y: logsumexp([x, y]), (1000.0, -1000.0)),
    (lambda x, y: softmax([x, y])[0], (1.0, 2.0)),
    (lambda *xs: norm(xs), (0.0, 0.0)),
    (lambda *xs: std(xs), (1.0, 1.0)),
    (lambda *xs: prod(xs), (0.0, 0.0, 3.0)),
    (clip, (0.5, 0.5, 1.0)),
    (maximum, (2.0, 2.0)),
    (minimum, (2.0, 2.0)),
    (absolute, (0.0,)),
    (leaky_relu, (0.0,)),
    (elu, (-0.0,)),
    (floor, (2.0,)),
]


@pytest.mark.parametrize("oracle", ALL_ORACLES)
@pytest.mark.parametrize("order", [1, 2])
def test_none_of_the_known_false_alarms(order: int, oracle: str) -> None:
    for f, at in KNOWN:
        report = check_gradients(f, *at, order=order, oracle=oracle, raise_on_failure=False)
        assert report.verdict != "wrong", str(report)


def test_the_known_false_alarms_of_others_are_decided_here() -> None:
    undecided = [at for f, at in KNOWN[:17] if check_gradients(f, *at, raise_on_failure=False).undecided]
    assert undecided == [(0.0,)], "all but 0·√x at 0, which is nan"


def test_a14_without_a_verdict_there_is_no_green() -> None:
    for f, x in ((log, -1.0), (lambda x: 1 / x, 0.0), (lambda x: exp(1000 * x), 1.0)):
        with pytest.raises(CheckError, match=r"^nothing was decided: 0 ok, 0 wrong, 2 undecided") as caught:
            check_gradients(f, x)
        assert (caught.value.verdict, caught.value.report.ok) == ("undecided", False)
    both = check_gradients(lambda x, y: sqrt(x) + y, 0.0, 2.0)
    assert (both.verdict, dict(both.counts)) == ("ok", {"ok": 1, "wrong": 0, "undecided": 2})
    assert str(both).startswith("no derivative is wrong: 1 ok, 0 wrong, 2 undecided")


@given(st.floats(1e-300, 1e300), st.sampled_from([log, sqrt, square, tanh, lambda x: 1 / x, lambda x: x * 3 - x]))
def test_a_step_relative_to_the_operand_suits_any_scale(x: float, f: Callable[..., Any]) -> None:
    assert check_gradients(f, x).ok


def test_terms_that_cancel_are_judged_by_their_size() -> None:
    """The float gradient is all rounding error here, as large as the bound allows and no larger."""
    terms = [1e16, 3.0, -1e16, 1e-3, 7e8, -7e8]
    report = check_gradients(lambda x: dot([x] * 6, terms) + sin(x * 1e5) - x * 1e5, 1.3)
    assert report.ok
    assert not report.inconclusive


# --- what can be checked ----------------------------------------------------------------------------------------------


def names(report: CheckReport) -> list[str]:
    return [row.input for row in report.rows]


def test_functions_of_numbers_lists_and_dicts() -> None:
    report = check_gradients(lambda w, p, x: dot(w, [x, 1.0], p["b"]), [2.0, 3.0], {"b": 0.5}, 4.0)
    assert names(report) == ["w[0]", "w[1]", "p['b']", "x"]
    assert [row.analytic for row in report.rows] == [4.0, 1.0, 1.0, 2.0]


def test_arguments_have_names_of_their_own_and_keep_their_types() -> None:
    """A name that is made up may be that of a parameter, and an input without a name was not checked."""
    found = check_gradients(lambda x1, *xs: x1 * xs[0], 2.0, 3.0)
    assert [(row.input, row.analytic) for row in found.rows] == [("x1", 3.0), ("x2", 2.0)]
    found = check_gradients(lambda p: p.x * p.y, Point(2.0, 3.0))
    assert [(row.input, row.analytic) for row in found.rows] == [("p[0]", 3.0), ("p[1]", 2.0)]
    assert check_gradients(lambda p: p.x * p.y, Point(2.0, 3.0), oracle="function").ok


class Point(NamedTuple):
    x: Any
    y: Any


def test_a_recorded_graph_names_its_leaves_and_keeps_its_gradients() -> None:
    x, y = Value(2.0, label="x"), Value(3.0)
    root = tanh(x * y) + x
    root.backward()
    before = [node.grad for node in (root, x, y)]
    assert names(check_gradients(root)) == ["x", "leaf[1]"]
    assert [node.grad for node in (root, x, y)] == before


def test_a_graph_from_a_machine_whose_tanh_rounds_otherwise() -> None:
    y = tanh(Value(0.5, label="x"))
    y.data, y._dx = math.nextafter(y.data, 1.0), math.nextafter(y._dx, 1.0)
    assert check_gradients(y).ok


def test_graphs_made_and_checked_while_debugging() -> None:
    with debug():
        assert check_gradients(random_graph(3), order=2).ok


class Line:
    def __init__(self) -> None:
        self.w, self.b = Value(0.5, label="w"), Value(-1.0, label="w")

    def parameters(self) -> list[Value]:
        return [self.w, self.b]

    def __call__(self, x: float) -> Any:
        return self.w * x + self.b


def test_a_model_is_whatever_has_parameters() -> None:
    report = check_gradients(Line(), 3.0, 2.0, loss=lambda z, y: square(z - y), order=2)
    assert names(report)[:2] == ["w", "parameter[1]"]
    assert [row.numerical for row in report.rows[2:]] == [18.0, 6.0, 2.0]


def test_inputs_and_results_that_are_no_part_of_the_graph() -> None:
    report = check_gradients(lambda x, y: x * 2.0, 1.0, 5.0)
    assert [(row.input, row.analytic, row.reason) for row in report.rows] == [("x", 2.0, ""), ("y", 0.0, "not used")]
    assert check_gradients(lambda x: 7.0, 1.0).ok
    assert check_gradients(lambda x: x, 1.0).rows[0].analytic == 1.0


def test_f11_a_partial_of_none_says_that_the_value_does_not_depend_on_the_operand() -> None:
    held = define("times_held", lambda x, c: x * c, lambda out, x, c: c, None)
    report = check_gradients(lambda x: held(x, x) + x, 3.0, raise_on_failure=False)
    assert "partials[1]: it is 0" in str(report)
    assert check_gradients(lambda x: held(x, 3.0) + x, 3.0).rows[0].numerical == 4.0, "a number needs no derivative"


def test_deep_graphs() -> None:
    x = node = Value(0.5, label="x")
    for _ in range(5_000):
        node = node * 1.0001
    report = check_gradients(node)
    assert report.ok
    assert report.rows[0].input == x.label


MANY = [0.5 + i for i in range(40)]


def test_many_inputs_are_checked_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_graph, "WORK", 0)
    report = check_gradients(lambda xs: tanh(dot(xs, MANY, 0.0) * 1e-3), MANY)
    singly = [row for row in report.rows[:40] if row.difference is not None]
    assert len(singly) == whole_graph.AT_LEAST
    assert [row.reason for row in report.rows[:40] if row not in singly] == ["together with all others"] * (
        40 - whole_graph.AT_LEAST
    )
    assert names(report)[40:] == [f"all inputs, direction {k}" for k in (1, 2, 3)]


# --- kinks ------------------------------------------------------------------------------------------------------------


def test_kinks_are_reported_with_both_slopes() -> None:
    report = check_gradients(lambda x, y: maximum(x, y) + absolute(x - 2.0), 2.0, 2.0, kinks="onesided")
    found = {(kink.expression, kink.operand): (kink.left, kink.chosen, kink.right) for kink in report.kinks}
    rounded = {key: tuple(round(slope or 0.0, 9) for slope in slopes) for key, slopes in found.items()}
    assert rounded == {
        ("maximum(2.0, 2.0)", "x"): (0.0, 0.5, 1.0),
        ("maximum(2.0, 2.0)", "y"): (0.0, 0.5, 1.0),
        ("abs(0.0)", "x"): (-1.0, 0.0, 1.0),
    }
    assert "is on a kink in x" in str(report)


def test_a_kink_can_be_refused() -> None:
    with pytest.raises(CheckError, match="relu is on a kink"):
        check_gradients(relu, 0.0, kinks="raise")
    assert check_gradients(relu, 1e-300, kinks="raise").ok


# --- primitives of the user -------------------------------------------------------------------------------------------

absolute_row = PRIMITIVES["abs"]
softsign = define(
    "softsign", lambda x: x / (1.0 + abs(x)), lambda out, x: square(1.0 / (1.0 + absolute_row(x))), kinks=(0.0,)
)
black_box = define("black_box", lambda x: math.exp(math.sin(x)), lambda out, x: out * PRIMITIVES["cos"](x))


@pytest.mark.parametrize("oracle", ALL_ORACLES)
@pytest.mark.parametrize("x", [-2.5, 0.0, 0.7])
def test_user_primitives_are_checked_like_the_rest(x: float, oracle: str) -> None:
    assert check_gradients(lambda x: softsign(x * 2.0) + x, x, oracle=oracle, order=2).ok
    report = check_gradients(lambda x: black_box(x * 2.0) + x, x, oracle=oracle)
    assert report.ok
    assert not report.inconclusive


def test_a_value_in_math_is_replayed_for_second_derivatives_too() -> None:
    report = check_gradients(black_box, 0.5, order=2)
    assert [row.verdict for row in report.rows] == ["ok", "ok"]


def test_opaque_nodes_have_no_rule_to_check() -> None:
    x = Value(3.0, label="x")
    report = check_gradients(Value(9.0, [x], [6.0], op="square") * 2.0)
    assert report.ok
    assert report.inconclusive[0].reason == "opaque node: it has no rule to check"
    assert report.rows[-1].numerical == 12.0


# --- without mpmath, and in threads -----------------------------------------------------------------------------------


def in_a_thread(function: Callable[[], Any]) -> Any:
    """Its result; a new thread has no arithmetic of its own yet."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def test_without_mpmath_the_complex_step_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpmath", None)
    report = in_a_thread(lambda: check_gradients(lambda x: tanh(x) * erf(x), 0.5, order=2))
    assert report.ok
    assert report.oracle == "complex"

    def asked_for() -> str:
        with pytest.raises(ImportError, match="needs mpmath, which is not installed") as caught:
            check_gradients(tanh, 0.5, oracle="mpmath")
        return str(caught.value)

    assert "'auto'" in in_a_thread(asked_for)


def test_threads_do_not_disturb_each_other() -> None:
    alone = [str(check_gradients(random_graph(seed))) for seed in range(20)]
    found: dict[int, list[str]] = {}

    def work(k: int) -> None:
        found[k] = [str(check_gradients(random_graph(seed))) for seed in range(20)]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == dict.fromkeys(range(3), alone)


def test_a_row_outside_the_table_that_insists_on_floats_is_undecided_or_judged() -> None:
    stranger = dataclasses.replace(PRIMITIVES["exp"], partials=(lambda out, x: out,))
    assert check_gradients(stranger, 0.0, raise_on_failure=False).ok
