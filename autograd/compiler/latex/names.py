"""The names of inputs and results: x_2, W^(1), f, and ∂f/∂x_2."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from autograd._numpy import NDArray, np
from autograd.compiler.latex.parts import at, index_of
from autograd.compiler.lower import GRADIENT, Lowered
from autograd.compiler.program import Program
from autograd.compiler.vector.names import INDEXED, NUMBERED, inputs
from autograd.compiler.vector.steps import Array
from autograd.notation.boxes import Box, Fenced, Fraction, Name, Number, Script, line
from autograd.notation.names import distinct, named
from autograd.structure import NUMBER, Key, size_of

LAYER = re.compile(r"(d?)(W|b|z|a|delta|slope)(\d+)")  # how vector programs call the arrays of a layer
Places = NDArray[np.intp]


def of_layer(match: re.Match[str]) -> Box:
    """`W1` is W with the number of its layer as an upper index."""
    return Script(named(match[2]), Fenced(Number(match[3])))


def boxes_of(named_places: Sequence[tuple[str, Places, int]]) -> list[Box]:
    """A box for each name."""
    found = distinct({i: name for i, (name, _, _) in enumerate(named_places)})
    for i, (name, _, _) in enumerate(named_places):
        if match := LAYER.fullmatch(name):
            found[i] = of_layer(match)
    return list(found.values())


def letters(stems: Sequence[str], taken: Iterable[str]) -> Iterator[Box]:
    """v₁, v₂, … with the first of these letters that no name in `taken` begins with."""
    used = set(taken)
    stem = next(
        (each for each in stems if not any(re.fullmatch(rf"{each}(_?\d.*)?", name) for name in used)), stems[-1]
    )
    return (Script(Name(stem), lower=Number(str(i))) for i in count(1))


def derivative(of: Box, by: Box) -> Box:
    """∂of/∂by."""
    return Fraction(line("∂", of), line("∂", by))


@dataclass(frozen=True)
class Group:
    """Numbers with one name: `places` of inputs, or numbers of outputs, in their shape.

    of     what their names are derivatives of, if they are such
    start  the index of the first
    """

    box: Box
    places: Places
    of: Box | None = None
    start: int = 0

    def part(self, places: Places) -> Box | None:
        """The name of some of them; None if they have none."""
        flat, order = self.places.ravel(), np.argsort(self.places.ravel(), kind="stable")
        found = order[np.searchsorted(flat, places, sorter=order).clip(max=flat.size - 1)]
        if not np.array_equal(flat[found], places):
            return None
        index = index_of(found, self.places.shape, self.start)
        if index is None or index.is_transposed:
            return None
        box = at(self.box, index.box)
        return box if self.of is None else derivative(self.of, box)


def input_groups(program: Program) -> list[Group]:
    """The inputs of a program by their arrays, with their own names; places are those of the program.

    Arguments x1, x2, … are elements of x, if nothing else is, and are counted as they are.
    """
    found: list[tuple[str, Places, int]] = []
    for array in inputs(program):
        lanes = program.shared if array.kind == "shared" else program.batched
        places = np.array(lanes, np.intp)[array.lanes]
        names = [program.names[int(place)] for place in places.ravel()]
        start = _first_index(names, places.shape)
        if start is not None:
            found.append((_stem(array, names[0]), places, start))
        else:
            found += [(name, place.reshape(1), 0) for name, place in zip(names, places.ravel(), strict=True)]
    boxes = boxes_of(found)
    return [Group(box, places, start=start) for box, (_, places, start) in zip(boxes, found, strict=True)]


def _first_index(names: Sequence[str], shape: tuple[int, ...]) -> int | None:
    """The index of the first of the names, of which the others follow in order; None if they do not."""
    matches = [INDEXED.fullmatch(name) or NUMBERED.fullmatch(name) for name in names]
    indices = [tuple([int(each) for each in match.groups()[1:] if each]) for match in matches if match]
    if len(indices) < len(names) or len({match[1] for match in matches if match}) > 1:
        return None
    first = indices[0]
    start = first[0] if len(first) == 1 else 0
    wanted = [(start + i,) for i in range(len(names))] if len(first) == 1 else list(np.ndindex(shape))
    is_array = len(names) > 1 or len(first) > 1 or first == (0,)
    return start if is_array and indices == wanted else None


def _stem(array: Array, name: str) -> str:
    """The name of an array as its user has it: without the capital that vector programs give to matrices."""
    match = INDEXED.fullmatch(name)
    is_layer = LAYER.fullmatch(array.name) is not None
    capital = match is not None and match[1] != array.name and match[1].lower() == array.name.lower()
    return match[1] if match is not None and capital and not is_layer else array.name


def name_of(groups: Sequence[Group], places: Places) -> Box | None:
    """The name of inputs or outputs, if one group has them."""
    return next((box for group in groups if (box := group.part(places)) is not None), None)


def result_groups(lowered: Lowered, given: Sequence[Group], outputs: int) -> list[Group]:
    """Names of the outputs of a recording, whose inputs are `given`.

    f, or y of a function that returns several numbers; ∂f/∂x; f′ along a direction; s = ȳ · y.
    """
    value, size = value_name(lowered, given), size_of(lowered.result)
    dotted = Script(value, line("′"))
    kind, parts = lowered.what, list[Group]()
    of: Box = value
    if kind == "vjp":
        parts, value_at, of = [Group(Name("s"), np.arange(1))], 1, Name("s")
    elif kind == "hvp":
        parts, value_at, of = [Group(dotted, np.arange(1))], 1, dotted
    else:
        value_at = 0
    parts += _of_result(lowered.result, value, value_at)
    done = value_at + size
    if kind == "jvp":
        parts += _of_result(lowered.result, dotted, done)
    elif kind == "hvp" and lowered.kind != GRADIENT:  # the order of eager code
        half = (outputs - done) // 2
        parts += [
            Group(Name("Hv"), done + np.arange(half)),
            Group(Name("g"), done + half + np.arange(half)),
        ]
    elif lowered.kind == GRADIENT:
        parts += [
            Group(group.box, _where(lowered.wanted, group.places) + done, of, group.start)
            for group in given
            if np.isin(group.places, lowered.wanted).all()
        ]
    known = sum(part.places.size for part in parts)
    return parts if known >= outputs else [*parts, Group(Name("r"), known + np.arange(outputs - known))]


def value_name(lowered: Lowered, given: Sequence[Group]) -> Box:
    """f, or y of a function that returns several numbers; another letter where an input has that one."""
    taken = {latex_name(group.box) for group in given}
    letters_ = ("f", "F", "g") if lowered.result is NUMBER else ("y", "f", "g")
    return Name(next((each for each in letters_ if each not in taken), "result"))


def latex_name(box: Box) -> str:
    """The letters of a name."""
    return box.text if isinstance(box, Name) else latex_name(box.base) if isinstance(box, Script) else ""


def _where(wanted: Sequence[int], places: Places) -> Places:
    order = {place: i for i, place in enumerate(wanted)}
    return np.array([order[int(each)] for each in places.ravel()], np.intp).reshape(places.shape)


def _of_result(key: Key, box: Box, first: int) -> list[Group]:
    """The numbers of a result by the arrays in it: y, or y_0, y_1, … for those of a tuple or dict."""
    if key is NUMBER:
        return [Group(box, np.arange(first, first + 1))]
    if key.list_shape is not None or key.shape is not None:
        shape = key.shape or key.list_shape or ()
        if len(shape) <= 2:
            return [Group(box, np.arange(first, first + size_of(key)).reshape(shape))] if size_of(key) else []
    found: list[Group] = []
    _, names, parts = key
    for index, part in zip(names or range(len(parts)), parts, strict=True):
        shown: Box = Number(str(index)) if isinstance(index, int) else Name(str(index), "upright")
        found += _of_result(part, at(box, shown), first)
        first += size_of(part)
    return found
