"""Files that are links, pipes, devices or too large, disks that are full and folders that cannot be written to."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import nn
from autograd.io import files
from autograd.io.files import read_bytes, write_bytes, write_text
from nn.cli.main import main
from nn.persistence import documents
from nn.tabular.content import content
from nn.tabular.formats import read_cells

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "a.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(Path("disk", "a.csv"))
    write_text(tmp_path / "link.csv", "new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "disk" / "a.csv").read_text() == "new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.csv", "disk", "link.csv"]


@POSIX
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(read_bytes(tmp_path / "pipe")))
    reader.start()
    write_bytes(tmp_path / "pipe", b"data")
    reader.join(timeout=60)
    assert found == [b"data"]
    assert files.is_special(tmp_path / "pipe")


@POSIX
@pytest.mark.parametrize("device", ["null", "zero"])
def test_devices_are_not_replaced_nor_read_for_ever(tmp_path: Path, device: str) -> None:
    (tmp_path / "link").symlink_to(f"/dev/{device}")
    before = os.stat(f"/dev/{device}")
    write_bytes(tmp_path / "link", b"data")
    write_bytes(f"/dev/{device}", b"data")
    after = os.stat(f"/dev/{device}")
    assert (after.st_mode, after.st_ino, after.st_rdev) == (before.st_mode, before.st_ino, before.st_rdev)
    with pytest.raises(OSError, match=rf"a device, not a file: '/dev/{device}'"):
        read_bytes(f"/dev/{device}")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_device_is_named() -> None:
    with pytest.raises(OSError, match="/dev/full") as caught:
        write_bytes("/dev/full", b"data")
    assert caught.value.errno == errno.ENOSPC


READERS: dict[str, Callable[[Path], object]] = {
    "a.csv": read_cells,
    "a.jsonl": read_cells,
    "a.json": read_cells,
    "model.json": nn.load,
}


@pytest.mark.parametrize("name", READERS)
def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The limit is that of memory: a file of holes is as large as any."""
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(1 << 40)
    monkeypatch.setattr(files.read_bytes, "__defaults__", (1 << 20,))
    monkeypatch.setattr(content, "__defaults__", (1 << 20,))
    monkeypatch.setattr("nn.persistence.storage.LARGEST", 1 << 20)
    with pytest.raises(OSError, match=r"has more than 1 MiB") as caught:
        READERS[name](path)
    assert caught.value.errno == errno.EFBIG


def test_a_model_of_a_million_lists_is_refused_before_it_is_built(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text('{"extra": [' + "[]," * documents.MOST + "0]}")
    with pytest.raises(nn.StorageError, match=f"more than {documents.MOST} lists and objects"):
        nn.load(path)


def test_a_model_that_could_not_be_read_again_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LARGEST", 100)
    with pytest.raises(nn.StorageError, match="could not be read again"):
        nn.save(nn.MLP(2, [1], seed=0), tmp_path / "model.json")
    assert os.listdir(tmp_path) == []


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    write_text(tmp_path / ("n" * 250 + ".json"), "{}")
    assert len(os.listdir(tmp_path)) == 1


@pytest.mark.parametrize("fails", ["write", "replace"])
def test_an_error_names_the_file_and_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    (tmp_path / "a.json").write_text("old")

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "somewhere else")

    monkeypatch.setattr(files, "_write", full) if fails == "write" else monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match=r"No space left on device: .*a\.json"):
        write_text(tmp_path / "a.json", "new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.json": "old"}


def test_two_writers_leave_one_whole_file(tmp_path: Path) -> None:
    texts = [letter * 100_000 for letter in "abcd"]
    writers = [threading.Thread(target=write_text, args=(tmp_path / "a.json", text)) for text in texts]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)
    assert (tmp_path / "a.json").read_text() in texts
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.jsonl", b'{"x": 1, "x": 2}\n', "t.jsonl line 1: not JSON (the key 'x' appears twice)"),
        ("t.json", b'[{"x": 1, "x": 2}]', "t.json: not JSON (the key 'x' appears twice)"),
        ("t.jsonl", b'{"x": 1}\n{"x": "\xff"}\n', "t.jsonl line 2: not UTF-8 text (byte 0xff)"),
        ("t.json", b"\xff", "t.json line 1: not UTF-8 text (byte 0xff)"),
        ("t.json", b'[{"x": ' + b"9" * 5000 + b"}]", "t.json: not JSON (Exceeds the limit"),
    ],
)
def test_hostile_tables_are_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    text: bytes,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(text)
    assert main(["train", name, "--target", "x"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {words}")
