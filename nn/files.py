"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path


def write_bytes(path: str | PathLike[str], data: bytes) -> None:
    """Write a file through a temporary one in the same folder, so that a reader never sees half of it.

    An existing file is replaced in one step. Raises `OSError` when the folder cannot be written; then nothing stays
    behind.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_bytes(Path(folder, "a.bin"), b"whole")
    ...     Path(folder, "a.bin").read_bytes(), len(os.listdir(folder))
    (b'whole', 1)
    """
    target = Path(path)
    # Made by `open`, so that the system applies the umask: to read it one would have to set it, for all threads.
    temporary = target.parent / f".{target.name}.{os.urandom(8).hex()}"
    try:
        with _named(target), open(temporary, "xb") as file:
            file.write(data)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)  # Ctrl-C may come as soon as `open` has made it
        raise


@contextmanager
def _named(target: Path) -> Iterator[None]:
    """Let an OSError name the file that was asked for: nobody knows of the temporary one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from None


def write_text(path: str | PathLike[str], text: str) -> None:
    """Write text as UTF-8 in the same way; line ends stay as they are in the text.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(Path(folder, "a.txt"), "δ")
    ...     Path(folder, "a.txt").read_text(encoding="utf-8")
    'δ'
    """
    write_bytes(path, text.encode())


FORBIDDEN = frozenset('<>:"/\\|?*')  # in names of files, on one system or another
DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{kind}{i}" for kind in ("COM", "LPT") for i in range(1, 10))})


def plain_name(path: str | PathLike[str]) -> str:
    """The name of a file without its ending, as something that can name a folder and stand in a title.

    >>> plain_name("data/flowers.csv"), plain_name("...csv"), plain_name(" a:b .csv"), plain_name("..")
    ('flowers', 'csv', 'a_b', 'data')

    What cannot be printed, or is not allowed on some system, becomes "_"; dots and spaces at the ends go.
    """
    target = Path(path)
    kept = (target.stem.strip(". "), target.name.strip(". "), "data")
    name = "".join(c if c.isprintable() and c not in FORBIDDEN else "_" for c in next(filter(None, kept)))
    return f"{name}_" if name.partition(".")[0].upper() in DEVICES else name
