"""Machine code for a program: loops where there are vectors, else one straight line, on vectors of samples."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, TypeAlias

from autograd._numpy import np
from autograd.compiler.forms import Forms
from autograd.compiler.llvm.emit import Written, written
from autograd.compiler.llvm.engine import binding, machine, vector_bytes
from autograd.compiler.llvm.library import Kind, Library, failed
from autograd.compiler.llvm.steps_runner import StepsRunner
from autograd.compiler.llvm.tiles import Layout, Tiles
from autograd.compiler.llvm.time_loops import LoopRunner
from autograd.compiler.llvm.workspace import Floats, new_frame
from autograd.compiler.loops.loop import Looped
from autograd.compiler.options import Options
from autograd.compiler.program import Program
from autograd.compiler.silent import silently

REGULAR = 8  # operations for each step from which on a program is loops
SMALL = 4000  # operands that are written out with loops over time, up to which arrays are no faster
NARROW = 60  # operands of a level, computed one by one in the time that a step on arrays takes to begin
_POINTER, _WHOLE = ctypes.c_void_p, ctypes.c_int64
Built: TypeAlias = "Runner | StepsRunner | LoopRunner"


def build(program: Program, options: Options) -> Built:
    """Machine code for a program.

    >>> from autograd.compiler.program import Equation
    >>> from autograd.rules import mul, tanh
    >>> program = Program(("x", "y"), (Equation(mul, (0, 1)), Equation(tanh, (2,))), (), (2, 3))
    >>> build(program, Options()).run(np.array([0.5, 3.0]), ())
    array([1.5       , 0.90514825])

    CompileError where llvmlite is not installed.
    """
    return build_from(Forms(program), options)


def build_from(forms: Forms, options: Options) -> Built:
    """The same from the forms of a program, of which some may be there already."""
    binding()
    single = options.dtype == "float32"
    scalar = Kind(1, single, options.exact)
    vector = Kind(vector_bytes() // (4 if single else 8), single, options.exact)
    threads = options.threads or 1
    if forms.way not in ("time", "steps", "line"):
        forms.way = _way(forms, options)
    if forms.way == "time" and (loops := over_time(forms, options)):
        return LoopRunner(loops, options.dtype, threads)
    if forms.way == "steps":
        return StepsRunner(forms.vectors, vector, threads)
    program = forms.program if options.exact else forms.flattened
    if not program.batched:
        return UnbatchedRunner(written(program, scalar, vector, sums=False), scalar, len(program.outputs))
    mode = "per sample" if program.per_sample else "exact mean" if options.exact else "mean"
    text = written(program, scalar, vector, sums=mode == "mean")
    return TiledRunner(text, scalar, vector, len(program.outputs), mode, threads)


def _way(forms: Forms, options: Options) -> str:
    """How a program is to run: with loops over time, as steps on arrays, or written out."""
    if over_time(forms, options):
        return "time"
    return "steps" if not options.exact and is_regular(forms) else "line"


def over_time(forms: Forms, options: Options) -> Looped | None:
    """The program with its loops over time, if it has some and is to run with them.

    Small and narrow ones run no slower than arrays, and are built in a tenth of the time. That is asked first: to ask
    whether a program is regular, it has to be on arrays.
    """
    if options.exact:
        return None
    loops = forms.looped
    return loops if loops and (loops.written <= SMALL or is_narrow(forms) or not is_regular(forms)) else None


def is_narrow(forms: Forms) -> bool:
    """Whether arrays would take longer to begin their steps than numbers, one after the other, for all of it."""
    return not forms.forward.batched and forms.forward_operands <= NARROW * forms.forward_depth


def is_regular(forms: Forms) -> bool:
    """Whether loops are worth it: beginning one costs as much as some operations that are written out.

    A chain of equations has as many steps as it is long: nobody looks for vectors there.
    """
    if forms.forward_operands < REGULAR * forms.forward_depth:
        return False
    return forms.vectors.work() >= REGULAR * len(forms.vectors.steps)


class Runner:
    """The common part of all runners: the text, its machine code, and scalar frames that are reused."""

    def __init__(
        self, texts: Sequence[str], library: Library, scalar: Kind, size: int, constants: dict[int, float]
    ) -> None:
        library.compile()
        self.source = "\n".join(texts)
        self._machine = machine(texts)
        self._prologue = self._machine.function("prologue", _WHOLE, _POINTER)
        self._number = np.float32 if scalar.single else np.float64
        self._size, self._constants = size, constants
        self._scalars: list[tuple[Any, int]] = []  # frames that no thread is using
        self._calls_python = library.calls_python

    def run(self, shared: Floats, samples: Sequence[Floats] = ()) -> Any:
        """The outputs, or the number of the first guard that does not hold."""
        frame, address = held = self._scalar_frame()
        if self._number is np.float32:
            frame[: len(shared)] = silently(np.array, shared, np.float32)  # what is too large for it is infinite
        else:
            frame[: len(shared)] = shared
        answer: int = self._prologue(address)
        result = self._outputs_of(frame, address, samples) if answer < 0 else answer
        self._scalars.append(held)
        if self._calls_python and (error := failed()) is not None:
            raise error
        return result

    def _scalar_frame(self) -> tuple[Any, int]:
        try:
            return self._scalars.pop()
        except IndexError:
            return new_frame(self._size, self._number, self._constants)

    def _outputs_of(self, frame: Any, address: int, samples: Sequence[Floats]) -> Floats:
        """The outputs, once the prologue has run in this scalar frame."""
        raise NotImplementedError


class UnbatchedRunner(Runner):
    """A program without a batch: all of it is prologue."""

    def __init__(self, text: Written, scalar: Kind, outputs: int) -> None:
        super().__init__(text.texts, text.library, scalar, text.sizes[0], {})
        self._outputs = slice(text.outputs, text.outputs + outputs)

    def _outputs_of(self, frame: Any, address: int, samples: Sequence[Floats]) -> Floats:
        return np.array(frame[self._outputs], dtype=np.float64)


class TiledRunner(Runner):
    """A program that is straight-line code for as many samples as a vector has lanes."""

    def __init__(self, text: Written, scalar: Kind, vector: Kind, outputs: int, mode: str, threads: int) -> None:
        super().__init__(text.texts, text.library, scalar, text.sizes[0], {})
        layout = Layout(text.sizes[1], text.broadcast, text.inputs, text.outputs, outputs, text.constants)
        self._tiles = Tiles(self._machine, layout, vector, mode, threads, self._calls_python)

    def _outputs_of(self, frame: Any, address: int, samples: Sequence[Floats]) -> Floats:
        return self._tiles.run(address, samples)
