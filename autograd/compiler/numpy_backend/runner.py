"""Building and running: one source for each layout of the samples, work buffers for each thread and batch size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from threading import local
from typing import Any

from autograd._numpy import NDArray, np
from autograd.compiler.numpy_backend.emit import Source, emit
from autograd.compiler.numpy_backend.guards import Guards
from autograd.compiler.numpy_backend.spelling import scope
from autograd.compiler.options import Options
from autograd.compiler.program import Program
from autograd.compiler.silent import silently
from autograd.compiler.vector.program import VectorProgram
from autograd.compiler.vector.recover import recover

Numbers = NDArray[np.float64]
Run = Callable[[Numbers, Sequence[Numbers]], Any]
SIZES = 4  # batch sizes whose buffers a thread keeps: that of an epoch, its last, and the last block of each
WORKSPACE = 4_000_000  # bytes of samples in a block: more than this leaves the cache between two NumPy calls
FEWEST = 256  # samples in a block, however many lanes there are: a call of NumPy costs as much as 1 000 numbers


def build(program: Program, options: Options) -> NumpyRunner:
    """The program as arrays: its loops and matrix products recovered, each step a NumPy call or a few."""
    return NumpyRunner(recover(program), options.dtype)


class BlockRunner:
    """Runs a function of arrays block by block; each thread has buffers of its own for some numbers of samples.

    lanes       numbers of each sample that have to be in memory
    per_sample  whether outputs are those of each sample, not means
    """

    def __init__(self, lanes: int, per_sample: bool, dtype: str) -> None:
        self._per_sample = per_sample
        self._local = local()
        self._block = max(FEWEST, WORKSPACE // (np.dtype(dtype).itemsize * max(1, lanes)))

    def compiled(self, layout: tuple[int, ...]) -> Callable[[int], Run]:
        """What makes the function that runs, for a number of samples; `layout` are the columns of their arrays."""
        raise NotImplementedError

    def run(self, shared: Numbers, samples: Sequence[Numbers] = ()) -> Any:
        """The outputs, or the number of the first guard that does not hold.

        Many samples are taken block by block, and the means of the blocks are weighted: the cache, not the batch, says
        how much memory a run needs.
        """
        count = len(samples[0]) if samples else 1
        if count <= self._block:
            return self._run_block(shared, samples)
        blocks = -(-count // self._block)
        bounds = [*range(0, count, -(-count // blocks)), count]
        found = []
        for begin, end in pairwise(bounds):
            answer = self._run_block(shared, [each[begin:end] for each in samples])
            if isinstance(answer, int):
                return answer
            found.append(answer if self._per_sample else answer * (end - begin))
        return np.concatenate(found) if self._per_sample else sum(found) / count

    def _run_block(self, shared: Numbers, samples: Sequence[Numbers]) -> Any:
        key = (len(samples[0]), *[each.shape[1] for each in samples]) if samples else (1,)
        try:
            run = self._local.runs[key]
        except (AttributeError, KeyError):
            run = self._prepared(key)
        return silently(run, shared, samples)

    def _prepared(self, key: tuple[int, ...]) -> Run:
        """Buffers for that many samples; the oldest ones of this thread are dropped."""
        if not hasattr(self._local, "runs"):
            self._local.runs = OrderedDict()
        runs: OrderedDict[tuple[int, ...], Run] = self._local.runs
        run: Run = self.compiled(key[1:])(key[0])
        while len(runs) >= SIZES:
            runs.popitem(last=False)
        runs[key] = run
        return run


class NumpyRunner(BlockRunner):
    """A vector program ready to run; see `options.Runner`."""

    def __init__(self, vectors: VectorProgram, dtype: str = "float64") -> None:
        super().__init__(vectors.sizes[1], vectors.program.per_sample, dtype)
        self.vectors = vectors
        self.dtype = dtype
        self._emitted = cache(lambda widths: emit(vectors, widths, dtype))
        self._compiled = cache(self._compile)
        self._guards = Guards(vectors.guards, len(vectors.program.shared), dtype)

    @property
    def explained(self) -> list[str]:
        """How many steps there are, in words."""
        steps = self.vectors.equations
        return [f"on arrays: {steps} step{'s' * (steps != 1)}"]

    @property
    def source(self) -> str:
        """The source for samples laid out as the names of the inputs suggest: x_0, x_1, … are one array."""
        return self.text(widths(self.vectors.program))

    def text(self, layout: tuple[int, ...]) -> str:
        """The source for arrays of samples with so many columns."""
        return self._emitted(layout).text

    @property
    def calls(self) -> int:
        """How many NumPy calls a run makes."""
        return self._emitted(widths(self.vectors.program)).calls

    def compiled(self, layout: tuple[int, ...]) -> Callable[[int], Run]:
        """What makes the function that runs, for a number of samples; `layout` are the columns of their arrays."""
        return self._compiled(layout)

    def _compile(self, layout: tuple[int, ...]) -> Callable[[int], Run]:
        source: Source = self._emitted(layout)
        names = scope() | source.tables
        names |= {"dtype": np.dtype(self.dtype), "float64": np.float64, "guards": self._guards}
        code = compile(source.text, "<vector program>", "exec")

        def with_buffers(count: int) -> Run:
            mine = names | {"B": count}
            exec(code, mine)
            return mine["run"]  # type: ignore[return-value]

        return with_buffers


def widths(program: Program) -> tuple[int, ...]:
    """The columns of each array of samples, as names suggest: x_0, x_1, y are two arrays."""
    found: list[int] = []
    before = None
    for place in program.batched:
        stem, _, index = program.names[place].rpartition("_")
        family = stem if index.isdigit() else program.names[place]
        if family == before:
            found[-1] += 1
        else:
            found.append(1)
        before = family
    return tuple(found)
