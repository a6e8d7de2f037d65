"""A compiled function of one flat vector, as optimisers want it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.compiler.lower import GRADIENT
from autograd.compiler.structure import argument, as_array, flatten, is_array
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

    def __call__(self, vector: Any, *args: Any) -> tuple[float, Any]:
        compiled = self.compiled
        if is_array(vector) and vector.ndim == 1:
            numbers: Any = as_array(vector)
        else:
            given = argument(vector, "vector")
            numbers = given.numbers
            if given.key != flatten(list(numbers), []):
                raise CompileError(f"the vector must be a flat list or array of numbers, got {vector!r}")
        if compiled.parameters is None:
            if args:
                raise CompileError("without parameters=, the vector is the only argument; it is the list that f takes")
            return self._run(compiled.arguments([numbers]), [])
        if len(numbers) != len(compiled.parameters):
            count = len(compiled.parameters)
            raise CompileError(f"the vector holds the {count} parameters, got {len(numbers)} numbers")
        return self._run(compiled.arguments(args), numbers)

    def _run(self, arguments: Any, parameters: Any) -> tuple[float, Any]:
        _, outputs = self.compiled.run(GRADIENT, arguments, parameters)
        return float(outputs[0]), as_array(outputs[1:])
