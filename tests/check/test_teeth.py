"""A checker must be shown to reject: planted faults, and the words in which they are reported."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from autograd import PRIMITIVES, CheckError, Value, debug, define, dot, exp, primitive, relu, sin, square, tanh, total
from autograd.backward import use_backward
from autograd.check import CheckReport, check_gradients, local_partials, whole_graph
from autograd.testing import mutants, mutated, textbook_pass

pytestmark = pytest.mark.slow

cosh, cos = PRIMITIVES["cosh"], PRIMITIVES["cos"]


def rejected(f: Any, *at: Any, **options: Any) -> CheckReport:
    report = check_gradients(f, *at, raise_on_failure=False, **options)
    assert not report.ok, f"not noticed:\n{report}"
    with pytest.raises(CheckError):
        check_gradients(f, *at, **options)
    return report


# --- rules ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e-6, 1e-30])
@pytest.mark.parametrize("error", [1e-12, -1e-12, 1e-14])
def test_a_rule_wrong_by_a_trillionth_is_named_at_any_scale(scale: float, error: float) -> None:
    with mutated("tanh", lambda out, x: (1.0 + error) / (cosh(x) * cosh(x))):
        report = rejected(lambda x: scale * tanh(x), 0.5)
    assert [failure.rule for failure in report.failures] == ["tanh"]


@pytest.mark.parametrize(("oracle", "error"), [("complex", 1e-12), ("differences", 1e-10)])
def test_less_precise_oracles_notice_less(oracle: str, error: float) -> None:
    with mutated("tanh", lambda out, x: (1.0 + error) / (cosh(x) * cosh(x))):
        rejected(lambda x: 1e-6 * tanh(x), 0.5, oracle=oracle)


# Without a partial that is not 0 at these points: one is held constant, the other wants an index (see test_pick.py).
ELSEWHERE = ("pivot", "pick")
POINTS = (  # between them they take every branch of every row
    (0.5, 2.0, 1.5, 0.25, 3.0),
    (-0.5, 0.75, 0.25, 2.0, 3.0),
    (1.5, 3.0, 2.0, 0.5, 0.25),
    (0.0, 1.5, 2.0, 0.5, 0.25),
    (2.0, 0.5, 1.0, 0.5, 0.25),
    (0.5, 0.25, 0.75, 1.0, 2.0),
)


def test_a_trillionth_is_noticed_in_every_partial_of_the_table() -> None:
    survivors = []
    for mutant in mutants(engine=False):
        if mutant.mutation == "× (1 + 1e-12)" and mutant.primitive not in ELSEWHERE:
            row = PRIMITIVES[mutant.primitive]
            with mutant:
                reports = (check_gradients(row, *at[: row.arity], raise_on_failure=False) for at in POINTS)
                survived = all(report.ok for report in reports)  # up to the point that notices it
            if survived:
                survivors.append(repr(mutant))
    assert survivors == []


def test_the_side_of_a_kink_is_part_of_the_rule_unless_any_slope_between_will_do() -> None:
    with mutated("relu", lambda out, x: 1.0 if float(x) >= 0.0 else 0.0):
        rejected(relu, 0.0)
        assert check_gradients(lambda x: relu(x) * 3.0, 0.0, kinks="onesided").ok
    with mutated("relu", lambda out, x: 2.0 if float(x) >= 0.0 else 0.0):
        report = rejected(relu, 0.0, kinks="onesided")
    assert "not between the slopes" in report.failures[0].title


own_cube = define("own_cube", lambda x: x * x * x, lambda out, x: 3.0 * x * x * (1.0 + 1e-12))
own_exp_sin = define("own_exp_sin", lambda x: math.exp(math.sin(x)), lambda out, x: out * cos(x) * (1.0 + 1e-9))
cuts_off = define("cuts_off", lambda x: x * exp(x), lambda out, x: (x + 1.0) * math.exp(x))
WRONG = {row.name: primitive._registry.pop(row.name) for row in (own_cube, own_exp_sin, cuts_off)}


@pytest.fixture(autouse=True)
def wrong_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows above are wrong on purpose: only this file's tests may draw them."""
    for name, row in WRONG.items():
        monkeypatch.setitem(primitive._registry, name, row)


@pytest.mark.parametrize("oracle", ["auto", "complex", "differences"])
def test_a_wrong_rule_of_a_user_is_named_also_when_its_value_is_a_black_box(oracle: str) -> None:
    report = rejected(lambda x, y: own_exp_sin(x * y) + y, 0.7, 1.3, oracle=oracle)
    assert [failure.rule for failure in report.failures] == ["own_exp_sin"]


