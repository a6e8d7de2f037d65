"""Atomic file writes, and reads of bounded size."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from os import PathLike
from typing import BinaryIO

LARGEST = 1 << 29  # bytes of a file that is read
_CHUNK = 1 << 20
_SHOWN = 40  # characters of a file's name in that of its temporary file, which must not be too long


def write_bytes(
    path: str | PathLike[str], data: bytes, mode: int = 0o666, *, sync: bool = False, follow: bool = True
) -> None:
    """Write a file through a temporary one in the same folder, so that a reader never sees half of it.

    An existing file is replaced in one step, also where `path` is a link to it; pipes and devices, such as /dev/null,
    are written to as they are. `mode` are the permissions, less those that the umask takes. With `sync`, the data are
    on the disk before they replace the old ones: after a power failure the file is the old or the new one. Without
    `follow`, links, pipes and devices are replaced themselves. OSError, naming `path`, if the folder cannot be written;
    then no temporary file is left behind.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_bytes(os.path.join(folder, "a.svg"), b"<svg/>")
    ...     os.listdir(folder)
    ['a.svg']
    """
    target = os.path.realpath(path) if follow and os.path.islink(path) else os.fspath(path)
    try:
        if follow and is_special(target):
            with open(target, "wb") as file:
                file.write(data)
        else:
            _replace(target, data, mode, sync)
    except OSError as error:  # the caller does not know the temporary file
        raise OSError(error.errno, error.strerror or str(error), os.fspath(path)) from None


def _replace(target: str, data: bytes, mode: int, sync: bool) -> None:
    folder, name = os.path.split(target)
    # `tempfile` would load a random generator, and set permissions that no other new file has.
    temporary = os.path.join(folder, f".{name[:_SHOWN]}.{os.urandom(8).hex()}")
    try:
        _write(temporary, data, mode, sync)
        os.replace(temporary, target)
    except BaseException:  # Ctrl-C may come as soon as `open` has made it
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _write(temporary: str, data: bytes, mode: int, sync: bool) -> None:
    with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(data)
        if sync:
            file.flush()
            os.fsync(file.fileno())


def is_special(path: str | PathLike[str]) -> bool:
    """Whether there is a pipe, a device or a socket.

    >>> is_special(os.devnull), is_special(__file__)
    (True, False)
    """
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def read_bytes(path: str | PathLike[str], largest: int = LARGEST) -> bytes:
    """The content of a file or pipe; OSError if it has more than `largest` bytes, or is a device that may not end.

    >>> read_bytes(__file__, largest=9)
    Traceback (most recent call last):
        ...
    OSError: [Errno 27] has more than 9 bytes: ...
    """
    with open(path, "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if stat.S_ISBLK(mode) or (stat.S_ISCHR(mode) and not file.isatty()):
            raise OSError(errno.EINVAL, "a device, not a file", os.fspath(path))
        return read_stream(file, os.fspath(path), largest)


def read_stream(stream: BinaryIO, name: str, largest: int = LARGEST) -> bytes:
    """What is left in a stream; OSError, naming it, if that is more than `largest` bytes.

    >>> from io import BytesIO
    >>> read_stream(BytesIO(b"a,b"), "stdin")
    b'a,b'
    """
    chunks, size = [], 0
    while chunk := stream.read(_CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > largest:
            raise OSError(errno.EFBIG, f"has more than {_counted(largest)}", name)
    return b"".join(chunks)


def _counted(size: int) -> str:
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size} bytes"


def write_text(path: str | PathLike[str], text: str, *, sync: bool = False) -> None:
    """Write text as UTF-8, as `write_bytes`; line endings are those of the text.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_text(os.path.join(folder, "a.txt"), "δ")
    ...     Path(folder, "a.txt").read_bytes()
    b'\\xce\\xb4'
    """
    write_bytes(path, text.encode(), sync=sync)


def printable(text: str) -> str:
    r"""The text on one line, without characters that would control a terminal.

    >>> printable("größe\n\x1b[2J")
    'größe\\n\\x1b[2J'
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def file_name(path: str | PathLike[str]) -> str:
    """The path for a message: on one line, whatever it contains.

    >>> file_name("model.json"), file_name("a\\nb.json")
    ('model.json', "'a\\\\nb.json'")
    """
    name = os.fspath(path)
    return name if name.isprintable() else repr(name)
