"""A compiled function of one flat vector, as optimisers want it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd.compiler.arguments import argument, as_array, flatten, is_array, plain
from autograd.errors import CompileError
from autograd.value import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Flat:
    """`flat(vector, *args)` is (value, gradient), the gradient an array as long as the vector.

    With `parameters=`, the vector holds the parameters, which keep their own numbers, and `args` are the arguments.
    Without, f takes one list of numbers, and the vector is that list.

    >>> from autograd import compile
    >>> rosenbrock = compile(lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2)
    >>> rosenbrock.flat([0.0, 1.0])
    (101.0, array([ -2., 200.]))

    `scipy.optimize.minimize(rosenbrock.flat, [0.0, 1.0], jac=True)` finds the minimum. CompileError when the vector is
    not flat, has the wrong length, or the function takes several arguments but no parameters.
    """

    def __init__(self, parameters: Sequence[Value] | None, gradient: Callable[[Sequence[Any], Any], Any]) -> None:
        self._parameters = parameters
        self._gradient = gradient

    @property
    def start(self) -> NDArray[np.float64]:
        """The numbers of the parameters now, as an array: where an optimiser starts.

        >>> from autograd import Value, compile
        >>> w = Value(3.0)
        >>> compile(lambda: w * w, parameters=[w]).flat.start
        array([3.])
        """
        return as_array([parameter.data for parameter in self._parameters or ()])

    def __call__(self, vector: Any, *args: Any) -> tuple[float, NDArray[np.float64]]:
        numbers = _as_vector(vector)
        if self._parameters is None:
            if args:
                raise CompileError("without parameters=, the vector is the only argument; it is the list that f takes")
            outputs = self._gradient([numbers], [])
        elif len(numbers) != (count := len(self._parameters)):
            raise CompileError(f"the vector holds the {count} parameters, got {len(numbers)} numbers")
        else:
            outputs = self._gradient(args, numbers)
        return float(outputs[0]), as_array(outputs[1:])


def _as_vector(vector: Any) -> Any:
    vector = plain(vector, "vector")
    if is_array(vector) and vector.ndim == 1:
        return as_array(vector)
    given = argument(vector, "vector")
    if given.key != flatten(list(given.numbers), []):
        raise CompileError(f"the vector must be a flat list or array of numbers, got {vector!r}")
    return given.numbers
