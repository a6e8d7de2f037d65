"""Run the kernels of a vector program: what is shared, samples block by block, then what depends on means."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

from autograd._numpy import np
from autograd.compiler.llvm.engine import kernels
from autograd.compiler.llvm.library import Kind, failed
from autograd.compiler.llvm.memory import Block, Frame, Memory
from autograd.compiler.llvm.planned import planned
from autograd.compiler.llvm.steps_driver import steps_driver
from autograd.compiler.llvm.workspace import Floats, WorkspacePool, contiguous, in_parts
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
        self._program, self._shared, self._run_blocks, self._after = [
            driver.function(name, None, ctypes.c_void_p) for name in ("program", "shared", "blocks", "after")
        ]
        self._driver = driver  # keeps the code
        self._per_sample, self._all_means = vectors.program.per_sample, plan.all_means
        self._inputs, self._count = len(vectors.program.shared), len(vectors.outputs)
        self._frames = WorkspacePool(memory.new_frame)
        self._blocks = WorkspacePool(memory.new_block)
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
        inputs = contiguous(shared, self._inputs)
        held.take(inputs)
        is_alone = self._threads == 1 or not samples or len(samples[0]) <= self._plan.unit
        result = self._at_once(held, samples) if is_alone else self._by_threads(held, samples)
        answer = held.answer
        self._frames.give(held)
        if self._calls_python and (error := failed()) is not None:
            raise error
        return result if answer < 0 else answer

    def _at_once(self, held: Frame, samples: Sequence[Floats]) -> Floats:
        """All of it by one thread, in one call of machine code."""
        rows = sums = None
        if held.block is not None:
            count = len(samples[0])
            rows = self._rows(count)
            sums = self._placed(held.block, held, samples, (0, count), rows)
            held.average(sums, count)
        result = self._result(held, rows, sums)
        self._program(held.address)
        return result

    def _by_threads(self, held: Frame, samples: Sequence[Floats]) -> Floats:
        """Several blocks at a time; their sums are added up in order."""
        count, unit = len(samples[0]), self._plan.unit
        rows = self._rows(count)
        self._shared(held.address)
        if held.answer >= 0:
            return np.zeros(0)

        def part(begin: int, end: int) -> Floats:
            block = self._blocks.take()
            sums = self._placed(block, held, samples, (begin * unit, min(end * unit, count)), rows)
            self._run_blocks(block.address)
            self._blocks.give(block)
            return sums

        means = reduce(add, in_parts(part, -(-count // unit), self._threads, self._calls_python)) / count
        held.average(means, count)
        result = self._result(held, rows, means)
        self._after(held.address)
        return result

    def _rows(self, count: int) -> Floats | None:
        """An array for the outputs of each sample, if these are wanted."""
        return np.empty((count, self._count)) if self._per_sample else None

    def _placed(
        self, block: Block, held: Frame, samples: Sequence[Floats], part: tuple[int, int], rows: Floats | None
    ) -> Floats:
        """The array that gets the sums of a block, which is told what to run over."""
        sums = np.empty(self._plan.sums)
        block.place(samples)
        block.over(held.start, *part)
        block.give(sums, rows)
        return sums

    def _result(self, held: Frame, rows: Floats | None, means: Floats | None) -> Floats:
        """The array that the outputs are in once the frame has run."""
        if rows is not None:
            return rows
        if means is not None and self._all_means:
            return means[: self._count]
        result = np.empty(self._count)
        held.give(result)
        return result
