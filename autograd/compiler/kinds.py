"""What is recorded for each kind of derivative: a program, its inputs for directions, and which derivatives it needs.

    jvp       the pushed program: y and its tangent
    taylor    the equations applied to series: see taylor.py
    vjp       s = ȳ · y with ȳ as further inputs; its gradient, in reverse mode
    hvp       the gradient of the tangent: reverse over forward mode, which gives ∇f (by v) and ∇²f v (by x)
    jacobian  vjp with the rows of the identity as a *batch* of ȳ, or jvp if there are fewer inputs than outputs
    hessian   hvp with the rows of the identity as a batch of v
    sparse    the same with the directions of a colouring, or the entries of the matrix and nothing else, which have a
              program for all outputs that are computed alike: see bodies.py
    map_grad  the gradient with a number for each sample instead of the mean
    map_jacobian  the rows of the Jacobian, likewise

Exact ones, small ones and those of a batch, which has samples already, are written out row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, TypeAlias

from autograd import rules
from autograd._numpy import NDArray, need_numpy, np
from autograd.compiler.bodies import bodies
from autograd.compiler.bodywise import parts_of
from autograd.compiler.compressed import entries, hessian_plan, is_written_out, jacobian_plan
from autograd.compiler.differentiate import differentiated
from autograd.compiler.lower import GRADIENT, HESSIAN, SAMPLES, VALUE, Call, Lowered, PerSampleError, check_kind, lower
from autograd.compiler.passes import without_dead
from autograd.compiler.program import Atom, Equation, Program, interpret
from autograd.compiler.pushed import Manner, pushed, with_inputs
from autograd.compiler.refusal import where_asked
from autograd.compiler.symbols import TAME
from autograd.compiler.taylor import expanded
from autograd.errors import CompileError
from autograd.primitive import Primitive
from autograd.sparse.compression import Compression
from autograd.structure import Key, size_of

SMALL = 3000  # operands times rows, up to which a matrix is written out: building a batch of seeds takes longer
ROWS, FORWARD, REVERSE = "row by row", "forward mode", "reverse mode"
ENTRIES = "entry by entry"
OVER = "reverse over forward mode"
_MATRICES = frozenset(["jacobian", "map_jacobian", "hessian"])
_ONE_SAMPLE = {"map_grad": "grad", "map_jacobian": "jacobian"}  # what gives the same of a function without a batch


@dataclass(frozen=True)
class Derivative:
    """A kind of derivative that was asked for.

    name     of the method
    argnums  the arguments that it is by; None: the parameters
    along    the structure of each tangent or cotangent that was given
    order    the last of the Taylor coefficients
    sparse   whether a matrix is to be sparse
    """

    name: str
    argnums: tuple[int, ...] | None
    along: tuple[Key, ...] = ()
    order: int = 0
    sparse: bool = False

    @property
    def needs_one_number(self) -> bool:
        """Whether the function has to return one number."""
        return self.name in ("grad", "hvp", "hessian", "map_grad")

    def places(self, keys: Sequence[Key], count: int) -> tuple[int, ...]:
        """The inputs that it is by, of `count`, of which the arguments are first."""
        ends = [0, *accumulate(map(size_of, keys))]
        if self.argnums is None:
            return tuple(range(ends[-1], count))
        return tuple([place for i in self.argnums for place in range(ends[i], ends[i + 1])])


Kind: TypeAlias = "str | Derivative"


def lowered(call: Call, kind: Kind, along: Sequence[float], exact: bool) -> Lowered:
    """The recording of a kind of outputs, see `lower`, or of a derivative, see `derived`."""
    return derived(call, kind, along, exact) if isinstance(kind, Derivative) else lower(call, kind, exact)


def is_per_sample(kind: Kind) -> bool:
    """Whether it has outputs for each sample, instead of means."""
    return kind == SAMPLES or (isinstance(kind, Derivative) and kind.name in _ONE_SAMPLE)


def of_one_sample(kind: Kind) -> Kind:
    """What gives the outputs of each sample by a function without a batch."""
    if not is_per_sample(kind):
        return kind
    return replace(kind, name=_ONE_SAMPLE[kind.name]) if isinstance(kind, Derivative) else VALUE


def derived(call: Call, asked: Derivative, along: Sequence[float], exact: bool) -> Lowered:
    """Record `call` and write down what is asked for; `along` are the numbers of the directions, of one sample.

    >>> from autograd.structure import key_of
    >>> call = Call(lambda x, y: x * y, (key_of(1.0),) * 2, ("x", "y"), None, [3.0, 2.0])
    >>> print(derived(call, Derivative("jvp", (0, 1)), [1.0, 0.0], exact=False).program)
    program(x, y, dx, dy):
        t4 = mul(x, y)
        t5 = dot(y, x, dx, dy, 0.0)
        return t4, t5

    CompileError as for `lower`, and for cotangents in another structure than the result; PerSampleError too.
    """
    if asked.name in _MATRICES:
        need_numpy(f"the {asked.name.removeprefix('map_')} of a compiled function")
    found = lower(call, VALUE, exact)
    if asked.needs_one_number:
        check_kind(found.result, found.found, GRADIENT)
    made = _Recorded(call, asked, found, list(along), exact).written()
    if exact and call.batch and made.asks_samples:
        raise PerSampleError
    return made


def seeds(count: int, plan: Compression | None = None) -> NDArray[np.float64]:
    """Dense seeds, to verify a program with: rows of the identity would look at one output each.

    >>> seeds(2).shape
    (2, 2)
    """
    width = count if plan is None else len(plan.colours)
    return np.random.default_rng(0).uniform(0.5, 1.5, (count, width))


def matrix_of(outputs: Any, mode: str, rows: int, columns: int) -> NDArray[np.float64]:
    """The Jacobian, from the outputs of a program of that mode.

    >>> matrix_of([5.0, 6.0, 1.0, 2.0], ROWS, 2, 1)
    array([[1.],
           [2.]])
    """
    if mode == ROWS:
        return np.asarray(outputs[rows:], np.float64).reshape(rows, columns)
    found: NDArray[np.float64] = outputs[:, rows:].T if mode == FORWARD else outputs[:, 1:]
    return found


def _without_inputs(program: Program) -> Program:
    """Outputs that are inputs, times one as in eager derivatives: their tangents are 0 + v, which is never −0."""
    first, equations = len(program.names), list(program.equations)
    inputs = [atom for atom in dict.fromkeys(program.outputs) if type(atom) is int and atom < first]
    moved = {atom: first + len(equations) + i for i, atom in enumerate(inputs)}
    equations += [Equation(rules.mul, (atom, 1.0)) for atom in inputs]
    outputs = [moved.get(atom, atom) if type(atom) is int else atom for atom in program.outputs]
    return replace(program, equations=tuple(equations), outputs=tuple(outputs))


@dataclass
class _Recorded:
    """A recording of which derivatives are to be written."""

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

    def _is_small(self, rows: int) -> bool:
        return rows * sum([len(operands) for _, operands in self.recorded.equations]) <= SMALL

    @property
    def _is_written_out(self) -> bool:
        return self.exact or bool(self.call.batch)

    # --- one direction ------------------------------------------------------------------------------------------------

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

    # --- matrices -----------------------------------------------------------------------------------------------------

    def _jacobian(self) -> Lowered:
        rows, columns = len(self.recorded.outputs), len(self.wanted)
        plan = jacobian_plan(self.recorded, self.wanted) if self.asked.sparse else None
        if plan is not None and not self.exact:
            return self._sparse(plan)
        if self._is_written_out or self._is_small(rows) or not columns:
            return self._lowered(self._rows(), "jacobian", ROWS, plan=plan)
        self.along = seeds(min(rows, columns))[0].tolist()
        if columns < rows:
            program = self._pushed(self.wanted, Manner(seeds=True), batched=True)
            return self._lowered(replace(program, per_sample=True), "jacobian", FORWARD, count=columns)
        return self._weighted(rows)

    def _map_jacobian(self) -> Lowered:
        return self._lowered(replace(self._rows(), per_sample=True), "jacobian", ROWS)

    def _rows(self) -> Program:
        """The program with the derivatives of each of its outputs, row by row."""
        recorded = self.recorded
        program, asks = differentiated(recorded, recorded.outputs, self.wanted, self.found.at, where_asked)
        if asks and self.exact and self.call.batch:
            raise PerSampleError
        return program

    def _weighted(self, count: int, plan: Compression | None = None) -> Lowered:
        """The gradient of ȳ · y for a batch of ȳ."""
        program, (s,) = self._with_seeds(True)
        made = replace(program, outputs=(s,), per_sample=True)
        return self._lowered(made, GRADIENT, REVERSE, self.wanted, at=None, count=count, plan=plan)

    def _hessian(self) -> Lowered:
        count = len(self.wanted)
        plan = hessian_plan(self.recorded, self.wanted) if self.asked.sparse else None
        if plan is not None and not self.exact:
            return self._sparse(plan)
        other = self.call.parameters is not None and self.asked.argnums is not None
        if other and self._is_written_out:
            raise CompileError(
                "the Hessian of a function with parameters= by its arguments cannot be had with exact=True or batch=; "
                "compile the function without, or without parameters="
            )
        if self._is_written_out or (self._is_small(count) and not other) or not count:
            return replace(lower(self.call, HESSIAN, self.exact), what="hessian", mode=ROWS, plan=plan)
        self.along = seeds(count)[0].tolist()
        return self._curvature(count)

    def _curvature(self, count: int, plan: Compression | None = None) -> Lowered:
        """The gradient of the tangent for a batch of tangents."""
        program = self._pushed(self.wanted, Manner(seeds=True), batched=True)
        made = replace(program, outputs=program.outputs[1:], per_sample=True)
        return self._lowered(made, GRADIENT, OVER, self.wanted, at=None, count=count, plan=plan)

    def _sparse(self, plan: Compression) -> Lowered:
        """The entries of a sparse matrix, or the derivatives along its directions as a batch."""
        recorded = self.recorded
        if self.call.batch or is_written_out(recorded, plan):
            program = entries(recorded, plan, self.wanted, self.found.at, where_asked)
            return self._lowered(program, "entries", ENTRIES, at=None, plan=plan)
        if self.asked.name == "jacobian" and not recorded.guards and (found := bodies(recorded)):
            parts = parts_of(self.found, found, plan.pattern, self.wanted, where_asked)
            return replace(self.found, what=self.asked.name, mode=ENTRIES, plan=plan, parts=parts)
        self.along = seeds(plan.count, plan)[0].tolist()
        if plan.mode == "reverse":
            return self._weighted(plan.count, plan)
        if plan.mode != "forward":
            return self._curvature(plan.count, plan)
        program = self._pushed(self.wanted, Manner(seeds=True), batched=True)
        made = without_dead(replace(program, outputs=program.outputs[len(recorded.outputs) :], per_sample=True))
        return self._lowered(made, "jacobian", FORWARD, at=None, count=plan.count, plan=plan)

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
