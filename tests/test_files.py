"""Files that appear whole or not at all, with the permissions that any new file has."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from nn.files import write_bytes, write_text


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_a_file_has_the_permissions_of_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row F13: without a look at the umask, which is the whole process's."""
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
