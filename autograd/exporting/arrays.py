"""Vector programs as statements: steps, samples, means and results."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial

from autograd._numpy import np
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.program import VectorProgram
from autograd.compiler.vector.steps import Step
from autograd.exporting.joint import sharing
from autograd.exporting.operands import RESULTS, Files, Region, linear
from autograd.exporting.softmax import softmaxes, write_softmax
from autograd.exporting.spelling import is_called
from autograd.exporting.steps import loops, write, write_together
from autograd.exporting.writing import Lines

_Group = tuple[list[Step], Callable[[], None]]  # steps, and what writes them


class Arrays:
    """Writes a vector program: shared steps, then those of each sample, then what depends on means."""

    def __init__(
        self, to: Lines, vectors: VectorProgram, regions: Sequence[Region], results: Region = RESULTS, work: int = 0
    ) -> None:
        self.to, self.vectors, self.results = to, vectors, results
        self.files = Files(vectors, regions, to.file, results, work)
        self.texts = vectors.texts

    def write(self) -> None:
        """All steps, and the results."""
        self._begin()
        before, samples, after = _phases(self.vectors.steps)
        self._steps(before)
        if self.vectors.program.batched:
            self._samples(samples)
        self._steps(after)
        self._results()

    def _begin(self) -> None:
        to, files = self.to, self.files
        if files.copied["shared"]:
            for region in files.inputs["shared"]:
                with to.loop(region.count) as i:
                    target = linear(files.own["shared"].offset + region.first, [(1, i)])
                    to.add(f"w[{target}] = {region.pointer}[{linear(region.offset, [(1, i)])}];")
        for kind, lane, number in self.vectors.constants:
            to.add(f"{files.lanes(kind, np.array([lane])).at([0])} = {to.language.literal(number)};")

    def _steps(self, steps: Sequence[Step]) -> None:
        """Steps of a phase; those that share something where the first of them is."""
        groups = self._groups(steps)
        written: set[Step] = set()
        for step in steps:
            if step in written:
                continue
            members, write_all = groups.get(step) or ([step], partial(write, self.to, self.files, step))
            for each in members:
                self.to.say(f"{each.name} = {self.texts.formula(each)}{f'  {each.note}' if each.note else ''}")
            write_all()
            written.update(members)

    def _groups(self, steps: Sequence[Step]) -> dict[Step, _Group]:
        """What is written together, by each of the steps."""
        to, files = self.to, self.files
        groups: list[_Group] = [(each.steps, partial(write_softmax, to, files, each)) for each in softmaxes(steps)]
        taken = {step for members, _ in groups for step in members}
        called = [
            each for each in steps if each.form == "map" and each not in taken and each.row and is_called(each.row)
        ]
        joint = sharing(to.file, [(_operands(each), each.row, each) for each in called if each.row])
        groups += [(members, partial(write_together, to, files, members)) for members in joint]
        return {step: group for group in groups for step in group[0]}

    def _samples(self, steps: Sequence[Step]) -> None:
        to, zero = self.to, self.to.language.literal(0.0)
        width = len(self.vectors.program.batched)
        means = [step for step in steps if step.form.startswith("mean")]
        for step in means:
            self._each(step, f"= {zero}")
        with to.loop("n", "sample"):
            self._sample_begins(width)
            self._steps(steps)
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
                to.add(f"{self._result(i)} = {to.language.literal(lane)};")
                rest = rest[1:]
                continue
            lanes = [int(each[2]) for each in rest[: _run(rest)]]
            count = files.together(kind, lanes)
            access = files.lanes(kind, np.array(lanes[:count]))
            if count == 1:
                to.add(f"{self._result(i)} = {access.at([0])};")
            else:
                with to.loop(count) as k:
                    to.add(f"{self._result(i, k)} = {access.at([k])};")
            rest = rest[count:]

    def _result(self, i: int, k: str = "") -> str:
        place = linear(self.results.offset + i, [(1, k)] if k else [])
        return f"{self.results.pointer}[{place}]"


def _operands(step: Step) -> Hashable:
    """What steps have in common that apply rows to the same operands."""
    return step.shape, tuple([(each.kind, each.shape, each.table.tobytes()) for each in step.operands])


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
