"""Test cells for notebooks that nbgrader or Otter grades: they call `autograd.testing.grade` on the student's class.

nbgrader gives a test cell whose last line is a number that many of its points. Otter runs test files in OK format, here
one per item of the rubric.
"""

from __future__ import annotations

import json
from typing import Any

from autograd.grading.rubric import ITEMS, Rubric


def nbgrader_notebook(name: str, rubric: Rubric) -> str:
    """A notebook with one autograded test cell, for the class `name` that a cell above it defines.

    >>> json.loads(nbgrader_notebook("Value", Rubric()))["cells"][0]["metadata"]["nbgrader"]["points"]
    100.0
    """
    grader = {
        "grade": True,
        "grade_id": f"grade-{name.lower()}",
        "locked": True,
        "points": rubric.total,
        "schema_version": 3,
        "solution": False,
        "task": False,
        "cell_type": "code",
    }
    source = ["from autograd.testing import Rubric, grade\n", f"report = grade({name}{_options(rubric)})\n"]
    source += ["print(report)\n", f"report.score / report.total * {rubric.total:g}"]
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": f"grade-{name.lower()}",
        "metadata": {"nbgrader": grader},
        "outputs": [],
        "source": source,
    }
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1) + "\n"


def otter_test(name: str, rubric: Rubric) -> str:
    """A test file for Otter: a case per item of the rubric, each with its points.

    >>> text = otter_test("Value", Rubric())
    >>> names: dict[str, Any] = {}
    >>> exec(text, names)
    >>> names["test"]["points"][:2], len(names["test"]["suites"][0]["cases"])
    ([10.0, 20.0], 10)
    """
    items = [item for item in ITEMS if rubric.of(item)]
    first = f">>> from autograd.testing import Rubric, grade\n>>> report = grade({name}{_options(rubric)})\n"
    cases = [
        {"code": f"{first if i == 0 else ''}>>> report.wrong(\"{item}\")\n''", "hidden": False, "locked": False}
        for i, item in enumerate(items)
    ]
    suite = {"cases": cases, "scored": True, "setup": "", "teardown": "", "type": "doctest"}
    test = {"name": f"grade {name}", "points": [rubric.of(item) for item in items], "suites": [suite]}
    return f"OK_FORMAT = True\n\ntest = {json.dumps(test, indent=4)}\n".replace("false", "False").replace(
        "true", "True"
    )


def _options(rubric: Rubric) -> str:
    """The rubric as an argument, unless it is the built-in one."""
    return "" if rubric == Rubric() else f", rubric={rubric!r}"
