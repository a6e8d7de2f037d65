"""The notebooks as files: numbered questions, short cells, outputs of one run in order, nothing of a machine.

`pytest notebooks` runs them; here nothing is run.
"""

import ast
import contextlib
import io
import json
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.run_notebooks import ANSWER, HIDDEN_TEST, PICTURES, mistakes, notebooks, picture, solutions, tagged

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "notebooks"
PATHS = notebooks()
LONGEST_CELL = 15
LARGEST = 3_000_000  # bytes, all together
OF_A_MACHINE = re.compile(r"/(?:home|root|tmp|Users|work|private|opt)/|[A-Z]:\\\\|ipykernel_\d")

each = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])


def cells(path, kind):
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]


def source(cell):
    return "".join(cell["source"])


def prose(path):
    return "\n\n".join(source(cell) for cell in cells(path, "markdown"))


def solution(path):
    """The text of the first exercise's; the second has a hidden test."""
    return re.findall(r"<details>\n<summary>.+?</summary>\n\n(.+?)</details>", prose(path), re.DOTALL)[0]


def read(path):
    """The notebook with attributes, as nbformat, which a test run need not have, gives it."""
    stored = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return SimpleNamespace(cells=[SimpleNamespace(**{**cell, "source": source(cell)}) for cell in stored])


def test_there_are_some_numbered_without_a_gap_and_small_enough():
    assert [path.name.split("-")[0] for path in PATHS] == [str(number) for number in range(1, len(PATHS) + 1)]
    assert len(PATHS) >= 4
    assert set(PATHS) == set(FOLDER.glob("*.ipynb"))
    assert sum(path.stat().st_size for path in [*PATHS, *PICTURES.iterdir()]) <= LARGEST


@each
def test_the_title_has_the_number_and_asks_a_question(path):
    title = prose(path).splitlines()[0]
    assert title.startswith(f"# {path.name.split('-')[0]}. ")
    assert title.endswith("?")


@each
def test_e9_it_runs_alone_where_the_package_is_missing(path):
    """Row E9: the first cell installs what the others import, and none of it is a file beside the notebook."""
    install, *others = cells(path, "code")
    assert 'if find_spec("nn") is None:' in source(install)
    assert "scalar-autograd[train,check]" in source(install)
    assert not install["outputs"]
    trees = [node for cell in others for node in ast.walk(ast.parse(source(cell)))]
    plain = [alias.name for node in trees if isinstance(node, ast.Import) for alias in node.names]
    imported = [*plain, *(node.module for node in trees if isinstance(node, ast.ImportFrom))]
    assert not {name.split(".")[0] for name in imported} & {each.stem for each in FOLDER.glob("*.py")}


@each
def test_the_parts_are_there(path):
    text = prose(path).lower()
    for part in ("by hand", "check", "what breaks", "## exercise", "**sources.**"):
        assert part in text, part
    assert any("image/svg+xml" in output.get("data", {}) for cell in cells(path, "code") for output in cell["outputs"])


@each
def test_cells_are_short_and_explained(path):
    for cell in cells(path, "code"):
        folded = cell["metadata"].get("jupyter", {}).get("source_hidden", False)
        assert folded or len(source(cell).splitlines()) <= LONGEST_CELL, source(cell)
    kinds = [cell["cell_type"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    assert kinds[0] == "markdown"
    assert kinds[-1] == "markdown"


@each
def test_outputs_are_from_one_run_in_order_without_errors_or_warnings(path):
    code = cells(path, "code")
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"]


@each
def test_a_cell_that_prints_or_ends_in_a_value_has_an_output(path):
    for cell in cells(path, "code"):
        last = ast.parse(source(cell)).body[-1]
        if isinstance(last, ast.Expr) and ("print" in source(cell) or "draw(" in source(cell)):
            assert cell["outputs"], source(cell)


@each
def test_nothing_of_the_machine_is_in_it(path):
    found = OF_A_MACHINE.search(path.read_text(encoding="utf-8"))
    assert found is None, found


@each
def test_the_exercise_has_a_hidden_solution_that_a_run_can_check(path):
    found = solution(path)
    [code] = re.findall(r"```python\n(.+?)```", found, re.DOTALL)
    ast.parse(code)
    assert "raise" in code  # the solution says so when it is none
    assert prose(path).index("## Exercise") < prose(path).index("<details>")


# --- exercises with a hidden test -------------------------------------------------------------------------------------


WITH_HIDDEN_TEST = [path for path in PATHS if not path.name.startswith("10-")]  # in 10 it is the grader, by hand
each_exercise = pytest.mark.parametrize("path", WITH_HIDDEN_TEST, ids=[path.stem for path in WITH_HIDDEN_TEST])


def graded(path, *answers):
    """The report of the hidden test after these answers, in a session that has run nothing else of the notebook."""
    [test] = tagged(read(path), HIDDEN_TEST)
    session = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()) as said:
        for code in (*answers, test):
            exec(code, session)
    return session["report"], " ".join(said.getvalue().split())


@each_exercise
def test_the_hidden_test_refuses_the_empty_answer_and_accepts_the_solution(path):
    notebook = read(path)
    [empty] = tagged(notebook, ANSWER)
    report, said = graded(path, empty)
    assert not report.ok
    assert "it is not written yet" in said
    assert "Traceback" not in said
    report, said = graded(path, solutions(notebook)[-1])
    assert report.ok, said


@each_exercise
def test_the_hidden_test_names_a_typical_mistake(path):
    [(mistake, words)] = mistakes(read(path))
    report, said = graded(path, mistake)
    assert not report.ok
    assert words in said


@each_exercise
def test_the_hidden_test_is_folded_and_its_stored_output_is_that_of_the_empty_answer(path):
    [test] = [cell for cell in cells(path, "code") if HIDDEN_TEST in cell["metadata"].get("tags", [])]
    assert test["metadata"]["jupyter"] == {"source_hidden": True}
    assert "hide-input" in test["metadata"]["tags"]  # for the documentation
    assert "it is not written yet" in " ".join("".join(test["outputs"][0]["text"]).split())


@each
def test_stored_as_written_by_the_runner(path):
    """One metadata for all machines, ids in order, so that a new run changes the outputs only."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert set(stored["metadata"]) == {"kernelspec", "language_info"}
    assert stored["metadata"]["language_info"] == {"name": "python"}
    assert all(first < second for first, second in pairwise(cell["id"] for cell in stored["cells"]))


@each
def test_the_picture_for_the_index_is_of_the_same_run(path):
    stored = (PICTURES / f"{path.stem}.svg").read_text(encoding="utf-8")
    assert stored == picture(path.read_text(encoding="utf-8"))
    root = ET.fromstring(stored)  # an SVG file of its own, as an `<img>` needs it
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "prefers-color-scheme" in stored


def test_a_notebook_without_a_picture_is_refused():
    with pytest.raises(ValueError, match='must have the tag "picture"'):
        picture('{"cells": [{"metadata": {}, "outputs": []}]}')
