"""The input vector of a program: lists and vectors joined, and the numbers of the parameters, read at each call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from struct import Struct
from typing import Any

from autograd._numpy import HAS_NUMPY, np
from autograd.compiler.llvm.engine import is_loaded
from autograd.compiler.llvm.slots import SlotReader, slot_of
from autograd.scopes import answering, open_blocks
from autograd.value import Value, numbers_of

CHUNK = 1024  # parameters at a time: their floats are still in the fastest cache when they are copied
FEW = 64  # parameters that stay a list, which a small program in Python takes as it is


def joined(pieces: Sequence[Any]) -> Any:
    """One float64 vector of lists of floats and float64 vectors that follow each other.

    >>> joined([[1.0, 2.0], np.array([3.0])])
    array([1., 2., 3.])
    """
    present = pieces if len(pieces) == 1 else [piece for piece in pieces if len(piece)]
    if len(present) == 1 and type(present[0]) is not list:
        return present[0]
    if not HAS_NUMPY:
        return np.array([x for piece in present for x in piece])
    vector = np.empty(sum(map(len, present)))
    begin = 0
    for piece in present:
        end = begin + len(piece)
        if type(piece) is list:
            _packer(len(piece))(vector, vector.itemsize * begin, *piece)
        else:
            vector[begin:end] = piece
        begin = end
    return vector


@lru_cache(maxsize=256)
def _packer(count: int) -> Callable[..., None]:
    """What writes that many floats into a buffer; NumPy, which looks at the type of each, takes three times as long."""
    return Struct(f"{count}d").pack_into


def read(parameters: tuple[Value, ...]) -> Any:
    """The numbers of the parameters now: a list if they are few, else a float64 vector.

    >>> read((Value(2.0),)), read((Value(2.0),) * 100).shape
    ([2.0], (100,))
    """
    return numbers_of(parameters) if len(parameters) <= FEW else vector_of(parameters)


def vector_of(parameters: tuple[Value, ...]) -> Any:
    """The same as a vector, however few they are."""
    if not HAS_NUMPY:
        return np.array(numbers_of(parameters))
    if (found := _by_machine_code(parameters)) is not None:
        return found
    vector = np.empty(len(parameters))
    for begin in range(0, len(parameters), CHUNK):
        numbers = numbers_of(parameters[begin : begin + CHUNK])
        _packer(len(numbers))(vector, vector.itemsize * begin, *numbers)
    return vector


def _by_machine_code(parameters: tuple[Value, ...]) -> Any:
    """The vector; None where llvm is not in use, something answers for the Values, or one has no plain float."""
    if not is_loaded() or (open_blocks and answering() is not None):
        return None
    reader = slot_reader()
    return None if reader is None else reader.read(parameters)


@lru_cache(maxsize=1)
def slot_reader() -> SlotReader | None:
    """What reads the numbers of Values; None where this Python keeps them in another way."""
    examples = tuple(map(Value, (0.1, 0.2)))
    slot = slot_of(examples, numbers_of(examples))
    return None if slot is None else SlotReader(slot)
