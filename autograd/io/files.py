"""Atomic file writes."""

from __future__ import annotations

import os
from os import PathLike


def write_bytes(path: str | PathLike[str], data: bytes, mode: int = 0o666) -> None:
    """Write a file through a temporary one in the same folder, so that a reader never sees half of it.

    An existing file is replaced in one step. `mode` are its permissions, less those that the umask takes. OSError,
    naming `path`, if the folder cannot be written; then no temporary file is left behind.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_bytes(os.path.join(folder, "a.svg"), b"<svg/>")
    ...     os.listdir(folder)
    ['a.svg']
    """
    folder, name = os.path.split(os.fspath(path))
    # `tempfile` would load a random generator, and set permissions that no other new file has.
    temporary = os.path.join(folder, f".{name}.{os.urandom(8).hex()}")
    try:
        _write(temporary, data, os.fspath(path), mode)
        os.replace(temporary, path)
    except BaseException:  # Ctrl-C may come as soon as `open` has made it
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise


def _write(temporary: str, data: bytes, path: str, mode: int) -> None:
    """Create the temporary file; an OSError names `path`, since the caller does not know the other."""
    try:
        with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(data)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None


def write_text(path: str | PathLike[str], text: str) -> None:
    """Write text as UTF-8, atomically; line endings are those of the text.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_text(os.path.join(folder, "a.txt"), "δ")
    ...     Path(folder, "a.txt").read_bytes()
    b'\\xce\\xb4'
    """
    write_bytes(path, text.encode())


def file_name(path: str | PathLike[str]) -> str:
    """The path for a message: on one line, whatever it contains.

    >>> file_name("model.json"), file_name("a\\nb.json")
    ('model.json', "'a\\\\nb.json'")
    """
    name = os.fspath(path)
    return name if name.isprintable() else repr(name)
