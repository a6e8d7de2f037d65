"""Arrays of any library as NumPy's: those of pandas, polars, PyTorch, JAX, and whatever has a buffer.

They are asked by the protocols that libraries share, `__array__`, `__dlpack__` and the buffer protocol; none of them
is imported here.
"""

from __future__ import annotations

import array
from typing import Any

from autograd._numpy import need_numpy, np
from autograd.value import Value

_USUAL = frozenset([float, int, list, tuple, dict, str, bytes, bool, type(None)])
_BUFFERS = (memoryview, array.array)


def as_numpy(x: Any) -> Any:
    """The NumPy array of what is an array in some library, of any shape; None for everything else.

    >>> as_numpy(memoryview(b"ab")).tolist(), as_numpy([1.0])
    ([97, 98], None)

    TypeError, with the remedy, for what is not an array of real numbers, hides some of them behind a mask, needs a
    gradient of its own, or lives on another device.
    """
    kind = type(x)
    if kind is np.ndarray:
        return _checked(x)
    if kind in _USUAL or isinstance(x, np.generic | Value | list | tuple | dict):
        return None
    if isinstance(x, np.ndarray):  # a matrix, a memory map, or masked
        return _checked(_unmasked(x) if isinstance(x, np.ma.MaskedArray) else x.view(np.ndarray))
    if not has_protocol(x):
        if hasattr(kind, "toarray"):
            raise TypeError(f"got a {kind.__name__}, which is sparse; pass x.toarray()")
        return None
    if getattr(x, "requires_grad", False) is True:
        raise TypeError(
            f"got a {kind.__name__} with requires_grad, whose own graph would end here; pass x.detach(), and take the "
            "gradient from value_and_grad"
        )
    return _converted(x)


def has_protocol(x: Any) -> bool:
    """Whether x can be asked for its array.

    >>> has_protocol(np.zeros(2)), has_protocol([0.0])
    (True, False)
    """
    return hasattr(type(x), "__array__") or hasattr(type(x), "__dlpack__") or isinstance(x, _BUFFERS)


def _converted(x: Any) -> Any:
    kind = type(x)
    need_numpy(f"reading a {kind.__name__}")
    try:
        found = np.from_dlpack(x) if not hasattr(kind, "__array__") and hasattr(kind, "__dlpack__") else np.asarray(x)
    except Exception as error:  # the library's own, of any kind
        raise TypeError(
            f"NumPy cannot read a {kind.__name__} ({error}); convert it first, as in x.detach().cpu().numpy() for a "
            "tensor or x.to_numpy() for a table"
        ) from error
    return _checked(found if type(found) is np.ndarray else as_numpy(found))


def _unmasked(x: np.ma.MaskedArray[Any, Any]) -> Any:
    hidden = np.argwhere(np.ma.getmaskarray(x))
    if len(hidden):
        place = "".join(f"[{i}]" for i in hidden[0].tolist())
        first = f", first x{place}" if place else ""
        raise TypeError(
            f"got a masked array, which hides {len(hidden)} number(s){first}; put numbers there "
            "with x.filled(number), or leave them out with x.compressed()"
        )
    return x.data.view(np.ndarray)


# Arrays without real numbers, by the kind of their dtype: what they hold, and what to write instead.
_REMEDIES = {
    "b": "bools; pass x.astype(float)",
    "c": "complex numbers; pass x.real or x.imag",
    "M": "dates; a start and a unit make numbers of it, as in (x - start) / numpy.timedelta64(1, 'D')",
    "m": "durations; a unit makes numbers of it, as in x / numpy.timedelta64(1, 's')",
    "S": "text; pass x.astype(float) if that is numbers",
    "U": "text; pass x.astype(float) if that is numbers",
    "T": "text; pass x.astype(float) if that is numbers",
    "V": "records; pass its columns, x[name], or a dict of them",
}


def _checked(x: Any) -> Any:
    if remedy := _REMEDIES.get(x.dtype.kind):
        raise TypeError(f"got an array of {remedy}")
    return x if x.flags.aligned else x.copy()
