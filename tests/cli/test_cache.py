"""`python -m autograd cache`: its screens, and what `--clear` removes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import autograd
from autograd.cli.main import main
from autograd.compiler.cache.directory import VARIABLE
from autograd.compiler.cache.store import OBJECT, PROGRAM, Store

ROOT = Path(autograd.__file__).parents[1]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with two programs and an object file, of 1.5 MB, the oldest three days old."""
    monkeypatch.delenv(VARIABLE, raising=False)
    store = Store(str(tmp_path / "cache"))
    ages = {("a" * 64, PROGRAM): 3 * 86_400 + 60, ("b" * 64, PROGRAM): 7_260, ("c" * 64, OBJECT): 150}
    for (key, kind), age in ages.items():
        assert store.write(key, kind, b"x" * 499_944) == ""
        then = time.time() - age
        os.utime(tmp_path / "cache" / f"{key}.{kind}", (then, then))
    return tmp_path / "cache"


def test_what_is_in_it(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", str(place)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"directory  {place}",
        "entries    2 programs, 1 object file",
        "size       1.5 MB of at most 256 MB",
        "last used  2 minutes ago; the oldest entry 3 days ago",
        "It is used by compile(…, cache=…); set AUTOGRAD_CACHE for all of a process.",
    ]


def test_the_directory_of_the_variable(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, str(place))
    assert main(["cache"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], len(lines)) == (f"directory  {place}", 4)


def test_clearing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "mine.txt").write_text("kept")
    assert main(["cache", str(place), "--clear"]) == 0
    assert capsys.readouterr().out == f"removed 3 files (1.5 MB) from {place}\n"
    assert [path.name for path in place.iterdir()] == ["mine.txt"]
    assert main(["cache", str(place), "--clear"]) == 0
    assert capsys.readouterr().out == f"removed 0 files (0.0 MB) from {place}\n"


def test_a_cache_that_does_not_exist_is_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", str(tmp_path / "none")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:3] == ["entries    0 programs, 0 object files", "size       0.0 MB of at most 256 MB"]
    assert not (tmp_path / "none").exists()


def test_without_a_home_a_directory_has_to_be_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr("autograd.cli.cache.platform_directory", lambda: None)
    assert main(["cache"]) == 2
    assert "name a directory, or set AUTOGRAD_CACHE" in capsys.readouterr().err


def test_a_directory_that_cannot_be_read_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refused)
    assert main(["cache", str(place)]) == 2
    assert capsys.readouterr().err == f"error: {place}: Permission denied\n"


def test_as_a_process_it_does_not_load_numpy(place: Path) -> None:
    program = (
        "import sys; from autograd.cli.main import main; "
        "main(['cache', sys.argv[1]]); print('numpy' in sys.modules, 'autograd.compiler.lower' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60)
    assert done.stdout.splitlines()[-1] == "False False"
