"""Where machine code finds the numbers of an array: in the array itself, which is given as an object.

Asking NumPy takes 2 µs for each array, as long as some programs take. An array begins as every object does, with
`HEAD` bytes, then comes the address of its numbers: C extensions have that compiled into them (`PyArray_DATA`), so it
stays. It is checked once, before the first program is built.
"""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache
from typing import Any

from autograd._numpy import np

HEAD = object.__basicsize__


@lru_cache(maxsize=1)
def are_as_in_c() -> bool:
    """Whether arrays are laid out as said above: by CPython, in whatever way it was built.

    >>> are_as_in_c()
    True
    """
    return sys.implementation.name == "cpython" and all(map(_is_as_in_c, [np.zeros(3), np.ones((4, 6))[1:, ::2]]))


def _is_as_in_c(array: Any) -> bool:
    known: int = array.__array_interface__["data"][0]
    return ctypes.c_void_p.from_address(id(array) + HEAD).value == known
