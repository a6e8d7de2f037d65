"""The links to the playground in the documentation: each has its program, which runs where there is no NumPy."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.docs.pages import ROOT, Page
from tests.run_notebooks import notebooks

pytestmark = pytest.mark.slow

# Answers of the playground's session, in a process that has what Pyodide has: the standard library and ours.
SESSION = """
import json, sys
sys.modules.update(dict.fromkeys(["numpy", "matplotlib", "scipy", "mpmath", "hypothesis", "llvmlite"]))
from autograd.playground.session import Session
for program in json.load(sys.stdin):
    print(Session().answer(json.dumps({"do": "run", "program": program})))
"""


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(ROOT / "notebooks" / "_extensions")
    yield importlib.import_module("programs")
    sys.modules.pop("programs")


def of_the_documentation(programs: ModuleType) -> dict[str, str]:
    """Every program that has a link, by its place."""
    pages = [ROOT / "notebooks" / "index.md", *sorted((ROOT / "notebooks" / "guide").glob("*.md"))]
    blocks = {f"{path.stem}, block {i}": text for path in pages for i, text in enumerate(Page(path).blocks("python"))}
    found = {place: programs.of_block(text) for place, text in blocks.items()}
    found |= {path.stem: programs.of_notebook(path) for path in notebooks()}
    return {place: program for place, program in found.items() if program}


def test_programs_of_links_run_without_numpy(programs: ModuleType, tmp_path: Path) -> None:
    found = of_the_documentation(programs)
    assert {"getting-started, block 0", "index, block 0", "2-where-does-delta-come-from"} <= found.keys()
    done = subprocess.run(
        [sys.executable, "-c", SESSION],
        input=json.dumps([*found.values()]),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    answers = map(json.loads, done.stdout.splitlines())
    assert {place: answer["failure"] for place, answer in zip(found, answers, strict=True) if answer["failure"]} == {}


def test_links_lead_to_the_page_with_their_program(programs: ModuleType) -> None:
    program = "print('δ ≠ 0?')\n"
    path, _, text = programs.link_of(program, "../").partition("#program=")
    assert path == "../playground/index.html"
    assert re.fullmatch(r"[\w-]+", text)
    assert urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode() == program
    script = (ROOT / "autograd" / "playground" / "static" / "link.js").read_text("utf-8")
    assert f"LONGEST = {programs.LONGEST:_};" in script


@pytest.mark.parametrize(
    ("block", "program"),
    [
        (
            ">>> from autograd import exp\n>>> exp(0.0)  # e⁰\n1.0\n",
            "from autograd import exp\nprint(exp(0.0))  # e⁰\n",
        ),
        (">>> import nn\n>>> print(\n...     nn)\n<…>\n", "import nn\nprint(\n    nn)\n"),
        (">>> from autograd import exp\n>>> exp(x)\n1.0\n", None),
        (">>> import autograd, numpy\n", None),
        (">>> from nn import datasets\n", None),
        (">>> import autograd\n>>> 1 / 0\nTraceback (most recent call last):\n  …\nZeroDivisionError: …\n", None),
        (">>> 1 + 1\n2\n", None),
        ("import autograd\nf = [y for y in range(3)]\n", "import autograd\nf = [y for y in range(3)]\n"),
    ],
    ids=["prints", "print", "incomplete", "numpy", "part", "fails", "nothing of ours", "script"],
)
def test_blocks_that_are_complete_are_programs(programs: ModuleType, block: str, program: str | None) -> None:
    assert programs.of_block(block) == program


def test_a_notebook_is_cut_down_to_what_needs_no_numpy(programs: ModuleType, tmp_path: Path) -> None:
    cells = [
        "import numpy as np\nimport autograd",
        "x = np.ones(3)\ndef f(t, y=1):\n    return autograd.tanh(t)",
        "g = lambda z: f(z)\nx.sum() + g(1.0)\nt",
        "x = f(0.5)\n",
        "x + 1",
    ]
    path = tmp_path / "notebook.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": [cell]} for cell in cells]}), "utf-8")
    program = (
        "import autograd\n\ndef f(t, y=1):\n    return autograd.tanh(t)\n\ng = lambda z: f(z)\n\nx = f(0.5)\n\nx + 1\n"
    )
    assert programs.of_notebook(path) == program
