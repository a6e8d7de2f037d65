"""Files that appear whole or not at all."""

import os
from os import PathLike


def write_whole(path: str | PathLike[str], data: bytes) -> None:
    """Write through a temporary file in the same folder; an existing file is replaced in one step.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_whole(os.path.join(folder, "a.svg"), b"<svg/>")
    ...     os.listdir(folder)
    ['a.svg']

    OSError when the folder cannot be written; then nothing stays behind.
    """
    folder, name = os.path.split(os.fspath(path))
    temporary = os.path.join(folder, f".{name}.{os.urandom(8).hex()}")  # `tempfile` would load a random generator
    try:
        file = open(temporary, "xb")  # noqa: SIM115 (what goes wrong here and what goes wrong below differ)
    except OSError as error:  # it names the temporary file, of which nobody knows
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None
    try:
        with file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
