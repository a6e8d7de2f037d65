"""The memory of one thread that runs a program: frames, and the block of arguments for the driver."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Generic, TypeVar

from autograd._numpy import NDArray, np
from autograd.compiler.llvm.library import failed
from autograd.compiler.silent import silently

Floats = NDArray[np.float64]
ALIGNMENT = 64  # of frames, in bytes: a cache line, and the widest vector


def address_of(array: Any) -> int:
    """Where the numbers of an array begin."""
    return int(array.__array_interface__["data"][0])


def contiguous(numbers: Any, count: int) -> Floats:
    """A float64 array of that many numbers, one beside the other, as machine code reads it.

    >>> contiguous(np.arange(6.0)[::2], 3).strides
    (8,)

    ValueError for another number of them.
    """
    found = np.ascontiguousarray(numbers, np.float64)
    if found.size != count:
        raise ValueError(f"{count} numbers are needed, got {found.size}")
    return found


def new_frame(
    size: int, number: Any, constants: dict[int, float], width: int = 1, empty: float = 0.0
) -> tuple[Any, int]:
    """An aligned array of `size` times `width` numbers `empty` and its address; `constants` say what some slots hold.

    >>> frame, address = new_frame(2, np.float64, {1: 2.5}, width=2)
    >>> frame, address % ALIGNMENT
    (array([0. , 0. , 2.5, 2.5]), 0)
    """
    block = np.full(size * width + ALIGNMENT, empty, dtype=number)
    skipped = -address_of(block) % ALIGNMENT // block.itemsize
    frame = block[skipped : skipped + size * width]
    silently(_fill, frame, constants, width)  # what is too large for float32 is infinite there
    return frame, address_of(frame)


def _fill(frame: Any, constants: dict[int, float], width: int) -> None:
    for slot, constant in constants.items():
        frame[slot * width : (slot + 1) * width] = constant


class Workspace:
    """A frame and a block of arguments by name; used by one thread at a time."""

    def __init__(self, names: Sequence[str], frame: tuple[Any, int], /, **arguments: int) -> None:
        self.frame = frame[0]
        self._places = {name: place for place, name in enumerate(names)}
        numbers = np.zeros(len(names), dtype=np.int64)
        self._arguments = numbers.data  # NumPy takes twice as long for each
        self.address = address_of(numbers)
        self.set(**arguments)

    def set(self, **arguments: int) -> None:
        """Set arguments by name."""
        for name, number in arguments.items():
            self._arguments[self._places[name]] = number

    def get(self, argument: str) -> int:
        """An argument by name."""
        return int(self._arguments[self._places[argument]])


Held = TypeVar("Held", bound=Workspace)


class WorkspacePool(Generic[Held]):
    """Workspaces that no thread is using; a new one is made when there is none."""

    def __init__(self, make: Callable[[], Held]) -> None:
        self._make = make
        self._free: list[Held] = []

    def take(self) -> Held:
        """One for this thread."""
        try:
            return self._free.pop()
        except IndexError:
            return self._make()

    def give(self, place: Held) -> None:
        """Return it to the pool."""
        self._free.append(place)


def in_parts(part: Callable[[int, int], Floats], tiles: int, threads: int, calls_python: bool) -> list[Floats]:
    """`part(begin, end)` for as many ranges of tiles as there are threads, in order.

    >>> in_parts(lambda begin, end: np.arange(begin, end), 5, 2, False)
    [array([0, 1]), array([2, 3, 4])]
    """
    threads = min(threads, tiles)
    if threads == 1:
        return [part(0, tiles)]
    bounds = [tiles * i // threads for i in range(threads + 1)]

    def guarded(i: int) -> tuple[Floats, BaseException | None]:
        return part(bounds[i], bounds[i + 1]), failed() if calls_python else None

    found = list(_pool(threads).map(guarded, range(threads)))
    if errors := [error for _, error in found if error is not None]:
        raise errors[0]
    return [each for each, _ in found]


@lru_cache(maxsize=8)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="autograd-llvm")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a fork has the pools, but not their threads
