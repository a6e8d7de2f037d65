"""A compiled function of one flat vector, as optimisers want it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd.compiler.structure import Key, argument, flatten
from autograd.errors import CompileError

if TYPE_CHECKING:
    from autograd.compiler.compiled import Compiled


class Flat:
    """`flat(vector, *args)` is (value, gradient), the gradient an array as long as the vector.

    With `parameters=`, the vector holds the parameters, which keep their own numbers, and `args` are the arguments.
    Without, f takes one list of numbers, and the vector is that list.

    >>> from autograd import compile
    >>> rosenbrock = compile(lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2)
    >>> rosenbrock.flat([0.0, 1.0])
    (101.0, array([ -2., 200.]))

    `scipy.optimize.minimize(rosenbrock.flat, [0.0, 1.0], jac=True)` finds the minimum. CompileError when the vector is
    no vector, has the wrong length, or the function takes several arguments but no parameters.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled

    @property
    def start(self) -> Any:
        """The numbers of the parameters now, as an array: where an optimiser starts.

        >>> from autograd import Value, compile
        >>> w = Value(3.0)
        >>> compile(lambda: w * w, parameters=[w]).flat.start
        array([3.])
        """
        return as_array(self.compiled.current())

    def __call__(self, vector: Sequence[float], *args: Any) -> tuple[float, Any]:
        numbers: list[float] = []
        names = self.compiled.names_of(len(args))
        keys = tuple([argument(each, name, numbers) for each, name in zip(args, names, strict=True)])
        entries: list[float] = []
        key = argument(vector, "vector", entries)
        if key != flatten(entries, []):
            raise CompileError(f"the vector must be a flat list or array of numbers, got {vector!r}")
        _, (value, *gradient) = self.compiled.run(True, self._keys(keys, key, len(entries)), numbers + entries)
        return value, as_array(gradient)

    def _keys(self, keys: tuple[Key, ...], key: Key, length: int) -> tuple[Key, ...]:
        parameters = self.compiled.parameters
        if parameters is None:
            if keys:
                raise CompileError("without parameters=, the vector is the only argument; it is the list that f takes")
            return (key,)
        if length != len(parameters):
            raise CompileError(f"the vector holds the {len(parameters)} parameters, got {length} numbers")
        return keys


def as_array(numbers: Sequence[float]) -> Any:
    """A NumPy array of floats; NumPy is loaded when the first one is made."""
    import numpy as np

    return np.array(numbers, dtype=np.float64)
