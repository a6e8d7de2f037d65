"""Derivatives of a compiled function other than its gradient: along directions, as matrices, for each sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from autograd._numpy import np
from autograd.compiler.arguments import as_array
from autograd.compiler.asked import Argnums
from autograd.compiler.call_arguments import Arguments
from autograd.compiler.directional import DirectionalDerivatives
from autograd.compiler.given import given
from autograd.compiler.kinds import ENTRIES, FORWARD, ROWS, Derivative, matrix_of
from autograd.compiler.lower import GRADIENT
from autograd.compiler.results import Samples, blocks, sample_blocks, structured
from autograd.errors import CompileError
from autograd.sparse.compression import scipy_sparse
from autograd.structure import size_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array


class Derivatives(DirectionalDerivatives):
    """Directional derivatives, Jacobians and Hessians of the programs of a function.

    They are by the parameters, if there are any, else by arguments; `argnums` names other arguments: an index, or a
    tuple of indices, for which the answer is a tuple. Each kind is a program of its own, recorded when it is first
    asked for.
    """

    def jacobian(self, *args: Any, argnums: Argnums = None, sparse: bool = False, **named: Any) -> Any:
        """∂fᵢ/∂x: for each number in the result of f, the derivative in the structure of x.

        args, named  the arguments, by position and by name
        argnums      x: an argument, or a tuple of arguments; None: the first, or with `parameters=` those
        sparse       True for a `scipy.sparse` array with a row for each number of the result and a column for each of x

        An array in the result, or a list where an argument is an array, and an array x make one array, of both shapes.

        >>> from autograd import compile
        >>> import numpy as np
        >>> compile(lambda x: [x[0] * x[1], x[0], x[1] ** 2]).jacobian(np.array([2.0, 3.0]))
        array([[3., 2.],
               [1., 0.],
               [0., 6.]])

        The rows, or the columns if these are fewer, run as samples of a batch. Those of a small function, of an exact
        one and of one with a batch, whose results are means, are written out, which takes long to build for many.
        A sparse one runs a direction for each colour, as in `functional.jacobian`; `explain()` says how many there are.
        """
        arguments = self._arguments(args, named)
        chosen, is_single = self._chosen(argnums, 0, len(arguments.keys))
        if sparse:
            return self._sparse("jacobian", arguments, chosen)
        variant, outputs = self._run(Derivative("jacobian", chosen), given(arguments, self._current()))
        key = variant.lowered.result
        keys = self._keys(arguments, chosen)
        matrix = matrix_of(outputs, variant.lowered.mode, size_of(key), sum(map(size_of, keys)))
        return blocks(matrix, key, keys[0] if is_single else keys, arguments.hold_array or chosen is None)

    @overload
    def hessian(
        self, *args: Any, argnums: Argnums = None, sparse: Literal[False] = False, **named: Any
    ) -> NDArray[np.float64]: ...
    @overload
    def hessian(self, *args: Any, argnums: Argnums = None, sparse: bool, **named: Any) -> Any: ...
    def hessian(self, *args: Any, argnums: Argnums = None, sparse: bool = False, **named: Any) -> Any:
        """The matrix of second derivatives by the parameters; without `parameters=`, by all numbers of the arguments.

        args, named  the arguments, by position and by name
        argnums      the arguments that it is by, if not all
        sparse       True for a symmetric `scipy.sparse` array

        An array (n, n). Its rows run as samples of a batch, each at the cost of an `hvp`; those of a small function, of
        an exact one and of one with a batch are written out, as n times the equations of the gradient. A sparse one
        runs a direction for each colour of its graph, as in `functional.hessian`.

        >>> from autograd import compile
        >>> compile(lambda x, y: x * x * y).hessian(3.0, 5.0)
        array([[10.,  6.],
               [ 6.,  0.]])

        CompileError when f does not return one number.
        """
        arguments = self._arguments(args, named)
        chosen, _ = self._chosen(argnums, range(len(arguments.keys)), len(arguments.keys))
        return self._sparse("hessian", arguments, chosen) if sparse else self._hessian(arguments, chosen)

    def map_grad(self, *args: Any, argnums: Argnums = None, **named: Any) -> Any:
        """The gradient of each sample of a batch, in the structure that `value_and_grad` gives; samples come first.

        args, named  the arguments, by position and by name
        argnums      those that it is by; None: all, or with `parameters=` those, as an array (samples, parameters)

        >>> from autograd import Value, compile
        >>> w = Value(3.0)
        >>> compile(lambda x: (w * x) ** 2, parameters=[w], batch=("x",)).map_grad([1.0, 2.0])
        array([[ 6.],
               [24.]])

        CompileError without `batch=`, and when f does not return one number.
        """
        self._check_batch("map_grad")
        arguments = self._arguments(args, named)
        chosen, is_single = self._chosen(argnums, range(len(arguments.keys)), len(arguments.keys))
        _, outputs = self._run(Derivative("map_grad", chosen), given(arguments, self._current()))
        if chosen is None:
            return outputs[:, 1:]
        remaining = Samples(outputs[:, 1:])
        parts = tuple([remaining.take(arguments.keys[i]) for i in chosen])
        return parts[0] if is_single or (argnums is None and len(parts) == 1) else parts

    def map_jacobian(self, *args: Any, argnums: Argnums = None, **named: Any) -> Any:
        """The Jacobian of each sample of a batch, an array (samples, outputs, inputs).

        args, named  the arguments, by position and by name
        argnums      those that it is by; None: the first, or with `parameters=` those

        A list of numbers counts as an array. Other structures are kept, as in `jacobian`: that of the result, and in it
        that of the arguments, around arrays with the samples first. The rows of a Jacobian are written out one by one.

        >>> from autograd import compile
        >>> fast = compile(lambda x: [x[0] * x[1], x[0] ** 2, x[1]], batch=("x",))
        >>> fast.map_jacobian([[2.0, 3.0], [1.0, 5.0]]).shape
        (2, 3, 2)

        CompileError without `batch=`.
        """
        self._check_batch("map_jacobian")
        arguments = self._arguments(args, named)
        chosen, is_single = self._chosen(argnums, 0, len(arguments.keys))
        variant, outputs = self._run(Derivative("map_jacobian", chosen), given(arguments, self._current()))
        key, keys = variant.lowered.result, self._keys(arguments, chosen)
        cube = outputs[:, size_of(key) :].reshape(len(outputs), size_of(key), sum(map(size_of, keys)))
        return sample_blocks(cube, key, keys[0] if is_single else keys)

    def _check_batch(self, name: str) -> None:
        if not self.batch:
            raise CompileError(f"{name} needs a batch; name the arguments that hold samples in batch=")

    # --- for autograd.functional --------------------------------------------------------------------------------------

    def __derivative__(self, name: str, args: Sequence[Any], argnums: int | tuple[int, ...], along: Any) -> Any:
        """What `autograd.functional` asks for: the derivative that its function of that name takes by arguments.

        `along` are tangents or cotangents.
        """
        arguments = self._arguments(args)
        chosen, is_single = self._chosen(argnums, 0, len(args))
        if name == "taylor":
            direction, order = along
            return self.taylor(args, (direction,), order, argnums=argnums)
        if name.startswith("map_"):
            return getattr(self, name)(*args, argnums=argnums)
        if name != "jvp":
            self._refuse_samples(arguments, chosen or ())
        if along is not None:
            return getattr(self, name)(args, along, argnums=argnums)
        if name.startswith("sparse_"):
            return self._sparse(name.removeprefix("sparse_"), arguments, chosen)
        if name == "jacobian":
            return self.jacobian(*args, argnums=argnums)
        if name == "hessian":
            keys = self._keys(arguments, chosen)
            wanted: Any = keys[0] if is_single else keys
            return blocks(self._hessian(arguments, chosen), wanted, wanted, False)
        return self._value_and_grad(arguments, chosen, is_single)

    def _value_and_grad(
        self, arguments: Arguments, chosen: tuple[int, ...] | None, is_single: bool
    ) -> tuple[float, Any]:
        """The value and the gradient by those arguments, or by the parameters."""
        is_all = self.parameters is None and chosen == tuple(range(len(arguments.keys)))
        kind = GRADIENT if is_all or chosen is None else Derivative("grad", chosen)
        _, outputs = self._run(kind, given(arguments, self._current()))
        return float(outputs[0]), structured(outputs[1:], self._keys(arguments, chosen), is_single)

    def _sparse(self, name: str, arguments: Arguments, chosen: tuple[int, ...] | None) -> csr_array:
        """A sparse matrix by those arguments, or by the parameters."""
        if self.batch and self.options.exact:
            raise CompileError(
                "each sample of an exact function has its own program, and so its own pattern; for a sparse derivative "
                "of one with a batch, compile it without exact=True"
            )
        scipy_sparse()  # before anything is recorded
        variant, outputs = self._run(Derivative(name, chosen, sparse=True), given(arguments, self._current()))
        plan, mode = variant.lowered.plan, variant.lowered.mode
        assert plan is not None
        if mode == ENTRIES:
            return plan.filled(as_array(outputs))
        if mode == ROWS and name == "hessian":
            return plan.picked(self._square(outputs, arguments, chosen))
        if mode == ROWS:
            return plan.picked(matrix_of(outputs, mode, *plan.pattern.shape))
        return plan.matrix(outputs if mode == FORWARD else outputs[:, 1:])

    def __eager__(self) -> Callable[..., Any]:
        """The function that was compiled, for derivatives that are differentiated or recorded themselves."""
        if self.batch:
            raise CompileError(
                "a derivative of a function with batch= cannot be differentiated, nor recorded: its results are means; "
                "use the function of one sample, fast.function"
            )
        if self.function is None:
            raise CompileError("this compiled function was pickled without its Python function, which is needed here")
        return self.function

    def _refuse_samples(self, arguments: Arguments, chosen: Sequence[int]) -> None:
        for i in chosen:
            if arguments.parts[i].is_batched:
                raise CompileError(
                    f"argument {self._names_of(i + 1)[i]} holds samples (batch=), and the result is a mean over them; "
                    "for the derivative by each sample use map_grad, or functional on fast.function"
                )

    # --- parts --------------------------------------------------------------------------------------------------------

    def _hessian(self, arguments: Arguments, chosen: tuple[int, ...] | None) -> NDArray[np.float64]:
        """The matrix by those arguments, or by the parameters."""
        variant, outputs = self._run(Derivative("hessian", chosen), given(arguments, self._current()))
        if variant.lowered.mode != ROWS:
            return outputs[:, 1:]  # type: ignore[no-any-return]
        return self._square(outputs, arguments, chosen)

    def _square(self, outputs: Any, arguments: Arguments, chosen: tuple[int, ...] | None) -> NDArray[np.float64]:
        """The Hessian that is written out row by row; by arguments, it is by all of them."""
        n = sum(map(size_of, self._keys(arguments, chosen)))
        if chosen is None:
            return as_array(outputs[1 + n :]).reshape(n, n)
        size = arguments.size
        places = Derivative("", chosen).places(arguments.keys, size)
        return as_array(outputs[1 + size :]).reshape(size, size)[np.ix_(places, places)]
