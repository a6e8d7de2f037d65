"""`python -m nn`: predict and inspect, and every error message."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import nn
from nn.cli.main import COMMANDS, main
from tests.cli.nn_process import ENVIRONMENT, FLOWERS, ROOT, SLOPE, run, run_here

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with flowers.csv, slope.csv and models of both, trained in this process to save time."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "flowers.csv").write_text(FLOWERS)
    (folder / "slope.csv").write_text(SLOPE)
    options = ["--quiet", "--epochs", "30", "--hidden", "4"]
    assert main(["train", f"{folder}/flowers.csv", "--target", "kind", "--out", f"{folder}/flowers", *options]) == 0
    assert (
        main(["train", f"{folder}/slope.csv", "--target", "y", "--out", f"{folder}/slope", *options, "--lr", "0.1"])
        == 0
    )
    return folder


# --- predict and inspect ----------------------------------------------------------------------------------------------


def test_predict_finds_columns_by_name(trained: Path) -> None:
    (trained / "new.csv").write_text("note;wide;colour;long\nfirst;0;red;6\nsecond;4;blue;0\n")
    done = run(trained, "predict", "flowers/model.json", "new.csv")
    header, *rows = done.stdout.splitlines()
    assert header == "note,wide,colour,long,prediction,probability"
    assert [row.split(",")[4] for row in rows] == ["rose", "lily"]
    assert all(0.5 <= float(row.split(",")[5]) <= 1.0 for row in rows)
    assert done.stderr == ""


def test_predict_of_a_regression_is_in_the_users_units(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = run_here(trained, capsys, "predict", "slope/model.json", "slope.csv", "--out", "answers.csv")
    assert "written to answers.csv: 40 predictions of 'y'" in done.stdout
    assert "R² on these rows: 0.9" in done.stdout
    rows = [line.split(",") for line in (trained / "answers.csv").read_text().splitlines()[1:]]
    # R² >= 0.9 leaves a mean error of at most sqrt(0.1) of the spread, which is 3 · 11.54.
    assert sum(abs(float(row[2]) - float(row[1])) for row in rows) / len(rows) < 0.32 * 3 * 11.6


def test_predict_prints_the_accuracy_if_there_are_targets(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = run_here(trained, capsys, "predict", "flowers/model.json", "flowers.csv")
    assert "accuracy on these rows: " in done.stderr
    assert len(done.stdout.splitlines()) == 36


def test_inspect_shows_layers_inputs_target_and_training(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = run_here(trained, capsys, "inspect", "flowers/model.json")
    for words in (
        "MLP(4, [4, 1]",
        "4 -> 4",
        "4 -> 1",
        "inputs: long, wide, colour",
        "predicts: kind, one of lily, rose",
    ):
        assert words in done.stdout
    assert "held-out accuracy" in done.stdout


def test_inspect_of_a_model_saved_by_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nn.save(nn.MLP(2, [1], seed=0), tmp_path / "m.json")
    assert "nothing else is stored: m.json has no recipe" in run_here(tmp_path, capsys, "inspect", "m.json").stdout


def test_a_run_is_named_by_its_folder(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["inspect"], ["predict", "flowers.csv"]):
        command, *rest = arguments
        by_folder, by_file = (run_here(trained, capsys, command, m, *rest) for m in ("flowers", "flowers/model.json"))
        assert by_folder.stdout == by_file.stdout
    run_here(trained, capsys, "export", "flowers", "-o", "net.py")


def test_a_table_from_stdin(trained: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from_file = run_here(trained, capsys, "predict", "slope", "slope.csv").stdout
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SLOPE.encode())))
    assert run_here(trained, capsys, "predict", "slope", "-").stdout == from_file
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SLOPE.encode())))
    run_here(trained, capsys, "train", "-", "--target", "y", "--epochs", "1", "--quiet", "--out", "piped")
    assert "trained on: stdin, 40 samples" in run_here(trained, capsys, "inspect", "piped").stdout
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    assert "stdin: the file is empty" in run_here(trained, capsys, "predict", "slope", "-", code=2).stderr
    monkeypatch.setattr(sys, "stdin", None)
    assert "stdin: is closed" in run_here(trained, capsys, "predict", "slope", "-", code=2).stderr


def test_a_closed_pipe_gives_no_traceback(trained: Path) -> None:
    bare = {name: value for name, value in ENVIRONMENT.items() if name != "PYTHONUNBUFFERED"}  # see test_streams.py
    process = subprocess.Popen(
        [sys.executable, "-m", "nn", "predict", "flowers/model.json", "flowers.csv"],
        cwd=trained, env=bare, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    _, complaints = process.communicate(timeout=60)
    assert complaints.startswith("accuracy on these rows: ")
    assert len(complaints.splitlines()) == 1
    assert process.returncode == 1


# --- errors: exit code 2 and the right message ----------------------------------------------------------------------

TRAIN_ERRORS = [
    (
        ["train", "digit"],
        "'digit' is neither a file nor a built-in data set (xor, moons, digits); did you mean 'digits'?",
    ),
    (["train", "nothing.csv", "--target", "y"], "nothing.csv"),
    (["train", "flowers.csv"], "flowers.csv: choose the column to predict with --target COLUMN, one of: long, wide"),
    (["train", "flowers.csv", "--target", "kinds"], "unknown column 'kinds'; did you mean 'kind'?"),
    (["train", "flowers.csv", "--target", "kind", "--ignore", "wid"], "unknown column 'wid'; did you mean 'wide'?"),
    (["train", "flowers.csv", "--target", "kind", "--task", "regression"], "'lily' is not a number"),
    (["train", "gap.csv", "--target", "y"], "gap.csv line 3, column 'x': missing value"),
    (["train", "xor", "--target", "y"], "--target: for tables only, not for the data set xor"),
    (["train", "xor", "--loss", "cross_entropy"], "loss 'cross_entropy' does not fit the task 'binary'"),
    (["train", "xor", "--output", "relu"], "output activation 'relu' does not fit"),
    (["train", "xor", "--lr", "-1"], "'-1' is not a positive number"),
    (["train", "xor", "--lr", "fast"], "'fast' is not a positive number"),
    (["train", "xor", "--bias", "nan"], "'nan' is not a number"),
    (["train", "xor", "--epochs", "1.5"], "'1.5' is not a positive integer"),
    (["train", "xor", "--hidden", "3,x"], "write sizes as 32,16 or none"),
    (["train", "xor", "--activation", "tan"], "--activation: 'tan' is not one of elu"),
    (["train", "xor", "--out", "flowers.csv"], "flowers.csv"),
    (["predict", "model.json", "flowers.csv"], "model.json: No such file"),
    (["predict", "flowers.csv", "flowers.csv"], "flowers.csv: not a JSON file"),
    (["predict", "plain.json", "flowers.csv"], "plain.json has no recipe"),
    (["predict", "flowers/model.json", "gap.csv"], "the model needs the column 'long' and 2 more; the file has x, y"),
    (["predict", "flowers/model.json", "pink.csv"], "pink.csv line 2, column 'colour': 'pink' is not one of the known"),
    (["inspect", "."], "Is a directory"),
    ([], "the following arguments are required: COMMAND"),
    (["fit"], "unknown command 'fit'"),
]


@pytest.mark.parametrize(("arguments", "words"), TRAIN_ERRORS)
def test_errors_are_at_most_two_lines(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    (trained / "gap.csv").write_text("x,y\n1,a\n,b\n")
    (trained / "pink.csv").write_text("long,wide,colour\n1,2,pink\n")
    nn.save(nn.MLP(2, [1], seed=0), trained / "plain.json")
    monkeypatch.chdir(trained)
    try:
        code = main(arguments)
    except SystemExit as leaving:  # argparse exits
        code = int(str(leaving.code))
    error = capsys.readouterr().err
    assert code == 2
    assert words in error
    assert "Traceback" not in error
    assert not (trained / "runs").exists()


@pytest.mark.parametrize("command", ["inspect", "predict"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[:-30], "not a JSON file, or damaged: "),
        (lambda text: text.replace('"tanh"', '"tanhh"'), "architecture.hidden: expected one of linear, "),
        (lambda text: text.replace('"task": "binary"', '"task": 7'), "checksum: does not match"),
        (lambda text: as_schema_1(text).replace('"task": "binary"', '"task": 7'), "extra.task: expected one of"),
        (
            lambda text: as_schema_1(text).replace('"held_out": ', '"held": '),
            "extra.training.score.held_out: is missing",
        ),
        (lambda text: as_schema_1(text).replace('"wide"', '"long"'), "extra.columns: two have the same name"),
    ],
    ids=["cut", "activation", "edited", "task", "score", "columns"],
)
def test_f19_a_damaged_model_is_one_line_and_exit_2(
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    change: Callable[[str], str],
    words: str,
) -> None:
    path = tmp_path / "model.json"
    path.write_text(change((trained / "flowers" / "model.json").read_text()))
    data = [str(trained / "flowers.csv")] if command == "predict" else []
    assert main([command, str(path), *data]) == 2
    said = capsys.readouterr()
    [line] = said.err.splitlines()
    assert line.startswith(f"error: {path}: {words}")
    assert said.out == ""


def as_schema_1(text: str) -> str:
    """The model file in the schema without a checksum."""
    document = json.loads(text)
    del document["checksum"]
    return json.dumps(document | {"schema": 1})


def test_an_error_is_one_line_of_a_real_process(tmp_path: Path) -> None:
    done = run(tmp_path, "train", "digit", code=2)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_help_shows_examples_and_fits_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        done = run_here(ROOT, capsys, name, "--help")
        assert "example" in done.stdout
        assert f"python -m nn {name} " in done.stdout
        assert "exit codes" in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 80
