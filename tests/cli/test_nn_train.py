"""`python -m nn train`: results, files and exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import nn
from nn.cli.main import main
from tests.cli.nn_process import ENVIRONMENT, FLOWERS, SLOPE, run, run_here, without_pictures

pytestmark = pytest.mark.slow
FILES = {"graph.html", "graph.svg", "history.csv", "model.json", "report.json"}  # besides the pictures by matplotlib


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the pictures, which take most of the time of a small run."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)


def test_train_xor_solves_it_and_writes_everything(tmp_path: Path) -> None:
    done = run(tmp_path, "train", "xor")
    for words in (
        "accuracy: 100.00% (4 of 4)",
        "the training loss reached the target",
        "gradient check of one sample",
        "engine: compiled in ",
    ):
        assert words in done.stdout
    assert "next: python -m nn inspect" in done.stdout
    assert done.stderr.startswith("epoch 1/1000  loss ")
    written = {path.name for path in (tmp_path / "runs" / "xor").iterdir()}
    assert written == {"boundary.svg", "calibration.svg", "confusion.svg", "loss.svg", *FILES}
    model = nn.load(tmp_path / "runs" / "xor" / "model.json")
    assert [model([float(a), float(b)]).data > 0 for a in (0, 1) for b in (0, 1)] == [False, True, True, False]


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("seed", range(1, 4))
def test_xor_is_solved_from_other_seeds(tmp_path: Path, seed: int) -> None:
    assert main(["train", "xor", "--quiet", "--seed", str(seed), "--out", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "model.json").read_text())["extra"]["training"]["score"]["value"] == 1.0


def test_same_seed_same_bytes_in_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["train", "moons", "--epochs", "1", "--quiet", "--hidden", "4", "--out"]
    assert main([*command, str(tmp_path / "a")]) == 0
    subprocess.run(
        [sys.executable, "-m", "nn", *command, "b"],
        cwd=tmp_path, env=ENVIRONMENT | {"PYTHONHASHSEED": "2"}, check=True, capture_output=True,
    )  # fmt: skip
    for name in ("model.json", "report.json", "loss.svg", "boundary.svg", "importance.svg", "calibration.svg"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["train", "xor", "--epochs", "3", "--quiet", "--seed", "1", "--out", str(tmp_path / "c")]) == 0
    assert (tmp_path / "a" / "model.json").read_bytes() != (tmp_path / "c" / "model.json").read_bytes()


@pytest.mark.usefixtures("no_pictures")
def test_no_compile_gives_the_same_result_eagerly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = []
    for name, options in (("compiled", []), ("eager", ["--no-compile"])):
        command = ["train", "moons", "--hidden", "4", "--epochs", "2", "--quiet", "--out", str(tmp_path / name)]
        assert main([*command, *options]) == 0
        model = nn.load(tmp_path / name / "model.json")
        scores.append([parameter.data for parameter in model.parameters()])
    assert "engine: eager\n" in capsys.readouterr().out
    # 50 steps of Adam, which divides a gradient by its size, amplify a rounding at most a thousand times.
    assert scores[0] == pytest.approx(scores[1], rel=1e-10, abs=1e-10)


@pytest.mark.usefixtures("no_pictures")
def test_one_layer_cannot_do_xor(tmp_path: Path) -> None:
    # Minsky & Papert 1969: a single layer can at best predict one half for all four points; the loss stays at log 2.
    assert main(["train", "xor", "--hidden", "none", "--epochs", "200", "--quiet", "--out", str(tmp_path)]) == 0
    training = json.loads((tmp_path / "model.json").read_text())["extra"]["training"]
    assert training["stopped"] == "epochs"
    assert training["score"]["value"] <= 0.75


@pytest.mark.usefixtures("no_pictures")
def test_a_small_network_learns_digits(tmp_path: Path) -> None:
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
def test_other_losses_outputs_and_optimizers(tmp_path: Path, options: list[str]) -> None:
    assert main(["train", "xor", *options, "--epochs", "3", "--quiet", "--out", str(tmp_path)]) == 0


@pytest.mark.usefixtures("no_pictures")
def test_without_matplotlib_the_pictures_are_skipped_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run_here(tmp_path, capsys, "train", "xor", "--epochs", "1", "--quiet")
    assert "pictures skipped: they need matplotlib (pip install matplotlib)" in done.stdout
    assert {path.name for path in (tmp_path / "runs" / "xor").iterdir()} == FILES


@pytest.mark.usefixtures("no_pictures")
def test_divergence_is_reported_and_exits_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "slope.csv").write_text(SLOPE)
    done = run_here(
        tmp_path, capsys, "train", "slope.csv", "--target", "y", "--optimizer", "sgd", "--lr", "1e200",
        "--hidden", "none", "--quiet", code=1,
    )  # fmt: skip
    assert "DIVERGED" in done.stdout
    assert "--lr" in done.stdout
    assert (tmp_path / "runs" / "slope" / "history.csv").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_saves_the_results_so_far_and_exits_with_130(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nn", "train", "xor", "--epochs", "1000000", "--until-loss", "0"]
    without_pictures(tmp_path)
    process = subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    # The first line of progress appears after the first epoch, with a million to go.
    assert process.stderr.readline().startswith("epoch 1/1000000")
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "interrupted; the results so far follow" in stdout
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
def test_f19_a_file_with_any_name_is_accepted_and_its_results_are_in_runs(
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
    assert set(os.listdir(Path("runs", run_name))) == FILES
    assert main(["predict", f"runs/{run_name}/model.json", name]) == 0
    assert capsys.readouterr().out.replace("\n", "").isprintable()
    ElementTree.parse(Path("runs", run_name, "graph.svg"))


@pytest.mark.parametrize("name", ["folder.csv", "a\nb.csv"])
def test_f19_an_unreadable_file_is_named_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "a\nb.csv").write_text("x,y\n1,\n")
    assert main(["train", str(tmp_path / name), "--target", "y"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert name.replace("\n", "\\n") in line


SICK = "patient,day,x,sick\n" + "".join(
    f"p{i % 9},2026-{1 + i // 28:02d}-{1 + i % 28:02d},{i % 11},{'yes' if i % 11 > 7 else 'no'}\n" for i in range(330)
)


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["--groups", "patient", "--class-weight", "balanced", "--folds", "2"],
            ["(whole groups of 'patient')", "cross-validation: accuracy ", "early stopping: after 1 epoch without"],
        ),
        (
            ["--time", "day", "--class-weights", "yes=2"],
            ["(the last, by 'day')", "day      left out: it orders the rows"],
        ),
    ],
    ids=["groups", "time"],
)
def test_groups_time_folds_and_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: list[str]
) -> None:
    (tmp_path / "sick.csv").write_text(SICK)
    rest = ["--quiet", "--epochs", "2", "--hidden", "2", "--patience", "1"]
    done = run_here(tmp_path, capsys, "train", "sick.csv", "--target", "sick", *rest, *options)
    assert [word for word in words if word not in done.stdout] == []
    report = json.loads((tmp_path / "runs" / "sick" / "report.json").read_text())
    assert len(report["folds"]) == (2 if "--folds" in options else 0)
    assert len(report["held_out_loss_by_epoch"]) == 2
    assert sum(map(sum, report["confusion_matrix"])) == report["score"]["samples"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--groups", "patients"], "unknown column 'patients'; did you mean 'patient'?"),
        (["--groups", "patient", "--time", "day"], "by groups or by time, not by both"),
        (["--folds", "1"], "'1' is not an integer of at least 2"),
        (["--test-size", "20"], "'20' is not a fraction between 0 and 1"),
        (["--class-weight", "maybe=2"], "unknown class 'maybe'"),
        (["--folds", "2", "--cluster", "1"], "--class-weight and --folds are for training without --cluster"),
    ],
)
def test_wrong_splits_are_usage_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    (tmp_path / "sick.csv").write_text(SICK)
    done = run_here(tmp_path, capsys, "train", "sick.csv", "--target", "sick", *options, code=2)
    assert words in done.stderr
    assert not (tmp_path / "runs").exists()


def test_f19_a_network_that_no_file_holds_is_refused_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "xor", "--hidden", "1000000000", "--out", str(tmp_path / "run")]) == 2
    assert "of the sizes 2, 1000000000, 1 has 4,000,000,001 parameters, more than" in capsys.readouterr().err


def test_the_curve_of_held_out_losses_ends_with_the_loss_of_the_report(tmp_path: Path) -> None:
    rest = ["--quiet", "--hidden", "2", "--epochs", "2", "--no-early-stopping", "--split-seed", "1"]
    assert main(["train", "moons", *rest, "--out", str(tmp_path)]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    training = json.loads((tmp_path / "model.json").read_text())["extra"]["training"]
    curve = report["held_out_loss_by_epoch"]
    # Eager and compiled losses differ by rounding.
    assert curve[training["best_epoch"] - 1] == pytest.approx(report["calibration"]["log_loss"], rel=1e-12)
    assert "held-out loss" in (tmp_path / "loss.svg").read_text()
    assert "<!-- x1 -->" in (tmp_path / "boundary.svg").read_text()
    assert ">x1<" in (tmp_path / "graph.svg").read_text()
