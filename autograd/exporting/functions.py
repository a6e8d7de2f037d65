"""A function of a file as statements: which of the forms of its program, and where its numbers are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from autograd.compiler.loops.find import find
from autograd.compiler.loops.loop import Looped
from autograd.compiler.program import depth
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.program import VectorProgram
from autograd.compiler.vector.steps import Step
from autograd.exporting.operands import Files, Region, linear
from autograd.exporting.request import Exported, total
from autograd.exporting.steps import loops, write
from autograd.exporting.trips import Trips
from autograd.exporting.writing import File, Lines

REGULAR = 8  # operations for each step from which on steps are loops
SMALL = 4000  # operands of bodies of loops over time that are written out


@dataclass(frozen=True)
class Written:
    """The lines of a function, and how many numbers it needs in `w`."""

    lines: list[str]
    work: int


def written(exported: Exported, file: File, exact: bool) -> Written:
    """The statements of a function, from x, p, v (shared), samples and n to y."""
    regions = _regions(exported)
    if not exact and (exported.samples or _is_regular(exported)):
        return _Steps(exported.forms.vectors, regions, file).written()
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
    looped = find(exported.forms.program) if exact else exported.forms.looped or _plain(exported)
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
    for i, atom in enumerate(looped.outputs):
        to.add(f"y[{i}] = {trips.text(atom)};")
    return Written(to.lines, trips.used)


def _plain(exported: Exported) -> Looped:
    program = exported.forms.flattened
    return Looped(replace(program, equations=()), program.equations)


# --- steps on arrays --------------------------------------------------------------------------------------------------


class _Steps:
    def __init__(self, vectors: VectorProgram, regions: Sequence[Region], file: File) -> None:
        self.vectors = vectors
        self.to = Lines(file.language, file)
        self.files = Files(vectors, regions, file)
        self.texts = vectors.texts

    def written(self) -> Written:
        """Shared steps, then those of each sample, then what depends on means."""
        self._begin()
        before, samples, after = _phases(self.vectors.steps)
        for step in before:
            self._step(step)
        if self.vectors.program.batched:
            self._samples(samples)
        for step in after:
            self._step(step)
        self._results()
        return Written(self.to.lines, self.files.size)

    def _begin(self) -> None:
        to, files = self.to, self.files
        if files.copied["shared"]:
            for region in files.inputs["shared"]:
                with to.loop(region.count) as i:
                    to.add(f"w[{linear(region.first, [(1, i)])}] = {region.pointer}[{i}];")
        for kind, lane, number in self.vectors.constants:
            to.add(f"{files.lanes(kind, np.array([lane])).at([0])} = {to.language.literal(number)};")

    def _step(self, step: Step) -> None:
        self.to.say(f"{step.name} = {self.texts.formula(step)}{f'  {step.note}' if step.note else ''}")
        write(self.to, self.files, step)

    def _samples(self, steps: Sequence[Step]) -> None:
        to, zero = self.to, self.to.language.literal(0.0)
        width = len(self.vectors.program.batched)
        means = [step for step in steps if step.form.startswith("mean")]
        for step in means:
            self._each(step, f"= {zero}")
        with to.loop("n", "sample"):
            self._sample_begins(width)
            for step in steps:
                self._step(step)
        for step in means:
            self._each(step, f"/= {'(double)n' if to.language.name == 'C' and not to.language.single else 'n'}")

    def _sample_begins(self, width: int) -> None:
        to, files = self.to, self.files
        if to.language.name == "C":
            to.add(f"{to.language.constant} *b = samples + sample * {width};")
        else:
            to.add(f"const b = samples.subarray(sample * {width}, sample * {width} + {width});")
        if files.copied["batched"]:
            with to.loop(width) as i:
                to.add(f"w[{linear(files.own['batched'].offset, [(1, i)])}] = b[{i}];")

    def _each(self, step: Step, what: str) -> None:
        out = self.files.result(step)
        if step.size == 1:
            self.to.add(f"{out.at([0] * len(step.shape))} {what};")
            return
        with loops(self.to, step.shape) as at:
            self.to.add(f"{out.at(at)} {what};")

    def _results(self) -> None:
        """What no step has given directly, runs of even places as loops."""
        to, files = self.to, self.files
        rest = [(i, kind, lane) for i, (kind, lane) in enumerate(self.vectors.outputs) if kind != "result"]
        while rest:
            i, kind, lane = rest[0]
            if kind == "constant":
                to.add(f"y[{i}] = {to.language.literal(lane)};")
                rest = rest[1:]
                continue
            count = _run(rest)
            access = files.lanes(kind, np.array([int(each[2]) for each in rest[:count]]))
            if count == 1:
                to.add(f"y[{i}] = {access.at([0])};")
            else:
                with to.loop(count) as k:
                    to.add(f"y[{linear(i, [(1, k)])}] = {access.at([k])};")
            rest = rest[count:]


def _run(rest: Sequence[tuple[int, str, float]]) -> int:
    """How many outputs follow each other whose lanes are evenly spaced."""
    count = 1
    while count < len(rest):
        (i, kind, _), (j, other, _) = rest[count - 1], rest[count]
        if j != i + 1 or other != kind:
            break
        if strides(np.array([int(each[2]) for each in rest[count - 1 - (count > 1) : count + 1]])) is None:
            break
        count += 1
    return count


def _phases(steps: Sequence[Step]) -> tuple[list[Step], list[Step], list[Step]]:
    """Shared steps before the samples; those of samples; and those after them, which means lead to."""
    later: set[int] = set()
    before: list[Step] = []
    samples: list[Step] = []
    after: list[Step] = []
    for step in steps:
        if step.batched or step.form.startswith("mean"):
            samples.append(step)
            later.update(() if step.batched else step.lanes.ravel().tolist())
        elif any(each.kind == "shared" and not later.isdisjoint(each.lanes.ravel().tolist()) for each in step.operands):
            after.append(step)
            later.update(step.lanes.ravel().tolist())
        else:
            before.append(step)
    return before, samples, after
