"""The outputs of a program in the structure that the caller gets: arrays where arrays were given, and in one piece."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, TypeAlias

from autograd._numpy import NDArray, np
from autograd.compiler.arguments import as_array
from autograd.structure import NUMBER, Key, Structure, assembled, size_of

Keys: TypeAlias = tuple[Key, ...]  # of several arguments


class Outputs:
    """Outputs, a list of floats or a float64 vector; each `take` takes the next. With `arrays`, lists become arrays.

    >>> from autograd.structure import key_of
    >>> key = key_of({"w": [[0.0, 0.0]], "b": 0.0})
    >>> Outputs([1.0, 2.0, 3.0]).take(key)
    {'w': [[1.0, 2.0]], 'b': 3.0}
    >>> Outputs([1.0, 2.0, 3.0], arrays=True).take(key)
    {'w': array([[1., 2.]]), 'b': 3.0}
    """

    def __init__(self, outputs: Any, arrays: bool = False) -> None:
        self.outputs = outputs
        self.arrays = arrays
        self.place = 0

    def take(self, key: Key) -> Any:
        """The structure that `key` remembers, filled with the next outputs."""
        if key is NUMBER:
            self.place += 1
            return float(self.outputs[self.place - 1])
        shape = key.list_shape if key.shape is None else key.shape
        if shape is None:
            return assembled(key, [self.take(part) for part in key[2]])
        begin, self.place = self.place, self.place + prod(shape)
        found = self.outputs[begin : self.place]
        if self.arrays or key.shape is not None:
            return as_array(found).reshape(shape)
        return found if type(found) is list and len(shape) == 1 else as_array(found).reshape(shape).tolist()


def structured(outputs: Any, keys: Keys, is_single: bool) -> Any:
    """Outputs in these structures, in a tuple; or in the one that there is.

    >>> from autograd.structure import key_of
    >>> structured([1.0, 2.0], (key_of(0.0), key_of([0.0])), False)
    (1.0, [2.0])
    """
    if not any(keys):  # numbers only, as nearly always where a call costs more than its program
        parts = tuple(map(float, outputs))
    else:
        remaining = Outputs(outputs)
        parts = tuple([remaining.take(key) for key in keys])
    return parts[0] if is_single else parts


class Samples:
    """The outputs of many samples, an array with a row for each: a number is an array with an entry for each.

    >>> from autograd.structure import key_of
    >>> import numpy as np
    >>> Samples(np.array([[1.0, 2.0], [3.0, 4.0]])).take(key_of([0.0, 0.0]))
    [array([1., 3.]), array([2., 4.])]
    """

    def __init__(self, outputs: Any) -> None:
        self.outputs = outputs
        self.place = 0

    def take(self, key: Key) -> Any:
        """The structure that `key` remembers, filled with the next outputs; arrays have a row for each sample."""
        if key is NUMBER:
            self.place += 1
            return self.outputs[:, self.place - 1]
        if key.shape is None:
            return assembled(key, [self.take(part) for part in key[2]])
        begin, self.place = self.place, self.place + prod(key.shape)
        return self.outputs[:, begin : self.place].reshape(len(self.outputs), *key.shape)


def blocks(matrix: NDArray[np.float64], rows: Key | Keys, columns: Key | Keys, arrays: bool) -> Any:
    """A matrix of derivatives in the structure of what they are of, with that of what they are by at each number.

    An array of the result, with `arrays` any list, and one of what it is by make an array of both shapes. A plain tuple
    of keys is a tuple of structures.

    >>> from autograd.structure import key_of
    >>> blocks(np.array([[1.0, 2.0], [3.0, 4.0]]), key_of([0.0, 0.0]), key_of({"w": 0.0, "b": 0.0}), False)
    [{'w': 1.0, 'b': 2.0}, {'w': 3.0, 'b': 4.0}]
    """
    shape = _shape(rows, arrays)
    if shape is not None:
        return _block(matrix.reshape((*shape, matrix.shape[1])), columns)
    parts = [blocks(part, inner, columns, arrays) for inner, part in _parts(rows, matrix)]
    return assembled(rows, parts) if isinstance(rows, Structure) else tuple(parts)


def sample_blocks(cube: NDArray[np.float64], rows: Key, columns: Key | Keys) -> Any:
    """Derivatives (samples, rows, columns) as in `blocks`, around arrays with the samples first; lists become arrays.

    >>> from autograd.structure import key_of
    >>> sample_blocks(np.ones((5, 2, 3)), key_of([0.0, 0.0]), key_of([0.0, 0.0, 0.0])).shape
    (5, 2, 3)
    """
    shape = _shape(rows, True)
    if shape is not None:
        return _block(cube.reshape((len(cube), *shape, cube.shape[2])), columns, arrays=True)
    assert rows is not None
    parts = [sample_blocks(part.swapaxes(0, 1), inner, columns) for inner, part in _parts(rows, cube.swapaxes(0, 1))]
    return assembled(rows, parts)


def _block(block: NDArray[np.float64], key: Key | Keys, arrays: bool = False) -> Any:
    """The derivatives of an array, or of one number, by what has this key."""
    shape = _shape(key, arrays)
    if shape is not None:
        found = block.reshape((*block.shape[:-1], *shape))
        return float(found) if found.ndim == 0 else found.copy()
    if block.ndim == 1 and isinstance(key, Structure) and key.list_shape is not None:
        return block.reshape(key.list_shape).tolist()
    parts = [_block(part.T, inner, arrays) for inner, part in _parts(key, block.T)]
    return assembled(key, parts) if isinstance(key, Structure) else tuple(parts)


def _shape(key: Key | Keys, arrays: bool) -> tuple[int, ...] | None:
    """The shape of what becomes an array, () for a number."""
    if key is NUMBER:
        return ()
    if not isinstance(key, Structure):
        return None
    return key.list_shape if arrays and key.shape is None else key.shape


def _parts(key: Any, matrix: NDArray[np.float64]) -> Iterator[tuple[Key, NDArray[np.float64]]]:
    """The parts of a structure, each with its rows."""
    begin = 0
    for part in key[2] if isinstance(key, Structure) else key:
        end = begin + size_of(part)
        yield part, matrix[begin:end]
        begin = end
