"""Checkpoints, from which a training resumes with the same bits: JSON and arrays, written atomically; never pickle."""

from __future__ import annotations

import copy
import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from inspect import signature
from numbers import Real
from os import PathLike
from typing import Any

from autograd._numpy import NDArray, np
from autograd.io.files import file_name, read_bytes, write_bytes
from nn.persistence.documents import Form, StorageError
from nn.persistence.schema import SchemaError, anything, check_keys, integer, shown, shown_key, table, text
from nn.train.optimizers import OPTIMIZERS, Optimizer

CHECKPOINT = Form(
    "scalar-autograd checkpoint", {"run": table(anything), "state": anything, "arrays": table(text())}, finite=False
)
HEADER = "header.json"

Arrays = dict[str, NDArray[Any]]
Check = Callable[[Any, Arrays], None]


class CheckpointError(StorageError):
    """A file is not a checkpoint, is damaged, or belongs to another run."""


def save(path: str | PathLike[str], run: Mapping[str, Any], state: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a checkpoint atomically: `run` identifies the training, `state` and `arrays` are its progress.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/run.npz", {"seed": 7}, {"step": 3}, {"theta": np.array([0.1])})
    ...     load(f"{folder}/run.npz", {"seed": 7})
    ({'step': 3}, {'theta': array([0.1])})

    `run` and `state` are JSON values; floats come back exactly. OSError when the folder cannot be written; an existing
    file is then kept. `numpy.load` reads the arrays, `unzip -p FILE header.json` shows the rest.
    """
    members = {name: _npy(array) for name, array in arrays.items()}
    digests = {name: _digest(content) for name, content in members.items()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(HEADER), CHECKPOINT.write({"run": run, "state": state, "arrays": digests}))
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content)
    write_bytes(path, file.getvalue(), sync=True)


def _npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def load(path: str | PathLike[str], run: Mapping[str, Any], check: Check | None = None) -> tuple[Any, Arrays]:
    """State and arrays of a checkpoint of the training `run`; `check` raises SchemaError for invalid ones.

    CheckpointError, naming the file and the field, if it is damaged, or naming every difference if it is of another
    run; FileNotFoundError if it does not exist.
    """
    name = file_name(path)
    data = read_bytes(path)
    try:
        header, arrays = _unpacked(data, name)
        _same_run(header["run"], run)
        if check is not None:
            check(header["state"], arrays)
    except (SchemaError, StorageError) as error:
        message = str(error) if isinstance(error, StorageError) else f"{name}: {error}"
        raise CheckpointError(f"{message}. To start again, delete it or choose another file") from None
    return header["state"], arrays


def _unpacked(data: bytes, name: str) -> tuple[dict[str, Any], Arrays]:
    members = _members(data)
    if HEADER not in members:
        raise SchemaError(HEADER, "is missing: not a checkpoint, or one of an older version")
    header = CHECKPOINT.read(members.pop(HEADER), f"{name}: {HEADER}")
    wanted = {f"{each}.npy": digest for each, digest in header["arrays"].items()}
    check_keys(members, wanted.keys(), "arrays")
    for member, content in members.items():
        if _digest(content) != wanted[member]:
            raise SchemaError(f"arrays.{shown_key(member)}", "is damaged: the checksum does not match")
    return header, {member.removesuffix(".npy"): _array(content, member) for member, content in members.items()}


def _members(data: bytes) -> dict[str, bytes]:
    """The members of a zip archive; SchemaError if they are compressed, repeated, or larger than the file."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if any(info.compress_type != zipfile.ZIP_STORED or info.file_size > len(data) for info in infos):
                raise SchemaError("", "the members of the archive are not stored as they were written")
            if len({info.filename for info in infos}) < len(infos):
                raise SchemaError("", "two members of the archive have the same name")
            return {info.filename: archive.read(info) for info in infos}
    except SchemaError:
        raise
    except Exception as error:  # zipfile raises a dozen types for invalid archives
        raise SchemaError("", f"not a checkpoint, or damaged ({type(error).__name__}: {error!s:.200})") from None


def _array(content: bytes, member: str) -> NDArray[Any]:
    try:
        found = np.load(io.BytesIO(content), allow_pickle=False)
    except Exception as error:  # as above: a valid checksum does not make it an array
        raise SchemaError(
            f"arrays.{shown_key(member)}", f"is not an array ({type(error).__name__}: {error!s:.200})"
        ) from None
    if not isinstance(found, np.ndarray):
        raise SchemaError(f"arrays.{shown_key(member)}", "is not an array")
    return found


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _same_run(saved: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    """Raise SchemaError, with every difference, unless both runs have the same options."""
    shared = [name for name in sorted(saved.keys() & run.keys()) if saved[name] != run[name]]
    alone = (
        [] if shared else sorted(saved.keys() ^ run.keys())
    )  # another optimizer has other options: report only the optimizer
    different = [
        f"{shown_key(name)} was {_option(saved, name)}, now {_option(run, name)}" for name in [*shared, *alone]
    ]
    if different:
        raise SchemaError("run", f"this is another run: {'; '.join(different)}. Use the same options to resume it")


def _option(options: Mapping[str, Any], name: str) -> str:
    return shown(options[name]) if name in options else "not set"


def memory(optimizer: Optimizer) -> tuple[dict[str, Any], Arrays]:
    """The state of an optimiser, that is what `reset` would reset: numbers, and arrays.

    >>> from nn.train.optimizers import SGD
    >>> sgd = SGD(lr=0.1, momentum=0.9)
    >>> _ = sgd.update(np.array([1.0]), np.array([2.0]))
    >>> memory(sgd)
    ({'steps': 1, 'size': 1}, {'velocity': array([2.])})

    CheckpointError if it contains anything else.
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


def restore_memory(optimizer: Optimizer, numbers: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Set the state of an optimiser; the inverse of `memory`."""
    optimizer.reset()
    for name, value in {**numbers, **arrays}.items():
        setattr(optimizer, name, value)


def check_memory(optimizer: Optimizer, numbers: Mapping[str, Any], arrays: Arrays, size: int) -> None:
    """Raise SchemaError unless this can be the state of such an optimiser with `size` parameters.

    >>> from nn.train.optimizers import SGD
    >>> check_memory(SGD(lr=0.1), {"lr": 1.0}, {}, size=1)
    Traceback (most recent call last):
        ...
    nn.persistence.schema.SchemaError: optimizer.lr: is not part of the state of SGD
    """
    known = vars(optimizer).keys() - {*options(optimizer), "schedule"}
    for name in [*numbers, *arrays]:
        if name not in known:
            raise SchemaError(f"optimizer.{shown_key(name)}", f"is not part of the state of {type(optimizer).__name__}")
    integer()(numbers.get("steps", 0), "optimizer.steps")
    if numbers.get("size") not in (None, size):
        raise SchemaError("optimizer.size", f"expected {size}, got {shown(numbers['size'])}")
    if type(optimizer) in OPTIMIZERS.values():  # a user's own class may keep arrays of other shapes
        check_arrays(arrays, dict.fromkeys(arrays, (size,)), "optimizer")


def check_arrays(arrays: Arrays, shapes: Mapping[str, tuple[int, ...]], field: str = "arrays") -> None:
    """Raise SchemaError unless these are float64 arrays with those names and shapes.

    >>> check_arrays({"theta": np.zeros(2)}, {"theta": (3,)})
    Traceback (most recent call last):
        ...
    nn.persistence.schema.SchemaError: arrays.theta: expected float64 of shape (3,), got float64 of shape (2,)
    """
    check_keys(arrays, shapes.keys(), field)
    for name, shape in shapes.items():
        found = arrays[name]
        if found.shape != shape or found.dtype != np.float64:
            raise SchemaError(
                f"{field}.{shown_key(name)}",
                f"expected float64 of shape {shape}, got {found.dtype} of shape {found.shape}",
            )


def options(optimizer: Optimizer) -> dict[str, Any]:
    """The arguments of an optimiser as plain JSON: a schedule becomes its name, its numbers, and its first rates.

    >>> from nn.train.optimizers import SGD, cosine
    >>> options(SGD(lr=0.1, momentum=0.9))
    {'momentum': 0.9, 'nesterov': False, 'lr': 0.1}
    >>> options(SGD(lr=cosine(0.1, steps=9)))["lr"]
    'cosine(floor=0.0, lr=0.1, steps=9): 0.1, 0.0969846310393, 0.0883022221559, …'
    """
    bases = [cls for cls in type(optimizer).__mro__ if "__init__" in vars(cls) and cls is not object]
    names = dict.fromkeys(name for cls in reversed(bases) for name in signature(cls).parameters)
    found = {name: value for name, value in vars(optimizer).items() if name in names}
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> bool | float | str | None:
    if value is None or isinstance(value, bool | str):
        return value
    if callable(value):
        return _schedule(value)
    return float(value) if isinstance(value, Real) else type(value).__name__


FIRST_STEPS = 3  # of a schedule that are described


def _schedule(schedule: Callable[[int], float]) -> str:
    """A text for a function of the step number that differs for different functions, as far as can be seen."""
    code = getattr(schedule, "__code__", None)
    cells = getattr(schedule, "__closure__", None) or ()
    closed = {name: cell.cell_contents for name, cell in zip(code.co_freevars, cells, strict=True)} if code else {}
    numbers = [f"{name}={value!r}" for name, value in sorted(closed.items()) if isinstance(value, int | float)]
    name = getattr(schedule, "__qualname__", type(schedule).__qualname__).split(".<locals>")[0]
    rates = []
    for step in range(FIRST_STEPS):
        try:
            rates.append(f"{schedule(step):.12g}")
        except Exception:  # such as a short table of rates; the step will raise the same
            break
    return f"{name}({', '.join(numbers)}): {', '.join(rates)}, …"
