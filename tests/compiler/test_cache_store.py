"""The compiler's cache on disk: its files, where it is, and the rest of the package (issue 16, part 6)."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import CompileError, Value
from autograd.compiler import keeper
from autograd.compiler.cache import store
from autograd.compiler.cache.directory import VARIABLE, directory, platform_directory
from autograd.compiler.cache.store import MAGIC, OBJECT, PROGRAM, Store
from tests.compiler.cached import (
    KEY,
    ROOT,
    entries,
    made,
    outcome,
    spread,
    swish,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_cache_variable")]


# --- several at once --------------------------------------------------------------------------------------------------

WRITER = """
import sys
from autograd.compiler.cache.store import PROGRAM, Store
place, mine = Store(sys.argv[1]), sys.argv[2].encode() * 30_000
known = {each * 30_000 for each in (b"a", b"b")}
print("ready", flush=True)
sys.stdin.readline()
for _ in range(200):
    assert place.write("ab" * 32, PROGRAM, mine) == ""
    assert place.read("ab" * 32, PROGRAM) in known
"""


def test_two_writers_at_once(tmp_path: Path) -> None:
    """A reader has one whole entry or the other."""
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    writers = [
        subprocess.Popen([*command, mine], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for mine in "ab"
    ]
    for each in writers:
        assert each.stdout is not None
        each.stdout.readline()
    for each in writers:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    for each in writers:
        each.communicate(timeout=300)
    assert [each.returncode for each in writers] == [0, 0]
    assert [path.name for path in tmp_path.iterdir()] == [f"{KEY}.{PROGRAM}"]


# --- the store --------------------------------------------------------------------------------------------------------


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size is looked at by the first write of a process, and then by every so many."""
    size = 300 + len(MAGIC) + 32
    monkeypatch.setattr(store, "LIMIT", 4 * size + 100)
    monkeypatch.setattr(store, "_writes", {str(tmp_path): 1})
    place, keys = Store(str(tmp_path)), [f"{i:064x}" for i in range(6)]
    for age, key in zip((500, 400, 300, 200, 100), keys, strict=False):
        place.write(key, PROGRAM, b"x" * 300)
        then = (tmp_path / f"{key}.{PROGRAM}").stat().st_mtime - age
        os.utime(tmp_path / f"{key}.{PROGRAM}", (then, then))
    assert len(place.entries()) == 5
    assert place.read(keys[0], PROGRAM)  # the oldest is used
    monkeypatch.setattr(store, "_writes", {})
    place.write(keys[5], PROGRAM, b"x" * 300)
    assert {each.name.split(".")[0] for each in place.entries()} == {keys[0], keys[3], keys[4], keys[5]}


def test_an_entry_that_would_fill_the_cache_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LIMIT", 4_000)
    assert Store(str(tmp_path)).write(KEY, PROGRAM, b"x" * 1_001).startswith("its 0 MB would leave")
    assert Store(str(tmp_path)).write(KEY, PROGRAM, b"x" * 1_000) == ""


def test_what_a_killed_writer_left_is_removed_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_writes", {})
    left = tmp_path / f".{KEY}.{PROGRAM}.0123456789abcdef"
    fresh = tmp_path / f".{KEY}.{PROGRAM}.fedcba9876543210"
    for path in (left, fresh):
        path.write_bytes(b"half")
    then = left.stat().st_mtime - 2.0 * store.ABANDONED
    os.utime(left, (then, then))
    Store(str(tmp_path)).write(KEY, PROGRAM, b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {fresh.name, f"{KEY}.{PROGRAM}"}


def test_clearing_leaves_what_is_not_ours(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "thesis.program").write_text("mine")
    (tmp_path / f"{KEY}.{OBJECT}").mkdir()
    assert len(Store(str(tmp_path)).clear()) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"thesis.program", f"{KEY}.{OBJECT}"}


# --- where ------------------------------------------------------------------------------------------------------------


def test_the_variable_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(sys, "platform", "linux")
    usual = str(tmp_path / "xdg" / "scalar-autograd")
    for text, found in [("", None), ("0", None), ("1", usual), (str(tmp_path / "a"), str(tmp_path / "a"))]:
        monkeypatch.setenv(VARIABLE, text)
        assert directory() == found
        assert directory(False) is None
        assert directory(True) == usual
        assert directory("/b") == "/b"
    monkeypatch.setenv(VARIABLE, str(tmp_path / "by variable"))
    assert outcome(made(None)) == "written"
    assert outcome(made(False)) == "none"
    assert entries(tmp_path / "by variable") == 1


@pytest.mark.parametrize(
    ("system", "variables", "parts"),
    [
        ("linux", {"XDG_CACHE_HOME": "relative"}, (".cache",)),
        ("linux", {"XDG_CACHE_HOME": ""}, (".cache",)),
        ("darwin", {"XDG_CACHE_HOME": "/elsewhere"}, ("Library", "Caches")),
        ("win32", {"LOCALAPPDATA": ""}, ("AppData", "Local")),
    ],
)
def test_the_folder_of_the_platform(
    system: str, variables: dict[str, str], parts: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert platform_directory() == str(tmp_path.joinpath(*parts, "scalar-autograd"))


@pytest.mark.parametrize("value", [3, "", "a\0b", b"bytes", ["list"]])
def test_an_option_that_names_no_directory_is_refused(value: Any) -> None:
    with pytest.raises(CompileError, match=r"cache=.* is not supported; use True, False, None or a directory"):
        autograd.compile(swish, cache=value)


def test_a_path_is_that_of_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    compiled = autograd.compile(swish, cache="here")
    monkeypatch.chdir("/")
    compiled(1.0, 2.0)
    assert entries(tmp_path / "here") == 1


# --- with the rest ----------------------------------------------------------------------------------------------------


def test_pickled_functions_are_those_without_a_cache(tmp_path: Path) -> None:
    made(tmp_path / "cache", spread)
    second = made(tmp_path / "cache", spread)
    shutil.rmtree(tmp_path / "cache")
    copy = pickle.loads(pickle.dumps(second))
    assert copy.value_and_grad([0.5, -1.0, 2.0]) == second.answer == made(False, spread).answer
    assert copy.source == second.source
    assert outcome(copy) == "none"
    assert not (tmp_path / "cache").exists()


def test_training_with_the_variable_set_has_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def trained() -> list[float]:
        model = nn.MLP(2, [8, 1], seed=0)
        rng = np.random.default_rng(0)
        x = rng.normal(size=(20, 2))
        nn.fit(model, x, np.sign(x[:, :1] * x[:, 1:]), loss=nn.hinge, epochs=3, seed=0)
        return [parameter.data for parameter in model.parameters()]

    usual = trained()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert trained() == usual
    assert entries(tmp_path) > 0
    assert trained() == usual


def test_parameters_are_read_at_each_call(tmp_path: Path) -> None:
    for _ in range(2):
        w = Value(3.0)
        compiled = autograd.compile(lambda x, w=w: w * x, parameters=[w], cache=tmp_path)
        assert compiled(2.0) == (6.0, np.array([2.0]))
        w.data = 5.0
        assert compiled(2.0) == (10.0, np.array([2.0]))
    assert outcome(compiled) == "read"


def test_a_keeper_without_a_cache_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "key_of", None)
    monkeypatch.setattr(keeper, "read", None)
    assert outcome(made(None)) == "none"
