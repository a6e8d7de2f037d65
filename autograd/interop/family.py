"""The compiled functions that derivatives for other libraries come from, each made when it is first asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from autograd import functional
from autograd.compiler import arguments
from autograd.compiler.compiled import Compiled
from autograd.errors import CompileError
from autograd.functions import dot
from autograd.structure import Key, rebuild, size_of


class Family:
    """Functions of the leaves x of some arguments, and of directions v, w by the wanted leaves or cotangents ȳ.

    compiled  what they are of
    key       the structure of the arguments, with a leaf for each array
    wanted    the leaves that derivatives are by
    samples   the leaves that hold a sample in each entry
    """

    def __init__(self, compiled: Compiled, key: Key, wanted: tuple[int, ...], samples: tuple[int, ...]) -> None:
        self.key, self.wanted, self.samples = key, wanted, samples
        self.names = [f"x{i}" for i in range(size_of(key))]
        self._compiled_function = compiled

    @cached_property
    def for_samples(self) -> Compiled:
        """The function of the leaves, all of which hold samples."""
        return self._compiled(lambda *x: self._function(x), self.names, self.names)

    @cached_property
    def push(self) -> Compiled:
        """(x, v) ↦ J v."""
        return self._with("v", lambda x, v: self._along(self._function, x, v))

    @cached_property
    def pull(self) -> Compiled:
        """(x, ȳ) ↦ ȳ · y, whose gradient is Jᵀ ȳ."""
        return self._with("y", lambda x, y: dot(y[0], self._numbers(x)))

    @cached_property
    def hess(self) -> Compiled:
        """(x, ȳ, v) ↦ the derivative of ȳ · y along v, whose gradient by x is a Hessian product."""
        return self._with("yv", lambda x, y, v: self._along(lambda at: dot(y[0], self._numbers(at)), x, v))

    @cached_property
    def second(self) -> Compiled:
        """(x, v, w) ↦ the second derivative along v and w."""

        def twice(x: Sequence[Any], v: Sequence[Any], w: Sequence[Any]) -> Any:
            return self._along(lambda at: self._along(self._function, at, v), x, w)

        return self._with("vw", twice)

    # --- how they are made --------------------------------------------------------------------------------------------

    def _function(self, x: Sequence[Any]) -> Any:
        function = self._compiled_function.function
        if function is None:
            raise CompileError(
                "this compiled function was pickled without its Python function, from which derivatives are compiled; "
                "compile it again, or use a function that can be imported"
            )
        return function(*rebuild(self.key, iter(x)))

    def _numbers(self, x: Sequence[Any]) -> list[Any]:
        """The numbers of the result in one list."""
        found: list[Any] = []
        arguments.flatten(self._function(x), found, lambda each: each)
        return found

    def _along(self, f: Callable[[Sequence[Any]], Any], x: Sequence[Any], v: Sequence[Any]) -> Any:
        """The derivative of f by the wanted leaves along v."""

        def moved(*leaves: Any) -> Any:
            at = dict(zip(self.wanted, leaves, strict=True))
            return f([at.get(i, each) for i, each in enumerate(x)])

        return functional.jvp(moved, [x[i] for i in self.wanted], v)[1]

    def _with(self, letters: str, f: Callable[..., Any]) -> Compiled:
        """The compiled f(x, …) of the leaves and of what the letters say."""
        places = {"v": self.wanted, "w": self.wanted, "y": (0,)}
        names, samples, ends = [*self.names], [self.names[i] for i in self.samples], [len(self.names)]
        for letter in letters:
            batched = [i for i in places[letter] if self.samples and (letter == "y" or i in self.samples)]
            names += [f"{letter}{i}" for i in places[letter]]
            samples += [f"{letter}{i}" for i in batched]
            ends.append(len(names))
        parts = [slice(*each) for each in zip([0, *ends], ends, strict=False)]
        return self._compiled(lambda *args: f(*[args[part] for part in parts]), names, samples)

    def _compiled(self, f: Callable[..., Any], names: Sequence[str], samples: Sequence[str]) -> Compiled:
        kind = inspect.Parameter.POSITIONAL_ONLY
        signature = inspect.Signature([inspect.Parameter(each, kind) for each in names])
        f.__signature__ = signature  # type: ignore[attr-defined]
        return Compiled(f, None, frozenset(samples), self._compiled_function.options)
