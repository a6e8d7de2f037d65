"""NumPy where it is installed, else a stand-in, so that everything can be imported without it.

`from autograd._numpy import np` is NumPy itself. Without it, `np` makes vectors of plain floats, which programs in
Python and training on lists can do with, and its types are empty: no object is an instance of them. Anything else
raises ModuleNotFoundError.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from operator import add, mul, neg, sub
from typing import TYPE_CHECKING, Any

from autograd.numerics import div, ieee

REMEDY = "needs NumPy, which is not installed: pip install numpy"
# What is asked for with `isinstance` or named in annotations.
_TYPES = (
    *("ndarray", "generic", "number", "integer", "floating", "void", "flatiter"),
    *("bool_", "float64", "float32", "int64", "intp", "uint64"),
)


class Vector(list[Any]):
    """A list of floats, or of such lists, that adds and multiplies entry by entry as a NumPy array does.

    >>> Vector([1.0, 4.0]) - 0.5 * Vector([2.0, 2.0])
    [0.0, 3.0]
    >>> rows = Vector([1.0, 2.0, 3.0, 4.0]).reshape(2, 2)
    >>> rows, rows[:, 0], rows.shape
    ([[1.0, 2.0], [3.0, 4.0]], [1.0, 3.0], (2, 2))

    Operands of another length raise ValueError.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Its length, then that of its rows."""
        return (len(self), *(self[0].shape if self and isinstance(self[0], Vector) else ()))

    @property
    def ndim(self) -> int:
        """1 for a list of numbers, 2 for a list of rows."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return len(self.ravel())

    def tolist(self) -> list[Any]:
        """The same as plain lists."""
        return [each.tolist() if isinstance(each, Vector) else each for each in self]

    def ravel(self) -> Vector:
        """All numbers one after the other."""
        return Vector(self._numbers())

    def reshape(self, *shape: Any) -> Vector:
        """The same numbers in another shape, given as integers or a tuple; a first size of -1 is as large as needed."""
        first, *rest = shape[0] if isinstance(shape[0], tuple) else shape
        numbers = self.ravel()
        return _nested(iter(numbers), [len(numbers) // math.prod(rest) if first == -1 else first, *rest])

    def _numbers(self) -> Iterator[float]:
        for each in self:
            yield from each._numbers() if isinstance(each, Vector) else (each,)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, tuple):
            rows, column = place
            return Vector(row[column] for row in self[rows])
        if isinstance(place, list):
            return Vector(list.__getitem__(self, each) for each in place)
        found = list.__getitem__(self, place)
        return Vector(found) if isinstance(place, slice) else found

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"a list of numbers has no attribute {name!r}; an array has, which {REMEDY}")

    def __neg__(self) -> Vector:
        return Vector(map(neg, self))


def _nested(numbers: Iterator[float], shape: Sequence[int]) -> Vector:
    size, *rest = shape
    return Vector(_nested(numbers, rest) for _ in range(size)) if rest else Vector(islice(numbers, size))


def _entrywise(operator: Callable[[Any, Any], Any], is_reflected: bool, x: Vector, y: Any) -> Any:
    if isinstance(y, list):
        pairs: Iterable[tuple[Any, Any]] = zip(x, y, strict=True)
    elif isinstance(y, int | float):
        pairs = ((each, y) for each in x)
    else:
        return NotImplemented
    return Vector(operator(b, a) if is_reflected else operator(a, b) for a, b in pairs)


def _divided(x: Any, y: Any) -> Any:
    return x / y if isinstance(x, Vector) or isinstance(y, Vector) else div(x, y)


for _name, _operator in {"add": add, "sub": sub, "mul": mul, "truediv": _divided}.items():
    for _prefix in ("", "r", "i"):
        _function = partial(_entrywise, _operator, _prefix == "r")
        setattr(Vector, f"__{_prefix}{_name}__", lambda x, y, f=_function: f(x, y))


_sqrt = ieee(math.sqrt)


class _Without:
    """What `np` is without NumPy."""

    def __init__(self) -> None:
        for name in _TYPES:
            setattr(self, name, type(name, (), {}))

    def array(self, numbers: Any, dtype: Any = None) -> Any:
        """A vector of what lists, tuples and ranges of any depth hold: with a `dtype`, or for a bool, as floats."""
        if isinstance(numbers, list | tuple | range):
            return Vector(self.array(each, dtype) for each in numbers)
        if isinstance(numbers, str | bytes):
            raise TypeError(f"got text, {numbers!r}; convert it to numbers first")
        return numbers if dtype is None and not isinstance(numbers, bool) else float(numbers)

    asarray = array

    def arange(self, count: int) -> Vector:
        """The integers below `count`."""
        return Vector(range(count))

    def sqrt(self, x: Vector) -> Vector:
        """The root of each entry, nan for a negative one."""
        return Vector(map(_sqrt, x))

    def __getattr__(self, name: str) -> Any:
        raise ModuleNotFoundError(f"numpy.{name} {REMEDY}", name="numpy")


class _Annotation:
    """What `NDArray` is without NumPy."""

    def __class_getitem__(cls, item: Any) -> type[Any]:
        return cls


if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    HAS_NUMPY = True
else:
    try:
        import numpy as np
        from numpy.typing import NDArray

        HAS_NUMPY = True
    except ModuleNotFoundError as _error:
        if (_error.name or "").split(".")[0] != "numpy":
            raise
        np, NDArray, HAS_NUMPY = _Without(), _Annotation, False


def need_numpy(what: str) -> None:
    """Raise ModuleNotFoundError, with the remedy, if `what` cannot be had because NumPy is not installed.

    >>> need_numpy("a Jacobian")
    """
    if not HAS_NUMPY:
        raise ModuleNotFoundError(f"{what} {REMEDY}", name="numpy")


__all__ = ["HAS_NUMPY", "NDArray", "Vector", "need_numpy", "np"]
