"""The compiler's cache on disk: what is damaged, foreign, or cannot be written (issue 16, part 6)."""

from __future__ import annotations

import errno
import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autograd
from autograd.compiler.cache.objects import object_code, using
from autograd.compiler.cache.store import MAGIC, OBJECT, PROGRAM, Store
from tests.compiler.cached import (
    POSIX,
    flipped,
    made,
    only,
    outcome,
    spread,
    swish,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_cache_variable")]


# --- damage -----------------------------------------------------------------------------------------------------------


def test_truncated_files_and_flipped_bits_are_no_entries(tmp_path: Path) -> None:
    made(tmp_path, backend="numpy")
    path = only(tmp_path)
    whole, key = path.read_bytes(), path.stem
    assert Store(str(tmp_path)).read(key, PROGRAM)
    damaged = [whole[:end] for end in range(0, len(whole), 100)] + [whole[:-1], whole + b"\0"]
    rng = random.Random(0)
    for at in range(0, len(whole), 50):
        data = bytearray(whole)
        data[at] ^= 1 << rng.randrange(8)
        damaged.append(bytes(data))
    for data in damaged:
        path.write_bytes(data)
        assert Store(str(tmp_path)).read(key, PROGRAM) is None


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def of_another_format(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(MAGIC, b"scalar-autograd cache 2\n"))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def foreign(path: Path) -> None:
    path.write_bytes(pickle.dumps(Path))


def renamed(path: Path) -> None:
    """Another key's entry under this name: its digest is for its own name."""
    made(path.parent, lambda x, y: x + y, backend="numpy")
    (other,) = set(path.parent.glob("*.program")) - {path}
    other.replace(path)


@pytest.mark.parametrize("damage", [truncated, flipped, of_another_format, emptied, foreign, renamed])
def test_a_damaged_entry_is_made_again_and_replaced(damage: Callable[[Path], None], tmp_path: Path) -> None:
    first = made(tmp_path, backend="numpy")
    path = only(tmp_path)
    whole = path.read_bytes()
    damage(path)
    second = made(tmp_path, backend="numpy")
    assert (outcome(second), second.answer) == ("written", first.answer)
    assert path.read_bytes() == whole


CONTENTS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda content: b"",
    "a long header": lambda content: b"\xff" * 8 + content[8:],
    "no JSON": lambda content: content[:8] + b"x" + content[9:],
    "other JSON": lambda content: (2).to_bytes(8, "little") + b"[]",
    "no fields": lambda content: (24).to_bytes(8, "little") + b'{"arrays":[],"data":{}} ',
    "deep JSON": lambda content: (200_000).to_bytes(8, "little") + b"[" * 200_000,
    "another form": lambda content: content.replace(b'"form":"map"', b'"form":"mop"'),
    "another row": lambda content: content.replace(b'"row":"mul"', b'"row":"mol"'),
    "another class": lambda content: content.replace(b'"Operand"', b'"Operund"'),
    "another file": lambda content: content.replace(b'"kind":"shared"', b'"kind":"shored"'),
    "another back end": lambda content: content.replace(b'"name":"numpy"', b'"name":"nimpy"'),
    "objects": lambda content: content.replace(b'"<f8"', b'"|O8"').replace(b'"<i4"', b'"|O4"'),
    "fewer numbers": lambda content: content[:-4],
    "other lanes": lambda content: content[:-800] + b"\x7f" * 800,
}


@pytest.mark.parametrize("name", CONTENTS)
def test_content_that_is_no_program_is_ignored_whatever_its_digest(name: str, tmp_path: Path) -> None:
    first = made(tmp_path, backend="numpy")
    key, place = only(tmp_path).stem, Store(str(tmp_path))
    whole = place.read(key, PROGRAM)
    assert whole is not None
    changed = CONTENTS[name](whole)
    assert changed != whole
    assert place.write(key, PROGRAM, changed) == ""
    second = made(tmp_path, backend="numpy")
    assert (outcome(second), second.answer) == ("written", first.answer)
    assert place.read(key, PROGRAM) == whole


def test_a_program_that_gives_other_numbers_is_ignored(tmp_path: Path) -> None:
    """An entry was verified when it was written; what it gives is still compared with the recorded number."""
    first = made(tmp_path, backend="numpy")
    key, place = only(tmp_path).stem, Store(str(tmp_path))
    made(tmp_path, lambda x, y: swish(x, y) * 1.5, backend="numpy")
    (other,) = {path.stem for path in tmp_path.glob("*.program")} - {key}
    content = place.read(other, PROGRAM)
    assert content is not None
    place.write(key, PROGRAM, content)
    assert (outcome(again := made(tmp_path, backend="numpy")), again.answer) == ("written", first.answer)


