"""The grader: planted faults are named, correct engines are not accused, and the same seed gives the same report."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest

from autograd import Value
from autograd.errors import UsageError
from autograd.grading import Finding, Report, Rubric, grade
from autograd.grading.faults import FAULTS
from autograd.grading.program import DEEP, Program
from autograd.grading.source import locate
from autograd.grading.truth import truth
from tests.grading.plants import ENGINES, PLANTS, executed, planted, sentences

QUICK = Rubric(graphs=10, points={"depth": 0})
DEEP_TOO = Rubric(graphs=10)
CORRECT = {
    "classes.py": "not graded",
    "closures.py": "",
    "functions.py": "",
    "indices.py": "not graded",
    "keyed.py": "not graded",
    "plain.py": "not graded",
    "tape.py": "",
    "tuples.py": "not graded",
}


@cache
def graded(source: str) -> Report:
    """The report on an engine, which several tests look at."""
    return grade(executed(source), rubric=QUICK)


def _shows(finding: Finding) -> bool:
    """Whether the numbers said to be right are those of the 60-digit replay, and the submission's differ from them."""
    right = truth(finding.program)
    numbers = {*right.values, *right.expected("accumulate"), *right.expected("fresh")}
    return bool(finding.error) or all(row.right in numbers and row.yours != row.right for row in finding.rows)


# --- planted faults ---------------------------------------------------------------------------------------------------


LINES = {
    "assignment": "self.grad = out.grad",
    "equal values": "def __eq__",
    "floor division": "def __truediv__",
    "no rtruediv": "def __truediv__",
    "rsub swapped": "def __rsub__",
    "seed is the value": "self.grad = self.data",
    "sign of div": "other.grad += self.data / other.data**2 * out.grad",
    "tanh of the input": "(1 - self.data**2) * out.grad",
}


# The others are variations: of an operation, or of an order.
FAST = (
    *("assignment", "depth first", "no reset", "repeated operand", "equal values", "no chain rule", "no radd"),
    *(
        "sign of sub",
        "square of div",
        "pow by a Value",
        "tanh of the input",
        "relu at 0",
        "seed missing",
        "relu mutates",
    ),
)
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in PLANTS if name not in (*FAST, "recursion")]


@pytest.mark.parametrize("name", [*FAST, *SLOW])
def test_a_planted_fault_is_named_and_shown_by_at_most_three_operations(name: str) -> None:
    source = planted(name)
    report = graded(source)
    (finding,) = report.findings
    assert PLANTS[name].says in finding.sentence
    assert LINES.get(name, "") in source.splitlines()[_line(finding, source) - 1]
    assert len(finding.program.lines) <= 3
    assert _shows(finding)
    assert report.score < report.total


@pytest.mark.slow
def test_recursion_is_named_with_its_line() -> None:
    source = planted("recursion")
    (finding,) = grade(executed(source), rubric=DEEP_TOO).findings
    assert finding.fault == "recursion"
    assert len(finding.program.lines) >= DEEP
    assert "visit(parent)" in source.splitlines()[_line(finding, source) - 1]


def _line(finding: Finding, source: str) -> int:
    """The line by the search in the whole source: a class made by `exec` has none."""
    return locate(source, FAULTS[finding.fault])


@pytest.mark.parametrize(
    "names",
    [
        ("assignment in mul", "tanh of the input"),
        ("no radd", "depth first"),
        pytest.param(("relu at 0", "exp of the input", "sign of pow"), marks=pytest.mark.slow),
    ],
    ids=" and ".join,
)
def test_several_faults_are_named_one_after_the_other(names: tuple[str, ...]) -> None:
    said = sentences(graded(planted(*names)).findings)
    assert [name for name in names if PLANTS[name].says not in said] == []
    assert len(said.splitlines()) == len(names)


def test_a_fault_of_no_known_kind_is_shown_without_a_name() -> None:
    (finding,) = graded(executed_source("1 - out.data**2", "0.123 - out.data**2")).findings
    assert (finding.fault, finding.sentence.partition(";")[0]) == ("", "tanh(x) has a wrong gradient")
    assert len(finding.program.lines) == 1
    assert _shows(finding)


def test_an_unknown_fault_does_not_hide_a_known_one() -> None:
    source = executed_source("1 - out.data**2", "0.123 - out.data**2").replace("= 1.0", "= self.data")
    assert {finding.fault for finding in graded(source).findings} == {"seed is the value", ""}


def executed_source(old: str, new: str) -> str:
    source = planted()
    assert old in source
    return source.replace(old, new)


def test_operations_that_fail_do_not_cost_the_points_of_graphs() -> None:
    report = graded(planted("sign of sub"))
    assert {item.name for item in report.items if not item.ok} == {"operators", "constants"}


# --- correct engines --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", CORRECT)
def test_correct_engines_of_any_style_have_all_points(file: str) -> None:
    adapter = ENGINES / file.replace(".py", "_adapter.py")
    report = grade(ENGINES / file, rubric=QUICK, adapter=adapter.read_text() if adapter.exists() else None)
    assert report.ok, str(report)
    assert report.score == report.total
    assert CORRECT[file] in " ".join(report.notes)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_an_engine_in_javascript_has_all_points() -> None:
    assert grade(ENGINES / "engine.js", rubric=QUICK).score == 95.0


@pytest.mark.slow
def test_our_own_engine_has_all_points() -> None:
    report = grade(Value, rubric=DEEP_TOO)
    assert report.ok
    assert "100 of 100" in str(report)


@pytest.mark.slow
def test_the_recursive_engine_is_wrong_for_deep_graphs_alone() -> None:
    report = grade(ENGINES / "recursive.py", rubric=DEEP_TOO)
    assert [item.name for item in report.items if not item.ok] == ["depth"]
    assert [(finding.fault, finding.code) for finding in report.findings] == [
        ("recursion", "parent.backward(partial * flow)")
    ]


# --- the same again ---------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_report() -> None:
    first, again = graded(planted("depth first")), grade(executed(planted("depth first")), rubric=QUICK)
    assert first.to_dict() == again.to_dict()


def test_what_a_second_pass_does_may_be_required() -> None:
    fresh = ENGINES / "indices.py"
    strict = Rubric(graphs=5, points={"depth": 0}, second_pass="accumulate")
    assert not grade(fresh, rubric=strict).ok


def test_what_a_second_pass_does_is_not_read_off_a_gradient_that_is_zero() -> None:
    """Seed 967 draws x - x with two passes: right under either convention."""
    assert grade(ENGINES / "indices.py", rubric=QUICK, seed=967).ok


def test_functions_may_be_required() -> None:
    report = grade(ENGINES / "recursive.py", rubric=Rubric(graphs=0, points={"depth": 0}, functions=("exp", "tanh")))
    assert {item.name: item.wrong for item in report.items if not item.ok} == {"functions": ("tanh",)}


def test_a_file_that_does_not_exist_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=r"nowhere\.py: no such file"):
        grade(Path("nowhere.py"))


def test_counterexamples_are_drawn_with_both_numbers() -> None:
    (finding,) = graded(planted("assignment")).findings
    assert isinstance(finding.program, Program)
    (row, *_) = finding.rows
    assert f"yours: grad {row.yours:.6g}" in finding.picture.svg
