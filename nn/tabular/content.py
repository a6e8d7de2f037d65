"""Read the content of a table's file, also if it is compressed by gzip."""

from __future__ import annotations

import errno
import sys
import zlib
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path

from autograd.io.files import LARGEST, read_bytes, read_stream
from nn.tabular.cells import TableError

_GZIP = b"\x1f\x8b"
_OTHERS = {  # what files of other formats begin with
    b"PK\x03\x04": "a ZIP archive or an Excel file; unpack it, or give it the suffix .xlsx",
    b"\xd0\xcf\x11\xe0": "an Excel file of before 2007, or another Office file; save it as .xlsx or CSV",
    b"PAR1": "a Parquet file; give it the suffix .parquet",
    b"BZh": "compressed by bzip2; unpack it",
    b"\xfd7zXZ": "compressed by xz; unpack it",
    b"\x28\xb5\x2f\xfd": "compressed by Zstandard; unpack it",
    b"SQLite format 3": "a SQLite database; export the table as CSV",
    b"%PDF-": "a PDF document; a table as CSV is needed",
}


class Source(PathLike[str]):
    """A file, or stdin for "-", that is read once however often its content is asked for: a pipe gives it only once."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = "" if path == "-" else fspath(path)

    def __fspath__(self) -> str:
        return self._path or "stdin"

    @cached_property
    def data(self) -> bytes:
        """The content; OSError if it cannot be read."""
        if self._path:
            return read_bytes(self._path)
        if sys.stdin is None:  # the shell has closed it
            raise OSError(errno.EBADF, "is closed", fspath(self))
        return read_stream(sys.stdin.buffer, fspath(self))


def suffix(path: str | PathLike[str]) -> str:
    """The suffix that tells the format, in small letters.

    >>> suffix("a.JSONL"), suffix("a.csv.gz")
    ('.jsonl', '.csv')
    """
    found = Path(path)
    return Path(found.stem if found.suffix.lower() == ".gz" else found.name).suffix.lower()


def content(path: str | PathLike[str], name: str, largest: int = LARGEST) -> bytes:
    """The bytes of a file of text, unpacked if it is compressed by gzip.

    TableError for a damaged archive, one of more than `largest` bytes, and a file that is not text; OSError if it
    cannot be read.
    """
    data = path.data if isinstance(path, Source) else read_bytes(path, largest)
    for start, words in _OTHERS.items():
        if data.startswith(start):
            raise TableError(f"{name}: this is {words}")
    return _unpacked(data, name, largest) if data.startswith(_GZIP) else data


def _unpacked(data: bytes, name: str, largest: int) -> bytes:
    parts, room = [], largest
    try:
        while data:  # an archive may have several members
            unpacker = zlib.decompressobj(wbits=31)
            parts.append(unpacker.decompress(data, room + 1))
            room -= len(parts[-1])
            if room < 0:
                raise TableError(f"{name}: has more than {largest} bytes when it is unpacked; use fewer rows")
            if not unpacker.eof:
                raise TableError(f"{name}: the gzip archive ends too early; fetch it again")
            data = unpacker.unused_data
    except zlib.error as error:
        raise TableError(f"{name}: the gzip archive is damaged ({error}); fetch it again") from None
    return b"".join(parts)
