"""The memory of a vector program's runs: shared numbers, and blocks of samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd._numpy import np
from autograd.compiler.llvm.direct_text import STATE
from autograd.compiler.llvm.grouping import BEFORE, MEANS, SAMPLES
from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.plan import Plan
from autograd.compiler.llvm.samples import Runs, Samples
from autograd.compiler.llvm.steps_driver import BLOCKS, SHARED
from autograd.compiler.llvm.workspace import Floats, Workspace, address_of, new_frame

BEYOND = 64  # numbers after a frame that a kernel may read


class Frame(Workspace):
    """Shared numbers: `inputs` are the first, and `outputs` those that a run leaves."""

    def __init__(self, frame: tuple[Any, int], tables: Sequence[Any], guards: Any) -> None:
        super().__init__(SHARED, frame, np.zeros(0), s=frame[1], guards=address_of(guards), answer=-1)
        self.start = frame[1]
        self.inputs = self.outputs = frame[0]
        self._tables, self._guards = tables, guards
        self.turn(BEFORE)

    def turn(self, when: int) -> None:
        """Run the entries of that time from now on; guards are asked before there are samples."""
        table = self._tables[when]
        self.set(entries=address_of(table), count=len(table), guard_count=len(self._guards) * (when == BEFORE))

    @property
    def answer(self) -> int:
        """The number of the first guard that does not hold, or −1."""
        return self.get("answer")


class Block(Workspace):
    """Samples of a block, and the sums over them."""

    def __init__(self, runs: Runs, state: Any, frame: tuple[Any, int], sums: Floats, **arguments: int) -> None:
        super().__init__(BLOCKS, frame, sums, f=frame[1], g=address_of(sums), state=address_of(state), **arguments)
        self._state = state
        self._samples = Samples(runs)
        self._last: tuple[int, ...] = ()

    def place(self, samples: Sequence[Floats]) -> None:
        """Say where the samples are."""
        given = self._samples
        if given.take(samples):
            self._state[len(STATE) :] = given.runs.ravel()
            self.set(pieces=address_of(given.pieces), piece_count=len(given.pieces))

    def over(self, shared: int, first: int, last: int, stride: int) -> None:
        """Say which shared numbers are to be used, and which samples, so many at a time."""
        wanted = shared, first, last, stride
        if wanted != self._last:
            self.set(s=shared, first=first, last=last, stride=stride)
            self._last = wanted


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

    def new_frame(self) -> Frame:
        """Shared numbers; what a program has not written is nan."""
        made, vectors = self._plan.made, self._plan.made.vectors
        found = Frame(
            new_frame(made.sizes[0] + BEYOND, self._number, made.constants, empty=np.nan), self._tables, self._guards
        )
        found.inputs = found.frame[: len(vectors.program.shared)]
        found.outputs = found.frame[made.outputs : made.outputs + len(vectors.outputs)]
        return found

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
            plan.runs, state, frame, np.zeros(plan.sums),
            entries=address_of(tables[SAMPLES]), count=len(tables[SAMPLES]), means=address_of(tables[MEANS]),
            mean_count=len(tables[MEANS]), cleared=address_of(self._cleared), cleared_count=len(self._cleared),
            room=room, unit=plan.unit, outputs=address_of(self._lanes), output_count=len(self._lanes),
        )  # fmt: skip
