"""A function of a file as statements: which of the forms of its program, and where its numbers are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from autograd.compiler.columns import depth
from autograd.compiler.loops.find import find
from autograd.compiler.loops.loop import Looped
from autograd.exporting.ahead import computed_ahead
from autograd.exporting.arrays import Arrays
from autograd.exporting.copying import assign
from autograd.exporting.operands import Region, linear
from autograd.exporting.request import Exported, total
from autograd.exporting.trips import Trips
from autograd.exporting.writing import File, Lines

REGULAR = 8  # operations for each step from which on steps are loops
SMALL = 40_000  # operands of loops over time, with bodies of single numbers, up to which a compiler is quick


@dataclass(frozen=True)
class Written:
    """The lines of a function, and how many numbers it needs in `w`."""

    lines: list[str]
    work: int


def written(exported: Exported, file: File, exact: bool) -> Written:
    """The statements of a function, from x, p, v (shared), samples and n to y."""
    regions = _regions(exported)
    if not exact and (exported.samples or _is_regular(exported)):
        to = Lines(file.language, file)
        arrays = Arrays(to, exported.forms.vectors, regions)
        arrays.write()
        return Written(to.lines, arrays.files.size)
    return _trips(exported, regions, file, exact)


def _regions(exported: Exported) -> list[Region]:
    found: list[Region] = []
    first = 0
    for pointer, slots in zip("xpv", (exported.arguments, exported.parameters, exported.directions), strict=True):
        count = total(slots)
        if count:
            found.append(Region(pointer, first, count))
        first += count
    return found


def _is_regular(exported: Exported) -> bool:
    """Whether steps are loops, and not loops over time or numbers written out: see `llvm.runner`."""
    forms = exported.forms
    flattened = forms.flattened_forward
    work = sum([len(operands) for _, operands in flattened.equations])
    loops = forms.looped
    if (loops and loops.written <= SMALL) or work < REGULAR * depth(flattened):
        return False
    return forms.vectors.work() >= REGULAR * len(forms.vectors.steps)


# --- equations on numbers ---------------------------------------------------------------------------------------------


def _trips(exported: Exported, regions: Sequence[Region], file: File, exact: bool) -> Written:
    loops = exported.forms.looped
    looped = find(exported.forms.program) if exact else computed_ahead(file, loops) if loops else _plain(exported)
    to = Lines(file.language, file)

    def place(i: int) -> tuple[str, int]:
        region = next(each for each in regions if each.first <= i < each.first + each.count)
        return region.pointer, i - region.first

    def even(places: range, index: str) -> str:
        (pointer, first), (other, _) = place(places[0]), place(places[-1])
        return f"{pointer}[{linear(first, [(places.step, index)])}]" if pointer == other else ""

    trips = Trips(to, looped, lambda i: "{}[{}]".format(*place(i)), exact)
    trips.even = even
    trips.write()
    assign(to, [(f"y[{i}]", trips.text(atom)) for i, atom in enumerate(looped.outputs)])
    return Written(to.lines, trips.used)


def _plain(exported: Exported) -> Looped:
    program = exported.forms.flattened
    return Looped(replace(program, equations=()), tuple(program.equations))
