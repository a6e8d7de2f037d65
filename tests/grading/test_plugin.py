"""`pytest --grade`, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.grading.plants import planted

ROOT = Path(__file__).parents[2]
RUBRIC = "graphs = 0\n[points]\ndepth = 0\nfunctions = 0\nvalues = 0\n"


def _pytest(folder: Path, *arguments: str) -> str:
    installed = any(entry.value == "scalar_autograd_pytest" for entry in entry_points(group="pytest11"))
    plugin = [] if installed else ["-p", "autograd.plugins.scalar_autograd_pytest"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *plugin, *arguments]
    environment = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PATH": ""}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.slow
def test_each_item_of_the_rubric_is_a_test(tmp_path: Path) -> None:
    (tmp_path / "student.py").write_text(planted("relu at 0"))
    (tmp_path / "rubric.toml").write_text(RUBRIC)
    said = _pytest(tmp_path, "--grade", "student.py:Value", "--grade-rubric", "rubric.toml")
    assert "1 failed, 5 passed" in said
    assert "student.py:Value: ties" in said
    assert "≥ must be >" in said


@pytest.mark.slow
def test_a_file_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    assert "ERROR: nowhere.py: no such file" in _pytest(tmp_path, "--grade", "nowhere.py")
