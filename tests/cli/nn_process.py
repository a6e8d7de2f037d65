"""Run `python -m nn` as a process or in this one, and two tables to train on."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nn
from nn.cli.main import main

ROOT = Path(nn.__file__).parents[1]
ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "FORCE_COLOR")}
ENVIRONMENT["PYTHONPATH"] = str(ROOT)
FLOWERS = "long,wide,colour,kind\n" + "".join(
    f"{i % 7},{i % 5},{'red' if i % 2 else 'blue'},{'rose' if i % 7 > 3 else 'lily'}\n" for i in range(35)
)
SLOPE = "x,y\n" + "".join(f"{i},{3 * i + 0.5}\n" for i in range(40))


def run(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "nn", *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return checked(done, code)


def run_here(
    folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0
) -> subprocess.CompletedProcess[str]:
    """The same without a process, which takes most of the time: for tests of what is printed."""
    try:
        with contextlib.chdir(folder):
            returned = main(arguments)
    except SystemExit as leaving:  # argparse exits
        returned = int(str(leaving.code))
    return checked(subprocess.CompletedProcess(arguments, returned, *capsys.readouterr()), code)


def without_pictures(folder: Path) -> None:
    """Processes that are started there find no matplotlib: pictures take most of the time of a small run."""
    (folder / "matplotlib.py").write_text("raise ImportError('not installed')\n")


def checked(done: subprocess.CompletedProcess[str], code: int) -> subprocess.CompletedProcess[str]:
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    for text in (done.stdout, done.stderr):
        assert text.replace("\n", "").isprintable(), "control characters in what is not a terminal"
    return done
