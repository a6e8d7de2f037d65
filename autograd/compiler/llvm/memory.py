"""The memory of a vector program's runs: shared numbers, and blocks of samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd._numpy import np
from autograd.compiler.llvm.direct_text import STATE
from autograd.compiler.llvm.grouping import AFTER, BEFORE, MEANS, SAMPLES
from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.plan import Plan
from autograd.compiler.llvm.samples import Runs, Samples
from autograd.compiler.llvm.steps_driver import BLOCKS, SHARED
from autograd.compiler.llvm.workspace import Floats, Workspace, address_of, new_frame

_INPUTS, _ANSWER, _MEANS, _RESULT = map(SHARED.index, ("inputs", "answer", "means", "result"))
_SUMS, _ROWS = map(BLOCKS.index, ("g", "target"))
BEYOND = 64  # numbers after a frame that a kernel may read


class Frame(Workspace):
    """Shared numbers, and what runs on them; `block` is for the samples of a batch, where one thread runs over all.

    Arrays are given as objects, which have to be kept until the run has ended.
    """

    def __init__(self, frame: tuple[Any, int], guards: Any, block: Block | None = None, **arguments: int) -> None:
        asked = {"guards": address_of(guards), "guard_count": len(guards), "answer": -1}
        unused = id(frame[0])  # an array of which nothing is read or written
        super().__init__(SHARED, frame, s=frame[1], inputs=unused, means=unused, result=unused, **asked, **arguments)
        self.start = frame[1]
        self.block = block
        self._guards = guards
        if block is not None:
            self.set(block=block.address)

    def point(self, inputs: Floats, result: Floats) -> None:
        """Say which array has the inputs, and which gets the outputs where these are in the frame at last."""
        self._arguments[_INPUTS] = id(inputs)
        self._arguments[_RESULT] = id(result)

    def average(self, means: Floats) -> None:
        """Say which array has the means, where blocks have been run by threads."""
        self._arguments[_MEANS] = id(means)

    @property
    def answer(self) -> int:
        """The number of the first guard that does not hold, or −1."""
        return self._arguments[_ANSWER]


class Block(Workspace):
    """Samples of a block, and the sums over them; arrays as in `Frame`."""

    def __init__(self, runs: Runs, state: Any, frame: tuple[Any, int], **arguments: int) -> None:
        super().__init__(BLOCKS, frame, f=frame[1], state=address_of(state), **arguments)
        self._state = state
        self._samples = Samples(runs)
        self._part: tuple[int, ...] = ()
        self._room, self._unit = self.get("room"), self.get("unit")

    def place(self, samples: Sequence[Floats], shared: int, first: int, last: int) -> None:
        """Say which arrays the samples are, which of them to run over, and by which shared numbers."""
        found = self._samples
        if found.take(samples):
            self.set(objects=address_of(found.objects))
            self.set(pieces=address_of(found.pieces), piece_count=len(found.pieces))
            self.set(runs=address_of(found.runs), run_count=len(found.runs))
        part = shared, first, last
        if part != self._part:
            units = -(-(last - first) // self._unit)
            blocks = -(-units * self._unit // self._room)
            stride = -(-units // blocks) * self._unit  # blocks of one size: a small one takes as many calls
            self.set(s=shared, first=first, last=last, stride=stride)
            self._part = part

    def give(self, sums: Floats, rows: Floats | None) -> None:
        """Say which array gets the sums and, if there is one, which the outputs of each sample."""
        self._arguments[_SUMS] = id(sums)
        if rows is not None:
            self._arguments[_ROWS] = id(rows)


class Memory:
    """Makes frames and blocks for a plan whose kernels are at these addresses."""

    def __init__(self, plan: Plan, kind: Kind, kernels: Sequence[int]) -> None:
        self._plan = plan
        self._number = np.float32 if kind.single else np.float64
        self._descriptors, address = plan.descriptors.finished()
        self._tables = [
            np.array([(kernels[number], address + 8 * place) for number, place in entries], np.int64).reshape(-1, 2)
            for entries in plan.entries
        ]
        self._guards = np.array(plan.guards, np.int64).reshape(-1, 4)
        self._lanes = np.array(plan.made.sample_outputs, np.int64) * plan.room
        self._cleared = np.array(plan.cleared, np.int64)
        self._means = [np.array(each, np.int64) for each in plan.means]

    def new_frame(self) -> Frame:
        """Shared numbers; what a program has not written is nan."""
        made, program = self._plan.made, self._plan.made.vectors.program
        before, after = self._tables[BEFORE], self._tables[AFTER]
        frame = new_frame(made.sizes[0] + BEYOND, self._number, made.constants, empty=np.nan)
        arguments = {"input_count": len(program.shared), "entries": address_of(before), "count": len(before)}
        if not program.per_sample and not self._plan.all_means:
            places, slots = self._means
            arguments |= {"places": address_of(places), "slots": address_of(slots), "mean_count": len(places)}
            arguments |= {"after_entries": address_of(after), "after_count": len(after)}
            arguments |= {"first_output": made.outputs, "output_count": len(made.vectors.outputs)}
        return Frame(frame, self._guards, self.new_block() if program.batched else None, **arguments)

    def new_block(self) -> Block:
        """Samples of a block, and their sums."""
        plan, tables = self._plan, self._tables
        room = plan.room
        constants = {lane * room + i: x for lane, x in plan.made.batched_constants.items() for i in range(room)}
        size = len(STATE) + 2 * len(plan.runs)
        frame = new_frame(plan.state + 2 * size, self._number, constants, empty=np.nan)  # 2: it may be of floats
        is_asked = plan.runs or plan.has_state
        state = frame[0][plan.state :].view(np.int64)[:size] if is_asked else np.zeros(size, np.int64)
        return Block(
            plan.runs, state, frame, sums=plan.sums,
            entries=address_of(tables[SAMPLES]), count=len(tables[SAMPLES]), means=address_of(tables[MEANS]),
            mean_count=len(tables[MEANS]), cleared=address_of(self._cleared), cleared_count=len(self._cleared),
            room=room, unit=plan.unit, outputs=address_of(self._lanes), output_count=len(self._lanes),
        )  # fmt: skip
