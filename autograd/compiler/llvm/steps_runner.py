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
from autograd.compiler.llvm.memory import Frame, Memory
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
        block = held.block
        if block is None:
            result = np.empty(self._count)
            held.point(inputs, result)
            self._program(held.address)
        elif self._threads == 1 or len(samples[0]) <= self._plan.unit:
            rows, sums = self._rows(samples), np.empty(self._plan.sums)
            result = self._result(rows, sums)
            held.point(inputs, result)
            block.place(samples, held.start, 0, len(samples[0]))
            block.give(sums, rows)
            self._program(held.address)
        else:
            result = self._by_threads(held, inputs, samples)
        answer = held.answer
        self._frames.give(held)
        if self._calls_python and (error := failed()) is not None:
            raise error
        return result if answer < 0 else answer

    def _by_threads(self, held: Frame, inputs: Floats, samples: Sequence[Floats]) -> Floats:
        """Several blocks at a time; their sums are added up in order."""
        count, unit = len(samples[0]), self._plan.unit
        rows = self._rows(samples)
        held.point(inputs, inputs)
        self._shared(held.address)
        if held.answer >= 0:
            return inputs

        def part(begin: int, end: int) -> Floats:
            block, sums = self._blocks.take(), np.empty(self._plan.sums)
            block.place(samples, held.start, begin * unit, min(end * unit, count))
            block.give(sums, rows)
            self._run_blocks(block.address)
            self._blocks.give(block)
            return sums

        means = reduce(add, in_parts(part, -(-count // unit), self._threads, self._calls_python)) / count
        result = self._result(rows, means)
        held.point(inputs, result)
        held.average(means)
        self._after(held.address)
        return result

    def _rows(self, samples: Sequence[Floats]) -> Floats | None:
        """An array for the outputs of each sample, if these are wanted."""
        return np.empty((len(samples[0]), self._count)) if self._per_sample else None

    def _result(self, rows: Floats | None, means: Floats) -> Floats:
        """The array that will have the outputs: what samples give, the means, or what is in the frame at last."""
        if rows is not None:
            return rows
        return means[: self._count] if self._all_means else np.empty(self._count)
