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
from dataclasses import replace

from autograd._numpy import NDArray, need_numpy, np
from autograd.compiler.bodies import bodies
from autograd.compiler.bodywise import parts_of
from autograd.compiler.compressed import entries, hessian_plan, is_written_out, jacobian_plan
from autograd.compiler.differentiate import differentiated
from autograd.compiler.directions import Directions
from autograd.compiler.kinds import ENTRIES, FORWARD, OVER, REVERSE, ROWS, Derivative, Kind
from autograd.compiler.lower import GRADIENT, HESSIAN, VALUE, Call, Lowered, PerSampleError, check_kind, lower
from autograd.compiler.passes import without_dead
from autograd.compiler.program import Program
from autograd.compiler.pushed import Manner
from autograd.compiler.refusal import where_asked
from autograd.errors import CompileError
from autograd.sparse.compression import Compression

SMALL = 3000  # operands times rows, up to which a matrix is written out: building a batch of seeds takes longer
_MATRICES = frozenset(["jacobian", "map_jacobian", "hessian"])


def lowered(call: Call, kind: Kind, along: Sequence[float], exact: bool) -> Lowered:
    """The recording of a kind of outputs, see `lower`, or of a derivative, see `derived`."""
    return derived(call, kind, along, exact) if isinstance(kind, Derivative) else lower(call, kind, exact)


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
    made = _Matrices(call, asked, found, list(along), exact).written()
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


class _Matrices(Directions):
    """The same for matrices."""

    def _is_small(self, rows: int) -> bool:
        return rows * sum([len(operands) for _, operands in self.recorded.equations]) <= SMALL

    @property
    def _is_written_out(self) -> bool:
        return self.exact or bool(self.call.batch)

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
