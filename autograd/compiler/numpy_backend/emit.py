"""Write a vector program as Python source: declarations of its work buffers, then a function with a call per line.

The buffers are globals of the function: as variables of a function around it they would take CPython's compiler
quadratic time, since it shifts all instructions of that function for each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd._numpy import NDArray, np
from autograd.compiler.numpy_backend.operands import Operands
from autograd.compiler.numpy_backend.steps import write
from autograd.compiler.vector.exponentials import shared_first, slopes
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.program import VectorProgram, check_lanes

GUARDED = ["failed = guards(shared, p)", "if failed >= 0:", "    return failed"]


@dataclass(frozen=True)
class Source:
    """What `emit` makes: the text, the numbers and functions it refers to, and how many NumPy calls a run makes."""

    text: str
    tables: dict[str, Any]
    calls: int


def emit(vectors: VectorProgram, widths: Sequence[int], dtype: str = "float64") -> Source:
    """The source that allocates buffers for B samples, B being known, and defines `run(shared, samples)`.

    `widths` are the numbers of columns of the arrays of samples, which side by side are the batched inputs.
    """
    return _Emitter(vectors, widths, dtype).source()


class _Emitter:
    def __init__(self, vectors: VectorProgram, widths: Sequence[int], dtype: str) -> None:
        self.vectors, self.dtype = vectors, dtype
        self.to = Operands(vectors, widths, dtype)
        self.means = bool(vectors.program.batched) and not vectors.program.per_sample

    def source(self) -> Source:
        """The whole source."""
        texts = self.vectors.texts
        steps, self.to.softmax = shared_first(self.vectors.steps)
        check_lanes(self.vectors, steps, self.to.softmax)
        self.to.slopes = slopes(steps)
        for step in steps:
            write(self.to, step, texts)
        ends = self._results()
        begins = self._begins()
        inner = [*begins, *self.to.body, *GUARDED * self._guards_look_inside(), *ends]
        lines = [*self._buffers(), *self.to.arrays.lines, "", "", "def run(shared, samples):"]
        text = "\n".join([*lines, *[f"    {line}" for line in inner], ""])
        tables: dict[str, Any] = self.to.arrays.tables | self.to.functions
        return Source(text, tables, self.to.calls)

    def _buffers(self) -> list[str]:
        shared, batched = self.vectors.sizes
        lines = [f"p = empty({shared}, dtype)  # numbers that all samples share; the inputs come first"]
        if self.vectors.program.batched:
            lines.append(f"v = empty(({batched}, B), dtype)  # a row for each lane, a column for each sample")
        if any(step.results is not None for step in self.vectors.steps):
            lines.append(f"g = empty({len(self.vectors.outputs)}, dtype)  # results")
        if self.means:
            lines.append("scale = 1.0 / B")
        for kind, base in (("shared", "p"), ("batched", "v")):
            for _, lane, number in (each for each in self.vectors.constants if each[0] == kind):
                lines.append(f"{base}[{lane}] = {number!r}")
        return lines

    def _begins(self) -> list[str]:
        lines = []
        count = len(self.vectors.program.shared)
        if self.vectors.guards and not self._guards_look_inside():
            lines += GUARDED
        if count:
            lines.append(f"p[:{count}] = shared")
        if self.to.inputs:
            names = [name for name, _, _ in self.to.inputs]
            matrices = ", ".join(f"{name}_" for name in names)
            convert = f'.astype("{self.dtype}")' if self.dtype != "float64" else ""
            lines.append(f"{matrices}{',' * (len(names) == 1)} = samples")
            lines.append(f"{', '.join(names)} = {', '.join(f'{name}_{convert}.T' for name in names)}")
            lines += [
                f"v[{start}:{stop}] = {name}"
                for i, (name, start, stop) in enumerate(self.to.inputs)
                if i in self.to.stored
            ]
        return lines

    def _guards_look_inside(self) -> bool:
        """Whether guards need numbers that have to be computed first; otherwise they come first."""
        inputs = len(self.vectors.program.shared)
        return any(type(atom) is int and atom >= inputs for _, *atoms, _ in self.vectors.guards for atom in atoms)

    def _results(self) -> list[str]:
        sources = self.vectors.outputs
        if self.vectors.program.per_sample:
            return self._per_sample()
        direct = any(kind == "result" for kind, _ in sources)
        if direct:
            scaled = "g * scale" if self.means else "g.copy()"
            lines = [f"result = {scaled}" if self.dtype == "float64" else f"result = ({scaled}).astype(float64)"]
        else:
            lines = [f"result = empty({len(sources)})"]
        others = [i for i, (kind, _) in enumerate(sources) if kind == "shared"]
        lines += self._copies(others, [int(sources[i][1]) for i in others], "p")
        lines += self._constants()
        return [*lines, "return result"]

    def _copies(self, outputs: Sequence[int], lanes: Sequence[int], base: str) -> list[str]:
        if not outputs:
            return []
        self.to.calls += 2
        to, of = np.array(outputs, np.intp), np.array(lanes, np.intp)
        return [f"result[{self._index(to)}] = {base}[{self._index(of)}]"]

    def _index(self, numbers: NDArray[np.intp]) -> str:
        regular = strides(numbers)
        if regular is None or regular[0] < 0 or (regular[0] == 0 and len(numbers) > 1):
            return self.to.arrays.table("lanes", numbers)
        first, step = int(numbers[0]), max(regular[0], 1)
        return f"{first}:{first + (len(numbers) - 1) * step + 1}{f':{step}' if step > 1 else ''}"

    def _constants(self) -> list[str]:
        outputs = [i for i, (kind, _) in enumerate(self.vectors.outputs) if kind == "constant"]
        if not outputs:
            return []
        numbers = np.array([self.vectors.outputs[i][1] for i in outputs])
        same = (numbers.view(np.int64) == numbers.view(np.int64)[0]).all()
        text = repr(float(numbers[0])) if same else self.to.arrays.table("c", numbers)
        per_sample = self.vectors.program.per_sample and not same
        return [f"result[{self._index(np.array(outputs, np.intp))}] = {text}{'[:, None]' if per_sample else ''}"]

    def _per_sample(self) -> list[str]:
        sources = self.vectors.outputs
        lines = [f"result = empty(({len(sources)}, B))"]
        for kind, base in (("batched", "v"), ("shared", "p")):
            outputs = [i for i, (each, _) in enumerate(sources) if each == kind]
            copies = self._copies(outputs, [int(sources[i][1]) for i in outputs], base)
            lines += [f"{line}[:, None]" if kind == "shared" else line for line in copies]
        self.to.store(np.array([lane for kind, lane in sources if kind == "batched"], np.intp))
        direct = [i for i, (kind, _) in enumerate(sources) if kind == "result"]
        if direct:
            index = self._index(np.array(direct, np.intp))
            lines.append(
                f"result[{index}] = g[{index}, None]" if ":" in index else f"result[{index}] = g[{index}][:, None]"
            )
        return [*lines, *self._constants(), "return result.T"]
