"""What runs on the workers: reading a shard once, and at every step the sums over its samples."""

from __future__ import annotations

import hashlib
import pickle
import platform
import traceback
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

import autograd
from nn.cluster.batches import Batch
from nn.cluster.sources import Array, Source, check_samples
from nn.cluster.tree import Nodes, Sums, climb

MANY_TARGETS = 100
ALIGNMENT = 64  # bytes: a cache line, and the widest registers

Answer: TypeAlias = Nodes | Exception


class MeanLoss(Protocol):
    """What `autograd.compile(…, batch=("x", "y"))` gives: the mean loss over samples and its gradient."""

    def flat(self, theta: NDArray[np.float64], x: Array, y: Array, /) -> tuple[float, NDArray[np.float64]]: ...


@dataclass(frozen=True, eq=False)
class Rows:
    """The samples of one shard, in a worker's memory."""

    name: str
    x: Array
    y: Array

    def with_floats(self) -> Rows:
        """The same with targets that are floats."""
        return Rows(self.name, self.x, self.y.astype(np.float64, copy=False))


@dataclass(frozen=True, eq=False)
class Summary:
    """What the client must know of a shard: its length, the first sample, the targets in it, and a checksum of all.

    `targets`: the different ones, or the smallest and the largest when there are many; of rows of targets the first.
    """

    name: str
    count: int
    x: Array
    y: Array
    targets: Array
    checksum: int


class Holder:
    """Neighbouring shards of a worker, numbered from `first`, and the loss that is to be summed over them.

    `whole`: the targets of all shards are class indices, else all become floats. `threads` of the worker share the
    shards among them; each shard is computed by one.
    """

    def __init__(self, shards: list[Rows], first: int, packed: bytes, whole: bool, threads: int) -> None:
        self.shards = {first + i: rows if whole else rows.with_floats() for i, rows in enumerate(shards)}
        self.loss = unpack(packed)
        self.pool = ThreadPoolExecutor(threads)

    def gradient(self, theta: NDArray[np.float64], batch: Batch, total: int) -> Answer:
        """The sums over these of the `total` shards, added as far as the tree allows.

        What goes wrong is an answer too, so that the caller can tell it from trouble on the way.
        """
        here = aligned(theta)
        try:
            found = list(self.pool.map(lambda number: self.sums(number, here, batch), self.shards))
            return climb({(0, number): sums for number, sums in zip(self.shards, found, strict=True)}, total)
        except Exception as error:
            return portable(error)

    def sums(self, number: int, theta: NDArray[np.float64], batch: Batch) -> Sums:
        """n · mean loss and n · mean gradient over a shard's part of the batch; zeros where it has none."""
        shard = self.shards[number]
        part = batch.rows(number, len(shard.x))
        x, y = shard.x[part], shard.y[part]
        if not len(x):
            return Sums(0, 0.0, np.zeros_like(theta))
        with named(shard.name):
            loss, gradient = self.loss.flat(theta, x, y)
        return Sums(len(x), len(x) * float(loss), len(x) * np.asarray(gradient))


def portable(error: Exception) -> Exception:
    """The error, if it can be pickled, with its traceback as a note; else a RuntimeError that tells of it."""
    error.add_note("".join(traceback.format_tb(error.__traceback__)).rstrip())
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        told = RuntimeError(f"{type(error).__name__}: {error}")
        told.__notes__ = error.__notes__
        return told
    return error


@contextmanager
def named(shard: str) -> Iterator[None]:
    """Add the shard's name to any error; its type and text stay.

    >>> try:
    ...     with named("b.csv"): raise ValueError("bad row")
    ... except ValueError as error: print(error, error.__notes__)
    bad row ['in shard b.csv']
    """
    try:
        yield
    except Exception as error:
        error.add_note(f"in shard {shard}")
        raise


def read(source: Source) -> Rows:
    """Read and check a shard."""
    with named(source.name):
        x, y = check_samples(*source.read())
    return Rows(source.name, aligned(x), aligned(y))


def aligned(array: Array) -> Array:
    """The same numbers in rows, from an address that is a multiple of 64 on.

    Arrays out of messages begin anywhere, and NumPy gives BLAS only those that begin at a multiple of 8: the bits of a
    product would depend on how its operands travelled.

    >>> aligned(np.frombuffer(b"?" + bytes(16), offset=1)).ctypes.data % 64
    0
    """
    room = np.empty(array.nbytes + ALIGNMENT, dtype=np.uint8)
    first = -room.ctypes.data % ALIGNMENT
    copy: Array = room[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def summarise(rows: Rows) -> Summary:
    """Look at a shard that was read."""
    checksum = zlib.crc32(rows.y.tobytes(), zlib.crc32(rows.x.tobytes()))
    return Summary(rows.name, len(rows.x), rows.x[:1], rows.y[:1], _targets(rows.y), checksum)


def _targets(y: Array) -> Array:
    different = np.unique(y) if y.ndim == 1 else y[:1]
    return different if len(different) <= MANY_TARGETS else different[[0, -1]]


@lru_cache(maxsize=8)
def unpack(packed: bytes) -> MeanLoss:
    """The loss that the client pickled; the bytes came with a task, that is from the scheduler."""
    loss: MeanLoss = pickle.loads(packed)
    return loss


@lru_cache(maxsize=1)  # as it was when the process began to use it, whatever happens to the files afterwards
def fingerprint() -> dict[str, str]:
    """The versions that must agree for the bits to agree; of this project, the source text itself.

    >>> sorted(fingerprint())
    ['llvmlite', 'numpy', 'python', 'scalar-autograd', 'source']
    """
    digest = hashlib.sha256()
    for folder in (Path(str(autograd.__file__)).parent, Path(__file__).parents[1]):
        for path in sorted(folder.rglob("*.py")):
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    versions = {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "numpy": np.__version__,
        "llvmlite": _version("llvmlite"),
        "scalar-autograd": _version("scalar-autograd"),
    }
    return versions | {"source": digest.hexdigest()[:12]}


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
