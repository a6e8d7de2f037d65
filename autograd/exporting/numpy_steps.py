"""Steps of a vector program as lines of NumPy, with a variable for each array: `z1 = W1 @ x + b1`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from autograd import rules
from autograd._numpy import np
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.program import VectorProgram
from autograd.compiler.vector.steps import Lanes, Operand, Step
from autograd.exporting.numpy_formulas import NUMPY
from autograd.exporting.spelling import INFIX
from autograd.primitive import Primitive

_FOLDS = {rules.total: "np.sum({0}, axis=0)"}


@dataclass(frozen=True)
class _Array:
    name: str
    kind: str
    shape: tuple[int, ...]


class NumpySteps:
    """Lines for the steps of a program, whose names are made distinct from `taken`."""

    def __init__(self, vectors: VectorProgram, taken: Sequence[str]) -> None:
        self.vectors = vectors
        self.called: dict[str, None] = {}
        self.lines: list[str] = []
        self._taken = set(taken)
        self._arrays: list[_Array] = []
        self._owner = {
            kind: np.full(n, -1, np.intp) for kind, n in zip(("shared", "batched"), vectors.sizes, strict=True)
        }
        self._place = {kind: np.zeros(len(each), np.intp) for kind, each in self._owner.items()}

    def array(self, name: str, kind: str, lanes: Lanes) -> _Array:
        """A variable for these lanes."""
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        made = _Array(name, kind, lanes.shape)
        self._owner[kind][lanes.ravel()] = len(self._arrays)
        self._place[kind][lanes.ravel()] = np.arange(lanes.size)
        self._arrays.append(made)
        return made

    def step(self, step: Step) -> str:
        """Add the line of a step; gives the name of its variable."""
        text = FORMS[step.form](self, step)
        shape = result_shape(step)
        lanes = step.lanes.reshape(shape)
        name = self.array(step.name, step.kind, lanes).name
        note = ", ".join([*map(str, shape), *["B"] * step.batched])
        self.lines.append(f"{name} = {text}  # ({note}){f' {step.note}' if step.note else ''}")
        return name

    # --- operands -----------------------------------------------------------------------------------------------------

    def operand(self, operand: Operand, batched: bool, lanes: Lanes | None = None) -> str:
        """An operand in its shape, with an axis for the samples behind it in what is batched."""
        if operand.kind == "constant":
            text = self._constants(operand)
            return f"{text}[..., None]" if batched and text.startswith("np.array") else text
        text = self.lanes(operand.kind, operand.lanes if lanes is None else lanes)
        return f"{text}[..., None]" if batched and operand.kind == "shared" else text

    def _constants(self, operand: Operand) -> str:
        numbers = np.unique(operand.numbers)
        if numbers.size == 1 and (operand.numbers.view(np.int64) == operand.numbers.view(np.int64).flat[0]).all():
            return NUMPY.literal(float(numbers[0]))
        return f"np.array({operand.numbers.tolist()!r})"

    def lanes(self, kind: str, lanes: Lanes) -> str:
        """Some lanes of a file, in their shape."""
        owners = np.unique(self._owner[kind][lanes.ravel()])
        places = self._place[kind][lanes]
        end = ", B" if kind == "batched" else ""
        if len(owners) > 1 or owners[0] < 0:
            return self._of_several(kind, lanes, owners, end)
        array = self._arrays[int(owners[0])]
        whole = np.arange(int(np.prod(array.shape))).reshape(array.shape)
        if places.shape == whole.shape and (places == whole).all():
            return array.name
        if not end and places.shape == whole.T.shape and (places == whole.T).all():
            return f"{array.name}.T"
        text = array.name if len(array.shape) == 1 else f"{array.name}.reshape(-1{end})"
        return self.part(text, places, end, whole.size)

    def part(self, text: str, places: Lanes, end: str, size: int) -> str:
        """Elements of a flat array of that size."""
        steps = strides(places)
        if steps is not None and 0 in [step for step, n in zip(steps, places.shape, strict=True) if n > 1]:
            kept = places[tuple(slice(None) if step else slice(0, 1) for step in steps)]
            shape = ", ".join(map(str, places.shape))
            inner = self.part(text, kept, end, size)
            return f"np.broadcast_to({inner}, ({shape},{' B,' if end else ''}))"
        if steps is not None and places.ndim == 2 and steps[1] == 1 and steps[0] >= places.shape[1]:
            first, (rows, columns), wide = int(places[0, 0]), places.shape, steps[0]
            if first + rows * wide <= size:
                part = "" if columns == wide else f"[:, :{columns}]"
                return f"{text}[{first}:{first + rows * wide}].reshape({rows}, {wide}{end}){part}"
        first, last = int(places.min()), int(places.max()) + 1
        flat = places.ravel()
        found = strides(flat)
        if found is not None and (found[0] > 0 or flat.size == 1):
            step = max(found[0], 1)
            if (first, step) != (0, 1) or last < size:
                text = f"{text}[{first}:{last}{f':{step}' if step > 1 else ''}]"
        else:
            text = f"{text}[{flat.tolist()!r}]"
        shape = ", ".join(map(str, places.shape))
        return text if places.ndim == 1 else f"{text}.reshape({shape}{end})"

    def _of_several(self, kind: str, lanes: Lanes, owners: Lanes, end: str) -> str:
        """Elements of several arrays, and constants that stand among the lanes."""
        fixed = {lane: number for of, lane, number in self.vectors.constants if of == kind}
        parts: list[str] = []
        places = np.zeros(lanes.shape, np.intp)
        begin = 0
        for owner in owners:
            mine = self._owner[kind][lanes] == owner
            if owner < 0:
                numbers = [fixed[int(lane)] for lane in lanes[mine]]
                parts.append(f"np.array({numbers!r})" if not end else f"np.outer({numbers!r}, np.ones(B))")
                places[mine] = begin + np.arange(len(numbers))
                begin += len(numbers)
                continue
            array = self._arrays[int(owner)]
            parts.append(array.name if len(array.shape) == 1 else f"{array.name}.reshape(-1{end})")
            places[mine] = begin + self._place[kind][lanes[mine]]
            begin += int(np.prod(array.shape))
        text = f"np.concatenate([{', '.join(parts)}])" if len(parts) > 1 else parts[0]
        if places.size == begin and (places.ravel() == np.arange(begin)).all():
            return text if places.ndim == 1 else f"{text}.reshape({', '.join(map(str, places.shape))}{end})"
        return self.part(text, places, end, begin)

    def row(self, row: Primitive, operands: Sequence[str]) -> str:
        """A row of the table."""
        if row in INFIX:
            return INFIX[row].format(*operands)
        name = "pow" if row is rules.pow_ else row.name
        self.called[name] = None
        return f"{name}({', '.join(operands)})"


def result_shape(step: Step) -> tuple[int, ...]:
    """The shape of the variable of a step: a matrix of one column is a vector."""
    return step.shape[:1] if len(step.shape) == 2 and step.shape[1] == 1 else step.shape


def _squeezed(step: Step, operand: Operand) -> Operand:
    """Without the last axis, where that of the result is left out."""
    if result_shape(step) != step.shape and operand.table.ndim >= 2 and operand.table.shape[-1] == 1:
        return operand.with_table(operand.table[..., 0])
    return operand


def _once(operand: Operand) -> Operand:
    """Without repetition: NumPy repeats what has length 1."""
    steps = strides(operand.lanes) if operand.lanes.size else None
    if steps is None:
        return operand
    return operand.with_table(operand.lanes[tuple([slice(None) if step else slice(0, 1) for step in steps])])


def _map(to: NumpySteps, step: Step) -> str:
    assert step.row is not None
    given = [_squeezed(step, each) for each in step.operands]
    short = [_once(each) for each in given]
    if np.broadcast_shapes(*[each.shape for each in short]) == result_shape(step):
        given = short
    return to.row(step.row, [to.operand(each, step.batched) for each in given])


def _reduce(to: NumpySteps, step: Step) -> str:
    assert step.row is not None
    texts = [to.operand(_squeezed(step, each), step.batched) for each in step.operands]
    if step.row in _FOLDS:
        return _FOLDS[step.row].format(*texts)
    to.called[step.row.name] = None
    return f"{step.row.name}({', '.join(texts)})"


def _product(to: NumpySteps, step: Step) -> str:
    w, x, *bias = step.operands
    ends = [to.operand(_squeezed(step, each), step.batched) for each in bias]
    if not step.batched and step.operands[0].shape[1] == 1:
        left, right = to.operand(w.with_table(w.table[:, 0]), False), to.operand(x.with_table(x.table[0]), False)
        product = f"np.outer({left}, {right})" if step.shape[1] > 1 else f"{left} * {right}"
        return " + ".join([product, *ends])
    is_column = result_shape(step) != step.shape
    left = to.operand(w, False)
    right = to.operand(_squeezed(step, x) if is_column else x, False)
    if not step.batched or (w.kind != "batched" and is_column):
        return " + ".join([f"{left} @ {right}", *ends])
    letters = "rkb" if w.kind == "batched" else "rk"
    other = ("k" if is_column else "kc") + "b" * (x.kind == "batched")
    text = f'np.einsum("{letters},{other}->{"rb" if is_column else "rcb"}", {left}, {right})'
    return " + ".join([text, *ends])


def _pairs(to: NumpySteps, step: Step) -> str:
    w, x, *bias = [to.operand(_squeezed(step, each), step.batched) for each in step.operands]
    shape = result_shape(step)
    table = step.operands[0].table
    if w.startswith("np.array") and table.size == len(table):
        w = f"np.array({table.reshape(len(table), *[1] * (len(shape) + step.batched)).tolist()!r})"
    terms = x if w == "1.0" else f"{w} * {x}"
    return " + ".join([f"np.sum({terms}, axis=0)", *bias])


def _mean(to: NumpySteps, step: Step) -> str:
    return f"np.mean({to.operand(_squeezed(step, step.operands[0]), True)}, axis=-1)"


def _mean_product(to: NumpySteps, step: Step) -> str:
    w, x = (to.operand(each, False) for each in step.operands)
    is_column = result_shape(step) != step.shape
    if all(each.shape[1] == 1 for each in step.operands) and not is_column:
        w, x = (to.operand(each, False, each.lanes[:, 0]) for each in step.operands)
        return f"{w} @ {x}.T / B"
    return f'np.einsum("rkb,ckb->{"r" if is_column else "rc"}", {w}, {x}) / B'


def _mean_pairs(to: NumpySteps, step: Step) -> str:
    w, x = (to.operand(_squeezed(step, each), True) for each in step.operands)
    return f"np.sum({w} * {x}, axis=(0, -1)) / B"


def _lift(to: NumpySteps, step: Step) -> str:
    text = to.operand(_squeezed(step, step.operands[0]), True)
    return f"np.broadcast_to({text}, ({', '.join(map(str, result_shape(step)))}, B))"


FORMS: Mapping[str, Callable[[NumpySteps, Step], str]] = {
    "map": _map,
    "reduce": _reduce,
    "product": _product,
    "pairs": _pairs,
    "mean": _mean,
    "mean_product": _mean_product,
    "mean_pairs": _mean_pairs,
    "lift": _lift,
}
