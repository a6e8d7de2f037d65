"""Vector programs as formulas: `z1 = W1 @ x + b1`, `delta1 = da1 * relu_prime(z1)`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from autograd import rules
from autograd._numpy import np
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.steps import Array, Lanes, Operand, Step
from autograd.primitive import Primitive

SIGNS = rules.INFIX | {"greater": ">", "at_least": ">=", "equal": "=="}
FEW = 4  # arrays or numbers that are listed


class Texts:
    """Operands as text: by the name of the array that they are, or are part of."""

    def __init__(self, inputs: Sequence[Array], steps: Sequence[Step], sizes: Sequence[int]) -> None:
        self.steps = steps
        self._sorted: dict[int, Lanes] = {}  # the lanes of arrays, by their number
        self.arrays = list(inputs)
        self.owner = {kind: np.full(size, -1, np.intp) for kind, size in zip(KINDS, sizes, strict=True)}
        for number, array in enumerate(self.arrays):
            self.owner[array.kind][array.lanes.ravel()] = number
        for step in steps:
            if step.results is None:
                self._own(step)

    def _own(self, step: Step) -> None:
        self.owner[step.kind][step.start : step.start + step.size] = len(self.arrays)
        self.arrays.append(Array(step.name, step.kind, step.lanes))

    def operand(self, operand: Operand) -> str:
        """An operand as text."""
        if operand.kind == "constant":
            numbers = np.unique(operand.numbers)
            return repr(float(numbers[0])) if numbers.size == 1 else _listed([f"{x:g}" for x in numbers])
        owners = self.owner[operand.kind][operand.lanes.ravel()]
        owners = owners if owners.size == 1 else np.unique(owners)
        if owners.size == 1 and owners[0] >= 0:
            return self._part(int(owners[0]), operand.lanes)
        names = [self.arrays[int(each)].name if each >= 0 else "constants" for each in owners]
        return _listed(names)

    def _part(self, number: int, lanes: Lanes) -> str:
        array = self.arrays[number]
        whole = array.lanes
        if lanes.ndim == whole.ndim == 2 and not np.array_equal(lanes, whole) and np.array_equal(lanes.T, whole):
            return f"{array.name}.T"
        lanes = _without_repetition(lanes)
        if lanes.size == whole.size and (lanes.ravel() == whole.ravel()).all():
            return array.name
        if number not in self._sorted:
            self._sorted[number] = np.sort(whole.ravel())
        places = self._sorted[number].searchsorted(lanes.ravel())
        first, last = int(places.min()), int(places.max())
        if lanes.size == 1:
            return f"{array.name}[{first}]"
        if np.array_equal(places, np.arange(first, last + 1)):
            return f"{array.name}[{first}:{last + 1}]"
        return f"{array.name}[…]"

    def formula(self, step: Step) -> str:
        """What a step computes."""
        texts = [self.operand(each) for each in step.operands]
        return FORMULAS[step.form](step, texts)


KINDS = ("shared", "batched")


def _listed(names: list[str]) -> str:
    return f"[{', '.join(names[:FEW])}{', …' * (len(names) > FEW)}]"


def _without_repetition(lanes: Lanes) -> Lanes:
    """Without the axes along which nothing changes."""
    regular = strides(lanes)
    if regular is None:
        return lanes
    chosen: Lanes = lanes[tuple(slice(None) if step else 0 for step in regular)]
    return chosen.reshape(1) if chosen.ndim == 0 else chosen


def _map(step: Step, texts: list[str]) -> str:
    assert isinstance(step.row, Primitive)
    if step.row.name in SIGNS:
        return f"{texts[0]} {SIGNS[step.row.name]} {texts[1]}"
    if step.row is rules.neg:
        return f"-{texts[0]}"
    if step.row is rules.step and texts[1:] == ["0.0", "0.0"]:
        return f"relu_prime({texts[0]})"
    return f"{step.row.name}({', '.join(texts)})"


def _product(step: Step, texts: list[str]) -> str:
    return " + ".join([f"{texts[0]} @ {texts[1]}", *texts[2:]])


def _pairs(step: Step, texts: list[str]) -> str:
    w, x, *bias = texts
    sum_of = f"sum({x})" if w == "1.0" else f"sum({w} * {x})"
    return " + ".join([sum_of, *bias])


FORMULAS: dict[str, Callable[[Step, list[str]], str]] = {
    "map": _map,
    "reduce": lambda step, texts: f"{step.row.name if step.row else ''}({', '.join(texts)})",
    "product": _product,
    "pairs": _pairs,
    "mean": lambda step, texts: f"mean({texts[0]})",
    "mean_product": lambda step, texts: f"mean({texts[0]} @ {texts[1]}.T)",
    "mean_pairs": lambda step, texts: f"mean(sum({texts[0]} * {texts[1]}))",
    "lift": lambda step, texts: texts[0],
}


def printed(texts: Texts, outputs: Sequence[tuple[str, float]], fixed: Mapping[tuple[str, int], float]) -> str:
    """All steps as formulas, with shapes at the side; `fixed` are the lanes that hold constants."""
    rows = [(f"{step.name} = {texts.formula(step)}", _shape(step), step.note) for step in texts.steps]
    width = min(max((len(formula) for formula, _, _ in rows), default=0), 80)
    lines = [f"{formula:<{width}}  # {shape}{f', {note}' if note else ''}" for formula, shape, note in rows]
    names = dict.fromkeys(_output_names(texts, outputs, fixed))
    return "\n".join([*lines, f"return {', '.join(names)}"])


def _shape(step: Step) -> str:
    lengths = [str(length) for length in step.shape if length > 1] or ["1"]
    return f"({', '.join([*lengths, *['B'] * step.batched])}{',' * (len(lengths) == 1 and not step.batched)})"


def _output_names(
    texts: Texts, outputs: Sequence[tuple[str, float]], fixed: Mapping[tuple[str, int], float]
) -> Iterator[str]:
    direct = {int(i): step.name for step in texts.steps if step.results is not None for i in step.results.ravel()}
    for number, (kind, lane) in enumerate(outputs):
        if kind == "result":
            yield direct[number]
        elif kind == "constant":
            yield repr(lane)
        else:
            owner = int(texts.owner[kind][int(lane)])
            yield texts.arrays[owner].name if owner >= 0 else repr(fixed[kind, int(lane)])
