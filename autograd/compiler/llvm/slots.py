"""Read the numbers that many objects keep in a slot, in machine code.

In Python each takes 35 ns, most of which is waiting for memory, for one object after the other; machine code waits for
many at a time. It reads what CPython's own macros read (`PyTuple_GET_ITEM`, a slot of `__slots__`, `Py_TYPE`,
`PyFloat_AS_DOUBLE`). Where each of these is, is found out and checked with objects whose content is known.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from typing import Any

from autograd._numpy import np
from autograd.compiler.llvm.engine import LOOPS, machine
from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.objects import HEAD, are_as_in_c

WORD = ctypes.sizeof(ctypes.c_void_p)
TYPE = HEAD - WORD  # where an object says of which type it is
ITEMS = tuple.__basicsize__  # where the entries of a tuple begin
AHEAD = 32  # objects that are asked for before their turn
_NOTHING = (0.0, 0.0)  # is looked at where a slot is empty


class SlotReader:
    """Reads floats from the slot that is so many bytes from the beginning of an object."""

    def __init__(self, slot: int) -> None:
        self._machine = machine([_text(slot)], LOOPS)
        pointer = ctypes.c_void_p
        # Python's lock is kept, so that no other thread replaces a number meanwhile.
        function = ctypes.PYFUNCTYPE(None, pointer, ctypes.c_int64, *[pointer] * 4)
        self._read = function(self._machine.address("read"))

    def read(self, objects: tuple[Any, ...]) -> Any:
        """A float64 vector; None where one of the objects has no plain float there."""
        if not objects:
            return None
        found, others = np.empty(len(objects)), np.zeros(1, np.int64)
        self._read(id(objects), len(objects), id(found), id(others), id(float), id(_NOTHING))
        return None if others[0] else found


def slot_of(examples: tuple[Any, ...], numbers: Sequence[float]) -> int | None:
    """The slot in which each of these objects has its number, in bytes.

    None if there is no such slot, if objects are not laid out as said above, or if there is no lock.

    >>> slot_of((3.5, 4.5), [3.5, 4.5]) is None
    True
    """
    has_lock: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
    if not (has_lock and are_as_in_c() and _are_usual(examples, numbers)):
        return None
    size = min([type(each).__basicsize__ for each in examples])
    slots = [
        place
        for place in range(HEAD, size, WORD)
        if all(_word(each, place) == id(number) for each, number in zip(examples, numbers, strict=True))
    ]
    return slots[0] if len(slots) == 1 else None


def _are_usual(examples: tuple[Any, ...], numbers: Sequence[float]) -> bool:
    """Whether a tuple and floats are laid out as expected."""
    return all(
        _word(examples, ITEMS + WORD * i) == id(each)
        and _word(number, TYPE) == id(float)
        and ctypes.c_double.from_address(id(number) + HEAD).value == number
        for i, (each, number) in enumerate(zip(examples, numbers, strict=True))
    )


def _word(x: object, place: int) -> int | None:
    return ctypes.c_void_p.from_address(id(x) + place).value


def _text(slot: int) -> str:
    f = FunctionText(
        Kind(1), "read", "ptr %objects, i64 %count, ptr %array, ptr %others, ptr %float, ptr %nothing", linkage=""
    )
    objects, numbers = f.at("i8", "%objects", ITEMS), f.numbers("%array")
    last = f.do("sub i64 %count, 1")

    def slot_at(place: str) -> str:
        return f.at("i8", f.load("ptr", objects, place), slot)

    def ahead(i: str, by: int) -> str:
        place = f.do(f"add i64 {i}, {by}")
        return f.do(f"select i1 {f.do(f'icmp slt i64 {place}, {last}')}, i64 {place}, i64 {last}")

    with f.loop("%count") as i:
        others = f.carry("i64", 0)
        f.add(f"call void @llvm.prefetch.p0(ptr {slot_at(ahead(i, AHEAD))}, i32 0, i32 3, i32 1)")
        number = f.do(f"load ptr, ptr {slot_at(ahead(i, AHEAD // 2))}")
        f.add(f"call void @llvm.prefetch.p0(ptr {f.at('i8', number, HEAD)}, i32 0, i32 3, i32 1)")
        number = f.do(f"load ptr, ptr {slot_at(i)}")
        number = f.do(f"select i1 {f.do(f'icmp eq ptr {number}, null')}, ptr %nothing, ptr {number}")
        is_other = f.do(f"icmp ne ptr {f.do('load ptr, ptr ' + f.at('i8', number, TYPE))}, %float")
        f.store("double", f.do(f"load double, ptr {f.at('i8', number, HEAD)}"), numbers, i)
        found = f.do(f"or i64 {others}, {f.do(f'zext i1 {is_other} to i64')}")
        f.pass_on(others, found)
    f.store("i64", found, f.numbers("%others"), 0)
    return f"declare void @llvm.prefetch.p0(ptr, i32, i32, i32)\n{f}"
