"""Programs with loops, run by NumPy."""

from __future__ import annotations

from collections.abc import Callable

from autograd.compiler.loops.array_calls import Run
from autograd.compiler.loops.array_text import Function
from autograd.compiler.loops.loop import Looped
from autograd.compiler.loops.printing import described
from autograd.compiler.numpy_backend.runner import BlockRunner


class VectorRunner(BlockRunner):
    """A program with loops, its parts and bodies run by NumPy; see `options.Runner`.

    >>> from autograd.compiler.loops.loop import Loop
    >>> from autograd.compiler.program import Equation, Program
    >>> from autograd.rules import mul
    >>> body = Looped(Program(("w", "x"), (), (), (2,)), (Equation(mul, (0, 1)),))
    >>> head = Program(("x", "w"), (), (), (11,), batched=(0,))
    >>> runner = VectorRunner(Looped(head, (Loop(body, 10, (1,), (0,), ()),)))
    >>> print(runner.source.partition("\\n\\n")[0])
    def run(shared, samples):
        s[:1] = shared
        v[:1] = concatenate(samples, axis=1).T
        q_1[:1] = s[:1]
        y_1[:1] = v[:1]
        for i in range(10):
            r = trip_1(q_1, (y_1.T,)).T
            y_1[0:1] = r[:1]
            v[1 + i:2 + i] = r[1:]
        result = empty(1)
        result[:1] = add.reduce(v[10:11], axis=-1, dtype="float64") / B
        return result
    """

    def __init__(self, looped: Looped, dtype: str = "float64") -> None:
        self._looped = looped
        self._function = Function(looped, dtype)
        super().__init__(self._function.varying.size, looped.head.per_sample, dtype)

    @property
    def explained(self) -> list[str]:
        """The loops in words."""
        return described(self._looped)

    @property
    def source(self) -> str:
        """The program, and then the functions that it calls."""
        return self._function.source

    def costs(self, samples: int) -> tuple[float, float, float]:
        """Calls of NumPy in a run, operations of its matrix products, and others."""
        return self._function.costs(samples)

    def compiled(self, layout: tuple[int, ...]) -> Callable[[int], Run]:
        """What makes the function that runs, for a number of samples."""
        return self._function.made
