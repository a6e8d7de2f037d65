"""Row F19: a damaged file is read as it was written, or rejected by one error with its name.

`python -m tests.nn.test_damaged_files 100000 model.json` tries that many of each kind and prints the outcomes.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn.cli.main import main
from nn.cluster.checkpoint import HEADER, memory
from nn.cluster.descent import Descent
from nn.cluster.lbfgs import Evaluation, Lbfgs
from nn.cluster.run import Settings, Validation
from nn.persistence.documents import StorageError
from nn.sweeps import Trial, _SavedTrials
from nn.train.config import Config
from nn.train.history import Epoch
from tests.nn.damage import bytes_damaged, json_damaged, zip_damaged
from tests.nn.recipes import RECIPE

pytestmark = pytest.mark.slow

SEEDS = st.integers(0, 2**63)
Damage = Callable[[bytes, Random], bytes]


# --- the files and their content --------------------------------------------------------------------------------------


def write_model(path: Path) -> None:
    nn.save(nn.MLP(3, [2, 3], hidden="tanh", seed=1), path, extra=RECIPE.to_json())
    (path.parent / "rows.csv").write_text("x,colour,y\n1,red,a\n2,blue,c\n")


def read_model(path: Path) -> Any:
    """The content of the file, and the output of the commands."""
    model, extra = nn.load_document(path)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        codes = [main(["inspect", str(path)]), main(["predict", str(path), str(path.parent / "rows.csv")])]
    lines = said.getvalue().splitlines()
    refused = [line.removeprefix("error: ") for line in lines if line.startswith(f"error: {path}")]
    if refused:
        assert codes[-1] == 2
        raise StorageError(refused[-1])
    return repr(model), [parameter.data.hex() for parameter in model.parameters()], extra, lines


class Quadratic:
    """An objective without a cluster."""

    counts, checksum = (4, 4), 7

    def __call__(self, theta: Any, _batch: Any = None) -> tuple[float, Any]:
        return float(theta @ theta), 2.0 * theta


class Silent:
    """A reporter that never stops a run."""

    def show(self, theta: Any) -> Validation:
        return None, None

    def take(self, row: Epoch) -> None:
        return None

    def advance(self, epochs: float) -> None:
        return None

    def describe(self) -> dict[str, Any]:
        return {}


START = np.array([1.0, -2.0, 0.5])


def config(optimizer: Any, epochs: int) -> Config:
    return Config.checked(
        loss="mse",
        optimizer=optimizer,
        lr=None,
        metric=None,
        l2=0.0,
        batch_size=None,
        epochs=epochs,
        seed=0,
        validation=None,
    )


def settings_for(path: Path, optimizer: Any) -> Settings:
    return Settings(config(optimizer, 3), Silent(), path, every=1)


def descent(path: Path) -> Descent:
    return Descent(Quadratic(), settings_for(path, nn.Adam(lr=0.1)), START)  # type: ignore[arg-type]


def write_descent(path: Path) -> None:
    path.unlink(missing_ok=True)
    descent(path).run()


def read_descent(path: Path) -> Any:
    run = descent(path)
    numbers, arrays = memory(run.optimizer)
    state = {key: value for key, value in run.state.numbers().items() if key != "seconds"}
    found = state, numbers, [(name, each.tobytes()) for name, each in sorted(arrays.items())]
    longer = replace(run.settings.config, epochs=run.state.epoch + 1)
    run.settings = replace(run.settings, config=longer, path=None)
    with np.errstate(all="ignore"):
        run.run()  # it can be resumed
    return found, run.state.before


def lbfgs(path: Path) -> Lbfgs:
    return Lbfgs(Quadratic(), settings_for(path, "lbfgs"), START)  # type: ignore[arg-type]


def write_lbfgs(path: Path) -> None:
    path.unlink(missing_ok=True)
    run = lbfgs(path)
    run.evaluations = [Evaluation(f"{i:016x}", 0.5 * i, START * i) for i in range(3)]
    run._save()


def read_lbfgs(path: Path) -> Any:
    run = lbfgs(path)
    return [(each.theta, each.loss, each.gradient.tobytes()) for each in run.evaluations], run.before


def write_sweep(path: Path) -> None:
    path.unlink(missing_ok=True)
    saved = _SavedTrials(path, ([1.0], [2.0]))
    saved.add(Trial({"lr": 0.1, "hidden": 4}, 0.25, None, 9, 8, "epochs", 1.5))
    saved.add(Trial({"lr": 1.0, "hidden": 4}, 0.5, 0.75, 9, 8, "time", 1.5))


def read_sweep(path: Path) -> Any:
    return _SavedTrials(path, ([1.0], [2.0])).trials


JSON: dict[str, Damage] = {
    "bytes": bytes_damaged,
    "values": lambda data, rng: json_damaged(data.decode(), rng).encode(),
}
SEALED_JSON: dict[str, Damage] = {"sealed": lambda data, rng: json_damaged(data.decode(), rng, seal=True).encode()}
ZIP: dict[str, Damage] = {
    "bytes": bytes_damaged,
    "members": lambda data, rng: zip_damaged(data, rng, HEADER),
}
SEALED_ZIP: dict[str, Damage] = {"sealed": lambda data, rng: zip_damaged(data, rng, HEADER, seal=True)}
FILES: dict[str, tuple[Callable[[Path], None], Callable[[Path], Any], dict[str, Damage], dict[str, Damage]]] = {
    "model.json": (write_model, read_model, JSON, SEALED_JSON),
    "descent.npz": (write_descent, read_descent, ZIP, SEALED_ZIP),
    "lbfgs.npz": (write_lbfgs, read_lbfgs, ZIP, SEALED_ZIP),
    "sweep.json": (write_sweep, read_sweep, JSON, SEALED_JSON),
}
DAMAGES = [(name, way) for name, (_, _, plain, _) in FILES.items() for way in plain]


# --- the tests ---------------------------------------------------------------------------------------------------


def outcome(read: Callable[[Path], Any], path: Path) -> Any:
    """The content of the file, or the error message; any other outcome fails the test."""
    try:
        return read(path)
    except StorageError as error:
        message = str(error)
        assert message.startswith((f"{path}: ", f"{path} has no recipe")), message
        assert "\n" not in message
        assert len(message) < len(str(path)) + 700
        return message


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, bytes]:
    """Every file, undamaged."""
    for name, (write, _, _, _) in FILES.items():
        write(folder / name)
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.mark.parametrize("name", FILES)
def test_f19_an_undamaged_file_is_read(folder: Path, whole: dict[str, bytes], name: str) -> None:
    (folder / name).write_bytes(whole[name])
    assert not isinstance(outcome(FILES[name][1], folder / name), str)


@pytest.mark.parametrize(("name", "way"), DAMAGES)
@given(seed=SEEDS)
def test_f19_a_damaged_file_is_unchanged_or_rejected(
    folder: Path, whole: dict[str, bytes], name: str, way: str, seed: int
) -> None:
    path, (_, read, plain, _) = folder / name, FILES[name]
    path.write_bytes(whole[name])
    original = read(path)
    path.write_bytes(plain[way](whole[name], Random(seed)))
    found = outcome(read, path)
    assert isinstance(found, str) or found == original


@pytest.mark.parametrize("name", FILES)
@given(seed=SEEDS)
def test_f19_an_edited_file_with_right_checksums_is_used_or_rejected(
    folder: Path, whole: dict[str, bytes], name: str, seed: int
) -> None:
    """Its checksums are right, so it was edited: it may differ from the original, but nothing may break."""
    path, (_, read, _, sealed) = folder / name, FILES[name]
    path.write_bytes(sealed["sealed"](whole[name], Random(seed)))
    outcome(read, path)


@pytest.mark.parametrize("name", FILES)
def test_f19_every_truncated_file_is_rejected(folder: Path, whole: dict[str, bytes], name: str) -> None:
    path, data = folder / name, whole[name].rstrip()
    for length in range(0, len(data), 1 + len(data) // 300):
        path.write_bytes(data[:length])
        assert isinstance(outcome(FILES[name][1], path), str), length


def _count(cases: int, names: list[str]) -> None:
    """Try `cases` of each kind."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            write, read, plain, sealed = FILES[name]
            path = Path(folder, name)
            write(path)
            data, original = path.read_bytes(), read(path)
            for way, damage in {**plain, **sealed}.items():
                outcomes: Counter[str] = Counter()
                for seed in range(cases):
                    path.write_bytes(damage(data, Random(seed)))
                    found = outcome(read, path)
                    kind = "refused" if isinstance(found, str) else "the same" if found == original else "another"
                    assert kind != "another" or way == "sealed", (name, way, seed)
                    outcomes[kind] += 1
                print(name, way, dict(outcomes), flush=True)


if __name__ == "__main__":
    _count(int(sys.argv[1]), sys.argv[2:] or list(FILES))
