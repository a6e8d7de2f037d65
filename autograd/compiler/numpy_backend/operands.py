"""Operands as Python expressions: views where lanes are regular, copies (`take`) where they are not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from autograd._numpy import NDArray, np
from autograd.compiler.numpy_backend.arrays import Arrays, Look, look
from autograd.compiler.numpy_backend.spelling import scope
from autograd.compiler.silent import silently
from autograd.compiler.vector.exponentials import Known
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.program import Lanes, Operand, Step, VectorProgram
from autograd.primitive import Primitive

# Names that the generated source uses itself.
OWN = (
    "B",
    "shared",
    "samples",
    "run",
    "p",
    "v",
    "g",
    "result",
    "guards",
    "dtype",
    "float64",
    "scale",
    "failed",
)


class Operands:
    """The operands of a source's lines; asking for one declares its view, or adds the line that copies it."""

    def __init__(self, vectors: VectorProgram, widths: Sequence[int], dtype: str) -> None:
        self.vectors, self.dtype = vectors, dtype
        sizes = {"shared": vectors.sizes[0], "batched": vectors.sizes[1], "result": len(vectors.outputs)}
        self.arrays = Arrays(sizes, taken={*OWN, *scope()})
        self.body: list[str] = []  # the lines of the function
        self.calls = 3  # the parameters, the samples and the result are NumPy calls as well
        self.made: dict[tuple[object, ...], str] = {}  # copies, flat views and work arrays by what they are
        self.functions: dict[str, Callable[..., Any]] = {}  # rows without a spelling, by name
        self.inputs = _sample_arrays(vectors, widths, self.arrays)
        self.softmax: dict[Step, Known] = {}  # what has been computed already for a logsumexp
        self.slopes: dict[Step, Step] = {}  # the step of σ′(x), by that of σ(x)
        self.stored: set[int] = set()  # which of these are copied into the file of lanes
        for array in vectors.inputs:
            self.arrays.wish(array.name, array.kind, array.lanes)
        for step in vectors.steps:
            self.arrays.wish(step.name, *_target(step))

    def expression(self, operand: Operand, column: bool) -> str:
        """An operand as an array that broadcasts against the lanes (and samples) of its step."""
        if operand.kind == "constant":
            return self.constant(operand.numbers, column)
        if name := self.sample(operand.lanes) if operand.kind == "batched" else "":
            return name
        regular = look(operand.kind, operand.lanes, column)
        return self.gather(operand.kind, operand.lanes, column) if regular is None else self.arrays.view(regular)

    def constant(self, numbers: NDArray[np.float64], column: bool) -> str:
        """One number as such, several as an array."""
        if numbers.size == 1:
            return repr(float(numbers.flat[0]))
        return self.table(numbers, column)

    def table(self, numbers: NDArray[np.float64], column: bool) -> str:
        """Several constants as an array; those that are too large for float32 are infinite there."""
        return self.arrays.table("c", silently(np.array, numbers[..., None] if column else numbers, self.dtype))

    def sample(self, lanes: Lanes) -> str:
        """Columns of one array of samples, as rows; "" for other lanes, whose numbers are then copied."""
        first = int(lanes.min())
        if first >= len(self.vectors.program.batched):
            return ""
        number = next(i for i, (_, start, stop) in enumerate(self.inputs) if start <= first < stop)
        name, start, stop = self.inputs[number]
        regular = strides(lanes)
        inside = int(lanes.max()) < stop
        if not inside or regular is None or lanes.ndim > 1 or min(regular) < 0:
            self.store(lanes)
            return ""
        length, step = len(lanes), regular[0]
        if not step:
            return name if stop - start == 1 else f"{name}[{first - start}:{first - start + 1}]"
        if (length, step) == (stop - start, 1):
            return name
        text = f"{first - start}:{first - start + (length - 1) * step + 1}"
        return f"{name}[{text}{f':{step}' if step > 1 else ''}]"

    def gather(self, kind: str, lanes: Lanes, column: bool) -> str:
        """The lanes copied into a buffer of their own, once in a run."""
        key = (kind, lanes.shape, lanes.tobytes(), column)
        if key not in self.made:
            if kind == "batched":
                self.store(lanes)
            base, tail = ("v", ", B") if kind == "batched" else ("p", ", 1" if column else "")
            index = self.arrays.table("lanes", np.ascontiguousarray(lanes.ravel()))
            shape = ", ".join(map(str, lanes.shape))
            whole = self.arrays.declare("gathered", f"empty(({shape}{tail or ','}), dtype)")
            flat = whole
            if lanes.ndim > 1 or (column and kind != "batched"):
                flat = self.arrays.declare("rows", f"{whole}.reshape({lanes.size}{', B' if kind == 'batched' else ''})")
            self.call(f'take({base}, {index}, axis=0, out={flat}, mode="clip")')
            self.made[key] = whole
        return self.made[key]

    def matrix(self, operand: Operand) -> str:
        """An operand of `matmul`: a view if BLAS can read it (nothing broadcasts there), else a copy."""
        lanes = operand.lanes
        if operand.kind == "batched":
            return self.rows_of_samples(lanes)
        regular = look(operand.kind, lanes)
        if regular is None or regular.shape != lanes.shape or (lanes.ndim > 1 and not _readable(regular)):
            return self.gather(operand.kind, lanes, False)
        return self.arrays.view(regular)

    def store(self, lanes: Lanes) -> None:
        """Have the samples among these lanes copied into the file of lanes."""
        for number, (_, start, stop) in enumerate(self.inputs):
            if number not in self.stored and ((lanes >= start) & (lanes < stop)).any():
                self.stored.add(number)

    def rows_of_samples(self, lanes: Lanes) -> str:
        """Lanes (k, c) as a matrix (k, c · B)."""
        k, c = lanes.shape
        if c == 1:
            column = lanes[:, 0]
            if k > 1 and strides(column) == (0,):
                return self.gather("batched", column, False)
            return self.expression(Operand("batched", column), False)
        self.store(lanes)
        regular = look("batched", lanes)
        contiguous = regular is not None and regular.shape == lanes.shape and regular.axes[1] == (c, 1)
        name = self.arrays.view(regular) if regular and contiguous else self.gather("batched", lanes, False)
        return self.flat(name, k, c)

    def out(self, step: Step) -> str:
        """Where the result goes."""
        kind, lanes = _target(step)
        found = strides(lanes)
        assert found is not None
        axes = tuple(zip(lanes.shape, found, strict=True))
        return self.arrays.view(Look(kind, int(lanes.flat[0]), axes))

    def temporary(self, shape: Sequence[int], batched: bool) -> str:
        """A work array, one for all steps that need that shape for a moment."""
        lengths = [*map(str, shape), *["B"] * batched]
        key = ("temporary", tuple(lengths))
        if key not in self.made:
            self.made[key] = self.arrays.declare("t", f"empty(({', '.join(lengths)},), dtype)")
        return self.made[key]

    def flat(self, array: str, r: int, c: int) -> str:
        """An array (r, c, B) as a matrix (r, c · B)."""
        key = ("flat", array)
        if key not in self.made:
            self.made[key] = self.arrays.declare(f"{array}_flat", f"{array}.reshape({r}, {c} * B)")
        return self.made[key]

    def stack(self, xs: Operand, column: bool) -> str:
        """Operands (k, *shape) with nothing broadcast, and if `column` with an axis for the samples."""
        if xs.kind == "constant":
            return self.table(xs.numbers, column)
        regular = look(xs.kind, xs.lanes, column)
        if regular is None or regular.shape != xs.lanes.shape:
            return self.gather(xs.kind, xs.lanes, column)
        return self.expression(xs, column)

    def samples_last(self, lanes: Lanes) -> str:
        """Lanes (r, k) as a matrix (r, k · B)."""
        r, k = lanes.shape
        if k == 1:
            return self.expression(Operand("batched", lanes[:, 0]), False)
        self.store(lanes)
        regular = look("batched", lanes)
        contiguous = regular is not None and regular.shape == lanes.shape and regular.axes[1] == (k, 1)
        name = self.arrays.view(regular) if regular and contiguous else self.gather("batched", lanes, False)
        return self.flat(name, r, k)

    def call(self, statement: str, calls: int = 1) -> None:
        """Add a line to the function."""
        self.body.append(statement)
        self.calls += calls

    def fallback(self, row: Primitive, operands: Sequence[str], step: Step, out: str) -> None:
        """Add a line that calls the row's own value, number by number."""
        name = f"{row.name}_value" if row.arity else f"{row.name}_value_of_{len(operands)}"
        self.arrays.taken.add(name)
        self.functions[name] = np.frompyfunc(row.value, len(operands), 1)
        self.call(f"copyto({out}, {name}({', '.join(operands)}), casting='unsafe')", calls=1 + step.size)


def _target(step: Step) -> tuple[str, Lanes]:
    """The file and the lanes that a step puts its result in; a product of one column is a vector."""
    kind, lanes = (step.kind, step.lanes) if step.results is None else ("result", step.results)
    return kind, lanes[:, 0] if step.form == "product" and step.shape[1] == 1 else lanes


def _readable(regular: Look) -> bool:
    """Whether BLAS takes it as it is: one axis contiguous, the other at least as far apart."""
    (r, down), (c, across) = regular.axes
    return (across in (0, 1) and (down >= c or not down)) or (down in (0, 1) and (across >= r or not across))


def _sample_arrays(vectors: VectorProgram, widths: Sequence[int], arrays: Arrays) -> list[tuple[str, int, int]]:
    """(name, first lane, end) of each array of samples; its transpose goes by that name."""
    ends = list(accumulate(widths))
    found = []
    for start, stop in zip([0, *ends], ends, strict=False):
        name = re.sub(r"(?<=[^\W\d])_\d+$", "", vectors.program.names[vectors.program.batched[start]])
        found.append((arrays.fresh(name), start, stop))
    return found
