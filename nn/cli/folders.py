"""The folder of a run: its files, how it is named, and that it goes again if nothing was written to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path

MODEL = "model.json"
MODEL_HELP = "the folder of a run of train, or the model file in it"
PICTURES = (
    *("graph.svg", "graph.html", "loss.svg", "boundary.svg"),
    *("confusion.svg", "calibration.svg", "residuals.svg", "importance.svg"),
)


def model_file(path: str) -> str:
    """The model file of a run; `path` is that file, or its folder.

    >>> model_file("runs/xor/model.json")
    'runs/xor/model.json'
    """
    in_folder = os.path.join(path, MODEL)
    return in_folder if os.path.isfile(in_folder) else path


@contextmanager
def folder_for(out: Path | None, name: str) -> Iterator[Path]:
    """`out`, or a new folder in `runs`, also if two runs begin at once; it is removed if it is new and stays empty.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as there:
    ...     with folder_for(Path(there, "run"), "xor") as folder:
    ...         folder.exists()
    ...     folder.exists()
    True
    False
    """
    is_new = out is None or not out.exists()
    folder = new_folder(Path("runs", name)) if out is None else out
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    finally:
        if is_new:
            with suppress(OSError):  # it is not empty
                folder.rmdir()
                if out is None:
                    folder.parent.rmdir()


def new_folder(path: Path) -> Path:
    """Make `path`, or if there is such a file or folder already, the first of path-2, path-3, … that is new.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as there:
    ...     [new_folder(Path(there, "xor")).name for _ in range(3)]
    ['xor', 'xor-2', 'xor-3']
    """
    for each in chain([path], (path.with_name(f"{path.name}-{i}") for i in count(2))):
        with suppress(FileExistsError):
            each.mkdir(parents=True)
            return each
    raise AssertionError
