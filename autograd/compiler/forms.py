"""The forms of a program that back ends start from: as it is, with sums flattened, on arrays, and with loops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from autograd.compiler.columns import arities, depth
from autograd.compiler.loops.derivative import with_gradient
from autograd.compiler.loops.find import looped
from autograd.compiler.loops.loop import Looped
from autograd.compiler.program import Program
from autograd.compiler.reassociate import sums
from autograd.compiler.vector.adjoints import differentiated
from autograd.compiler.vector.program import VectorProgram
from autograd.compiler.vector.recover import recovered
from autograd.errors import CompileError

SHORTER = 2  # times at least that loops have to make a program for them to be worth it
GATHERED = 20_000  # products after a loop on arrays; more take longer to build than they save


class Forms:
    """The forms of a program, each made when it is first asked for, and once: they take most of a build's time.

    >>> from autograd.compiler.program import Equation
    >>> from autograd.rules import add
    >>> forms = Forms(Program(("x",), (Equation(add, (0, 1.0)), Equation(add, (1, 0))), (), (2,)))
    >>> print(forms.flattened)
    program(x):
        t1 = dot(1.0, 1.0, x, x, 1.0)
        return t1
    >>> print(forms.vectors)
    loss = sum(x) + 1.0  # (1,)
    return loss

    With `wanted`, the derivatives by these inputs are outputs too; `scalar` gives the program that has them in
    equations on numbers. The vector program and the one with loops are differentiated as such.
    `forward` may be what makes the program.
    """

    def __init__(
        self,
        forward: Program | Callable[[], Program],
        wanted: Sequence[int] | None = None,
        scalar: Callable[[], Program] | None = None,
    ) -> None:
        self._forward = forward
        self.wanted = None if wanted is None else tuple(wanted)
        self._scalar = scalar
        self.way = ""  # which of its ways a back end has taken

    @cached_property
    def forward(self) -> Program:
        """The program without derivatives, where they are taken later."""
        return self._forward if isinstance(self._forward, Program) else self._forward()

    @cached_property
    def program(self) -> Program:
        """All outputs in equations on numbers."""
        return self.forward if self._scalar is None else self._scalar()

    @cached_property
    def flattened(self) -> Program:
        """That with every sum as one equation: see `sums`."""
        return self.flattened_forward if self._scalar is None else sums(self.program)

    @cached_property
    def flattened_forward(self) -> Program:
        """The same without derivatives, where they are taken later."""
        return sums(self.forward)

    @cached_property
    def forward_operands(self) -> int:
        """The number of operands of that."""
        return sum([count * times for (_, count), times in arities(self.flattened_forward.equations).items()])

    @cached_property
    def forward_depth(self) -> int:
        """The length of its longest chain of equations."""
        return depth(self.flattened_forward)

    @cached_property
    def vectors(self) -> VectorProgram:
        """As equations on arrays: see `recover` and `differentiated`."""
        if self.wanted is None:
            return recovered(self.flattened)
        try:
            forward = recovered(replace(self.flattened_forward, derivatives=self.wanted), inner=True)
            return differentiated(forward, self.flattened_forward.per_sample)
        except CompileError:  # a rule asks for several numbers: without a batch, guards can answer
            return recovered(self.flattened)

    @cached_property
    def looped(self) -> Looped | None:
        """With loops over time, see `looped`; None where it has none, or hardly gets shorter by them."""
        return self._differentiated_loops(0)

    @cached_property
    def looped_arrays(self) -> Looped | None:
        """The same for arrays: derivatives by what all trips and samples share are products after the loop."""
        return self._differentiated_loops(GATHERED) if self.wanted and self.forward.batched else self.looped

    @cached_property
    def _loops(self) -> Looped | None:
        found = looped(self.flattened_forward)
        return found if found and self._is_shorter(found, 1) else None

    def _differentiated_loops(self, gathered: int) -> Looped | None:
        found = self._loops
        if self.wanted is None or found is None:
            return found
        try:
            made = with_gradient(found, self.wanted, gathered)
        except CompileError:  # as above
            return None
        return made if self._is_shorter(made, 3) else None

    def _is_shorter(self, looped: Looped, times: int) -> bool:
        """Whether loops leave much less to build than `times` the program without them."""
        return bool(looped.loops) and SHORTER * looped.written <= times * self.forward_operands

    # --- forms that were made by an earlier process -------------------------------------------------------------------

    def made(self, exact: bool, backend: str) -> dict[str, Program | VectorProgram]:
        """By name the forms that a back end has asked for, but for those that are made as soon as read."""
        names = ["program"] if exact or backend == "python" else ["vectors", "flattened"]
        if self._scalar is None and backend == "llvm":
            names.append("program")
        return {name: vars(self)[name] for name in names if name in vars(self)}

    def use(self, forms: Mapping[str, Program | VectorProgram], way: str = "") -> Forms:
        """The same with these forms, which `made` has given, and the way that llvm took."""
        vars(self).update(forms)
        self.way = way
        if self._scalar is None and "program" in forms:
            vars(self)["forward"] = forms["program"]
        return self
