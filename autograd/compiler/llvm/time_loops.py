"""Programs with loops over time as machine code, on doubles or singles, with a batch or without."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from autograd._numpy import np
from autograd.compiler.llvm.engine import LOOPS, STRAIGHT, machine, vector_bytes
from autograd.compiler.llvm.library import Kind, failed
from autograd.compiler.llvm.memory import Frame
from autograd.compiler.llvm.steps_driver import RELATIONS, steps_driver
from autograd.compiler.llvm.tiles import Layout, Tiles
from autograd.compiler.llvm.time_text import texts_of
from autograd.compiler.llvm.workspace import Floats, WorkspacePool, address_of, new_frame
from autograd.compiler.loops.loop import Looped
from autograd.compiler.loops.printing import described, printed
from autograd.compiler.silent import silently

LONG = 1000  # lines, from which on optimising takes longer than it saves: the time grows faster than the length


class LoopRunner:
    """Machine code of a program with loops; `threads` share the samples of a batch.

    >>> from autograd.compiler.loops.loop import Loop
    >>> from autograd.compiler.program import Equation, Program
    >>> from autograd.rules import mul
    >>> body = Looped(Program(("w", "x"), (), (), (2,)), (Equation(mul, (0, 1)),))
    >>> LoopRunner(Looped(Program(("x", "w"), (), (), (11,)), (Loop(body, 10, (1,), (0,), ()),))).run([3.0, 2.0])
    array([3072.])

    CompileError where llvmlite is not installed.
    """

    def __init__(self, looped: Looped, dtype: str = "float64", threads: int = 1) -> None:
        single = dtype == "float32"
        scalar, vector = Kind(1, single), Kind(vector_bytes() // (4 if single else 8), single)
        head = looped.head
        mode = "per sample" if head.per_sample else "mean"
        made = texts_of(looped, scalar, vector, mode == "mean")
        made.library.compile()
        self._looped = looped
        self._text = "\n".join([*made.library.declarations(), *made.texts])
        self._machine = machine([self._text], LOOPS if self._text.count("\n") <= LONG else STRAIGHT)
        self._function = self._machine.function("program", None, ctypes.c_void_p, ctypes.c_void_p)
        self._number = np.float32 if single else np.float64
        self._inputs = slice(0, len(head.shared))
        self._tables = np.array(made.tables, np.int64)
        self._address = address_of(self._tables)
        asked = zip(head.guards, made.guards, strict=True)
        self._guards = np.array(
            [(RELATIONS.index(guard.relation), *sides, int(guard.outcome)) for guard, sides in asked], np.int64
        )
        self._driver = steps_driver(scalar) if head.guards else None  # keeps the code
        self._ask = self._driver.function("shared", None, ctypes.c_void_p) if self._driver else None
        self._calls_python = made.library.calls_python
        self._size = made.sizes[0]
        self._frames = WorkspacePool(self._new_frame)
        self._outputs = slice(made.outputs, made.outputs + len(head.outputs))
        self._tiles: Tiles | None = None
        if head.batched:
            layout = Layout(made.sizes[1], made.at, made.at + 1, made.outputs, len(head.outputs), {})
            pointer = slice(made.at * vector.lanes, (made.at + 1) * vector.lanes)
            self._tiles = Tiles(
                self._machine, layout, vector, mode, threads, self._calls_python,
                lambda frame: self._point(frame[pointer]),
            )  # fmt: skip

    @property
    def explained(self) -> list[str]:
        """The loops in words."""
        return described(self._looped)

    @property
    def source(self) -> str:
        """The program with its loops, as comments, and its assembly."""
        return "\n".join([*[f"; {line}" for line in printed(self._looped).splitlines()], "", self._text])

    def run(self, shared: Floats | Sequence[float], samples: Sequence[Floats] = ()) -> Any:
        """The outputs as an array, or the number of the first guard that does not hold."""
        held = self._frames.take()
        if self._number is np.float32:
            shared = silently(np.array, shared, np.float32)  # what is too large for it is infinite
        held.frame[self._inputs] = shared
        self._function(held.start, self._address)
        if self._ask is not None:
            self._ask(held.address)
        result: Any = held.answer
        if result < 0:
            result = self._tiles.run(held.start, samples) if self._tiles else self._outputs_of(held)
        self._frames.give(held)
        if self._calls_python and (error := failed()) is not None:
            raise error
        return result

    def _outputs_of(self, held: Frame) -> Floats:
        return np.array(held.frame[self._outputs], np.float64)

    def _point(self, slot: Any) -> None:
        """Say in a slot where the tables are."""
        slot.view(np.int64)[0] = self._address

    def _new_frame(self) -> Frame:
        # The program is not an entry of the driver, which asks the guards only.
        return Frame(new_frame(self._size, self._number, {}, empty=np.nan), self._guards)
