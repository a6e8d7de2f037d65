"""Reports in other programs' formats, test cells for notebooks, rubrics, and the command line."""

from __future__ import annotations

import doctest
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from autograd.cli.main import main
from autograd.errors import UsageError
from autograd.grading import Report, Rubric, grade, read_rubric
from autograd.grading.cells import nbgrader_notebook, otter_test
from autograd.grading.formats import to_gradescope, to_json, to_junit
from autograd.grading.rubric import EXAMPLE, ITEMS, parse_rubric
from tests.grading.plants import ENGINES, executed, planted

QUICK = Rubric(graphs=0, points={"depth": 0})
TOML = "graphs = 0\n[points]\ndepth = 0\n"


@pytest.fixture(scope="module")
def report() -> Report:
    return grade(executed(planted("sign of sub", "relu at 0")), rubric=QUICK)


def test_json_has_the_points_and_the_findings(report: Report) -> None:
    found = json.loads(to_json(report))
    assert found["score"] == report.score == sum(item["points"] for item in found["items"])
    assert [finding["fault"] for finding in found["findings"]] == [finding.fault for finding in report.findings]
    assert found["findings"][0]["wrong"][0].keys() == {"name", "yours", "right"}


def test_junit_has_a_test_case_for_every_item(report: Report) -> None:
    suite = ElementTree.fromstring(to_junit(report))[0]
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == [item.name for item in report.items if not item.ok]
    assert (suite.get("tests"), suite.get("failures")) == (str(len(report.items)), str(len(failed)))
    assert "x - y: the sign" in "".join(suite.itertext())


def test_junit_is_xml_whatever_a_submission_says(tmp_path: Path) -> None:
    file = tmp_path / "student.py"
    file.write_text("raise ValueError('\\x00\\ud800<&>')")
    assert ElementTree.fromstring(to_junit(grade(file)))[0].get("errors") == str(len(ITEMS))


def test_gradescope_adds_up_the_scores_of_tests(report: Report) -> None:
    """What its documentation asks for: the total is the sum, unless there is a `score` on top."""
    found = json.loads(to_gradescope(report))
    assert "score" not in found
    assert sum(test["score"] for test in found["tests"]) == report.score
    assert sum(test["max_score"] for test in found["tests"]) == report.total
    assert {test["status"] for test in found["tests"]} == {"passed", "failed"}
    assert "x - y: the sign" in found["output"]


@pytest.mark.parametrize(("names", "full"), [((), True), (("sign of sub",), False)], ids=["right", "wrong"])
def test_a_cell_of_nbgrader_ends_with_the_points(names: tuple[str, ...], full: bool) -> None:
    """nbgrader takes the number that a test cell evaluates to as its points, at most those of its metadata."""
    (cell,) = json.loads(nbgrader_notebook("Value", QUICK))["cells"]
    *lines, last = "".join(cell["source"]).splitlines()
    session: dict[str, Any] = {"Value": executed(planted(*names))}
    exec("\n".join(lines), session)
    points = eval(last, session)
    most = cell["metadata"]["nbgrader"]["points"]
    assert (points == most) == full
    assert 0 < points <= most == QUICK.total


def test_a_test_file_of_otter_has_a_doctest_for_every_item() -> None:
    session: dict[str, Any] = {}
    exec(otter_test("Value", QUICK), session)
    (suite,) = session["test"]["suites"]
    names: dict[str, Any] = {"Value": executed(planted("relu at 0"))}
    failed = []
    for number, case in enumerate(suite["cases"]):
        test = doctest.DocTestParser().get_doctest(case["code"], names, "case", None, 0)
        failed += [number] if doctest.DocTestRunner(verbose=False).run(test, out=len, clear_globs=False).failed else []
        names = test.globs
    items = [item for item in ITEMS if QUICK.of(item)]
    assert [items[number] for number in failed] == ["ties"]
    assert session["test"]["points"] == [QUICK.of(item) for item in items]
    assert session["OK_FORMAT"] is True


# --- rubrics ----------------------------------------------------------------------------------------------------------


def test_the_built_in_rubric_has_100_points() -> None:
    assert Rubric().total == 100.0
    assert parse_rubric(EXAMPLE) == Rubric({"sharing": 30, "depth": 0}, "accumulate", "zero", ("tanh", "exp"), 200)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("speed = 3", "unknown key 'speed'"),
        ("[points]\nspeed = 3", "unknown item 'speed'"),
        ("[points]\ndepth = -1", "points.depth must be a number that is not negative, got -1"),
        ("points = 3", "points must be a table"),
        ("second_pass = 'add'", "second_pass must be 'either' or 'accumulate' or 'fresh', got 'add'"),
        ("functions = ['gelu']", "functions must be a list of relu"),
        ("graphs = -1", "graphs must be an integer"),
        ("graphs = ", "Invalid value"),
    ],
)
def test_a_wrong_rubric_is_refused_with_the_key(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "rubric.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_rubric(file)
    assert says in str(caught.value)
    assert "rubric.toml" in str(caught.value)


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_writes_reports_and_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    student, rubric, results = (tmp_path / name for name in ("student.py", "rubric.toml", "results.json"))
    student.write_text(planted("assignment"))
    rubric.write_text(TOML)
    options = ["--rubric", str(rubric), "--format", "gradescope", "-o", str(results)]
    assert main(["grade", f"{student}:Value", *options, "--pictures", str(tmp_path / "wrong")]) == 1
    assert json.loads(results.read_text())["tests"]
    assert "yours" in (tmp_path / "wrong-1.svg").read_text()
    assert main(["grade", str(ENGINES / "closures.py"), "--rubric", str(rubric)]) == 0
    assert "85 of 85 points" in capsys.readouterr().out


def test_the_report_fits_80_columns(report: Report) -> None:
    assert max(map(len, str(report).splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.py"], "nowhere.py: no such file"),
        ([f"{ENGINES / 'closures.py'}", "--rubric", "nowhere.toml"], "nowhere.toml"),
        ([str(ENGINES.parent / "test_formats.txt")], "no such file"),
    ],
    ids=["file", "rubric", "text"],
)
def test_wrong_usage_is_one_line(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grade", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_a_class_that_does_not_exist_is_a_problem_of_the_submission(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grade", f"{ENGINES / 'closures.py'}:Scalar"]) == 1
    assert "there is no class Scalar" in capsys.readouterr().out


def test_cells_are_written_without_running_anything(tmp_path: Path) -> None:
    file = tmp_path / "student.py"
    file.write_text("raise SystemExit")
    assert main(["grade", f"{file}:Value", "--format", "otter", "-o", str(tmp_path / "q1.py")]) == 0
    assert "grade(Value)" in (tmp_path / "q1.py").read_text()
