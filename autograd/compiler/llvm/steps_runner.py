"""Run the kernels of a vector program: what is shared, samples block by block, then what depends on means."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

from autograd._numpy import np
from autograd.compiler.llvm.engine import kernels
from autograd.compiler.llvm.grouping import AFTER, BEFORE
from autograd.compiler.llvm.library import Kind, failed
from autograd.compiler.llvm.memory import Block, Frame, Memory
from autograd.compiler.llvm.planned import planned
from autograd.compiler.llvm.steps_driver import steps_driver
from autograd.compiler.llvm.workspace import Floats, WorkspacePool, address_of, in_parts
from autograd.compiler.silent import silently
from autograd.compiler.vector.program import VectorProgram
from autograd.errors import CompileError


class StepsRunner:
    """A vector program as loops."""

    def __init__(self, vectors: VectorProgram, kind: Kind, threads: int) -> None:
        self._plan = plan = planned(vectors, kind)
        self._threads = threads
        self._steps = vectors.equations
        self._calls_python = plan.library.calls_python
        plan.library.compile()
        driver = steps_driver(kind)
        self._kernels = kernels(list(plan.texts))
        self._memory = memory = Memory(plan, kind, [kernel.address for kernel in self._kernels])
        self._shared = driver.function("shared", None, ctypes.c_void_p)
        self._blocks = driver.function("blocks", None, ctypes.c_void_p)
        self._driver = driver  # keeps the code
        self._batched, self._per_sample = bool(vectors.program.batched), vectors.program.per_sample
        self._count = len(vectors.outputs)
        self._converts = kind.single
        self._asks = bool(plan.entries[BEFORE] or plan.guards)
        self._all_means = plan.all_means
        self._places, self._slots = plan.means
        self._frames = WorkspacePool(memory.new_frame)
        self._workspaces = WorkspacePool(memory.new_block)
        self._is_checked = self._calls_python

    @property
    def explained(self) -> list[str]:
        """How many steps there are, in words."""
        return [f"on arrays: {self._steps} step{'s' * (self._steps != 1)}"]

    @property
    def source(self) -> str:
        """What is computed in which order, and the kernels."""
        kernels = [f"; kernel {i}\n{text}" for i, (text, _) in enumerate(self._plan.texts)]
        return "\n".join([*self._plan.listing, "", *kernels])

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
        if self._converts:
            silently(held.inputs.__setitem__, slice(None), shared)  # what is too large for float32 is infinite
        else:
            held.inputs[:] = shared
        if self._asks:
            self._shared(held.address)
        result: Any = held.answer
        if result < 0:
            result = self._of_samples(held, samples) if self._batched else held.outputs.astype(np.float64)
        self._frames.give(held)
        if self._calls_python and (error := failed()) is not None:
            raise error
        return result

    def _of_samples(self, held: Frame, samples: Sequence[Floats]) -> Floats:
        """The outputs of a program with a batch, once the prologue has run."""
        count, unit = len(samples[0]), self._plan.unit
        result = np.empty((count, self._count)) if self._per_sample else None
        tiles = -(-count // unit)
        if self._threads == 1 or tiles == 1:
            block = self._run_part(held, samples, (0, tiles), result)
            found = block.target / count
            self._workspaces.give(block)
        else:

            def part(begin: int, end: int) -> Floats:
                block = self._run_part(held, samples, (begin, end), result)
                found: Floats = block.target.copy()
                self._workspaces.give(block)
                return found

            found = reduce(add, in_parts(part, tiles, self._threads, self._calls_python)) / count
        return result if result is not None else self._from_means(held, found)

    def _run_part(self, held: Frame, samples: Sequence[Floats], tiles: tuple[int, int], result: Floats | None) -> Block:
        """Run over some units of samples; the sums are in the block that comes back."""
        (begin, end), unit = tiles, self._plan.unit
        block = self._workspaces.take()
        block.place(samples)
        blocks = -(-(end - begin) * unit // self._plan.room)
        stride = -(-(end - begin) // blocks) * unit  # blocks of one size: a small one takes as many calls
        block.over(held.start, begin * unit, min(end * unit, len(samples[0])), stride)
        block.target[:] = 0.0
        if result is not None:
            block.set(target=address_of(result))
        self._blocks(block.address)
        return block

    def _from_means(self, held: Frame, means: Floats) -> Floats:
        """The outputs, once the means are known."""
        if self._all_means:
            return means[: self._count]
        silently(held.frame.__setitem__, self._places, means[self._slots])
        held.turn(AFTER)
        self._shared(held.address)
        held.turn(BEFORE)
        outputs: Floats = held.outputs.astype(np.float64)
        return outputs