def test_a_replayable_rule_of_a_user_is_held_to_a_trillionth() -> None:
    assert rejected(lambda x: own_cube(x) + x, 0.7).failures[0].rule == "own_cube"


def test_a_rule_in_math_is_right_once_and_wrong_when_differentiated_again() -> None:
    assert check_gradients(cuts_off, 0.7).ok
    assert rejected(cuts_off, 0.7, order=2).failures[0].title == "∂²f/∂x² is wrong"


# --- recordings -------------------------------------------------------------------------------------------------------


def test_a_recorded_partial_off_by_a_trillionth() -> None:
    y = tanh(Value(0.5, label="x"))
    y._dx *= 1.0 + 1e-12
    failure = rejected(y * 3.0).failures[0]
    assert failure.title == "the recording of tanh is broken: the recorded partial is not what the rule gives"


def test_a_number_changed_after_recording() -> None:
    x = Value(0.5, label="x")
    y = tanh(x) * 3.0
    x.data = 0.6
    report = rejected(y)
    assert [failure.title for failure in report.failures] == ["x.data changed after the graph was recorded"]
    assert report.rows == (), "there is no derivative to show"


def test_a13_an_update_after_recording_names_the_parameter() -> None:
    w, b = Value(0.5, label="w"), Value(1.0, label="b")
    loss = square(tanh(w * 3.0 + b * w) + b)
    loss.backward()
    w.data -= 0.1 * w.grad
    assert [failure.title for failure in rejected(loss).failures] == ["w.data changed after the graph was recorded"]


def test_a13_an_interior_number_that_was_changed() -> None:
    h = tanh(Value(0.5, label="x"))
    y = h * 3.0 + h
    h.data = 0.6
    assert [failure.title for failure in rejected(y).failures] == ["tanh.data changed after the graph was recorded"]


def test_a_parent_too_many() -> None:
    y = tanh(Value(0.5, label="x"))
    with mutated("tanh", lambda out, x: None):
        assert "the rule sends nothing to one of the parents" in rejected(y).failures[0].title


def test_a_lost_edge() -> None:
    x = Value(0.5, label="x")
    y = x * x
    y._dy = None
    assert "the operand is not among the parents" in rejected(y + 1.0).failures[0].title


# --- the engine -------------------------------------------------------------------------------------------------------


def shared(x: Any, y: Any) -> Any:
    """Every fault of a backward pass shows here: sharing, multiplicity, several paths, two levels."""
    u = x * x
    v = u * y + x
    return v * u + dot([u, v], [y, y], x) + sin(v)


@pytest.mark.parametrize("mutant", [m for m in mutants([]) if not m.primitive], ids=repr)
@pytest.mark.parametrize("oracle", ["auto", "complex"])
def test_every_fault_of_the_engine(mutant: Any, oracle: str) -> None:
    with mutant:
        report = rejected(shared, 0.7, -1.3, order=2, oracle=oracle)
    assert {failure.rule for failure in report.failures} == {""}, "no rule is to blame"


def test_a_wrong_pass_is_shown_on_the_smallest_part_of_the_graph() -> None:
    with use_backward(lambda root: textbook_pass(root, edges=lambda edges: list(dict(edges).items()))):
        report = rejected(shared, 0.7, -1.3)
    assert report.failures[0].expression == "x * x"
    assert "every rule agrees by itself" in str(report)


def test_floats_are_held_to_what_rounding_can_explain() -> None:
    def careless(root: Value) -> None:
        textbook_pass(root)
        if isinstance(root.data, float):  # right with more digits, wrong on floats: only the bound can tell
            for leaf in root.parents:
                leaf.grad *= 1.0 + 1e-14

    with use_backward(careless):
        assert "more than rounding can explain" in str(rejected(lambda x, y: x * y, 0.7, 1.3))


def test_one_wrong_input_of_many_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_graph, "WORK", 0)

    def forgetful(root: Any) -> None:
        textbook_pass(root)
        root.parents[33].grad = 0.0

    with use_backward(forgetful):
        report = rejected(total, [0.5 + i for i in range(40)])
    assert next(row.input for row in report.rows if row.verdict == "wrong") == "xs[33]"


