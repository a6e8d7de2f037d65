"""Files that appear whole or not at all."""

import os
import tempfile
from os import PathLike
from pathlib import Path


def write_whole(path: str | PathLike[str], data: bytes) -> None:
    """Write through a temporary file in the same folder; an existing file is replaced in one step.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder, "a.svg"), b"<svg/>")
    ...     os.listdir(folder)
    ['a.svg']

    OSError when the folder cannot be written; then nothing stays behind.
    """
    target = Path(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:  # it names the temporary file, of which nobody knows
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, 0o644)  # a temporary file is for its owner only
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
