"""A compiled function of one flat vector, as optimisers want it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd.compiler.arguments import argument, as_array, is_array, is_plain, plain
from autograd.compiler.inputs import vector_of
from autograd.errors import CompileError
from autograd.structure import key_of_shape
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

    `scipy.optimize.minimize(rosenbrock.flat, [0.0, 1.0], jac=True)` finds the minimum. A training loop on the vector,
    as in `nn.fit`, leaves the parameters alone until it stores the result; `compiled(x)` reads them all at each call.

    >>> from autograd import Value
    >>> w = Value(3.0)
    >>> fast = compile(lambda x: (w * x - 1.0) ** 2, parameters=[w], batch=("x",)).flat
    >>> theta = fast.start
    >>> for _ in range(50):
    ...     value, gradient = fast(theta, [1.0, 2.0])
    ...     theta -= 0.1 * gradient
    >>> fast.store(theta)
    >>> round(w.data, 6)
    0.6

    CompileError when the vector is not flat, has the wrong length, or the function takes several arguments but no
    parameters.
    """

    def __init__(self, parameters: tuple[Value, ...] | None, gradient: Callable[[Sequence[Any], Any], Any]) -> None:
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
        return vector_of(self._parameters or ())  # type: ignore[no-any-return]

    def store(self, vector: Any) -> None:
        """Write the numbers of a vector into the parameters: where an optimiser ended.

        >>> from autograd import Value, compile
        >>> w = Value(3.0)
        >>> compile(lambda: w * w, parameters=[w]).flat.store([0.5])
        >>> w.data
        0.5

        CompileError when it does not fit, as in a call, and without `parameters=`.
        """
        if self._parameters is None:
            raise CompileError("without parameters=, there is nothing to store the vector in")
        for parameter, number in zip(self._parameters, as_array(self._checked(vector)).tolist(), strict=True):
            parameter.data = number

    def __call__(self, vector: Any, *args: Any) -> tuple[float, NDArray[np.float64]]:
        if self._parameters is not None:
            outputs = self._gradient(args, self._checked(vector))
        elif args:
            raise CompileError("without parameters=, the vector is the only argument; it is the list that f takes")
        else:
            outputs = self._gradient([_as_vector(vector)], [])
        return float(outputs[0]), as_array(outputs[1:])

    def _checked(self, vector: Any) -> Any:
        """A vector that holds the parameters."""
        numbers = _as_vector(vector)
        if len(numbers) != (count := len(self._parameters or ())):
            raise CompileError(f"the vector holds the {count} parameters, got {len(numbers)} numbers")
        return numbers


def _as_vector(vector: Any) -> Any:
    if is_plain(vector) and vector.ndim == 1:
        return vector
    vector = plain(vector, "vector")
    if is_array(vector) and vector.ndim == 1:
        return as_array(vector)
    given = argument(vector, "vector")
    if given.key != key_of_shape((len(given.numbers),)):
        raise CompileError(f"the vector must be a flat list or array of numbers, got {vector!r}")
    return given.numbers
