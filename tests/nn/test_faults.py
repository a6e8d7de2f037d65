"""Every write of a run interrupted once, by Ctrl-C or a full disk: the old or the new state, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd.io.files import write_text
from autograd.io.together import replaced_together
from nn.cli import train as training
from nn.cli.main import main
from nn.cluster import checkpoint
from nn.sweeps import Trial, _SavedTrials
from nn.train.history import Epoch, History
from tests.nn.test_damaged_files import descent
from tests.support.faults import FAULTS, contents, interrupted_everywhere


def save_model(folder: Path, seed: int) -> None:
    nn.save(nn.MLP(2, [1], seed=seed), folder / "model.json")


def save_history(folder: Path, seed: int) -> None:
    History([Epoch(1, loss=0.5 + seed)]).save_csv(folder / "history.csv")


def save_trials(folder: Path, seed: int) -> None:
    trials = _SavedTrials(None, ([1.0], [2.0]))
    trials.path = folder / "sweep.json"
    trials.add(Trial({"lr": 0.1}, 0.25 + seed, None, 9, 8, "epochs", 1.5))


def save_checkpoint(folder: Path, seed: int) -> None:
    checkpoint.save(folder / "run.npz", {"seed": 7}, {"step": seed}, {"theta": np.array([0.1, seed])})


def save_together(folder: Path, seed: int) -> None:
    with replaced_together(folder, stale=["old.svg"] if seed else []) as new:
        for name in ("a.json", "b.csv", "old.svg"):
            if not (seed and name == "old.svg"):
                write_text(Path(new, name), f"{name} {seed}")


WRITERS: dict[str, Callable[[Path, int], None]] = {
    "model": save_model,
    "history": save_history,
    "sweep": save_trials,
    "checkpoint": save_checkpoint,
    "files together": save_together,
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("first", [True, False], ids=["new", "existing"])
def test_an_interrupted_write_leaves_the_old_or_the_new_state(tmp_path: Path, name: str, first: bool) -> None:
    write, folder = WRITERS[name], tmp_path / "run"

    def prepare() -> None:
        for path in folder.rglob("*") if folder.exists() else ():
            path.unlink()
        folder.mkdir(exist_ok=True)
        if not first:
            write(folder, 0)

    prepare()
    old = contents(folder)
    write(folder, 1)
    new = contents(folder)
    assert old != new
    for fault in interrupted_everywhere(lambda: write(folder, 1), prepare):
        assert contents(folder) in (old, new), fault


@pytest.mark.slow
def test_an_interrupted_training_resumes_with_the_same_bits(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    whole = descent(path)
    whole.run()
    expected = whole.state.theta.tobytes()
    for fault in interrupted_everywhere(lambda: descent(path).run(), lambda: path.unlink(missing_ok=True), FAULTS[1:]):
        assert set(contents(tmp_path)) <= {"run.npz"}, fault
        resumed = descent(path)
        resumed.run()
        assert resumed.state.theta.tobytes() == expected, fault


def test_e5_results_are_numbered_and_replaced_only_by_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Row E5; the pictures of an earlier run go, since they are not those of the new model."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr(training, "_draw_sample", lambda job: [])
    monkeypatch.chdir(tmp_path)
    command = ["train", "xor", "--hidden", "none", "--epochs", "1", "--no-compile", "--quiet"]
    for name in ("xor", "xor-2"):
        assert main(command) in (0, 1)
        assert Path("runs", name, "model.json").exists()
    Path("runs", "xor", "loss.svg").write_text("old")
    Path("runs", "xor", "mine.txt").write_text("kept")
    capsys.readouterr()
    assert main([*command, "--out", "runs/xor"]) in (0, 1)
    assert "note: the results in runs/xor will be replaced" in capsys.readouterr().out
    assert set(contents(Path("runs", "xor"))) == {"model.json", "history.csv", "report.json", "mine.txt"}


@pytest.mark.parametrize("during", ["evaluate", "_print_hints", "_check_gradients"])
def test_ctrl_c_after_the_training_does_not_lose_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, during: str
) -> None:
    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(training, during, interrupted)
    monkeypatch.chdir(tmp_path)
    assert main(["train", "xor", "--hidden", "none", "--epochs", "1", "--no-compile", "--quiet"]) == 130
    assert nn.load(Path("runs", "xor", "model.json")).n_in == 2
    assert main(["inspect", "runs/xor/model.json"]) == 0


@pytest.mark.slow
def test_an_interrupted_command_leaves_a_model_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr(training, "_draw_sample", lambda job: [])
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{i * i % 7},{i % 2}\n" for i in range(8)))
    monkeypatch.chdir(tmp_path)
    command = ["train", "t.csv", "--target", "y", "--hidden", "none", "--epochs", "1", "--no-compile", "--quiet"]

    def prepare() -> None:
        for path in sorted(Path("runs").rglob("*"), reverse=True) if Path("runs").exists() else ():
            path.rmdir() if path.is_dir() else path.unlink()

    assert main(command) in (0, 1)
    expected = (tmp_path / "runs" / "t" / "model.json").read_bytes()
    whole = {"t", *(f"t/{name}" for name in ("model.json", "history.csv", "report.json"))}
    codes = set()
    for fault in interrupted_everywhere(lambda: codes.add(main(command)), prepare, FAULTS[:1]):
        found = contents(tmp_path / "runs") if Path("runs").exists() else {}
        assert set(found) in (set(), {"t"}, whole), fault  # an empty folder is no state
        assert found.get("t/model.json", expected) == expected, fault
    assert codes <= {0, 1, 2, 130}
