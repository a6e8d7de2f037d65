"""Programs as machine code: built once, run many times, by several threads if need be."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.llvm.driver import ARGUMENTS, driver
from autograd.compiler.llvm.emit import Written, written
from autograd.compiler.llvm.engine import machine, vector_bytes
from autograd.compiler.llvm.library import Kind, failed
from autograd.compiler.options import Options
from autograd.compiler.program import Program
from autograd.compiler.sums import sums

Floats = NDArray[np.float64]
ALIGNMENT = 64  # of frames, in bytes: a cache line, and the widest vector
FEW = 8192  # numbers that are copied rather than looked for in memory
_POINTER, _WHOLE = ctypes.c_void_p, ctypes.c_int64
# How the outputs of tiles are taken: what is done after each, and from which side the tiles are run. Masking zeroes the
# lanes that were not alive, so the tile with dead lanes, the last, has to be run first.
MODES = {"mean": ("mask", -1), "exact mean": ("in_order", 1), "per sample": ("scatter", 1)}


def build(program: Program, options: Options) -> Runner:
    """Machine code for a program.

    >>> from autograd.compiler.program import Equation
    >>> from autograd.rules import mul, tanh
    >>> program = Program(("x", "y"), (Equation(mul, (0, 1)), Equation(tanh, (2,))), (), (2, 3))
    >>> build(program, Options()).run(np.array([0.5, 3.0]), ())
    array([1.5       , 0.90514825])

    CompileError where llvmlite is not installed.
    """
    single = options.dtype == "float32"
    scalar = Kind(1, single, options.exact)
    lanes = vector_bytes() // (4 if single else 8)
    vector = Kind(lanes, single, options.exact)
    if not options.exact:
        program = sums(program)
    if not program.batched:
        return Alone(written(program, scalar, vector, sums=False), scalar, len(program.outputs))
    mode = "per sample" if program.per_sample else "exact mean" if options.exact else "mean"
    text = written(program, scalar, vector, sums=mode == "mean")
    return Batched(text, scalar, vector, len(program.outputs), mode, options.threads or 1)


class Runner:
    """What all programs have: the text, its machine code, and frames that are used again."""

    def __init__(self, text: Written, scalar: Kind, outputs: int) -> None:
        text.library.compile()
        self._written, self._outputs = text, outputs
        self.source = "\n".join(text.texts)
        self._machine = machine(text.texts)
        self._prologue = self._machine.function("prologue", _WHOLE, _POINTER)
        self._number = np.float32 if scalar.single else np.float64
        self._scalars: list[tuple[Any, int]] = []  # frames that no thread is using
        self._calls_python = text.library.calls_python

    def run(self, shared: Floats, samples: Sequence[Floats]) -> Floats | int:
        """The outputs, or the number of the first guard that does not hold."""
        raise NotImplementedError

    def _frame(self, size: int) -> tuple[Any, int]:
        """A frame of `size` numbers and its address, aligned."""
        block = np.zeros(size + ALIGNMENT, dtype=self._number)
        width = block.itemsize
        skipped = -_address(block) % ALIGNMENT // width
        frame = block[skipped : skipped + size]
        return frame, _address(frame)

    def _scalar_frame(self) -> tuple[Any, int]:
        try:
            return self._scalars.pop()
        except IndexError:
            return self._frame(self._written.sizes[0])

    def _raise(self) -> None:
        if self._calls_python and (error := failed()) is not None:
            raise error


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


class Alone(Runner):
    """A program without a batch."""

    def run(self, shared: Floats, samples: Sequence[Floats] = ()) -> Floats | int:
        """See `Runner`."""
        frame, address = held = self._scalar_frame()
        frame[: len(shared)] = shared
        answer: int = self._prologue(address)
        begin = self._written.outputs
        result = frame[begin : begin + self._outputs].astype(np.float64)
        self._scalars.append(held)
        self._raise()
        return result if answer < 0 else answer


class Batched(Runner):
    """A program that runs over a batch: tiles of as many samples as a vector has lanes."""

    def __init__(self, text: Written, scalar: Kind, vector: Kind, outputs: int, mode: str, threads: int) -> None:
        super().__init__(text, scalar, outputs)
        self._lanes, self._mode = vector.lanes, mode
        # A sum in the order of the samples cannot be divided among threads.
        self._threads = 1 if mode == "exact mean" else threads
        self._places: list[Workplace] = []  # those that no thread is using
        self._driver = driver(vector)
        self._go = self._driver.function("run", None, _POINTER)
        self._functions = self._machine.address("tile"), self._driver.address(MODES[mode][0])

    def run(self, shared: Floats, samples: Sequence[Floats]) -> Floats | int:
        """See `Runner`."""
        frame, address = held = self._scalar_frame()
        frame[: len(shared)] = shared
        answer: int = -1 if self._written.idle else self._prologue(address)
        result = self._over_samples(address, samples) if answer < 0 else answer
        self._scalars.append(held)
        self._raise()
        return result

    def _over_samples(self, scalars: int, samples: Sequence[Floats]) -> Floats:
        count = len(samples[0])
        tiles = -(-count // self._lanes)
        threads = min(self._threads, tiles)
        if self._mode == "per sample":
            result = np.empty((count, self._outputs))
            self._in_parts(scalars, samples, tiles, threads, result)
            return result
        parts = self._in_parts(scalars, samples, tiles, threads, None)
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total / count

    def _in_parts(
        self, scalars: int, samples: Sequence[Floats], tiles: int, threads: int, result: Floats | None
    ) -> list[Floats]:
        """The sums of as many ranges of tiles as there are threads, in order; or what is written to `result`."""
        if threads == 1:
            return [self._part(scalars, samples, 0, tiles, result)]
        bounds = [tiles * i // threads for i in range(threads + 1)]

        def part(i: int) -> tuple[Floats, BaseException | None]:
            sums = self._part(scalars, samples, bounds[i], bounds[i + 1], result)
            return sums, failed() if self._calls_python else None

        parts = list(_pool(threads).map(part, range(threads)))
        if errors := [error for _, error in parts if error is not None]:
            raise errors[0]
        return [sums for sums, _ in parts]

    def _part(self, scalars: int, samples: Sequence[Floats], begin: int, end: int, result: Floats | None) -> Floats:
        """The tiles from `begin` to `end`."""
        place = self._place()
        place.take(samples)
        place.tiles(scalars, begin, end)
        if result is None:
            place.target[:] = 0.0
        else:
            place.arguments[_TARGET] = _address(result)
        self._go(place.address)
        sums = place.target if result is not None else place.target.copy()
        self._places.append(place)
        return sums

    def _place(self) -> Workplace:
        try:
            return self._places.pop()
        except IndexError:
            frame, address = self._frame(self._written.sizes[1] * self._lanes)
            for slot, constant in self._written.constants.items():
                frame[slot * self._lanes : (slot + 1) * self._lanes] = constant
            target = np.zeros(self._outputs)
            made = Workplace(frame, target, MODES[self._mode][1])
            text = self._written
            made.tell(
                tile=self._functions[0], after=self._functions[1], frame=address, inputs=text.inputs,
                outputs=text.outputs, count=self._outputs, target=_address(target), broadcast=text.broadcast,
                sums=int(self._mode == "mean"),
            )  # fmt: skip
            return made


class Workplace:
    """What one thread needs to run tiles: a vector frame, a place for sums, and the block of arguments for `run`."""

    def __init__(self, frame: Any, target: Floats, step: int) -> None:
        self.frame, self.target, self.step = frame, target, step
        self.arguments = np.zeros(len(ARGUMENTS), dtype=np.int64)
        self.address = _address(self.arguments)
        self._copies: list[Floats] = []
        self._shapes: tuple[tuple[int, ...], ...] = ()
        self._arrays: Any = None

    def tell(self, **arguments: int) -> None:
        """Set arguments by name."""
        for name, number in arguments.items():
            self.arguments[ARGUMENTS.index(name)] = number

    def take(self, samples: Sequence[Floats]) -> None:
        """Note where the samples are; few of them are copied, which is faster than asking NumPy for an address."""
        shapes = tuple([array.shape for array in samples])
        few = sum([rows * columns for rows, columns in shapes]) <= FEW
        if not few:
            self._describe(samples)
            self._shapes = ()
            return
        if shapes != self._shapes:
            self._copies = [np.empty(shape) for shape in shapes]
            self._describe(self._copies)
            self._shapes = shapes
        for copy, array in zip(self._copies, samples, strict=True):
            copy[...] = array

    def _describe(self, samples: Sequence[Floats]) -> None:
        numbers = [(_address(array), *array.strides, array.shape[1]) for array in samples]
        self._arrays = np.array(numbers, dtype=np.int64)
        self.tell(arrays=_address(self._arrays), kinds=len(samples), samples=len(samples[0]))

    def tiles(self, scalars: int, begin: int, end: int) -> None:
        """Note which tiles are to be run, and where the scalar frame is."""
        self.arguments[_FIRST] = begin if self.step > 0 else end - 1
        self.arguments[_STEP] = self.step
        self.arguments[_TILES] = end - begin
        self.arguments[_SCALARS] = scalars


_FIRST, _STEP, _TILES, _SCALARS, _TARGET = map(ARGUMENTS.index, ("first", "step", "tiles", "scalars", "target"))


@lru_cache(maxsize=8)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="autograd-llvm")
