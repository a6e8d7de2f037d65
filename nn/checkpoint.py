"""Files from which a training goes on with the same bits: numbers and arrays, whole or not at all; never pickle."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import AutogradError
from nn.files import write_bytes
from nn.optimizers import Optimizer

FORMAT = "scalar-autograd checkpoint 1"
HEADER = "header"

Arrays = dict[str, NDArray[Any]]


class CheckpointError(AutogradError, ValueError):
    """A file is no checkpoint, is damaged, or belongs to another run."""


def save(path: str | PathLike[str], run: Mapping[str, Any], state: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a checkpoint in one step: `run` says which training it is of, `state` and `arrays` where it stands.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/run.npz", {"seed": 7}, {"step": 3}, {"theta": np.array([0.1])})
    ...     load(f"{folder}/run.npz", {"seed": 7})
    ({'step': 3}, {'theta': array([0.1])})

    `run` and `state` are what JSON can hold; floats come back exactly. OSError when the folder cannot be written; then
    the file that was there stays.
    """
    header = json.dumps({"format": FORMAT, "run": dict(run), "state": dict(state)})
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{HEADER: np.array(header)}, **arrays)
    write_bytes(path, file.getvalue())


def load(path: str | PathLike[str], run: Mapping[str, Any]) -> tuple[dict[str, Any], Arrays]:
    """State and arrays of the checkpoint, provided that it is of the training `run`.

    CheckpointError, naming every difference, when it is of another one, and when the file is damaged; FileNotFoundError
    when there is none.
    """
    header, arrays = _read(path)
    saved = header["run"]
    different = [
        f"{name} was {saved.get(name)!r}, now {run.get(name)!r}"
        for name in sorted(saved.keys() | run.keys())
        if saved.get(name) != run.get(name)
    ]
    if different:
        raise CheckpointError(
            f"{path} is of another run: {'; '.join(different)}. Delete it, or choose another file, to start anew"
        )
    return header["state"], arrays


def _read(path: str | PathLike[str]) -> tuple[dict[str, Any], Arrays]:
    data = Path(path).read_bytes()
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(arrays.pop(HEADER).item())
        known = header["format"] == FORMAT
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path} is no checkpoint, or a damaged one ({type(error).__name__}: {error})") from error
    if not known:
        raise CheckpointError(f"{path} is a {header['format']!r}, this version reads {FORMAT!r}")
    return header, arrays


def memory(optimizer: Optimizer) -> tuple[dict[str, Any], Arrays]:
    """What an optimiser remembers of its steps, that is what `reset` would undo: numbers, and arrays.

    >>> from nn.optimizers import SGD
    >>> sgd = SGD(lr=0.1, momentum=0.9)
    >>> _ = sgd.update(np.array([1.0]), np.array([2.0]))
    >>> memory(sgd)
    ({'steps': 1, 'size': 1}, {'velocity': array([2.])})

    CheckpointError when there is something else among it.
    """
    fresh = copy.copy(optimizer)
    fresh.reset()
    changed = {name: value for name, value in vars(optimizer).items() if vars(fresh).get(name) is not value}
    arrays = {name: value.copy() for name, value in changed.items() if isinstance(value, np.ndarray)}
    numbers = {name: value for name, value in changed.items() if name not in arrays}
    for name, value in numbers.items():
        if value is not None and not isinstance(value, bool | int | float | str):
            raise CheckpointError(
                f"{type(optimizer).__name__}.{name} is a {type(value).__name__}; a checkpoint holds numbers and arrays"
            )
    return numbers, arrays


def remember(optimizer: Optimizer, numbers: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Give an optimiser the memory of another one of its kind; the opposite of `memory`."""
    optimizer.reset()
    for name, value in {**numbers, **arrays}.items():
        setattr(optimizer, name, value)
