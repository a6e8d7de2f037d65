"""Commands whose output is closed or full (row E1), with buffered and unbuffered streams."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograd
import nn
from autograd.io import streams
from nn.cli.main import main
from tests.cli.nn_process import without_pictures

pytestmark = pytest.mark.slow

ROOT = Path(autograd.__file__).parents[1]
# No PYTHONUNBUFFERED: with it, a write fails at once, and the flush at the end of the interpreter is not tested.
BARE = {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}
PROGRAM = "from autograd import Value\nx = Value(2.0, label='x')\nloss = x * x\nprint('before')\nloss.backward()\n"
NN = {
    "train": ["train", "xor", "--epochs", "1"],
    "predict": ["predict", "model.json", "rows.csv"],
    "inspect": ["inspect", "model.json"],
}
AUTOGRAD = {
    "check": ["check", "x*x", "x=3"],
    "draw": ["draw", "x*x", "x=3"],
    "explore": ["explore", "x*x", "x=3", "-o", "graph.html"],
    "replay": ["replay", "x*x", "x=3", "-o", "page.html"],
    "exercise": ["exercise", "--solution"],
    "step": ["step", "x*x", "x=3"],
}
PRINTING = [("nn", NN[name]) for name in NN] + [("autograd", AUTOGRAD[name]) for name in AUTOGRAD]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streams")
    (folder / "slope.csv").write_text("x,y\n" + "".join(f"{i},{3 * i + 0.5}\n" for i in range(40)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "matplotlib", None)
        assert main(["train", f"{folder}/slope.csv", "--target", "y", "--out", str(folder), "--quiet"]) == 0
    (folder / "rows.csv").write_text("x,y\n1,2\n")
    without_pictures(folder)
    return folder


def command(module: str, arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


@pytest.fixture
def gone() -> Iterator[int]:
    """The writing end of a pipe that its reader has closed."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
@pytest.mark.parametrize(
    ("module", "arguments", "buffered"),
    [(*each, True) for each in PRINTING] + [("nn", NN["train"], False), ("autograd", AUTOGRAD["check"], False)],
)
def test_a_reader_that_goes_away_is_exit_1_without_a_word(
    folder: Path, gone: int, module: str, arguments: list[str], buffered: bool
) -> None:
    environment = BARE if buffered else BARE | {"PYTHONUNBUFFERED": "1"}
    done = subprocess.run(
        command(module, arguments),
        cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=gone, stderr=subprocess.PIPE, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert [line for line in done.stderr.splitlines() if not line.startswith(("epoch", "R²"))] == []  # progress, score


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
@pytest.mark.parametrize(
    ("module", "arguments", "code"),
    [
        ("nn", ["inspect", "nowhere.json"], 2),  # the error has no reader
        ("nn", ["train", "xor", "--epochs", "1", "--out", "out"], 1),  # the progress has none
        ("nn", ["predict", "model.json", "rows.csv"], 1),  # the score has none
        ("nn", ["--help"], 0),
        ("autograd", ["check", "x*", "x=3"], 2),
        ("autograd", ["check", "--help"], 0),
    ],
)
def test_both_streams_gone_leave_the_exit_code(
    folder: Path, gone: int, module: str, arguments: list[str], code: int
) -> None:
    done = subprocess.run(
        command(module, arguments), cwd=folder, env=BARE, stdout=gone, stderr=gone, timeout=120, check=False
    )
    assert done.returncode == code


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize(("module", "arguments"), [("nn", NN["predict"]), ("autograd", AUTOGRAD["check"])])
def test_a_full_disk_is_one_line(folder: Path, module: str, arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command(module, arguments),
            cwd=folder,
            env=BARE,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert os.strerror(errno.ENOSPC) in done.stderr.splitlines()[-1]
    assert "Exception ignored" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="there is no such shell")
@pytest.mark.parametrize(("module", "arguments"), [("nn", NN["predict"]), ("autograd", AUTOGRAD["check"])])
def test_closed_streams_are_not_an_error(folder: Path, module: str, arguments: list[str]) -> None:
    line = subprocess.list2cmdline(command(module, arguments)).replace("*", "'*'")
    for closed in (">&-", "2>&-", ">&- 2>&-"):
        done = subprocess.run(
            ["sh", "-c", f"{line} {closed}"], cwd=folder, env=BARE, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "accuracy" not in done.stdout
        assert "R²" not in done.stdout, "stderr must not get into the table"


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_with_a_closed_pipe_is_130(tmp_path: Path, gone: int) -> None:
    (tmp_path / "program.py").write_text(PROGRAM + "while True: pass\n")
    with subprocess.Popen(
        command("autograd", ["check", "program.py:loss"]),
        cwd=tmp_path, env=BARE | {"PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, stderr=gone, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "before\n"
        process.stdout.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130


def test_streams_without_a_file_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Broken())
    streams.flush_streams()


# --- what was learned is saved ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of an undisturbed run."""
    folder = tmp_path_factory.mktemp("learned")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "matplotlib", None)
        assert main([*TRAINING, "--out", str(folder), "--quiet"]) == 0
    return {name: (folder / name).read_bytes() for name in KEPT}


TRAINING = ["train", "xor", "--epochs", "20"]
KEPT = ("model.json", "graph.svg", "graph.html")  # the same for the same seed, to the byte


def trained(folder: Path, **streams: int) -> tuple[int, str, dict[str, bytes]]:
    """Exit code, messages and files of a run."""
    without_pictures(folder)
    done = subprocess.run(
        command("nn", [*TRAINING, "--out", "out"]),
        cwd=folder, env=BARE, timeout=120, check=False, **{"stderr": subprocess.PIPE, **streams},
    )  # fmt: skip
    messages = [line for line in (done.stderr or b"").decode().splitlines() if not line.startswith("epoch ")]
    return done.returncode, "\n".join(messages), {name: (folder / "out" / name).read_bytes() for name in KEPT}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
@pytest.mark.parametrize(("streams", "code"), [(["stdout"], 1), (["stderr"], 0), (["stdout", "stderr"], 1)])
def test_a_training_that_nobody_reads_is_saved(
    tmp_path: Path, gone: int, learned: dict[str, bytes], streams: list[str], code: int
) -> None:
    given = {"stdout": subprocess.DEVNULL} | dict.fromkeys(streams, gone)
    assert trained(tmp_path, **given) == (code, "", learned)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_training_whose_report_fills_the_disk_is_saved_and_says_so(tmp_path: Path, learned: dict[str, bytes]) -> None:
    with open("/dev/full", "w") as full:
        code, messages, files = trained(tmp_path, stdout=full.fileno())
    assert (code, messages, files) == (2, f"error: [Errno {errno.ENOSPC}] {os.strerror(errno.ENOSPC)}", learned)


def test_fit_goes_on_when_its_progress_cannot_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(sys, "stderr", Full())
    history = nn.fit(nn.MLP(1, [1], seed=0), [[0.0], [1.0]], [0.0, 1.0], epochs=5, progress=True)
    assert len(history) == 5
