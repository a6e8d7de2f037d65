"""Derivatives of a compiled function along directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.compiler.asked import Argnums, Asked
from autograd.compiler.call_arguments import collect
from autograd.compiler.given import given
from autograd.compiler.kinds import Derivative
from autograd.compiler.results import Outputs, structured
from autograd.structure import NUMBER, per_argument, size_of


class DirectionalDerivatives(Asked):
    """Products of the derivatives of a function with vectors, each by one run of a program."""

    def jvp(self, args: Sequence[Any], tangents: Any, *, argnums: Argnums = None) -> tuple[Any, Any]:
        """(f(x), the derivative of f at x along v), in forward mode: one run, whatever the number of outputs.

        args      the arguments, in a tuple
        tangents  their directions, in a tuple of the same structure; with `parameters=`, an array in their order
        argnums   the arguments that the tangents are of, if not all

        >>> from autograd import compile
        >>> compile(lambda x, y: [x * y, x]).jvp((2.0, 3.0), (1.0, 10.0))
        ([6.0, 2.0], [23.0, 1.0])

        With a batch, each sample has its own tangent, and both are means. CompileError where the structures differ.
        """
        arguments = self._arguments(per_argument(args, "args"))
        chosen, _ = self._chosen(argnums, range(len(arguments.keys)), len(arguments.keys))
        along = self._tangents(arguments, tangents, chosen)
        asked = Derivative("jvp", chosen, along.keys)
        variant, outputs = self._run(asked, given(arguments, self._current(), along))
        remaining = Outputs(outputs, arguments.hold_array)
        return remaining.take(variant.lowered.result), remaining.take(variant.lowered.result)

    def taylor(self, args: Sequence[Any], tangents: Any, order: int, *, argnums: Argnums = None) -> list[Any]:
        """The Taylor coefficients of t ↦ f(args + t · tangents) at t = 0: see `functional.taylor`.

        args      the arguments, in a tuple
        tangents  their directions, as for `jvp`
        order     the last k
        argnums   the arguments that the tangents are of, if not all

        A list [c₀, c₁, …], in which each cₖ has the structure of the result. There is a program for each order.

        >>> from autograd import compile
        >>> compile(lambda x, y: x * x * y).taylor((3.0, 5.0), (1.0, 0.0), 3)
        [45.0, 30.0, 5.0, 0.0]

        With a batch, each sample has its own direction, and the coefficients are means. CompileError where the
        structures differ; ValueError for a negative order.
        """
        if isinstance(order, bool) or not isinstance(order, int) or order < 0:
            raise ValueError(f"the order of a Taylor expansion must be a non-negative integer, got {order!r}")
        arguments = self._arguments(per_argument(args, "args"))
        chosen, _ = self._chosen(argnums, range(len(arguments.keys)), len(arguments.keys))
        along = self._tangents(arguments, tangents, chosen)
        asked = Derivative("taylor", chosen, along.keys, order)
        variant, outputs = self._run(asked, given(arguments, self._current(), along))
        remaining = Outputs(outputs, arguments.hold_array)
        return [remaining.take(variant.lowered.result) for _ in range(order + 1)]

    def vjp(self, args: Sequence[Any], cotangents: Any, *, argnums: Argnums = None) -> tuple[Any, Any]:
        """(f(x), x̄ = ȳᵀ ∂f/∂x), in reverse mode: one run, whatever the number of inputs.

        args        the arguments, in a tuple
        cotangents  ȳ, in the structure of the result
        argnums     the arguments that x̄ is of; None: all, in a tuple, or with `parameters=` those, as an array

        >>> from autograd import compile
        >>> compile(lambda x, y: [x * y, x]).vjp((2.0, 3.0), [1.0, 10.0])
        ([6.0, 2.0], (13.0, 2.0))

        With a batch, these are means, and ȳ is that of the mean. CompileError where the structures differ.
        """
        arguments = self._arguments(per_argument(args, "args"))
        chosen, is_single = self._chosen(argnums, range(len(arguments.keys)), len(arguments.keys))
        along = collect([cotangents], ("cotangents",), frozenset())
        asked = Derivative("vjp", chosen, along.keys)
        variant, outputs = self._run(asked, given(arguments, self._current(), along))
        key = variant.lowered.result
        y = float(outputs[1]) if key is NUMBER else Outputs(outputs[1:], arguments.hold_array).take(key)
        return y, structured(outputs[1 + size_of(key) :], self._keys(arguments, chosen), is_single)

    def hvp(self, args: Sequence[Any], tangents: Any, *, argnums: Argnums = None) -> tuple[Any, Any]:
        """(∇f(x), ∇²f(x) v) at the cost of a few values of f, by reverse over forward mode: no Hessian is built.

        args      the arguments, in a tuple
        tangents  v: their directions, in a tuple of the same structure; with `parameters=`, an array in their order
        argnums   the arguments that the gradient is by; None: the first, or with `parameters=` those

        >>> from autograd import compile
        >>> compile(lambda x: x[0] ** 2 * x[1]).hvp(([3.0, 5.0],), ([1.0, 0.0],))
        ([30.0, 9.0], [10.0, 6.0])

        CompileError when f does not return one number, and where the structures differ.
        """
        arguments = self._arguments(per_argument(args, "args"))
        count = len(arguments.keys)
        chosen, is_single = self._chosen(argnums, 0, count)
        along = self._tangents(arguments, tangents, None if chosen is None else tuple(range(count)))
        asked = Derivative("hvp", chosen, along.keys)
        _, outputs = self._run(asked, given(arguments, self._current(), along))
        n = (len(outputs) - 2) // 2
        product, gradient = outputs[2 : 2 + n], outputs[2 + n :]
        keys = self._keys(arguments, chosen)
        return structured(gradient, keys, is_single), structured(product, keys, is_single)
