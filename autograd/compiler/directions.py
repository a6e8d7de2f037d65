"""Programs of the derivatives along one direction: see derived.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from autograd import rules
from autograd.compiler.differentiate import differentiated
from autograd.compiler.kinds import FORWARD, OVER, REVERSE, ROWS, Derivative
from autograd.compiler.lower import GRADIENT, Call, Lowered, PerSampleError
from autograd.compiler.program import Atom, Equation, Program, interpret
from autograd.compiler.pushed import Manner, pushed, with_inputs
from autograd.compiler.refusal import where_asked
from autograd.compiler.symbols import TAME
from autograd.compiler.taylor import expanded
from autograd.errors import CompileError
from autograd.primitive import Primitive
from autograd.sparse.compression import Compression


@dataclass
class Directions:
    """A recording of which derivatives along directions are to be written."""

    call: Call
    asked: Derivative
    found: Lowered
    along: list[float]
    exact: bool

    def written(self) -> Lowered:
        made: Lowered = getattr(self, f"_{self.asked.name}")()
        return made

    @property
    def recorded(self) -> Program:
        return self.found.recorded

    @property
    def wanted(self) -> tuple[int, ...]:
        return self.asked.places(self.call.keys, len(self.call.numbers))

    def _jvp(self) -> Lowered:
        program = self._pushed(self.wanted, Manner(exact=self.exact))
        return self._lowered(program, "jvp", FORWARD)

    def _taylor(self) -> Lowered:
        first = len(self.recorded.names)
        program = self._with_directions(self.wanted)
        along = {place: first + i for i, place in enumerate(self.wanted)}
        made = expanded(program, along, self.asked.order, (*self.found.at, *self.along))
        return self._lowered(made, "taylor", FORWARD)

    def _vjp(self) -> Lowered:
        (key,) = self.asked.along
        if key != self.found.result:
            raise CompileError(
                f"the cotangents must have the structure of the result, which has {len(self.found.found)} number(s); "
                f"got {len(self.along)} in another structure"
            )
        program, (s,) = self._with_seeds(False)
        return self._lowered(replace(program, outputs=(s, *program.outputs)), GRADIENT, REVERSE, self.wanted, at=1)

    def _hvp(self) -> Lowered:
        arguments = len(self.call.numbers) - len(self.call.parameters or ())
        along = self.wanted if self.asked.argnums is None else tuple(range(arguments))
        if self.exact:
            return self._exact_hvp(along)
        program = self._pushed(along, Manner())
        y, dy = program.outputs
        first = len(self.recorded.names)
        directions = [first + along.index(place) for place in self.wanted]
        wanted = (*self.wanted, *directions)
        return self._lowered(replace(program, outputs=(dy, y)), GRADIENT, OVER, wanted, at=1)

    def _exact_hvp(self, along: Sequence[int]) -> Lowered:
        """The tangent of the gradient, as in `functional.hvp`."""
        recorded, asks = differentiated(self.recorded, self.recorded.outputs, self.wanted, self.found.at, where_asked)
        if asks and self.call.batch:
            raise PerSampleError
        program = self._pushed(along, Manner(exact=True), _without_inputs(recorded))
        n = len(self.wanted)
        (y, *gradient), (dy, *product) = program.outputs[: n + 1], program.outputs[n + 1 :]
        made = replace(program, outputs=(dy, y, *product, *gradient))
        return self._lowered(made, "hvp", "forward over reverse mode", at=1)

    def _grad(self) -> Lowered:
        return self._lowered(self.recorded, GRADIENT, REVERSE, self.wanted)

    def _map_grad(self) -> Lowered:
        return self._lowered(replace(self.recorded, per_sample=True), GRADIENT, REVERSE, self.wanted)

    # --- parts --------------------------------------------------------------------------------------------------------

    def _pushed(
        self, along: Sequence[int], manner: Manner, of: Program | None = None, batched: bool = False
    ) -> Program:
        """The program, or another one of the same inputs, with the tangents of its outputs."""
        program = self._with_directions(along, of, batched)
        first = len(program.names) - len(along)
        directions: dict[int, Atom] = {place: first + i for i, place in enumerate(along)}
        made, asks = pushed(program, directions, (*self.found.at, *self.along), where_asked, manner)
        if asks and self.exact and self.call.batch:
            raise PerSampleError
        return made

    def _with_directions(self, along: Sequence[int], of: Program | None = None, batched: bool = False) -> Program:
        """The program, or another one of the same inputs, with inputs for the directions of some inputs."""
        program = of or self.recorded
        flags = [batched or place in program.batched for place in along]
        return with_inputs(program, [f"d{program.names[place]}" for place in along], flags)

    def _with_seeds(self, batched: bool) -> tuple[Program, tuple[int]]:
        """The program with a cotangent for each output, and the place of ȳ · y.

        A cotangent of a batch is a row of the identity: where it is 0, nothing flows. Only a `where` says so, which is
        needed where a partial may be infinite.
        """
        count = len(self.recorded.outputs)
        first = len(self.recorded.names)
        program = with_inputs(self.recorded, [f"ybar_{i}" for i in range(count)], [batched] * count)
        bars = range(first, first + count)
        equations = list(program.equations)

        def new(row: Primitive, *operands: Atom) -> int:
            equations.append(Equation(row, operands))
            return first + count + len(equations) - 1

        if batched and not all(row in TAME for row, _ in equations):
            pairs = [(bar, new(rules.mul, bar, y)) for bar, y in zip(bars, program.outputs, strict=True)]
            s = new(rules.total, *[new(rules.where, bar, product, 0.0) for bar, product in pairs])
        else:
            s = new(rules.dot, *bars, *program.outputs, 0.0)
        return replace(program, equations=tuple(equations)), (s,)

    def _lowered(
        self,
        program: Program,
        kind: str,
        mode: str,
        wanted: tuple[int, ...] = (),
        at: int | None = 0,
        count: int = 0,
        plan: Compression | None = None,
    ) -> Lowered:
        """A program of which the outputs from `at` on are those of the function; None: there are none of these."""
        point = (*self.found.at, *self.along)
        known: Sequence[float] = self.found.found
        if at != 0 or len(program.outputs) != len(known):
            numbers = interpret(program, point) if mode != ROWS else []
            outputs = program.outputs if mode != ROWS else ()
            computed = [numbers[atom] if type(atom) is int else float(atom) for atom in outputs]
            known = computed if at is None else [*computed[:at], *known, *computed[at + len(known) :]]
        return replace(
            self.found, recorded=program, kind=kind, wanted=wanted, at=point, found=tuple(known),
            what=self.asked.name, mode=mode, seeds=count, plan=plan,
        )  # fmt: skip


def _without_inputs(program: Program) -> Program:
    """Outputs that are inputs, times one as in eager derivatives: their tangents are 0 + v, which is never −0."""
    first, equations = len(program.names), list(program.equations)
    inputs = [atom for atom in dict.fromkeys(program.outputs) if type(atom) is int and atom < first]
    moved = {atom: first + len(equations) + i for i, atom in enumerate(inputs)}
    equations += [Equation(rules.mul, (atom, 1.0)) for atom in inputs]
    outputs = [moved.get(atom, atom) if type(atom) is int else atom for atom in program.outputs]
    return replace(program, equations=tuple(equations), outputs=tuple(outputs))
