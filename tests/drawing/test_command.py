"""`python -m autograd draw`, as a user types it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from autograd.cli.main import main

SCRIPT = """
from autograd import Value, tanh

def loss(x, w):
    h = x[0] * w + x[1]
    return tanh(h)

recorded = Value(2.0) * 3.0
broken = lambda x: x / []
"""


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("script.py").write_text(SCRIPT, encoding="utf-8")


def drawn(path: str = "graph.svg") -> str:
    text = Path(path).read_text(encoding="utf-8")
    ET.fromstring(text)
    return text


def test_an_expression(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", "relu(a*b + c)", "a=2", "b=-3", "c=10", "-o", "out.svg"]) == 0
    assert capsys.readouterr().out.startswith("out.svg: 6 boxes, 5 edges; layout: ")
    assert "∂(a × b)/∂a = −3" in drawn("out.svg")


def test_an_expression_that_begins_with_a_minus() -> None:
    assert main(["draw", "-x*x", "x=3"]) == 0
    assert "grad -6.0" in drawn()


def test_a_function_of_a_file_with_the_names_of_its_source() -> None:
    assert main(["draw", "script.py:loss", "--at", "[1,2],0.5", "--title", "my loss"]) == 0
    svg = drawn()
    assert ">h</text>" in svg
    assert ">my loss</text>" in svg
    assert "script.py:5: x[0] * w + x[1]" in svg


def test_a_recorded_value() -> None:
    assert main(["draw", "script.py:recorded"]) == 0
    assert "× 3" in drawn()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--animate"], "@keyframes"),
        (["--forward"], "grad: no backward pass yet"),
        (["--depth", "0"], "(depth=0)"),
        (["--depth", "all"], "<svg"),
        (["--focus", "x", "--radius", "1"], "2 of 3 values"),
        (["--rankdir", "TB"], "<svg"),
    ],
)
def test_options(options: list[str], words: str) -> None:
    assert main(["draw", "tanh(x)*2", "x=1", *options]) == 0
    assert words in drawn()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x*y", "x=1"], "needs a number for y"),
        (["x*", "x=1"], "not a valid expression"),
        (["x", "x=1", "-o", "picture.gif"], "must end in .svg, .png, .dot or .html"),
        (["x", "x=1", "-o", "absent/picture.svg"], "absent/picture.svg: No such file or directory"),
        (["x*x", "x=1", "--focus", "q"], "no value of this graph is called 'q'; names are: x"),
        (["absent.py:loss"], "absent.py: no such file"),
        (["script.py:absent"], "script.py has no 'absent'; it has"),
        (["script.py:broken", "--at", "1"], "script.py:9: TypeError"),
    ],
)
def test_wrong_input_is_an_error_of_a_line_or_two(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["draw", *arguments]) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.err.count("\n") <= 3
    assert printed.out == ""
    assert not Path("graph.svg").exists()


@pytest.mark.parametrize("option", [["--depth", "-1"], ["--radius", "x"], ["--rankdir", "XY"]])
def test_a_wrong_option_ends_the_command(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["draw", "x", "x=1", *option])
    assert option[0] in capsys.readouterr().err
