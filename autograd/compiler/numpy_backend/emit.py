"""A vector program as the source of a Python function: declarations of its work buffers, then one call per line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import rules
from autograd.compiler.numpy_backend.arrays import Arrays, Look, look
from autograd.compiler.numpy_backend.spelling import CALLS, REDUCTIONS, elementwise, scope
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.printing import Texts
from autograd.compiler.vector.program import Lanes, Operand, Step, VectorProgram

OWN = ("B", "shared", "samples", "run", "p", "v", "g", "result", "guards", "dtype", "float64", "work", "scale", "failed")
CHAIN = 3  # pairs that are added one by one


@dataclass(frozen=True)
class Source:
    """What `emit` makes: the text, the tables of numbers it refers to, and how many NumPy calls a run makes."""

    text: str
    tables: dict[str, NDArray[Any]]
    calls: int


def emit(vectors: VectorProgram, widths: Sequence[int], dtype: str = "float64") -> Source:
    """The source of `work(B)`: it allocates buffers for B samples and returns `run(shared, samples)`.

    `widths` are the numbers of columns of the arrays of samples, which side by side are the batched inputs.
    """
    return _Emitter(vectors, widths, dtype).source()


class _Emitter:
    def __init__(self, vectors: VectorProgram, widths: Sequence[int], dtype: str) -> None:
        self.vectors, self.dtype = vectors, dtype
        self.texts = Texts(vectors)
        sizes = {"shared": vectors.sizes[0], "batched": vectors.sizes[1], "result": len(vectors.outputs)}
        self.arrays = Arrays(sizes, taken={*OWN, *scope()})
        self.body: list[str] = []
        self.calls = 3
        self.gathered: dict[tuple[object, ...], str] = {}
        self.inputs = _sample_arrays(vectors, widths, self.arrays)
        self.stored: set[int] = set()
        self.relus: dict[str, str] = {}  # where relu(z) is, by z: its sign is the derivative
        self.means = bool(vectors.program.batched) and not vectors.program.per_sample
        for array in vectors.inputs:
            self.arrays.wish(array.name, array.kind, array.lanes)
        for step in vectors.steps:
            self._wish(step)

    def _wish(self, step: Step) -> None:
        lanes = np.arange(step.start, step.start + step.size).reshape(step.shape)
        kind = "batched" if step.batched else "shared"
        if step.results is not None:
            kind, lanes = "result", step.results
        if step.form == "product" and step.shape[1] == 1:
            lanes = lanes[:, 0]
        self.arrays.wish(step.name, kind, lanes)

    # --- operands -----------------------------------------------------------------------------------------------------

    def expression(self, operand: Operand, column: bool) -> str:
        """An operand as an array that broadcasts against the lanes (and samples) of its step."""
        if operand.kind == "constant":
            return self.constant(operand.numbers, column)
        if name := self.sample(operand.lanes) if operand.kind == "batched" else "":
            return name
        regular = look(operand.kind, operand.lanes, column)
        return self.gather(operand.kind, operand.lanes, column) if regular is None else self.arrays.view(regular)

    def constant(self, numbers: NDArray[np.float64], column: bool) -> str:
        if numbers.size == 1:
            return repr(float(numbers.flat[0]))
        return self.arrays.table("c", np.array(numbers[..., None] if column else numbers, self.dtype))

    def sample(self, lanes: Lanes) -> str:
        """Columns of one array of samples, as rows; "" for lanes that are not that, and then its numbers are copied."""
        first = int(lanes.min())
        if first >= len(self.vectors.program.batched):
            return ""
        number = next(i for i, (_, start, stop) in enumerate(self.inputs) if start <= first < stop)
        name, start, stop = self.inputs[number]
        regular = strides(lanes)
        inside = int(lanes.max()) < stop
        if not inside or regular is None or lanes.ndim > 1 or min(regular) < 0:
            last = int(lanes.max())
            self.stored |= {i for i, (_, start, stop) in enumerate(self.inputs) if start <= last and first < stop}
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
        if key not in self.gathered:
            base, tail = ("v", ", B") if kind == "batched" else ("p", ", 1" if column else "")
            index = self.arrays.table("lanes", np.ascontiguousarray(lanes.ravel()))
            shape = ", ".join(map(str, lanes.shape))
            whole = self.arrays.declare("gathered", f"empty(({shape}{tail or ','}), dtype)")
            flat = whole
            if lanes.ndim > 1 or (column and kind != "batched"):
                flat = self.arrays.declare("rows", f"{whole}.reshape({lanes.size}{', B' if kind == 'batched' else ''})")
            self.call(f'take({base}, {index}, 0, {flat}, "clip")')
            self.gathered[key] = whole
        return self.gathered[key]

    def matrix(self, operand: Operand, kind_of_step: bool) -> str:
        """An operand of `matmul`: a view if BLAS can read it, else a copy."""
        lanes = operand.lanes
        if operand.kind == "batched":
            return self.rows_of_samples(lanes)
        regular = look(operand.kind, lanes)
        if regular is None or not _readable(regular):
            return self.gather(operand.kind, lanes, False)
        return self.arrays.view(regular)

    def rows_of_samples(self, lanes: Lanes) -> str:
        """Lanes (k, c) as a matrix (k, c · B)."""
        k, c = lanes.shape
        if c == 1:
            return self.expression(Operand("batched", lanes[:, 0]), False)
        name = self.sample(lanes)
        regular = look("batched", lanes)
        contiguous = regular is not None and regular.axes[1] == (c, 1)
        name = self.arrays.view(regular) if regular and contiguous else self.gather("batched", lanes, False)
        key = ("flat", name)
        if key not in self.gathered:
            self.gathered[key] = self.arrays.declare(f"{name}_flat", f"{name}.reshape({k}, {c} * B)")
        return self.gathered[key]

    def out(self, step: Step) -> str:
        """Where the result goes."""
        lanes = np.arange(step.start, step.start + step.size).reshape(step.shape)
        kind = "batched" if step.batched else "shared"
        if step.results is not None:
            kind, lanes = "result", step.results
        if step.form == "product" and step.shape[1] == 1:
            lanes = lanes[:, 0]
        found = strides(lanes)
        assert found is not None
        axes = tuple((length, s) for length, s in zip(lanes.shape, found, strict=True))
        return self.arrays.view(Look(kind, int(lanes.flat[0]), axes))

    def temporary(self, shape: Sequence[int], batched: bool) -> str:
        lengths = [*map(str, shape), *["B"] * batched]
        key = ("temporary", tuple(lengths))
        if key not in self.gathered:
            self.gathered[key] = self.arrays.declare("t", f"empty(({', '.join(lengths)},), dtype)")
        return self.gathered[key]

    # --- steps --------------------------------------------------------------------------------------------------------

    def call(self, statement: str, comment: str = "", calls: int = 1) -> None:
        """A line of the function."""
        self.body.append(f"{statement}{f'  # {comment}' if comment else ''}")
        self.calls += calls

    def step(self, step: Step) -> None:
        """The lines of one step; the formula stands behind the first of its own."""
        out = self.out(step)
        before = len(self.body)
        FORMS[step.form](self, step, out)
        own = next(i for i in range(before, len(self.body)) if not self.body[i].startswith("take("))
        formula = f"{step.name} = {self.texts.formula(step)}{f'  {step.note}' if step.note else ''}"
        self.body[own] = f"{self.body[own]}  # {formula}"

    def map(self, step: Step, out: str) -> None:
        assert step.row is not None
        operands = [self.expression(each, step.batched) for each in step.operands]
        if step.row is rules.relu:
            self.relus[operands[0]] = out
        if step.row is rules.step and operands[1:] == ["0.0", "0.0"] and operands[0] in self.relus:
            self.call(f"sign({self.relus[operands[0]]}, {out})")  # three times as fast as heaviside(z, 0.0)
            return
        spelt = elementwise(step.row, operands, out)
        if spelt is None:
            function = self.fallback(step, len(operands))
            spelt = f"copyto({out}, {function}({', '.join(operands)}), 'unsafe')", 1 + step.size
        self.call(spelt[0], calls=spelt[1])

    def fallback(self, step: Step, count: int) -> str:
        assert step.row is not None
        name = f"{step.row.name}_value"
        self.arrays.taken.add(name)
        self.arrays.tables[name] = np.array(None)
        self.functions[name] = np.frompyfunc(step.row.value, count, 1)
        return name

    functions: dict[str, Callable[..., Any]]

    def reduce(self, step: Step, out: str) -> None:
        assert step.row is not None
        *index, xs = step.operands
        count = xs.shape[0]
        if not count:
            self.call(f"{out}.fill({float(step.row.value())!r})")
            return
        stacked = self.stack(xs, step)
        if step.row in REDUCTIONS:
            self.call(f"{REDUCTIONS[step.row]}.reduce({stacked}, 0, None, {out})")
        elif step.row in (rules.pick, rules.logsumexp):
            spelt = elementwise(step.row, [*(self.expression(each, step.batched) for each in index), stacked], out)
            assert spelt is not None
            self.call(spelt[0], calls=CALLS[step.row.name])
        else:
            columns = [self.expression(_row_of(xs, i), step.batched) for i in range(count)]
            function = self.fallback(step, count)
            self.call(f"copyto({out}, {function}({', '.join(columns)}), 'unsafe')", calls=1 + step.size)

    def stack(self, xs: Operand, step: Step) -> str:
        """Operands (k, *shape), with an axis for the samples if the step has one."""
        if xs.kind == "constant":
            return self.arrays.table("c", np.array(xs.numbers[..., None] if step.batched else xs.numbers, self.dtype))
        regular = look(xs.kind, xs.lanes, step.batched)
        if regular is None or regular.shape != xs.lanes.shape:
            return self.gather(xs.kind, xs.lanes, step.batched)
        return self.expression(xs, step.batched)

    def product(self, step: Step, out: str) -> None:
        left, right, *bias = step.operands
        r, c = step.shape
        if left.shape[1] == 1 and not step.batched:
            column, row = (left.lanes[:, 0], right.lanes[0]) if c == 1 else (left.lanes, right.lanes)
            x = self.expression(Operand(left.kind, column), False)
            y = self.expression(Operand(right.kind, row), False)
            self.call(f"multiply({x}, {y}, {out})")
        elif left.shape[1] == 1 and c == 1:
            x = self.expression(Operand(left.kind, left.lanes[:, 0]), True)
            self.call(f"multiply({x}, {self.expression(Operand(right.kind, right.lanes[0]), True)}, {out})")
        else:
            target = out if c == 1 or not step.batched else self._flat(out, r, c)
            x = self.matrix(left, step.batched)
            thin = c == 1 and not step.batched
            y = self.expression(Operand(right.kind, right.lanes[:, 0]), False) if thin else self.matrix(right, False)
            self.call(f"matmul({x}, {y}, {target})")
        for each in bias:
            whole = _first_column(each) if c == 1 else each
            self.call(f"add({out}, {self.expression(whole, step.batched)}, {out})")

    def _flat(self, out: str, r: int, c: int) -> str:
        key = ("flat", out)
        if key not in self.gathered:
            self.gathered[key] = self.arrays.declare(f"{out}_flat", f"{out}.reshape({r}, {c} * B)")
        return self.gathered[key]

    def pairs(self, step: Step, out: str) -> None:
        w, x, *bias = step.operands
        k = x.shape[0]
        if w.kind == "constant" and (w.numbers == 1.0).all() and k > CHAIN:
            self.call(f"add.reduce({self.stack(x, step)}, 0, None, {out})")
        elif k <= CHAIN:
            self._chain(step, out)
        else:
            t = self.temporary((k, *step.shape), step.batched)
            self.call(f"multiply({self.expression(w, step.batched)}, {self.expression(x, step.batched)}, {t})")
            self.call(f"add.reduce({t}, 0, None, {out})")
        for each in bias:
            self.call(f"add({out}, {self.expression(each, step.batched)}, {out})")

    def _chain(self, step: Step, out: str) -> None:
        """A few pairs, one after the other."""
        w, x, *_ = step.operands
        for i in range(x.shape[0]):
            y = self.expression(_row_of(x, i), step.batched)
            number = float(w.numbers[i].flat[0]) if w.kind == "constant" and w.numbers[i].size == 1 else None
            factor = "" if number in (1.0, -1.0) else self.expression(_row_of(w, i), step.batched)
            if i == 0:
                whole = f"multiply({factor}, {y}, {out})" if factor else ""
                self.call(whole or (f"copyto({out}, {y})" if number == 1.0 else f"negative({y}, {out})"))
            elif factor:
                t = self.temporary(step.shape, step.batched)
                self.call(f"multiply({factor}, {y}, {t})")
                self.call(f"add({out}, {t}, {out})")
            else:
                self.call(f"{'add' if number == 1.0 else 'subtract'}({out}, {y}, {out})")

    def mean(self, step: Step, out: str) -> None:
        (x,) = step.operands
        self.call(f"add.reduce({self.stack(x, replace_batched(step))}, -1, None, {out})")
        self._scaled(step, out)

    def mean_product(self, step: Step, out: str) -> None:
        w, x = (self._samples_last(each.lanes) for each in step.operands)
        self.call(f"matmul({w}, {x}.T, {out})")
        self._scaled(step, out)

    def _samples_last(self, lanes: Lanes) -> str:
        """Lanes (r, k) as a matrix (r, k · B)."""
        r, k = lanes.shape
        if k == 1:
            return self.expression(Operand("batched", lanes[:, 0]), False)
        self.sample(lanes)
        regular = look("batched", lanes)
        contiguous = regular is not None and regular.axes[1] == (k, 1)
        name = self.arrays.view(regular) if regular and contiguous else self.gather("batched", lanes, False)
        return self._flat(name, r, k)

    def mean_pairs(self, step: Step, out: str) -> None:
        w, x = step.operands
        t = self.temporary(x.shape, True)
        self.call(f"multiply({self.expression(w, True)}, {self.expression(x, True)}, {t})")
        self.call(f"add.reduce({t}, (0, -1), None, {out})")
        self._scaled(step, out)

    def lift(self, step: Step, out: str) -> None:
        self.call(f"copyto({out}, {self.expression(step.operands[0], True)})")

    def _scaled(self, step: Step, out: str) -> None:
        if step.results is None:
            self.call(f"multiply({out}, scale, {out})")

    # --- the whole ----------------------------------------------------------------------------------------------------

    def source(self) -> Source:
        self.functions = {}
        for step in self.vectors.steps:
            self.step(step)
        ends = self._results()
        begins = self._begins()
        inner = [*begins, *self.body, *ends]
        lines = ["def work(B):", *self._buffers(), *self.arrays.lines, "", "def run(shared, samples):"]
        text = "\n".join(
            [lines[0], *[f"    {line}".rstrip() for line in lines[1:]], *[f"        {line}" for line in inner], "    return run", ""]
        )
        tables: dict[str, Any] = self.arrays.tables | self.functions
        return Source(text, tables, self.calls)

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
        if self.vectors.guards:
            lines += ["failed = guards(shared)", "if failed >= 0:", "    return failed"]
        if count:
            lines.append(f"p[:{count}] = shared")
        if self.inputs:
            names = [name for name, _, _ in self.inputs]
            matrices = ", ".join(f"{name}_" for name in names)
            convert = f'.astype("{self.dtype}")' if self.dtype != "float64" else ""
            lines.append(f"{matrices}{',' * (len(names) == 1)} = samples")
            lines.append(f"{', '.join(names)} = {', '.join(f'{name}_{convert}.T' for name in names)}")
            lines += [
                f"v[{start}:{stop}] = {name}" for i, (name, start, stop) in enumerate(self.inputs) if i in self.stored
            ]
        return lines

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
        self.calls += 2
        to, of = np.array(outputs, np.intp), np.array(lanes, np.intp)
        return [f"result[{self._index(to)}] = {base}[{self._index(of)}]"]

    def _index(self, numbers: NDArray[np.intp]) -> str:
        regular = strides(numbers)
        if regular is None or regular[0] < 0 or (regular[0] == 0 and len(numbers) > 1):
            return self.arrays.table("lanes", numbers)
        first, step = int(numbers[0]), max(regular[0], 1)
        return f"{first}:{first + (len(numbers) - 1) * step + 1}{f':{step}' if step > 1 else ''}"

    def _constants(self) -> list[str]:
        outputs = [i for i, (kind, _) in enumerate(self.vectors.outputs) if kind == "constant"]
        if not outputs:
            return []
        numbers = np.array([self.vectors.outputs[i][1] for i in outputs])
        same = (numbers.view(np.int64) == numbers.view(np.int64)[0]).all()
        text = repr(float(numbers[0])) if same else self.arrays.table("c", numbers)
        per_sample = self.vectors.program.per_sample and not same
        return [f"result[{self._index(np.array(outputs, np.intp))}] = {text}{'[:, None]' if per_sample else ''}"]

    def _per_sample(self) -> list[str]:
        sources = self.vectors.outputs
        lines = [f"result = empty(({len(sources)}, B))"]
        for kind, base in (("batched", "v"), ("shared", "p")):
            outputs = [i for i, (each, _) in enumerate(sources) if each == kind]
            copies = self._copies(outputs, [int(sources[i][1]) for i in outputs], base)
            lines += [f"{line}[:, None]" if kind == "shared" else line for line in copies]
        if any(kind == "batched" and lane < len(self.vectors.program.batched) for kind, lane in sources):
            self.stored |= set(range(len(self.inputs)))
        direct = [i for i, (kind, _) in enumerate(sources) if kind == "result"]
        if direct:
            index = self._index(np.array(direct, np.intp))
            lines.append(f"result[{index}] = g[{index}, None]" if ":" in index else f"result[{index}] = g[{index}][:, None]")
        return [*lines, *self._constants(), "return result.T"]


FORMS: dict[str, Callable[[_Emitter, Step, str], None]] = {
    "map": _Emitter.map,
    "reduce": _Emitter.reduce,
    "product": _Emitter.product,
    "pairs": _Emitter.pairs,
    "mean": _Emitter.mean,
    "mean_product": _Emitter.mean_product,
    "mean_pairs": _Emitter.mean_pairs,
    "lift": _Emitter.lift,
}


def _readable(regular: Look) -> bool:
    """Whether BLAS takes it as it is: one axis contiguous, the other at least as far apart."""
    (r, down), (c, across) = regular.axes
    return (across in (0, 1) and (down >= c or not down)) or (down in (0, 1) and (across >= r or not across))


def _row_of(operand: Operand, i: int) -> Operand:
    """One of the pairs or stacked operands."""
    if operand.kind == "constant":
        return Operand("constant", numbers=operand.numbers[i])
    return Operand(operand.kind, operand.lanes[i])


def _first_column(operand: Operand) -> Operand:
    if operand.kind == "constant":
        return Operand("constant", numbers=operand.numbers[:, 0])
    return Operand(operand.kind, operand.lanes[:, 0])


def replace_batched(step: Step) -> Step:
    """The step as its operands see it: means are shared, what they are of is not."""
    return Step(step.form, True, step.start, step.shape, step.operands)


def _sample_arrays(vectors: VectorProgram, widths: Sequence[int], arrays: Arrays) -> list[tuple[str, int, int]]:
    """(name, first lane, end) of each array of samples; its transpose goes by that name."""
    ends = list(accumulate(widths))
    found = []
    for start, stop in zip([0, *ends], ends, strict=False):
        name = re.sub(r"(?<=[^\W\d])_\d+$", "", vectors.program.names[vectors.program.batched[start]])
        found.append((arrays.fresh(name), start, stop))
    return found
