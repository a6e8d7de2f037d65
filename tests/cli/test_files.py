"""Atomic file writes, with the permissions of any new file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.io.files import write_bytes, write_text
from nn.tabular.names import plain_name


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_a_file_has_the_permissions_of_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row F13: without reading the umask, which belongs to the whole process."""
    before = os.umask(0o027)
    try:
        monkeypatch.setattr(os, "umask", None)
        write_text(tmp_path / "ours", "δ")
        (tmp_path / "any").touch()
    finally:
        monkeypatch.undo()
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ours", "any")]
    assert modes == [0o640, 0o640]


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        write_bytes(tmp_path / "nowhere" / "a.json", b"")
    assert caught.value.filename == str(tmp_path / "nowhere" / "a.json")


def test_what_cannot_be_put_in_its_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(OSError, match=r"a\.json"):
        write_bytes(tmp_path / "a.json", b"data")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("flowers.csv", "flowers"),
        ("a.b.csv", "a.b"),
        ("...csv", "csv"),
        ("..csv", "csv"),
        (".csv", "csv"),
        (" .csv", "csv"),
        ("no ending", "no ending"),
        ("..", "data"),
        (".", "data"),
        ("", "data"),
        ("a\nb.csv", "a_b"),
        ("nul.csv", "nul_"),
        ("größe.csv", "größe"),
        ("\udcff.csv", "_"),
    ],
)
def test_f19_a_run_is_named_after_its_file_whatever_that_is_called(path: str, name: str) -> None:
    assert plain_name(path) == name


@given(st.text(st.characters(exclude_characters="\0")))
def test_f19_such_a_name_is_a_folder_below_another_and_one_line(path: str) -> None:
    name = plain_name(path)
    assert Path("runs", name).name == name
    assert name not in ("", ".", "..")
    assert name.isprintable()
    assert plain_name(name + ".csv") == name
