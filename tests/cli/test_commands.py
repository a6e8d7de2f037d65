"""One command line for both packages (row E6): its table, help, errors, and files that have our names."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import autograd
import nn
from autograd.cli import main as cli
from autograd.cli import plugins
from autograd.cli.frame import commands_of
from nn.cli.main import GROUPS as NETWORKS

ROOT = Path(autograd.__file__).parents[1]
COMMANDS = commands_of({**cli.GROUPS, **NETWORKS})


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry point of `nn`, as an installation has it."""
    entries = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][plugins.GROUP]
    found = [EntryPoint(name, value, plugins.GROUP) for name, value in entries.items()]
    monkeypatch.setattr(plugins, "entry_points", lambda group: found)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and messages of the console script."""
    try:
        code = cli.main(arguments, prog="autograd")
    except SystemExit as leaving:
        code = int(str(leaving.code))
    out, err = capsys.readouterr()
    return code, out, err


def test_e6_help_lists_all_commands_in_groups_a_line_each(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = said(capsys, "--help")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == "usage: autograd COMMAND [options]"
    for title, rows in {**cli.GROUPS, **NETWORKS}.items():
        at = lines.index(f"{title}:") + 1
        shown = [line.split(maxsplit=1) for line in lines[at : at + len(rows)]]
        assert shown == [[name, command.summary] for name, command in rows.items()]
    assert max(map(len, lines)) <= 80
    assert "python -m" not in out


@pytest.mark.parametrize("columns", [40, 80])
def test_e6_help_is_as_wide_as_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    _, out, _ = said(capsys, "--help")
    assert max(map(len, out.partition("start here")[0].splitlines())) <= columns


def test_e6_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert autograd.__version__ == nn.__version__
    assert said(capsys, "--version") == (0, f"scalar-autograd {autograd.__version__}\n", "")


@pytest.mark.parametrize("name", COMMANDS)
def test_e6_help_spells_the_command_as_it_was_called(capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, out, _ = said(capsys, name, "--help")
    assert code == 0
    assert out.startswith(f"usage: autograd {name} ")
    assert out.splitlines()[1] == ""
    assert f"autograd {name}" in out.partition("options:")[2]
    assert "python -m autograd" not in out
    assert "python -m nn" not in out


ERRORS = [
    (["trian"], "unknown command 'trian'; did you mean 'train'?", "autograd"),
    (["--vers"], "unknown option '--vers'; did you mean '--version'?", "autograd"),
    ([], "the following arguments are required: COMMAND", "autograd"),
    (["train", "--epoch", "5"], "unknown option '--epoch'; did you mean '--epochs'?", "autograd train"),
    (["train", "xor", "--epoch=5"], "unknown option '--epoch'; did you mean '--epochs'?", "autograd train"),
    (["train", "xor", "-x"], "unknown option '-x'", "autograd train"),
    (["train", "xor", "more"], "'more' is one argument too many", "autograd train"),
    (["train"], "the following arguments are required: DATA", "autograd train"),
    (["train", "xor", "--lr"], "--lr: expected one argument", "autograd train"),
    (["exercise", "--level", "9"], "--level: '9' is not one of 1, 2, 3, 4, 5, 6, 7", "autograd exercise"),
    (["draw"], "the following arguments are required: EXPRESSION | FILE.py:NAME", "autograd draw"),
    (
        ["check", "x", "x=1", "--oracle", "mpmat"],
        "--oracle: 'mpmat' is not one of auto, mpmath, complex, differences, function; did you mean 'mpmath'?",
        "autograd check",
    ),
    (["train", ""], "DATA: the name is empty", "autograd train"),
    (["train", "xor", "--out="], "--out: the name is empty", "autograd train"),
    (["playground", "-o", ""], "-o/--out: the name is empty", "autograd playground"),
    (["grade", ""], "FILE[:CLASS]: the name is empty", "autograd grade"),
]


@pytest.mark.parametrize(("arguments", "words", "prog"), ERRORS, ids=[" ".join(each[0]) or "none" for each in ERRORS])
def test_e6_an_error_is_usage_problem_and_where_the_help_is(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str, prog: str
) -> None:
    code, out, err = said(capsys, *arguments)
    usage, problem, remedy = err.splitlines()
    assert (code, out, problem, remedy) == (2, "", f"error: {words}", f"try '{prog} --help'")
    assert usage.startswith(f"usage: {prog} ")
    assert usage.endswith(" [options]")


def test_e6_a_wrong_activation_is_corrected(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(capsys, "train", "xor", "--activation", "rel")
    assert code == 2
    assert err.splitlines()[1].startswith("error: --activation: 'rel' is not one of elu, gelu, ")
    assert err.splitlines()[1].endswith("; did you mean 'relu'?")


def options_of(name: str) -> Iterator[argparse.Action]:
    parser = argparse.ArgumentParser()
    COMMANDS[name].loaded.add_options(parser)
    yield from (action for action in parser._actions if action.option_strings and action.nargs != 0)


@pytest.mark.parametrize("name", COMMANDS)
def test_e6_every_default_is_in_the_help(name: str) -> None:
    silent = [
        action.option_strings[-1]
        for action in options_of(name)
        if action.default not in (None, "", ()) and "default" not in (action.help or "")
    ]
    assert silent == []


# --- files of the user's that have our names --------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["nn.py", "nn/__init__.py"])
def test_e6_a_users_nn_is_named_and_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("raise SystemExit('followed')\n")
    monkeypatch.syspath_prepend(tmp_path)
    code, _, err = said(capsys, "train", "xor")
    assert (code, len(err.splitlines())) == (2, 1)
    assert err.startswith(f"error: unknown command 'train'; {path} hides the package 'nn' of scalar-autograd: rename")
    code, out, err = said(capsys, "--help")
    assert code == 0
    assert "train a model" not in out
    assert err.startswith(f"warning: {path} hides the package 'nn'")


def test_e6_a_users_autograd_is_named_and_not_imported(tmp_path: Path) -> None:
    (tmp_path / "autograd.py").write_text("print('followed')\nclass Value: ...\n")
    done = subprocess.run(
        [sys.executable, "-m", "nn", "--help"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    [line] = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{tmp_path / 'autograd.py'} hides the package autograd of scalar-autograd: rename it" in line


def test_commands_that_cannot_be_loaded_are_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = [EntryPoint("a", "autograd.cli.frame:NONE", plugins.GROUP), EntryPoint("b", "nowhere:X", plugins.GROUP)]
    monkeypatch.setattr(plugins, "entry_points", lambda group: broken)
    code, out, err = said(capsys, "--help")
    assert (code, out[:6]) == (0, "usage:")
    assert [line.partition(":")[0] for line in err.splitlines()] == ["warning", "warning"]
    assert "the package 'nowhere' is not installed" in err
    assert said(capsys, "check", "x*x", "x=3")[0] == 0
