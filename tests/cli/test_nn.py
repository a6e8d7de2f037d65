"""The command line, run as real processes: results, files, exit codes, and the words of every refusal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

import nn
from nn.cli.main import COMMANDS, main

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
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    for text in (done.stdout, done.stderr):
        assert text.replace("\n", "").isprintable(), "control characters in what is no terminal"
    return done


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


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes most of the time of a small run; most tests of what is learned can do without."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)


# --- train ------------------------------------------------------------------------------------------------------------


def test_train_xor_solves_it_and_writes_everything(tmp_path: Path) -> None:
    done = run(tmp_path, "train", "xor")
    for words in (
        "accuracy: 100.00% (4 of 4)",
        "the training loss met the target",
        "gradient check of one sample",
        "engine: compiled in ",
    ):
        assert words in done.stdout
    assert "next: python -m nn inspect" in done.stdout
    assert done.stderr.startswith("epoch 1/1000  loss ")
    written = sorted(path.name for path in (tmp_path / "runs" / "xor").iterdir())
    assert written == ["boundary.svg", "graph.svg", "history.csv", "loss.svg", "model.json"]
    model = nn.load(tmp_path / "runs" / "xor" / "model.json")
    assert [model([float(a), float(b)]).data > 0 for a in (0, 1) for b in (0, 1)] == [False, True, True, False]


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("seed", range(1, 4))
def test_xor_is_solved_from_other_seeds(tmp_path: Path, seed: int) -> None:
    assert main(["train", "xor", "--quiet", "--seed", str(seed), "--out", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "model.json").read_text())["extra"]["training"]["score"]["value"] == 1.0


def test_same_seed_same_bytes_in_another_process(tmp_path: Path) -> None:
    for folder, hash_seed in (("a", "1"), ("b", "2")):
        command = [
            sys.executable,
            "-m",
            "nn",
            "train",
            "moons",
            "--epochs",
            "1",
            "--quiet",
            "--hidden",
            "4",
            "--out",
            folder,
        ]
        subprocess.run(
            command, cwd=tmp_path, env=ENVIRONMENT | {"PYTHONHASHSEED": hash_seed}, check=True, capture_output=True
        )
    for name in ("model.json", "loss.svg", "boundary.svg"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert main(["train", "xor", "--epochs", "3", "--quiet", "--seed", "1", "--out", str(tmp_path / "c")]) == 0
    assert (tmp_path / "a" / "model.json").read_bytes() != (tmp_path / "c" / "model.json").read_bytes()


@pytest.mark.usefixtures("no_pictures")
def test_no_compile_trains_by_graphs_to_the_same_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = []
    for name, options in (("programs", []), ("graphs", ["--no-compile"])):
        command = ["train", "moons", "--hidden", "4", "--epochs", "2", "--quiet", "--out", str(tmp_path / name)]
        assert main([*command, *options]) == 0
        model = nn.load(tmp_path / name / "model.json")
        scores.append([parameter.data for parameter in model.parameters()])
    assert "engine: eager\n" in capsys.readouterr().out
    # 50 steps of Adam, which divides a gradient by its size, pass a rounding on a thousandfold or less.
    assert scores[0] == pytest.approx(scores[1], rel=1e-10, abs=1e-10)


@pytest.mark.usefixtures("no_pictures")
def test_one_layer_cannot_do_xor(tmp_path: Path) -> None:
    # Minsky & Papert 1969: the best a single layer can say of all four points is one half; the loss stays at log 2.
    assert main(["train", "xor", "--hidden", "none", "--epochs", "200", "--quiet", "--out", str(tmp_path)]) == 0
    training = json.loads((tmp_path / "model.json").read_text())["extra"]["training"]
    assert training["stopped"] == "epochs"
    assert training["score"]["value"] <= 0.75


@pytest.mark.usefixtures("no_pictures")
def test_digits_learn_in_a_small_net(tmp_path: Path) -> None:
    options = ["--hidden", "none", "--epochs", "1", "--batch-size", "4", "--quiet"]
    assert main(["train", "digits", *options, "--out", str(tmp_path)]) == 0
    # Softmax regression reaches 90 % of the held-out digits after one pass; chance is 10 %.
    assert json.loads((tmp_path / "model.json").read_text())["extra"]["training"]["score"]["value"] > 0.8


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    "options",
    [
        ["--loss", "hinge", "--activation", "prelu", "--bias", "0.1"],
        ["--loss", "binary_cross_entropy", "--optimizer", "sgd", "--lr", "0.5"],
        ["--loss", "half_squared_error", "--output", "linear", "--l2", "0.001", "--optimizer", "adamw"],
    ],
)
def test_other_ways_to_teach(tmp_path: Path, options: list[str]) -> None:
    assert main(["train", "xor", *options, "--epochs", "3", "--quiet", "--out", str(tmp_path)]) == 0


def test_without_matplotlib_the_pictures_are_skipped_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "matplotlib.py").write_text("raise ImportError('not installed')\n")
    done = run(tmp_path, "train", "xor", "--epochs", "1", "--quiet")
    assert "pictures skipped: they need matplotlib (pip install matplotlib)" in done.stdout
    written = sorted(path.name for path in (tmp_path / "runs" / "xor").iterdir())
    assert written == ["graph.svg", "history.csv", "model.json"]


def test_divergence_is_told_and_exits_1(tmp_path: Path) -> None:
    (tmp_path / "slope.csv").write_text(SLOPE)
    done = run(
        tmp_path, "train", "slope.csv", "--target", "y", "--optimizer", "sgd", "--lr", "1e200", "--hidden", "none",
        "--quiet", code=1,
    )  # fmt: skip
    assert "DIVERGED" in done.stdout
    assert "--lr" in done.stdout
    assert (tmp_path / "runs" / "slope" / "history.csv").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_saves_what_there_is_and_exits_130(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nn", "train", "xor", "--epochs", "1000000", "--until-loss", "0"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    # The first line of progress appears after the first epoch, with a million to go.
    assert process.stderr.readline().startswith("epoch 1/1000000")
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "interrupted; what there is follows" in stdout
    assert "Traceback" not in stderr
    assert nn.load(tmp_path / "runs" / "xor" / "model.json").n_in == 2


@pytest.mark.parametrize(
    ("name", "run_name"),
    [
        ("...csv", "csv"),
        (".csv", "csv"),
        (" .csv", "csv"),
        ("a\nb.csv", "a_b"),
        ("no ending", "no ending"),
        ("\x01<", "__"),
    ],
)
def test_f19_a_file_of_any_name_is_trained_on_below_runs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    no_pictures: None,
    name: str,
    run_name: str,
) -> None:
    (tmp_path / name).write_text(FLOWERS)
    monkeypatch.chdir(tmp_path)
    assert main(["train", name, "--target", "kind", "--epochs", "1", "--hidden", "2", "--quiet"]) == 0
    assert sorted(os.listdir()) == sorted([name, "runs"])
    assert os.listdir("runs") == [run_name]
    assert {"model.json", "history.csv", "graph.svg"} <= set(os.listdir(Path("runs", run_name)))
    assert main(["predict", f"runs/{run_name}/model.json", name]) == 0
    assert capsys.readouterr().out.replace("\n", "").isprintable()
    ElementTree.parse(Path("runs", run_name, "graph.svg"))


@pytest.mark.parametrize("name", ["folder.csv", "a\nb.csv"])
def test_f19_what_cannot_be_read_is_named_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "a\nb.csv").write_text("x,y\n1,\n")
    assert main(["train", str(tmp_path / name), "--target", "y"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert name.replace("\n", "\\n") in line


# --- predict and inspect ----------------------------------------------------------------------------------------------


def test_predict_finds_columns_by_name(trained: Path) -> None:
    (trained / "new.csv").write_text("note;wide;colour;long\nfirst;0;red;6\nsecond;4;blue;0\n")
    done = run(trained, "predict", "flowers/model.json", "new.csv")
    header, *rows = done.stdout.splitlines()
    assert header == "note,wide,colour,long,prediction,probability"
    assert [row.split(",")[4] for row in rows] == ["rose", "lily"]
    assert all(0.5 <= float(row.split(",")[5]) <= 1.0 for row in rows)
    assert done.stderr == ""


def test_predict_of_a_regression_is_in_the_users_units(trained: Path) -> None:
    done = run(trained, "predict", "slope/model.json", "slope.csv", "--out", "answers.csv")
    assert "written to answers.csv: 40 predictions of 'y'" in done.stdout
    assert "R² on these rows: 0.9" in done.stdout
    rows = [line.split(",") for line in (trained / "answers.csv").read_text().splitlines()[1:]]
    # R² >= 0.9 leaves a mean error of at most sqrt(0.1) of the spread, which is 3 · 11.54.
    assert sum(abs(float(row[2]) - float(row[1])) for row in rows) / len(rows) < 0.32 * 3 * 11.6


def test_predict_counts_the_hits_when_the_target_is_there(trained: Path) -> None:
    done = run(trained, "predict", "flowers/model.json", "flowers.csv")
    assert "accuracy on these rows: " in done.stderr
    assert len(done.stdout.splitlines()) == 36


def test_inspect_shows_layers_purpose_and_training(trained: Path) -> None:
    done = run(trained, "inspect", "flowers/model.json")
    for words in ("MLP(4, [4, 1]", "4 -> 4", "4 -> 1", "reads: long, wide, colour", "says: kind, one of lily, rose"):
        assert words in done.stdout
    assert "held-out accuracy" in done.stdout


def test_inspect_of_a_model_saved_by_a_program(tmp_path: Path) -> None:
    nn.save(nn.MLP(2, [1], seed=0), tmp_path / "m.json")
    assert "no more is known: m.json has no recipe" in run(tmp_path, "inspect", "m.json").stdout


def test_a_reader_that_goes_away_is_no_traceback(trained: Path) -> None:
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


# --- every refusal: exit code 2 and the right words -------------------------------------------------------------------

TRAIN_ERRORS = [
    (["train", "digit"], r"no file of this name, and unknown data set 'digit'; did you mean 'digits'?"),
    (["train", "nothing.csv", "--target", "y"], "nothing.csv"),
    (["train", "flowers.csv"], "which column of flowers.csv is to be learned? --target COLUMN, one of: long, wide"),
    (["train", "flowers.csv", "--target", "kinds"], "unknown column 'kinds'; did you mean 'kind'?"),
    (["train", "flowers.csv", "--target", "kind", "--ignore", "wid"], "unknown column 'wid'; did you mean 'wide'?"),
    (["train", "flowers.csv", "--target", "kind", "--task", "regression"], "'lily' is not a number"),
    (["train", "gap.csv", "--target", "y"], "gap.csv line 3, column 'x': missing value"),
    (["train", "xor", "--target", "y"], "--target, --ignore, --task and --drop-missing are for CSV files"),
    (["train", "xor", "--loss", "cross_entropy"], "loss 'cross_entropy' does not fit the task 'binary'"),
    (["train", "xor", "--output", "relu"], "output activation 'relu' does not fit"),
    (["train", "xor", "--lr", "-1"], "'-1' is not a number above 0"),
    (["train", "xor", "--lr", "fast"], "'fast' is not a number above 0"),
    (["train", "xor", "--bias", "nan"], "'nan' is not a number"),
    (["train", "xor", "--epochs", "1.5"], "'1.5' is not a whole number of at least 1"),
    (["train", "xor", "--hidden", "3,x"], "write sizes as 32,16 or none"),
    (["train", "xor", "--activation", "tan"], "invalid choice: 'tan'"),
    (["train", "xor", "--out", "flowers.csv"], "flowers.csv"),
    (["predict", "model.json", "flowers.csv"], "model.json: No such file"),
    (["predict", "flowers.csv", "flowers.csv"], "flowers.csv: not a JSON file"),
    (["predict", "plain.json", "flowers.csv"], "plain.json has no recipe"),
    (["predict", "flowers/model.json", "gap.csv"], "the model needs the column 'long' and 2 more; the file has x, y"),
    (["predict", "flowers/model.json", "pink.csv"], "pink.csv line 2, column 'colour': 'pink' is none of the known"),
    (["inspect", "."], "Is a directory"),
    ([], "the following arguments are required: COMMAND"),
    (["teach"], "invalid choice: 'teach'"),
]


@pytest.mark.parametrize(("arguments", "words"), TRAIN_ERRORS)
def test_what_cannot_be_done_is_said_in_two_lines(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    (trained / "gap.csv").write_text("x,y\n1,a\n,b\n")
    (trained / "pink.csv").write_text("long,wide,colour\n1,2,pink\n")
    nn.save(nn.MLP(2, [1], seed=0), trained / "plain.json")
    monkeypatch.chdir(trained)
    try:
        code = main(arguments)
    except SystemExit as leaving:  # argparse leaves by itself
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
        (lambda text: as_schema_1(text).replace('"wide"', '"long"'), "extra.columns: two have one name"),
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
    """The model file as it was before there were checksums."""
    document = json.loads(text)
    del document["checksum"]
    return json.dumps(document | {"schema": 1})


def test_an_error_is_one_line_of_a_real_process(tmp_path: Path) -> None:
    done = run(tmp_path, "train", "digit", code=2)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


def test_help_shows_examples() -> None:
    for name in COMMANDS:
        done = run(ROOT, name, "--help")
        assert "example" in done.stdout
        assert f"python -m nn {name} " in done.stdout
        assert "exit codes: 0" in done.stdout
