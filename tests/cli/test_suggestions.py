"""What was meant by a mistyped name, and what was not (row E6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.cli.main import main as autograd_main
from autograd.expressions.expression import ExpressionError, known_functions, parse
from autograd.io.suggestions import LONGEST, did_you_mean, distance, nearest, no_such_file
from nn.cli.main import main as nn_main

Main = Callable[[Sequence[str]], int]


NAMES = ("train", "predict", "inspect", "cross_entropy", "epochs", "batch-size")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("trian", "train"),
        ("Train", "train"),
        ("predct", "predict"),
        ("epoch", "epochs"),
        ("batch_size", "batch-size"),
        ("batchsize", "batch-size"),
        ("crossentropy", "cross_entropy"),
        ("cross", "cross_entropy"),
        ("x", ""),
        ("", ""),
        ("p", ""),
        ("inspector general", ""),
        ("e" * (LONGEST + 1), ""),
    ],
)
def test_e6_the_nearest_name_is_suggested_or_none(typed: str, meant: str) -> None:
    assert nearest(typed, NAMES) == meant
    assert did_you_mean(typed, NAMES) == (f"; did you mean {meant!r}?" if meant else "")


@pytest.mark.parametrize(("typed", "meant"), [("softmax", ""), ("argmax", ""), ("tan_h", "tanh"), ("sgn", "sign")])
def test_e6_a_function_of_another_meaning_is_not_suggested(typed: str, meant: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(f"{typed}(x)")
    assert f"unknown function {typed!r}{did_you_mean(typed, [meant])}\n" in str(caught.value)
    assert nearest(typed, known_functions()) == meant


words = st.text("abc", max_size=6)


@given(words, words)
def test_the_distance_is_symmetric_and_at_most_the_longer(a: str, b: str) -> None:
    assert abs(len(a) - len(b)) <= distance(a, b) == distance(b, a) <= max(len(a), len(b))
    assert (distance(a, b) == 0) == (a == b)


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("flower.csv", "flowers.csv"),
        ("Flowers.csv", "flowers.csv"),
        ("flowers.cvs", "flowers.csv"),
        ("flowers", "flowers.csv"),
        ("houses.csv", ""),
        ("b.csv", ""),
        ("nowhere/flowers.csv", ""),
    ],
)
def test_e6_a_file_that_does_not_exist_is_corrected(tmp_path: Path, typed: str, meant: str) -> None:
    for name in ("flowers.csv", "a.csv", "model.json"):
        (tmp_path / name).touch()
    hint = f"; did you mean {str(tmp_path / meant)!r}?" if meant else ""
    assert no_such_file(tmp_path / typed) == f"{tmp_path / typed}: no such file{hint}"


COMMANDS = [["train", "modl.csv"], ["predict", "modl.json", "model.csv"], ["inspect", "modl.json"]]
ENGINE = [["check", "modl.py:f"], ["draw", "modl.py:f"], ["step", "modl.py"], ["dap", "modl.py"], ["grade", "modl.py"]]


@pytest.mark.parametrize(
    ("main", "arguments"), [(nn_main, each) for each in COMMANDS] + [(autograd_main, each) for each in ENGINE]
)
def test_e6_every_command_corrects_the_name_of_its_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    main: Main,
    arguments: list[str],
) -> None:
    for name in ("model.csv", "model.json", "model.py"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith(f"; did you mean 'model{Path(arguments[1].partition(':')[0]).suffix}'?")


def test_e6_a_function_of_a_file_and_a_depth_are_corrected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model.py").write_text("def loss(x): return x * x\n")
    assert autograd_main(["check", f"{tmp_path}/model.py:los", "--at", "1"]) == 2
    assert "has no 'los'; did you mean 'loss'? it has loss" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        autograd_main(["draw", "x", "x=1", "--depth", "al"])
    assert "'al' is not a non-negative integer, nor all or auto; did you mean 'all'?" in capsys.readouterr().err
