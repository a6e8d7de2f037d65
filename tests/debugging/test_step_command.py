"""`python -m autograd step` as a process: transcripts of sessions, wrong usage, scripts, and keys in a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograd.cli.main import main

pytestmark = pytest.mark.slow

pexpect = pytest.importorskip("pexpect", reason="pexpect, which types at a terminal, is not installed")

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
PROGRAM = """\
from autograd import Value, exp, log, sqrt

def model(x):
    u = sqrt(x - 4.0)
    return log(1.0 + u) * 3.0

x = Value(5.0, label="x")
for epoch in range(3):
    loss = model(x) + exp(x) * 0.01
    loss.backward()
    print("epoch", epoch, "gradient", x.grad)
    x = Value(x.data - 0.5, label="x")
"""


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "AUTOGRAD_DEBUG")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **changes}


def talk(arguments: list[str], commands: str, folder: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "autograd", "step", *arguments],
        check=False,
        input=commands,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder,
        env=environment(**changes),
        timeout=60,
    )


# --- whole sessions ---------------------------------------------------------------------------------------------------

SESSIONS = {
    "stepper-expression": (
        ["relu(a*b + c)", "a=2", "b=-3", "c=10"],
        "help\nstep\nwhere\nnext\nprint a\nuntil a\nprint a\nlist\n"
        "back 2\nnodes\ninfo nodes\nnext\n\nback 9\nback\nq\n",
    ),
    "stepper-script": (
        ["program.py"],
        "break op sqrt if grad > 1\nb program.py:5\nbreak nan\ninfo break\ncontinue\nc\nlist\nclear 2\ninfo\nquit\n"
        "run\nwhere\nprint u\nnan\nrcontinue\ntbreak u\nc\nabort\n",
    ),
    "stepper-wrong-input": (
        ["-log(x)*y", "x=1", "y=2"],
        "bak\nb\nstep many\nuntil z\nprint lgo\nbreak op log3\nbreak other.py:3\nbreak <expression>:7\n"
        "break if y.gard > 1\nbreak if __import__('os').system('x')\nbreak nan if grad > 1\n"
        "break\nclear 3\nback\ninfo all\nhelp me\ngraph picture.bmp\ns 99\nstep\nhelp break\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SESSIONS)
def test_sessions_match_their_transcripts(name: str, tmp_path: Path) -> None:
    """After a deliberate change: `UPDATE_GOLDEN=1 pytest tests/debugging/test_step_command.py`, then read the diff."""
    arguments, commands = SESSIONS[name]
    (tmp_path / "program.py").write_text(PROGRAM)
    result = talk(arguments, commands, tmp_path)
    assert (result.stderr, result.returncode) == ("", 0)
    assert "\x1b" not in result.stdout  # not a terminal
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(result.stdout, encoding="utf-8")
    assert result.stdout == golden.read_text(encoding="utf-8")


def test_output_is_ascii_if_the_encoding_has_nothing_else(tmp_path: Path) -> None:
    result = talk(["relu(a)*α", "a=2", "α=3"], "step\nprint a\ninfo nodes\nwhere\n", tmp_path, PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert result.stdout.isascii()
    assert "dL/drelu += dmul/drelu * dL/dmul = 3 * 1 = 3  (0 -> 3, complete)" in result.stdout
    assert "grad 0 0.0  (not complete)" in result.stdout


# --- command line -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["relu(a*b +)", "a=2"], "not a valid expression"),
        (["3 > a - a", "a=2"], "does not depend on its inputs"),
        (["relu(a)"], "needs a number for a"),
        (["relu(a)", "a=2", "--at", "3"], "--at is for FILE.py:NAME"),
        (["nowhere.py"], "nowhere.py: no such file"),
        (["nowhere.py:f", "--at", "1"], "nowhere.py: no such file"),
        (["functions.py:g", "--at", "1"], "functions.py has no 'g'; it has"),
        (["functions.py:f", "x=1"], "takes --at 1.5,-2, not 'x=1'"),
        (["functions.py:f", "--at", "1,'a'"], "--at takes numbers"),
        (["functions.py:number", "--at", "1"], "functions.py:number does not depend on its inputs"),
        (["functions.py:broken", "--at", "1"], "functions.py:10: ZeroDivisionError"),
        (["functions.py"], "functions.py made no backward pass"),
    ],
)
def test_a_wrong_command_line_is_explained(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_functions(tmp_path)
    monkeypatch.chdir(tmp_path)
    try:
        code = main(["step", *arguments])
    except SystemExit as leaving:  # argparse exits
        code = int(str(leaving.code))
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert words in said.err
    assert "Traceback" not in said.err


def write_functions(folder: Path) -> None:
    (folder / "functions.py").write_text(
        "from autograd import Value\n\ndef f(x, w):\n    return x * w[0] + w[1]\n\n"
        "def number(x):\n    return float(x)\n\ndef broken(x):\n    return x / (1 - 1) if False else 1 / 0\n\n"
        "y = Value(3.0, label='v') * 2.0\n"
    )


def test_a_function_of_a_file_is_called_on_values_with_its_names(tmp_path: Path) -> None:
    write_functions(tmp_path)
    out = talk(["functions.py:f", "--at", "0.5,[1,-2]"], "until w[0]\n", tmp_path).stdout
    assert "∂L/∂w[0] += ∂mul/∂w[0] · ∂L/∂mul = 0.5 × 1 = 0.5" in out
    assert "functions.py:4  return x * w[0] + w[1]\n                             ^^^^^^^^\n" in out
    assert "y = 6: 1 product;" in talk(["functions.py:y"], "", tmp_path).stdout


def test_a_script_keeps_its_arguments_its_exit_code_and_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("two = 2.0\n")
    (tmp_path / "exits.py").write_text(
        "import sys\nfrom autograd import Value\nfrom neighbour import two\n"
        "(Value(two) * 3.0).backward()\nprint(sys.argv, __name__)\n"
        "if sys.argv[1:]: sys.exit(7)\nraise KeyError('gone')\n"
    )
    result = talk(["exits.py", "--", "--fast", "a=1"], "quit\n", tmp_path)
    assert result.returncode == 7
    assert "['exits.py', '--fast', 'a=1'] __main__" in result.stdout
    result = talk(["exits.py"], "quit\n", tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("Traceback")
    assert "KeyError: 'gone'" in result.stderr
    assert "autograd" not in result.stderr  # only frames of the script


# --- a terminal -------------------------------------------------------------------------------------------------------


def terminal(folder: Path, **changes: str) -> Any:
    command = ["-m", "autograd", "step", "tanh(long_name)*w", "long_name=2", "w=3"]
    child = pexpect.spawn(
        sys.executable,
        command,
        cwd=folder,
        env=environment(**{"TERM": "xterm", **changes}),
        encoding="utf-8",
        timeout=30,
    )
    child.setwinsize(50, 200)
    child.expect(r"\(backward\) ")
    return child


def answer(child: Any, keys: str) -> str:
    """The screen between these keys and the next prompt; keys sent before a prompt would be lost."""
    child.send(keys)
    child.expect_exact("(backward) ")
    return str(child.before)


def test_keys_complete_recall_and_interrupt(tmp_path: Path) -> None:
    child = terminal(tmp_path, NO_COLOR="1")
    assert "long_name, a leaf" in answer(child, "pri\tlo\t\r")
    assert "breakpoint 1: op tanh" in answer(child, "b op t\t\r")  # also after an abbreviation
    assert "Ctrl-C: `quit` finishes the pass, `abort` undoes it" in answer(child, "junk\x03")
    assert "breakpoint 2: op tanh" in answer(child, "\x1b[A\r")  # the line before
    assert "[2/3] ∂L/∂tanh = 3, complete" in answer(child, "continue\r")
    child.send("\x04")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize(("changes", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colour_is_for_terminals_that_want_it(changes: dict[str, str], coloured: bool, tmp_path: Path) -> None:
    child = terminal(tmp_path, **changes)
    assert ("\x1b[1m[1/3]" in answer(child, "step\r")) == coloured
    child.send("quit\r")
    child.expect(pexpect.EOF)
    child.close()
