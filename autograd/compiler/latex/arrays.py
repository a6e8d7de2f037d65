"""The steps of a vector program as definitions; None where an operand is not to be said in terms of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from autograd import rules
from autograd._numpy import np
from autograd.compiler.latex.definitions import Definition, Definitions, Key
from autograd.compiler.latex.names import LAYER, Group, derivative, name_of, of_layer
from autograd.compiler.latex.operands import MANY, Operands, UnsayableError
from autograd.compiler.latex.spelling import (
    Named,
    Written,
    mean,
    simple,
    sum_of,
    times,
    transposed,
)
from autograd.compiler.vector.program import VectorProgram
from autograd.compiler.vector.steps import Operand, Step
from autograd.notation.boxes import Box, Name
from autograd.notation.terms import Operand as Formula
from autograd.notation.terms import Term


def array_definitions(vectors: VectorProgram, given: Sequence[Group], results: Sequence[Group]) -> Definitions | None:
    """The definitions; None if some operand cannot be said, or if no array is left, so that numbers say more."""
    if all(step.size == 1 for step in vectors.steps):
        return None
    try:
        return _Arrays(vectors, given, results).definitions()
    except UnsayableError:
        return None


class _Arrays(Operands):
    def definitions(self) -> Definitions:
        found = self.found
        value = self.results[0].box
        adjoints = {f"d{step.name}": step for step in self.vectors.steps}
        for step in self.vectors.steps:
            match = LAYER.fullmatch(step.name)
            if match and not match[1]:
                found.names[step.key] = of_layer(match)
            elif match:
                found.names[step.key] = derivative(value, of_layer(match))
            elif step.name in adjoints:
                found.derived[step.key] = _adjoint(value, adjoints[step.name].key)
            found.add(
                Definition(step.key, self.formula(step), tag=step.note, is_kept=step.form != "map" and step.size > 1)
            )
        found.first = frozenset(step.key for step in self.vectors.steps)
        self._name_direct(found)
        self._results(found)
        return found

    # --- results ------------------------------------------------------------------------------------------------------

    def _name_direct(self, found: Definitions) -> None:
        """Steps that give outputs directly have their names."""
        for step in self.vectors.steps:
            if step.results is not None:
                box = name_of(self.results, step.results)
                if box is None:
                    raise UnsayableError
                found.names[step.key] = box
                found.results.append((box, Named(step.key, is_array=step.size > 1)))

    def _results(self, found: Definitions) -> None:
        """Outputs that are numbers of other steps, of inputs, or constants: runs of each result by where they lie."""
        for group in self.results:
            outputs = [int(each) for each in group.places.ravel()]
            for run in self._runs(outputs):
                name = (
                    name_of(self.results, np.array(run)) if len(run) < group.places.size else group.part(group.places)
                )
                kind, lane = self.vectors.outputs[run[0]]
                if kind == "constant":
                    found.results.append((name or group.box, float(lane)))
                    continue
                lanes = np.array([int(self.vectors.outputs[each][1]) for each in run], np.intp)
                shaped = lanes.reshape(group.places.shape) if lanes.size == group.places.size else lanes
                if name is None:
                    raise UnsayableError
                found.results.append((name, self.of_lanes(kind, shaped)))

    def _runs(self, outputs: Sequence[int]) -> Iterator[list[int]]:
        """Outputs that follow each other and are of one array, or the same constant; without those given directly."""
        run: list[int] = []
        last: object = None
        for each in outputs:
            kind, lane = self.vectors.outputs[each]
            owner: object = (kind, lane if kind == "constant" else int(self._owner(kind, int(lane))))
            if run and (owner != last or kind == "result" or owner == (kind, -1)):
                yield run
                run = []
            if kind != "result":
                run.append(each)
            last = owner
        if run:
            yield run

    def _owner(self, kind: str, lane: int) -> int:
        return -1 if kind == "result" else int(self.texts.owner[kind][lane])

    # --- steps --------------------------------------------------------------------------------------------------------

    def formula(self, step: Step) -> Formula:
        """What a step computes."""
        if step.form == "map":
            assert step.row is not None
            return simple(step.row, self.spread(step.operands, step))
        if step.form == "product":
            return self._product(step.operands)
        if step.form == "pairs":
            return self._pairs(step)
        if step.form == "reduce":
            return self._reduced(step)
        if step.form == "lift":
            return self.operand(step.operands[0])
        if step.form == "mean":
            return mean(self.operand(step.operands[0]))
        if step.form == "mean_product":
            w, x = step.operands
            return mean(self._product((w, x.with_table(x.table.T))))
        return mean(self._pairs(step))

    def _product(self, operands: Sequence[Operand]) -> Formula:
        """w x, as vectors are columns: wᵀ x, w xᵀ, or Xᵀ w for a row times a matrix."""
        (w, x), bias = map(self.operand, operands[:2]), [self.operand(each, may_repeat=True) for each in operands[2:]]
        (rows, inner), columns = operands[0].shape, operands[1].shape[1]
        if 1 in (rows * inner, inner * columns) or (rows == inner == 1):
            found = simple(rules.mul, [w, x])
        elif inner == 1:
            found = times(w, transposed(x))
        elif rows == 1:
            found = times(transposed(w), x, False) if columns == 1 else times(transposed(x), w)
        else:
            found = times(w, x)
        return simple(rules.total, [found, *bias])

    def _pairs(self, step: Step) -> Formula:
        w, x, *bias = step.operands
        count = max(w.shape[0], x.shape[0])
        terms = [self.operand(each, may_repeat=True) for each in bias]
        if step.size == 1 and (found := self._inner_product(w, x)) is not None:
            return simple(rules.total, [found, *terms])
        if count > MANY:
            raise UnsayableError
        slices = [[_slice(each, i) for each in (w, x)] for i in range(count)]
        products = [simple(rules.mul, [self.operand(each, may_repeat=True) for each in pair]) for pair in slices]
        self._note_equal(step, [*products, *terms])
        return simple(rules.total, [*products, *terms])

    def _inner_product(self, w: Operand, x: Operand) -> Formula | None:
        """wᵀ x, or the sum of parts of arrays, each times one number; None if it is neither."""
        if x.kind == "constant":
            w, x = x, w
        if w.kind != "constant":
            try:
                left, right = self.operand(w), self.operand(x)
            except UnsayableError:
                return None
            return times(transposed(left), right, False) if w.lanes.size > 1 else simple(rules.mul, [left, right])
        if x.kind == "constant":
            return None
        lanes, numbers = x.lanes.ravel(), np.broadcast_to(w.numbers, x.lanes.shape).ravel()
        owners = self.texts.owner[x.kind][lanes]
        terms = []
        for owner, number in dict.fromkeys(zip(owners.tolist(), numbers.tolist(), strict=True)):
            chosen = np.sort(lanes[(owners == owner) & (numbers == number)])
            try:
                part = self._part(x.kind, owner, chosen)
            except UnsayableError:
                return None
            terms.append(simple(rules.mul, [number, sum_of(part) if chosen.size > 1 else part]))
        return simple(rules.total, terms) if len(terms) <= MANY else None

    def _reduced(self, step: Step) -> Formula:
        row = step.row
        assert row is not None
        if row is rules.pick:
            raise UnsayableError
        xs = step.operands[-1]
        if step.size > 1:
            if xs.shape[0] > MANY:
                raise UnsayableError
            return simple(row, self.spread([_slice(xs, i) for i in range(xs.shape[0])], step))
        x = self.operand(xs)
        if row is rules.total:
            return sum_of(x)
        if row is rules.logsumexp:
            return Term(row=rules.log, operands=[sum_of(Term(row=rules.exp, operands=[x]))])
        if row is rules.hypot:
            return Term(row=rules.sqrt, operands=[sum_of(Term(row=rules.square, operands=[x]))])
        name = {rules.largest: "max", rules.pivot: "max"}.get(row, row.name)
        return Written(lambda s, each: s.call(Name(name, "function"), each), [x], is_array=False)


def _adjoint(value: Box, of: Key) -> Callable[[Mapping[Key, Box]], Box | None]:
    return lambda names: derivative(value, names[of]) if of in names else None


def _slice(operand: Operand, i: int) -> Operand:
    return operand.with_table(operand.table[i if operand.table.shape[0] > 1 else 0])