def test_a_program_that_gives_fewer_numbers_is_ignored(tmp_path: Path) -> None:
    def several(x: Any) -> Any:
        return [x * 2.0, x * 3.0]

    first = autograd.compile(lambda x: x * 2.0, backend="numpy", cache=tmp_path)
    first(1.0)
    one = only(tmp_path).stem
    assert autograd.compile(several, backend="numpy", cache=tmp_path)(1.0) == [2.0, 3.0]
    (two,) = {path.stem for path in tmp_path.glob("*.program")} - {one}
    place = Store(str(tmp_path))
    content = place.read(one, PROGRAM)
    assert content is not None
    place.write(two, PROGRAM, content)
    again = autograd.compile(several, backend="numpy", cache=tmp_path)
    assert (again(1.0), outcome(again)) == ([2.0, 3.0], "written")


def test_damaged_object_code_is_made_again(tmp_path: Path) -> None:
    emitted: list[bytes] = []

    def emit() -> bytes:
        emitted.append(b"machine code")
        return emitted[-1]

    with using(str(tmp_path)):
        assert [object_code(("text", "cpu"), emit) for _ in range(2)] == [b"machine code"] * 2
        assert len(emitted) == 1
        path = only(tmp_path, OBJECT)
        whole = path.read_bytes()
        flipped(path)
        assert object_code(("text", "cpu"), emit) == b"machine code"
    assert (len(emitted), path.read_bytes()) == (2, whole)


def test_a_program_runs_where_its_object_code_is_damaged(tmp_path: Path) -> None:
    pytest.importorskip("llvmlite")
    answer = made(tmp_path, backend="llvm").answer
    for path in tmp_path.glob(f"*.{OBJECT}"):
        flipped(path)
    assert made(tmp_path, backend="llvm").answer == answer


# --- whose files ------------------------------------------------------------------------------------------------------


@POSIX
def test_files_of_others_are_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(tmp_path)
    usual = os.fstat

    def of_another(descriptor: int) -> os.stat_result:
        facts = list(usual(descriptor))
        facts[4] += 1
        return os.stat_result(facts)

    monkeypatch.setattr(os, "fstat", of_another)
    second = made(tmp_path)
    assert (outcome(second), second.answer) == ("written", first.answer)


@POSIX
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_files_that_others_may_write_are_ignored(mode: int, tmp_path: Path) -> None:
    made(tmp_path)
    only(tmp_path).chmod(mode)
    assert outcome(made(tmp_path)) == "written"
    assert outcome(made(tmp_path)) == "read"


def linked(path: Path) -> None:
    path.rename(path.parent / "elsewhere")
    path.symlink_to(path.parent / "elsewhere")


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@POSIX
@pytest.mark.parametrize("change", [linked, piped])
def test_what_is_not_a_regular_file_is_ignored_and_replaced(change: Callable[[Path], None], tmp_path: Path) -> None:
    made(tmp_path)
    change(only(tmp_path))
    assert outcome(made(tmp_path)) == "written"
    assert only(tmp_path).is_file()
    assert not only(tmp_path).is_symlink()


def test_a_directory_in_the_place_of_a_file_is_left_alone(tmp_path: Path) -> None:
    first = made(tmp_path)
    path = only(tmp_path)
    path.unlink()
    path.mkdir()
    second = made(tmp_path)
    assert (outcome(second), second.answer) == ("not", first.answer)
    assert path.is_dir()
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@POSIX
def test_directory_and_files_are_for_the_user_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made(tmp_path / "new" / "cache")
    finally:
        os.umask(before)
    assert (tmp_path / "new" / "cache").stat().st_mode & 0o777 == 0o700
    assert only(tmp_path / "new" / "cache").stat().st_mode & 0o777 == 0o600


# --- what cannot be written -------------------------------------------------------------------------------------------


def test_a_file_in_the_place_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("mine")
    compiled = made(tmp_path / "cache")
    assert outcome(compiled) == "not"
    assert compiled.answer == made(False).answer
    assert (tmp_path / "cache").read_text() == "mine"


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_directory_that_cannot_be_written(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = os.open

    def refusing(path: Any, flags: int, *args: Any, **options: Any) -> int:
        if flags & os.O_CREAT and str(tmp_path) in str(path):
            raise OSError(number, os.strerror(number), path)
        return usual(path, flags, *args, **options)

    monkeypatch.setattr(os, "open", refusing)
    for _ in range(2):
        compiled = made(tmp_path)
        assert compiled.answer == made(False).answer
        assert f"cache: not in {tmp_path}: {os.strerror(number)}" in compiled.explain()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_halfway_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path)
    before = only(tmp_path).read_bytes()
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left")))
    made(tmp_path, spread)
    assert only(tmp_path).read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
