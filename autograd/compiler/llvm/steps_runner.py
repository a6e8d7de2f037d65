"""Run the kernels of a vector program: what is shared, samples block by block, then what depends on means."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from autograd.compiler.llvm.engine import kernels
from autograd.compiler.llvm.grouping import AFTER, BEFORE, MEANS, SAMPLES
from autograd.compiler.llvm.library import Kind, failed
from autograd.compiler.llvm.planned import planned
from autograd.compiler.llvm.steps_driver import BLOCKS, SHARED, steps_driver
from autograd.compiler.llvm.workspace import Floats, Workspace, WorkspacePool, address_of, in_parts, new_frame
from autograd.compiler.silent import silently
from autograd.compiler.vector.program import VectorProgram
from autograd.errors import CompileError

_POINTER = ctypes.c_void_p
BEYOND = 64  # numbers after a frame that a kernel may read


class StepsRunner:
    """A vector program as loops."""

    def __init__(self, vectors: VectorProgram, kind: Kind, threads: int) -> None:
        self._plan = plan = planned(vectors, kind)
        self._number = np.float32 if kind.single else np.float64
        self._threads = threads
        self._calls_python = plan.library.calls_python
        plan.library.compile()
        self._kind = kind
        self._driver = steps_driver(kind)
        self._kernels = kernels(list(plan.texts))
        self._descriptors, address = plan.descriptors.finished()
        self._entries = [self._table(entries, address) for entries in plan.entries]
        self._guards = np.array(plan.guards, np.int64).reshape(-1, 4)
        self._shared = self._driver.function("shared", None, _POINTER)
        self._blocks = self._driver.function("blocks", None, _POINTER)
        self._program = vectors.program
        self._count = len(vectors.outputs)
        self._outputs = slice(plan.made.outputs, plan.made.outputs + self._count)
        self._all_means = bool(self._program.batched) and np.array_equal(
            np.sort(plan.means[0]), np.arange(self._outputs.start, self._outputs.stop)
        ) and np.array_equal(plan.means[0] - plan.made.outputs, plan.means[1])  # fmt: skip
        self._lanes = np.array(plan.made.sample_outputs, np.int64) * plan.room
        self._cleared = np.array(plan.cleared, np.int64)
        self._places, self._slots = plan.means
        self._frames = WorkspacePool(self._new_frame)
        self._workspaces = WorkspacePool(self._new_workspace)
        self._is_checked = self._calls_python

    @property
    def source(self) -> str:
        """What is computed in which order, and the kernels."""
        kernels = [f"; kernel {i}\n{text}" for i, text in enumerate(self._plan.texts)]
        return "\n".join([*self._plan.listing, "", *kernels])

    def _table(self, entries: Sequence[tuple[int, int]], address: int) -> Any:
        found = [(self._kernels[number].address, address + 8 * place) for number, place in entries]
        return np.array(found, np.int64).reshape(-1, 2)

    # --- running ------------------------------------------------------------------------------------------------------

    def run(self, shared: Floats, samples: Sequence[Floats] = ()) -> Any:
        """The outputs, or the number of the first guard that does not hold."""
        result = self._run(shared, samples)
        if not self._is_checked:
            again = self._run(shared, samples)
            if np.asarray(result).tobytes() != np.asarray(again).tobytes():
                raise CompileError("a second run gives other bits: the program reads what it has not written")
            self._is_checked = True
        return result

    def _run(self, shared: Floats, samples: Sequence[Floats]) -> Any:
        held = self._frames.take()
        frame = held.frame
        if self._number is np.float32:
            frame[: len(shared)] = silently(np.array, shared, np.float32)  # what is too large for it is infinite
        else:
            frame[: len(shared)] = shared
        self._shared(held.address)
        answer = held.get("answer")
        if answer >= 0:
            result: Any = answer
        elif self._program.batched:
            result = self._of_samples(held, samples)
        else:
            result = np.array(frame[self._outputs], dtype=np.float64)
        self._frames.give(held)
        if self._calls_python and (error := failed()) is not None:
            raise error
        return result

    def _of_samples(self, held: Workspace, samples: Sequence[Floats]) -> Floats:
        count = len(samples[0])
        result = np.empty((count, self._count)) if self._program.per_sample else None

        def part(begin: int, end: int) -> Floats:
            workspace = self._workspaces.take()
            workspace.take(samples)
            unit = self._plan.unit
            workspace.set(s=address_of(held.frame), first=begin * unit, last=min(end * unit, count))
            workspace.target[:] = 0.0
            if result is not None:
                workspace.set(target=address_of(result))
            self._blocks(workspace.address)
            found = workspace.target.copy()
            self._workspaces.give(workspace)
            return found

        parts = in_parts(part, -(-count // self._plan.unit), self._threads, self._calls_python)
        return self._from_sums(held, reduce(add, parts) / count) if result is None else result

    def _from_sums(self, held: Workspace, means: Floats) -> Floats:
        """The outputs, once the means are known."""
        if self._all_means:
            return means[: self._count]
        frame = held.frame
        silently(frame.__setitem__, self._places, means[self._slots])
        held.set(entries=address_of(self._entries[AFTER]), count=len(self._entries[AFTER]), guard_count=0)
        self._shared(held.address)
        held.set(
            entries=address_of(self._entries[BEFORE]), count=len(self._entries[BEFORE]), guard_count=len(self._guards)
        )
        return np.array(frame[self._outputs], dtype=np.float64)

    # --- memory -------------------------------------------------------------------------------------------------------

    def _new_frame(self) -> Workspace:
        """Shared numbers; what a program has not written is nan."""
        made = self._plan.made
        frame = new_frame(made.sizes[0] + BEYOND, self._number, made.constants, empty=np.nan)
        held = Workspace(SHARED, frame, np.zeros(0))
        held.set(
            s=frame[1], entries=address_of(self._entries[BEFORE]), count=len(self._entries[BEFORE]),
            guards=address_of(self._guards), guard_count=len(self._guards),
        )  # fmt: skip
        return held

    def _new_workspace(self) -> Workspace:
        """Samples of a block, and their sums."""
        plan = self._plan
        frame = new_frame(plan.made.sizes[1], self._number, plan.made.batched_constants, plan.room, empty=np.nan)
        target = np.zeros(plan.sums)
        return Workspace(
            BLOCKS, frame, target, f=frame[1], g=address_of(target),
            entries=address_of(self._entries[SAMPLES]), count=len(self._entries[SAMPLES]),
            means=address_of(self._entries[MEANS]), mean_count=len(self._entries[MEANS]),
            sums=address_of(self._cleared), sum_count=len(self._cleared), stride=plan.room, room=plan.room,
            unit=plan.unit, outputs=address_of(self._lanes), output_count=len(self._lanes),
        )  # fmt: skip
