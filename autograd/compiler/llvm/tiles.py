"""Runs the tile of a program, a sample in each lane, over all samples of a call; threads share them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from typing import Any, NamedTuple

from autograd._numpy import np
from autograd.compiler.llvm.driver import ARGUMENTS, driver
from autograd.compiler.llvm.engine import Machine
from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.samples import FORM
from autograd.compiler.llvm.workspace import Floats, Workspace, WorkspacePool, address_of, in_parts, new_frame

# How outputs are collected: the function called after each tile, and the direction in which tiles are run. Masking sets
# lanes without a sample to 0, so the last tile, which has such lanes, has to be run first.
MODES = {"mean": ("mask", -1), "exact mean": ("in_order", 1), "per sample": ("scatter", 1)}


class Layout(NamedTuple):
    """The frame of a tile: its slots, and the first of them that the inputs of a sample and its `results` take.

    broadcast  slots at the beginning that are copied from the scalar frame
    constants  what slots hold from the beginning
    """

    size: int
    broadcast: int
    inputs: int
    outputs: int
    results: int
    constants: dict[int, float]


class Tile(Workspace):
    """The memory of a tile, and where its samples are."""

    _forms: Sequence[Any] = ()
    _arrays: Any = None

    def place(self, samples: Sequence[Floats]) -> None:
        """Say which arrays the samples are; they have to be kept until the run has ended."""
        forms = list(map(FORM, samples))
        if forms != self._forms:
            self._arrays = np.array([(0, *array.strides, array.shape[1]) for array in samples], np.int64)
            self.set(arrays=address_of(self._arrays), kinds=len(samples))
            self._forms = forms
        for place, array in enumerate(samples):
            self._arrays[place, 0] = id(array)


class Tiles:
    """The function `tile` of a machine, on frames of that layout; each new frame is given to `prepared`."""

    def __init__(
        self,
        machine: Machine,
        layout: Layout,
        vector: Kind,
        mode: str,
        threads: int,
        calls_python: bool,
        prepared: Callable[[Any], None] = lambda frame: None,
    ) -> None:
        self._machine, self._layout, self._vector, self._mode = machine, layout, vector, mode
        # A sum in the order of the samples cannot be divided among threads.
        self._threads = 1 if mode == "exact mean" else threads
        self._driver = driver(vector)
        self._go = self._driver.function("run", None, ctypes.c_void_p)
        self._workspaces = WorkspacePool(self._new_workspace)
        self._calls_python, self._prepared = calls_python, prepared

    def run(self, address: int, samples: Sequence[Floats]) -> Floats:
        """The outputs, by the scalar frame at an address."""
        count = len(samples[0])
        result = np.empty((count, self._layout.results)) if self._mode == "per sample" else None
        step = MODES[self._mode][1]

        def part(begin: int, end: int) -> Floats:
            workspace = self._workspaces.take()
            workspace.place(samples)
            workspace.set(scalars=address, samples=count, first=begin if step > 0 else end - 1, tiles=end - begin)
            target = np.zeros(self._layout.results) if result is None else result
            workspace.set(target=id(target))
            self._go(workspace.address)
            self._workspaces.give(workspace)
            return target

        parts = in_parts(part, -(-count // self._vector.lanes), self._threads, self._calls_python)
        return reduce(add, parts) / count if result is None else result

    def _new_workspace(self) -> Tile:
        layout, (after, step) = self._layout, MODES[self._mode]
        number = np.float32 if self._vector.single else np.float64
        frame = new_frame(layout.size, number, layout.constants, self._vector.lanes, empty=np.nan)
        self._prepared(frame[0])
        return Tile(
            ARGUMENTS, frame, frame=frame[1], tile=self._machine.address("tile"),
            after=self._driver.address(after), step=step, inputs=layout.inputs, outputs=layout.outputs,
            count=layout.results, broadcast=layout.broadcast, sums=int(self._mode == "mean"),
        )  # fmt: skip
