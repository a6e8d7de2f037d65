"""Descriptors: what a kernel is told of sizes and places, in one array of integers."""

from __future__ import annotations

from collections.abc import Sequence

from autograd._numpy import NDArray, np
from autograd.compiler.vector.program import Lanes

Integers = NDArray[np.int64]
BEYOND = 64  # places after a table that a kernel may look at without using what is there


class Descriptors:
    """Descriptors that are being collected: numbers, and tables in the places of which their addresses stand."""

    def __init__(self) -> None:
        self._parts: list[Lanes] = []
        self._size = 0
        self._addresses: list[tuple[int, int]] = []  # (place of an address, place of what is there)
        self._known: dict[bytes, int] = {}

    def add(self, fields: Sequence[int | Lanes]) -> int:
        """The place of a new descriptor."""
        tables = [None if isinstance(each, int) else self.table(each) for each in fields]
        place = self._append(np.array([each if isinstance(each, int) else 0 for each in fields], np.int64))
        self._addresses += [(place + i, table) for i, table in enumerate(tables) if table is not None]
        return place

    def table(self, numbers: Lanes) -> int:
        """The place of a table; equal ones are one."""
        key = numbers.tobytes()
        if key not in self._known:
            self._known[key] = self._append(np.append(numbers, np.zeros(BEYOND, np.int64)))
        return self._known[key]

    def _append(self, part: Lanes) -> int:
        place = self._size
        self._parts.append(part)
        self._size += len(part)
        return place

    def finished(self) -> tuple[Integers, int]:
        """All of it, and its address."""
        whole = np.concatenate([np.zeros(1, np.int64), *self._parts]).astype(np.int64)[1:]
        address = int(whole.__array_interface__["data"][0])
        for place, table in self._addresses:
            whole[place] = address + 8 * table
        return whole, address
