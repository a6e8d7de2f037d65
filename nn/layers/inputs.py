"""Check and convert the arguments of layers: samples and sizes."""

import operator
from collections.abc import Sequence
from typing import Any

from autograd import Value
from autograd._numpy import HAS_NUMPY, NDArray, np
from autograd.io.plural import counted

ONE_SAMPLE = "a model takes one sample; for a batch write [model(x) for x in batch]"


# What NumPy would convert silently, some of it with a loss.
_NOT_REAL = {"c": "complex numbers", "M": "dates", "m": "durations", "S": "text", "U": "text", "V": "records"}


def is_foreign(x: Any) -> bool:
    """Whether x is an array or a table of a library other than NumPy, such as pandas or PyTorch.

    >>> is_foreign([1.0]), is_foreign(np.zeros(2))
    (False, False)
    """
    return hasattr(type(x), "__array__") and not isinstance(x, np.ndarray | np.generic)


def as_array(x: Any) -> NDArray[Any]:
    """x, an array of any library, as a NumPy array; TypeError with the remedy if numbers are hidden or not real.

    >>> as_array(np.ma.masked_array([1.0, 2.0], [False, True]))
    Traceback (most recent call last):
        ...
    TypeError: got a masked array with 1 hidden number; fill it with x.filled(number), or drop ...
    """
    given = x if isinstance(x, list | tuple) else (x,)
    arrays = [each for each in given if HAS_NUMPY and isinstance(each, np.ma.MaskedArray)]
    if hidden := sum(int(np.ma.getmaskarray(each).sum()) for each in arrays):
        raise TypeError(
            f"got a masked array with {counted(hidden, 'hidden number')}; fill it with x.filled(number), or drop these"
            " rows"
        )
    try:
        found = np.asarray(x)
    except (RuntimeError, BufferError) as error:  # raised by tensors with a gradient, or on another device
        raise TypeError(f"NumPy cannot read a {type(x).__name__}: {error}") from error
    if HAS_NUMPY and (kind := _NOT_REAL.get(found.dtype.kind)):
        raise TypeError(f"got {kind} ({found.dtype}); convert them to real numbers first")
    return found


def as_inputs(x: Any, n_in: int) -> Sequence[Any]:
    """The n_in numbers or Values of one sample; a single number or Value is a sample of one.

    >>> as_inputs(np.array([1.0, 2.0]), 2), as_inputs(3.0, 1)
    ([1.0, 2.0], [3.0])

    ValueError when there are not n_in of them, TypeError when x is not a sequence.
    """
    if type(x) is list and len(x) == n_in:  # the usual case must be fast
        return x
    if isinstance(x, np.ndarray | np.generic) or is_foreign(x):
        x = as_array(x)
        if x.ndim > 1:
            raise ValueError(f"got an array of shape {x.shape}: {ONE_SAMPLE}")
        x = x.tolist()
    if isinstance(x, Value | int | float):
        x = [x]
    if isinstance(x, str | bytes) or not hasattr(x, "__iter__"):
        raise TypeError(f"a sample must be a list of {counted(n_in, 'number')}, got {x!r}")
    inputs = list(x)
    if len(inputs) != n_in:
        raise ValueError(f"expected {counted(n_in, 'input')}, got {len(inputs)}: {_short(inputs)}")
    return inputs


def check_numbers(inputs: Sequence[Any]) -> None:
    """Raise TypeError for the first input that is neither a number nor a Value.

    >>> check_numbers([1.0, "2"])
    Traceback (most recent call last):
        ...
    TypeError: input 1 is '2', a str; give a number
    """
    for j, value in enumerate(inputs):
        if isinstance(value, list | tuple | np.ndarray):
            raise TypeError(f"input {j} is {_short(value)}: {ONE_SAMPLE}")
        if isinstance(value, bool) or not isinstance(value, Value | int | float | np.integer | np.floating):
            raise TypeError(f"input {j} is {value!r}, a {type(value).__name__}; give a number")


def _short(value: Any, limit: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def as_size(n: Any, what: str) -> int:
    """`n` as an int, a number of neurons or inputs; `what` names it in messages.

    >>> as_size(np.int64(3), "n_in")
    3

    TypeError when it is not an integer, ValueError when it is below 1.
    """
    try:
        size = operator.index(n)
    except TypeError:
        raise TypeError(f"{what} must be an integer, got {n!r}") from None
    if isinstance(n, bool) or size < 1:
        raise ValueError(f"{what} must be at least 1, got {n!r}")
    return size


def as_sizes(n_outs: Any) -> list[int]:
    """The sizes of all layers as ints.

    >>> as_sizes((16, 1))
    [16, 1]

    TypeError when it is not a list of integers, ValueError when it is empty or one is below 1.
    """
    if isinstance(n_outs, str) or not hasattr(n_outs, "__iter__"):
        raise TypeError(f"n_outs must be a list of layer sizes, such as [16, 1]; got {n_outs!r}")
    sizes = [as_size(n, f"n_outs[{i}]") for i, n in enumerate(n_outs)]
    if not sizes:
        raise ValueError("n_outs is empty: a network needs at least one layer, such as MLP(2, [1])")
    return sizes
