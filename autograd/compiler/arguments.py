"""An argument of a compiled function as flat numbers, with a key for its structure.

Two calls whose arguments have equal keys can share one recording. To the function an array is a list, with an equal
key; but that key knows that it was an array, and the caller gets an array back.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, NamedTuple

from autograd import structure
from autograd._numpy import HAS_NUMPY, NDArray, Vector, np
from autograd.compiler.foreign import as_numpy, has_protocol
from autograd.errors import CompileError
from autograd.scopes import hooks
from autograd.structure import NUMBER, Key, key_of_array
from autograd.value import Value, as_float

FLOAT64 = np.dtype(np.float64) if HAS_NUMPY else None
LARGEST_EXPONENT = sys.float_info.max_exp


def flatten(x: Any, numbers: list[Any], leaf: Callable[[Any], Any] = as_float) -> Key:
    """Append the numbers of x to `numbers`, each as `leaf` makes it, and return the key of its structure.

    Arrays of any library count as lists, and so does a range.

    >>> numbers = []
    >>> flatten([1, (2.0, range(2))], numbers) == structure.key_of([0.0, (0.0, [0.0, 0.0])]), numbers
    (True, [1.0, 2.0, 0.0, 1.0])

    What is neither a structure nor accepted by `leaf` raises what `leaf` raises.
    """

    def other(x: Any, numbers: list[Any]) -> Key:
        if isinstance(x, range):
            return structure.flatten(list(x), numbers, other)
        found = as_numpy(x)
        if found is not None and found.dtype is FLOAT64 and found.size and found.shape:
            numbers += found.ravel().tolist()
            return key_of_array(found.shape)
        if found is not None and found.shape != ():
            key, array = structure.flatten(found.tolist(), numbers, other), key_of_array(found.shape)
            return array if key == array else key  # an array of objects may hold lists
        numbers.append(leaf(x if found is None else found.item()))
        return NUMBER

    return structure.flatten(x, numbers, other)


def is_array(x: Any) -> bool:
    """Whether x is a plain NumPy array of real numbers, not a single one; any other array is treated as a list."""
    return type(x) is np.ndarray and (x.dtype is FLOAT64 or x.dtype.kind in "fiu") and x.shape != ()


def is_plain(x: Any) -> bool:
    """Whether x is a NumPy array that is read as it is: of float64, as this machine has them."""
    return type(x) is np.ndarray and x.dtype is FLOAT64 and x.flags.aligned


def plain(x: Any, name: str) -> Any:
    """The argument `name`, with the array of another library as NumPy's; CompileError for one that has no numbers.

    >>> plain(memoryview(b"ab"), "x")
    array([97, 98], dtype=uint8)
    """
    kind = type(x)
    if kind is list or is_plain(x):
        return x
    if kind is Vector:
        return x.tolist()
    try:
        found = as_numpy(x)
    except TypeError as error:
        raise CompileError(f"argument {name}: {error}") from error
    return x if found is None else found


class Argument(NamedTuple):
    """An argument: its key, and its numbers as a list or a float64 vector; with a batch as an array, a sample a row.

    `given` is what the caller passed, with the array of another library as NumPy's.
    """

    key: Key
    numbers: Any
    given: Any
    is_batched: bool = False

    @property
    def example(self) -> list[float]:
        """The numbers of one sample, to record with."""
        numbers = self.numbers[0] if self.is_batched else self.numbers
        return numbers if isinstance(numbers, list) else list(map(float, numbers))

    @property
    def size(self) -> int:
        """The number of numbers; with a batch, of one sample."""
        return int(self.numbers.shape[1]) if self.is_batched else len(self.numbers)

    @property
    def has_array(self) -> bool:
        """Whether it is an array, or has one in it."""
        return is_array(self.given) or (self.key is not NUMBER and self.key.holds_array)


def argument(x: Any, name: str) -> Argument:
    """The argument `name` of a compiled function; CompileError names what is not a number.

    >>> argument([1, [2.0]], "x").numbers
    [1.0, 2.0]
    >>> argument(["a"], "x")
    Traceback (most recent call last):
        ...
    autograd.errors.CompileError: argument x: a number is needed, got 'a' (str); convert it with float(...), at ...
    """
    kind = type(x)
    if kind is float or (kind is int and x.bit_length() < LARGEST_EXPONENT):
        return Argument(NUMBER, [float(x)], x)
    x = plain(x, name)
    if is_array(x):
        return Argument(key_of_array(x.shape), as_array(x.ravel()), x)
    numbers: list[float] = []
    try:
        return Argument(flatten(x, numbers), numbers, x)
    except (TypeError, OverflowError):
        place, wrong = _first_wrong(x, name)
        at = f", at {place}" if place != name else ""
        raise CompileError(
            f"argument {name}: {wrong}{at}; a compiled function takes numbers, lists, tuples, dicts and arrays of them "
            "(whatever else the function needs, let it close over)"
        ) from None


NO_DERIVATIVE = (
    "a compiled function was called by a function that is being recorded or differentiated, but it gives plain "
    "numbers, from which no derivative comes; take its own value_and_grad, jvp or jacobian, as functional.grad(fast) "
    "does, or use the function that was compiled, fast.function"
)


def _first_wrong(x: Any, name: str) -> tuple[str, str]:
    """The place of the first part of x that is not a number, and what is wrong with it."""
    if isinstance(x, np.ndarray) and x.dtype.kind == "O" and x.shape:
        x = x.tolist()
    if isinstance(x, dict | list | tuple):
        for key, part in x.items() if isinstance(x, dict) else enumerate(x):
            try:
                flatten(part, [])
            except (TypeError, OverflowError):
                return _first_wrong(part, f"{name}[{key!r}]")
    return name, _wrong(x)


def _wrong(x: Any) -> str:
    """What is wrong with x, which is not a number, and what to write instead."""
    if isinstance(x, Value):
        now = hooks()
        if now.differentiating or now.recorder is not None or now.observer is not None:
            raise CompileError(NO_DERIVATIVE)
        return (
            f"a number is needed, got {x!r}; pass x.data, or list it in parameters= and let the function use it; where "
            "derivatives are checked, use the function that was compiled, fast.function"
        )
    try:
        flatten(x, [])
    except OverflowError:
        return f"this {type(x).__name__} is larger than any float; scale it, or use its logarithm"
    except TypeError as error:
        if isinstance(x, Iterable) and not isinstance(x, str | bytes | bytearray | np.ndarray) and not has_protocol(x):
            order = "sorted" if isinstance(x, Set) else "dict" if isinstance(x, Mapping) else "list"
            return f"numbers are needed, got a {type(x).__name__}; pass {order}(x)"
        return str(error).replace("a Value holds a real number", "a number is needed")
    return "it changed while it was read"


def samples(x: Any, name: str) -> Argument:
    """The batched argument `name`: a sequence or array of samples, which all have the same structure.

    >>> samples([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "x").numbers.shape
    (3, 2)
    >>> samples([[1.0, 2.0], [3.0]], "x")
    Traceback (most recent call last):
        ...
    autograd.errors.CompileError: argument x: sample 1 has 1 number(s) in another structure than sample 0, which has 2
    """
    x = plain(x, name)
    if is_array(x):
        if not len(x):
            raise CompileError(f"argument {name}: a batch needs at least one sample, got an array of shape {x.shape}")
        rows = x if x.ndim == 2 else x.reshape(len(x), math.prod(x.shape[1:]))
        return Argument(key_of_array(x.shape[1:]), as_array(rows), x, True)
    each = list(x) if isinstance(x, np.ndarray) and x.shape else x
    if not isinstance(each, Sequence) or isinstance(each, str | bytes | bytearray) or not len(each):
        raise CompileError(
            f"argument {name} is batched: give a list or array with one entry for each sample, got {x!r}"
        )
    rows = [argument(sample, f"{name}[{place}]") for place, sample in enumerate(each)]
    first = rows[0]
    for place, row in enumerate(rows):
        if row.key != first.key:
            raise CompileError(
                f"argument {name}: sample {place} has {len(row.numbers)} number(s) in another structure than sample 0, "
                f"which has {len(first.numbers)}"
            )
    numbers = as_array([row.numbers for row in rows]).reshape(len(rows), len(first.numbers))
    return Argument(first.key, numbers, x, True)


def are_integers(x: Any) -> list[bool]:
    """For each number of an argument whether it is an integer: such a number may be an index.

    >>> are_integers([1, 2.0])
    [True, False]
    """
    if is_array(x):
        return [x.dtype.kind in "iu"] * int(x.size)
    found: list[Any] = []
    flatten(x, found, lambda each: isinstance(each, int) or getattr(getattr(each, "dtype", None), "kind", "") in "iu")
    return [each is True for each in found]  # `flatten` keeps floats as they are


def as_array(numbers: Any) -> NDArray[np.float64]:
    """A NumPy array of floats; without NumPy a vector of them, see `autograd._numpy`."""
    if type(numbers) is np.ndarray and numbers.dtype is FLOAT64:
        return numbers
    return np.asarray(numbers, dtype=np.float64)
