"""Name arrays as textbooks do: W1, b1, z1, a1, delta1, dW1, db1; v1, v2, … for everything else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from autograd import rules
from autograd._numpy import np
from autograd.compiler.program import Program
from autograd.compiler.vector.program import Array, Lanes, Operand, Step, VectorProgram
from autograd.compiler.vector.steps import Key

INDEXED = re.compile(r"(.*?[^\W\d_]\d*)_(\d+)(?:_(\d+))?_*")
NUMBERED = re.compile(r"(.*[^\W\d])(\d+)")
LAYER = re.compile(r"W(\d+)")
DELTA = re.compile(r"delta(\d+)")
ACTIVATIONS = {"relu", "leaky_relu", "elu", "tanh", "sigmoid", "softplus", "silu", "gelu", "sin", "square", "exp"}


def inputs(program: Program) -> list[Array]:
    """The inputs as arrays: `w1_0_0, w1_0_1, …` are the matrix W1, `x_0, x_1, …` the vector x.

    Lanes are counted within shared and batched inputs, in order.
    """
    found: list[Array] = []
    for kind, places in (("shared", program.shared), ("batched", program.batched)):
        families: dict[str, list[tuple[int, ...]]] = {}
        for lane, place in enumerate(places):
            stem, *index = _parsed(program.names[place])
            families.setdefault(stem if index else f"{stem}\n", []).append((*index, lane))
        found += [_array(stem.strip(), kind, members) for stem, members in families.items()]
    return _unique(found)


def _parsed(name: str) -> tuple[str, *tuple[int, ...]]:
    if "_" in name and (match := INDEXED.fullmatch(name)):
        stem, row, column = match.groups()
        return (stem, int(row)) if column is None else (stem, int(row), int(column))
    if match := NUMBERED.fullmatch(name):
        return match[1], int(match[2])
    return (name,)


def _array(stem: str, kind: str, members: Sequence[tuple[int, ...]]) -> Array:
    lanes = np.array([member[-1] for member in members], np.intp)
    shape = {len(member) for member in members}
    if shape == {3}:
        rows, columns = (len({member[axis] for member in members}) for axis in (0, 1))
        if rows * columns == len(members) and list(members) == sorted(members):
            return Array(stem[0].upper() + stem[1:], kind, lanes.reshape(rows, columns))
    return Array(stem, kind, lanes)


def _unique(arrays: Sequence[Array]) -> list[Array]:
    taken: Counter[str] = Counter()
    result = []
    for array in arrays:
        taken[array.name] += 1
        result.append(array if taken[array.name] == 1 else replace(array, name=f"{array.name}_{taken[array.name]}"))
    return result


@dataclass
class _Owners:
    """Which array each lane belongs to."""

    arrays: list[Array]
    owner: dict[str, np.ndarray[tuple[int], np.dtype[np.intp]]]

    def only(self, operand: Operand) -> str:
        """The name of the one array that an operand looks at, or ""."""
        if operand.kind == "constant" or not operand.lanes.size:
            return ""
        owners = self.owner[operand.kind][operand.lanes]
        first = int(owners.flat[0])
        return self.arrays[first].name if first >= 0 and bool((owners == first).all()) else ""


def named(vectors: VectorProgram, adjoints: Mapping[Key, Key]) -> VectorProgram:
    """The same with names and notes; `adjoints` are steps that compute those of other steps."""
    arrays = list(vectors.inputs or inputs(vectors.program))
    count = len(arrays)
    sizes = dict(zip(("shared", "batched"), vectors.sizes, strict=True))
    owners = _Owners(arrays, {kind: np.full(size, -1, np.intp) for kind, size in sizes.items()})
    for number, array in enumerate(arrays):
        owners.owner[array.kind][array.lanes.ravel()] = number
    namer = _Namer(vectors, adjoints, owners)
    steps = [namer.name(step) for step in vectors.steps]
    top = max((int(step.name[5:]) for step in steps if DELTA.fullmatch(step.name)), default=0)
    steps = [_noted(step, top) for step in steps]
    return replace(vectors, steps=tuple(steps), inputs=tuple(arrays[:count]))


class _Namer:
    def __init__(self, vectors: VectorProgram, adjoints: Mapping[Key, Key], owners: _Owners) -> None:
        self.owners = owners
        self.taken = {array.name for array in owners.arrays}
        self.clashes: Counter[str] = Counter()
        self.anonymous = 0
        self.sizes: dict[str, int] = {}
        self.family = _families(vectors, owners.arrays)
        self.adjoints = adjoints
        self.step_of: dict[Key, str] = {}
        self.loss = vectors.outputs[0] if vectors.outputs else ("", 0)

    def name(self, step: Step) -> Step:
        name, note = self._wish(step)
        name = self.fresh(name) if name else self.fresh_v()
        self.owners.arrays.append(Array(name, step.kind, step.lanes.ravel()))
        self.sizes[name] = step.size
        if step.results is None:
            self.owners.owner[step.kind][step.start : step.start + step.size] = len(self.owners.arrays) - 1
        self.step_of[step.key] = self._weighted_input(step) or name
        return replace(step, name=name, note=note)

    def _weighted_input(self, step: Step) -> str:
        """z1 for z1 + y and z1 − y, which have the same adjoint."""
        if step.form != "map" or step.row not in (rules.add, rules.sub):
            return ""
        name = self.owners.only(step.operands[0])
        return name if re.fullmatch(r"z\d+", name) and step.operands[0].lanes.size == self.sizes[name] else ""

    def fresh(self, wish: str) -> str:
        """The name that is wanted; a second one with _ appended, others with _2, _3, …"""
        name = wish
        while name in self.taken:
            self.clashes[wish] += 1
            name = f"{wish}_{self.clashes[wish] if self.clashes[wish] > 1 else ''}"
        self.taken.add(name)
        return name

    def fresh_v(self) -> str:
        self.anonymous += 1
        return self.fresh(f"v{self.anonymous}")

    def _wish(self, step: Step) -> tuple[str, str]:
        looked_at = [self.owners.only(operand) for operand in step.operands]
        if family := self._derivative_of(step):
            note = {"mean_product": "BP3", "mean": "BP4"}.get(step.form, "")
            if step.form in ("product", "map") and LAYER.fullmatch(family):
                note = "BP3"
            return f"d{family}", note
        if step.size == 1 and (step.key == self.loss or (step.results is not None and step.results.flat[0] == 0)):
            return "loss", ""
        if wish := self._of_adjoint(step):
            return wish, ""
        match = LAYER.fullmatch(looked_at[0]) if step.form == "product" else None
        if match and f"z{match[1]}" not in self.taken and not looked_at[1].startswith("d"):
            return f"z{match[1]}", ""
        if step.form == "map" and len([each for each in looked_at if each]) == 1 and step.row is not None:
            source = next(each for each in looked_at if each)
            if source[0] == "z" and source[1:].isdigit():
                if step.row.name == "step":
                    return f"slope{source[1:]}", ""
                if step.row.name in ACTIVATIONS and f"a{source[1:]}" not in self.taken:
                    return f"a{source[1:]}", ""
        return "", ""

    def _derivative_of(self, step: Step) -> str:
        """The family of inputs that the results of a step are the derivatives by."""
        if step.results is None:
            return ""
        families = np.unique(self.family[step.results])
        return self.owners.arrays[families[0]].name if len(families) == 1 and families[0] >= 0 else ""

    def _of_adjoint(self, step: Step) -> str:
        """`delta1` for the adjoints of z1, `da1` for those of a1."""
        name = self.step_of.get(self.adjoints.get(step.key, ("", 0)), "")
        if not name:
            return ""
        wish = f"delta{name[1:]}" if name[0] == "z" and name[1:].isdigit() else f"d{name}"
        return wish if wish not in self.taken else ""


def _families(vectors: VectorProgram, arrays: Sequence[Array]) -> Lanes:
    """For each output the array of inputs that it is a derivative by, −1 for none; they may be still to be taken."""
    program = vectors.program
    array_of = np.full(len(program.names), -1, np.intp)
    places = {"shared": np.array(program.shared, np.intp), "batched": np.array(program.batched, np.intp)}
    for number, array in enumerate(arrays):
        array_of[places[array.kind][array.lanes.ravel()]] = number
    found = np.full(len(vectors.outputs), -1, np.intp)
    if 0 < len(program.derivatives) <= len(found):
        found[-len(program.derivatives) :] = array_of[list(program.derivatives)]
    return found


def _noted(step: Step, top: int) -> Step:
    match = DELTA.fullmatch(step.name)
    if match is None:
        return step
    return replace(step, note="BP1" if int(match[1]) == top else "BP2")