@pytest.mark.parametrize("wrong", [0, 17, 39])
def test_one_direction_finds_a_wrong_partial_of_a_wide_line(wrong: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (whole_graph, local_partials):
        monkeypatch.setattr(module, "WORK", 0)
        monkeypatch.setattr(module, "AT_LEAST", 0)  # no operand by itself
    monkeypatch.setattr(local_partials, "SINGLY", 0)
    monkeypatch.setattr(local_partials, "WIDE", 30)
    slopes = [1.0 + 1e-12 * (i == wrong) for i in range(40)]
    with mutated("total", variadic=lambda out, *xs: slopes[: len(xs)]):
        report = rejected(total, [0.5 + i for i in range(40)])
    assert report.failures[0].rule == "total"
    assert sum(row.input.startswith("all inputs, direction") for row in report.rows) == 1


# --- what a reader is told --------------------------------------------------------------------------------------------


def run_again(report: CheckReport, **names: Any) -> str:
    """Run the snippet of the first failure; the message of the CheckError that it raises."""
    snippet = report.failures[0].snippet
    assert snippet in "\n".join(line.removeprefix("    ") for line in str(report).splitlines())
    with pytest.raises(CheckError) as caught:
        exec(compile(snippet, "<snippet>", "exec"), names)
    return str(caught.value)


def test_the_words_for_a_wrong_rule() -> None:
    with mutated("atan2", PRIMITIVES["atan2"].partials[0], lambda out, x, y: x / (x * x + y * y)):
        report = rejected(lambda x: PRIMITIVES["atan2"](2.0, x * 3.0) + x, 0.5)
        again = run_again(report)
    words = str(report)
    for expected in (
        "the rule of atan2 is wrong",
        "expression     atan2(2.0, 1.5)",
        "operands       x = 2.0, y = 1.5",
        "∂/∂y ours      0.32",
        "∂/∂y expected  -0.32",
        "(by mpmath; relative difference 2.0e+00)",
        'PRIMITIVES["atan2"].partials[1]: its sign',
    ):
        assert expected in words
    assert "atan2(2.0, 1.5)" in again


@pytest.mark.parametrize(
    ("factor", "hint"), [(2.0, "a factor of 2"), (0.0, "it is 0"), (0.5, "a factor of ½"), (1 + 1e-9, "a small error")]
)
def test_the_suspicion_follows_the_ratio(factor: float, hint: str) -> None:
    with mutated("sin", lambda out, x: cos(x) * factor):
        assert f"partials[0]: {hint}" in str(rejected(sin, 0.5))


def test_the_node_with_many_operands_names_the_one() -> None:
    row = PRIMITIVES["dot"]
    with mutated("dot", variadic=lambda out, *xs: [*row_partials(out, *xs)[:-1], 2.0]):
        report = rejected(dot, [1.0, 2.0], [3.0, 4.0], 0.5)
        assert "dot" in run_again(report)
    assert "∂/∂x4 ours" in str(report)
    assert f'PRIMITIVES["{row.name}"].variadic' in str(report)


row_partials: Callable[..., Any] = PRIMITIVES["dot"].variadic or tuple


def test_the_snippet_for_a_wrong_pass() -> None:
    with use_backward(lambda root: textbook_pass(root, receive=lambda before, contribution: contribution)):
        report = rejected(lambda x, y: tanh(x * y) + y * x, 0.5, 2.0)
        assert "backward() is wrong" in run_again(report)
    assert "a second backward() on the same graph does not double the gradient" in str(report)


def test_the_snippet_for_a_wrong_second_derivative() -> None:
    report = rejected(lambda x: cuts_off(x) * 2.0, 0.7, order=2)
    assert "∂²f/∂x0² is wrong" in run_again(report)


def test_the_line_of_the_program_is_named_where_it_is_known() -> None:
    with mutated("sin", lambda out, x: cos(x) * 1.5), debug():
        y = sin(Value(0.5))
    with mutated("sin", lambda out, x: cos(x) * 1.5):
        words = str(rejected(y))
    assert "test_teeth.py:" in words
    assert "in test_the_line_of_the_program" in words


def test_long_graphs_are_not_printed_as_programs() -> None:
    def halves(root: Any) -> None:
        textbook_pass(root, seed=0.5)

    x = node = Value(0.5)
    for _ in range(400):
        node = node + x
    with use_backward(halves):
        assert rejected(node).failures[0].snippet == ""


def test_a_rule_without_a_number_is_wrong_where_there_is_a_slope() -> None:
    with mutated("acos", lambda out, x: math.nan):
        report = rejected(PRIMITIVES["acos"], 0.5)
    assert [failure.rule for failure in report.failures] == ["acos"]
