"""The outputs of a program in the structure that the caller gets: arrays where arrays were given, and in one piece."""

from __future__ import annotations

from math import prod
from typing import Any

from autograd.compiler.arguments import as_array
from autograd.structure import NUMBER, Key, assembled


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
