"""`python -m autograd check`: tables, exit codes, and the message of every error."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
from autograd import PRIMITIVES
from autograd.cli.main import COMMANDS, main
from autograd.testing import mutated

ROOT = Path(autograd.__file__).parents[1]
SOURCE = """
from autograd import Value, dot, tanh
from neighbour import offset

def f(x, y):
    return x * tanh(y) + offset

def neuron(w, x):
    return tanh(dot(w, [x, 1.0]))

def broken(x):
    return 1 / (x.data - x.data)

def two(x):
    return [x, x]

x = Value(3.0, label="x")
loss = x * x
number = 3
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "neighbour.py").write_text("offset = 1.0\n")
    path = tmp_path / "program.py"
    path.write_text(SOURCE)
    return path


def test_an_expression_as_a_process() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "autograd", "check", "x*tanh(y) + relu(x)", "x=1.5", "y=-2"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "all derivatives agree (4 nodes, 2 inputs; oracle: mpmath)"
    assert lines[2].split() == ["input", "analytic", "numerical", "relative", "difference", "digits", "verdict"]
    assert [(line.split()[0], line.split()[-1]) for line in lines[3:5]] == [("x", "ok"), ("y", "ok")]
    assert lines[5].split()[0] == "value"


def test_a_wrong_rule_is_exit_code_1_with_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    with mutated("tanh", lambda out, x: PRIMITIVES["cosh"](x)):
        assert main(["check", "2*tanh(x)", "x=0.5"]) == 1
    out = capsys.readouterr().out
    assert "1 wrong" in out
    assert "the rule of tanh is wrong" in out


@pytest.mark.parametrize("arguments", [["log(x)", "x=-1"], ["1/x", "x=0"], ["exp(1000*x)", "x=1"]])
def test_a14_nothing_decided_is_said_and_is_exit_code_3(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(["check", *arguments]) == 3
    assert capsys.readouterr().out.startswith("nothing was decided: 0 ok, 0 wrong, 2 undecided (")
    assert main(["check", *arguments, "--json"]) == 3
    found = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert (found["verdict"], found["ok"], found["counts"]) == (
        "undecided",
        False,
        {"ok": 0, "wrong": 0, "undecided": 2},
    )


def test_a2_numbers_that_leave_the_graph(capsys: pytest.CaptureFixture[str], program: Path) -> None:
    program.write_text("import math\ndef f(x):\n    return x * math.exp(x)\n")
    assert main(["check", f"{program}:f", "--at", "1"]) == 1
    assert "program.py:3 in f" in capsys.readouterr().out
    assert main(["check", f"{program}:f", "--at", "1", "--oracle", "function"]) == 1
    assert main(["check", f"{program}:f", "--at", "1", "--detached", "allow"]) == 0


def test_options_reach_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "x**3 + abs(y)", "x=2", "y=0", "--order", "2", "--oracle", "complex"]) == 0
    out = capsys.readouterr().out
    assert "oracle: complex" in out
    assert "∂²f/∂x∂y" in out
    assert main(["check", "abs(x)", "x=0", "--kinks", "raise"]) == 1
    assert "is on a kink" in capsys.readouterr().out


def test_expressions_and_numbers_may_begin_with_a_minus(capsys: pytest.CaptureFixture[str], program: Path) -> None:
    assert main(["check", "-x*y", "x=-1", "y=-2e-3"]) == 0
    assert main(["check", f"{program}:f", "--at", "-1,-2"]) == 0
    assert capsys.readouterr().out.count("ok") == 4


def test_a_name_that_does_not_matter_has_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "where(x > 0, y, 0)", "x=1", "y=2"]) == 0
    assert "not used" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "at", "rows"),
    [
        ("f", ["--at", "1.5,-2"], ["x", "y"]),
        ("neuron", ["--at", "[1,2],0.5"], ["w[0]", "w[1]", "x"]),
        ("loss", [], ["x"]),
    ],
)
def test_functions_and_values_of_a_file(
    capsys: pytest.CaptureFixture[str], program: Path, name: str, at: list[str], rows: list[str]
) -> None:
    before = list(sys.path)
    assert main(["check", f"{program}:{name}", *at]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[3:]] == [*rows, "value"]
    assert sys.path == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x*tanh(y", "x=1"], "'(' was never closed"),
        (["x*y", "x=1"], "needs a number for y: add y=1.5"),
        (["x", "x=1", "z=1"], "'x' has no z"),
        (["x", "x=one"], "x must be a number, got 'one'"),
        (["x", "1.5"], "expected name=number, as in x=1.5, got '1.5'"),
        (["1 + 1"], "nothing to differentiate by"),
        (["x", "--at", "1"], "--at is for FILE.py:NAME"),
        (["1 + mean(x)", "x=1"], "mean"),
        (["missing.py:f", "--at", "1"], "missing.py: no such file"),
        (["{program}:g", "--at", "1"], "has no 'g'; it has"),
        (["{program}:f", "x=1"], "takes --at 1.5,-2, not 'x=1'"),
        (["{program}:f", "--at", "1,two"], "--at takes numbers and lists of numbers, as in 1.5,-2 or [1,2],0.5"),
        (["{program}:f", "--at", "1,True"], "got '1,True'"),
        (["{program}:f", "--at", "1"], "missing 1 required positional argument: 'y'"),
        (["{program}:broken", "--at", "1"], "program.py:12: ZeroDivisionError"),
        (["{program}:two", "--at", "1"], "must return one number"),
        (["{program}:number", "--at", "1"], "cannot check the gradients of 3"),
        (["{program}:loss", "--at", "1"], "leave --at out"),
    ],
)
def test_bad_input_is_exit_code_2_and_a_line_or_two(
    capsys: pytest.CaptureFixture[str], program: Path, arguments: list[str], words: str
) -> None:
    assert main(["check", *[each.replace("{program}", str(program)) for each in arguments]]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert words in said.err
    assert said.err.count("\n") <= 3, "a message, and an expression with its caret"


@pytest.mark.parametrize(
    ("text", "words"),
    [("x = (", ":1: SyntaxError"), ("\nimport nowhere", ":2: ModuleNotFoundError"), ("exit(3)", "SystemExit")],
)
def test_a_file_that_cannot_be_loaded(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "bad.py"
    path.write_text(text)
    assert main(["check", f"{path}:f", "--at", "1"]) == 2
    assert words in capsys.readouterr().err


def test_every_row_of_commands_has_help_of_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name, command in COMMANDS.items():
        with pytest.raises(SystemExit) as caught:
            main([name, "--help"])
        assert caught.value.code == 0
        _usage, _, text = capsys.readouterr().out.partition("\n\n")  # argparse does not break a list of choices
        assert command.examples.splitlines()[-1] in text
        assert [line for line in text.splitlines() if len(line) > 80] == []


def test_no_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    assert "COMMAND" in capsys.readouterr().err
