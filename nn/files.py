"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from os import PathLike
from pathlib import Path


def write_bytes(path: str | PathLike[str], data: bytes) -> None:
    """Write a file through a temporary one in the same folder, so that a reader never sees half of it.

    An existing file is replaced in one step. Raises `OSError` when the folder cannot be written; then nothing stays
    behind.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_bytes(Path(folder, "a.bin"), b"whole")
    ...     Path(folder, "a.bin").read_bytes(), len(os.listdir(folder))
    (b'whole', 1)
    """
    target = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def write_text(path: str | PathLike[str], text: str) -> None:
    """Write text as UTF-8 in the same way; line ends stay as they are in the text.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(Path(folder, "a.txt"), "δ")
    ...     Path(folder, "a.txt").read_text(encoding="utf-8")
    'δ'
    """
    write_bytes(path, text.encode())


def _umask() -> int:
    # mkstemp makes files only the owner can read; there is no way to read the umask but to set it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
