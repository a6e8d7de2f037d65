"""ONNX: the value of a function as a graph of operators, from its vector program.

Numbers that all samples share are a vector for each step, numbers of samples a matrix with a row for each sample. A
step reads lanes of any of them: whole vectors as they are, others by `Gather`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd import rules
from autograd._numpy import NDArray, np
from autograd._version import __version__
from autograd.compiler.vector.program import VectorProgram
from autograd.compiler.vector.steps import Operand, Step
from autograd.errors import CompileError
from autograd.exporting.collect import Recorder
from autograd.exporting.onnx_nodes import Nodes
from autograd.exporting.request import Exported
from autograd.structure import NUMBER, Key, size_of

OPSET, IR_VERSION = 19, 9  # of onnx 1.14, May 2023
SAMPLES = "N"
MOST_STEPS = 2000


def source(recorder: Recorder, name: str) -> bytes:
    """The file of the function's value, for each sample if it has a batch."""
    onnx = _library()
    exported = recorder.exported("map" if recorder.compiled.batch else "value")
    graph = _Graph(onnx, recorder, exported)
    output = "result" if "result" not in recorder.names else "result_"
    graph.write(output)
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            graph.nodes.nodes,
            name,
            graph.inputs,
            [graph.described(output, graph.shape_of(exported.lowered.result), bool(recorder.compiled.batch))],
            [onnx.numpy_helper.from_array(array, each) for each, array in graph.nodes.constants.items()],
        ),
        producer_name="scalar-autograd",
        producer_version=__version__,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    contents: bytes = model.SerializeToString()
    return contents


def _library() -> Any:
    try:
        import onnx
    except ImportError as error:
        raise CompileError("an .onnx file needs onnx: pip install 'scalar-autograd[onnx]'") from error
    return onnx


class _Block(NamedTuple):
    """Lanes from `first` on that are the columns of one tensor."""

    first: int
    size: int
    name: str


class _Graph:
    """The graph while its nodes are written."""

    def __init__(self, onnx: Any, recorder: Recorder, exported: Exported) -> None:
        self.onnx, self.recorder, self.exported = onnx, recorder, exported
        single = recorder.compiled.options.dtype == "float32"
        self.nodes = Nodes(onnx.helper, single)
        self.number = onnx.TensorProto.FLOAT if single else onnx.TensorProto.DOUBLE
        self.vectors: VectorProgram = exported.forms.vectors
        if len(self.vectors.steps) > MOST_STEPS:
            raise CompileError(
                f"the function has {len(self.vectors.steps)} steps, more than {MOST_STEPS}: ONNX has loops over time "
                "written out; export one step, or a C file"
            )
        self.blocks: dict[str, list[_Block]] = {"shared": [], "batched": [], "result": []}
        self.inputs: list[Any] = []
        self._take_inputs()

    # --- inputs -------------------------------------------------------------------------------------------------------

    def _take_inputs(self) -> None:
        lanes = {"shared": 0, "batched": 0}
        for name, key in zip(self.recorder.names, self.recorder.keys, strict=True):
            own, size = name in self.recorder.compiled.batch, size_of(key)
            self.inputs.append(self.described(name, self.shape_of(key), own))
            kind = "batched" if own else "shared"
            if size:
                flat = self.nodes.node("Reshape", name, self._shape([-1, size] if own else [size]))
                self.blocks[kind].append(_Block(lanes[kind], size, flat))
            lanes[kind] += size
        if self.recorder.parameters:
            name = self.nodes.constant(self.recorder.parameters)
            self.blocks["shared"].append(_Block(lanes["shared"], len(self.recorder.parameters), name))
        for kind, lane, number in self.vectors.constants:
            name = self.nodes.constant([number])
            self.blocks[kind].append(_Block(lane, 1, self._for_samples(name) if kind == "batched" else name))

    def shape_of(self, key: Key) -> tuple[int, ...]:
        """The shape of an argument or a result; what is neither a number nor an array is a vector."""
        if key is NUMBER:
            return ()
        shape = key.list_shape if key.shape is None else key.shape
        return (size_of(key),) if shape is None else shape

    def described(self, name: str, shape: tuple[int, ...], samples: bool) -> Any:
        """The description of an input or output."""
        return self.onnx.helper.make_tensor_value_info(name, self.number, [SAMPLES] * samples + [*shape])

    def _shape(self, numbers: Sequence[int]) -> str:
        return self.nodes.constant(numbers, np.int64)

    def _for_samples(self, name: str) -> str:
        """A shared vector as a row for each sample."""
        batched = next(each.name for each in self.inputs if each.name in self.recorder.compiled.batch)
        count = self.nodes.node("Shape", batched, start=0, end=1)
        return self.nodes.node("Expand", name, self.nodes.node("Concat", count, self._shape([1]), axis=0))

    # --- steps --------------------------------------------------------------------------------------------------------

    def write(self, output: str) -> None:
        """The nodes of all steps, and that of the output."""
        for step in self.vectors.steps:
            if step.form not in FORMS:
                raise CompileError(f"a {step.form} over the samples has no ONNX operators here")
            self._keep(step, FORMS[step.form](self, step))
        samples = bool(self.recorder.compiled.batch)
        flat = self._outputs(samples)
        shape = self.shape_of(self.exported.lowered.result)
        made = self.onnx.helper.make_node(
            "Reshape", [flat, self._shape([-1] * samples + [*shape])], [output], allowzero=0
        )
        self.nodes.nodes.append(made)

    def _keep(self, step: Step, name: str) -> None:
        flat = self.nodes.node("Reshape", name, self._shape([-1, step.size] if step.batched else [step.size]))
        if step.results is None:
            self.blocks[step.kind].append(_Block(step.start, step.size, flat))
            return
        for column, place in enumerate(step.results.ravel().tolist()):
            self.blocks["result"].append(_Block(place, 1, self._gathered(flat, np.array([column]))))

    def _outputs(self, samples: bool) -> str:
        """All outputs side by side."""
        outputs = self.vectors.outputs
        if len({kind for kind, _ in outputs}) == 1 and outputs[0][0] in ("shared", "batched", "result"):
            found = self._lanes(outputs[0][0], np.array([int(lane) for _, lane in outputs], np.intp))
            return self._for_samples(found) if samples and outputs[0][0] == "shared" else found
        parts = []
        for kind, lane in outputs:
            one = self.nodes.constant([lane]) if kind == "constant" else self._lanes(kind, np.array([int(lane)]))
            parts.append(self._for_samples(one) if samples and kind != "batched" else one)
        return self.nodes.node("Concat", *parts, axis=-1) if len(parts) > 1 else parts[0]

    # --- operands -----------------------------------------------------------------------------------------------------

    def _lanes(self, kind: str, lanes: NDArray[np.intp]) -> str:
        """These lanes in a row, of each sample."""
        used = [each for each in self.blocks[kind] if ((lanes >= each.first) & (lanes < each.first + each.size)).any()]
        place, total = np.full(lanes.shape, -1, np.intp), 0
        for block in used:
            inside = (lanes >= block.first) & (lanes < block.first + block.size)
            place[inside] = lanes[inside] - block.first + total
            total += block.size
        assert (place >= 0).all()
        whole = used[0].name if len(used) == 1 else self.nodes.node("Concat", *[each.name for each in used], axis=-1)
        return whole if np.array_equal(place, np.arange(total)) else self._gathered(whole, place)

    def _gathered(self, name: str, place: NDArray[np.intp]) -> str:
        return self.nodes.node("Gather", name, self._shape(place.tolist()), axis=-1)

    def operand(self, operand: Operand, shape: Sequence[int]) -> str:
        """An operand with this shape, behind the samples if it has some; a single number is one in each place."""
        table = operand.table
        if operand.kind == "constant":
            return self.nodes.constant(table.reshape(_padded(table.shape, len(shape))))
        flat = self._lanes(operand.kind, table.ravel())
        wanted = [*_padded(table.shape, len(shape))]
        return self.nodes.node("Reshape", flat, self._shape([-1, *wanted] if operand.kind == "batched" else wanted))

    def operands(self, step: Step) -> list[str]:
        """All of a step, which has its result's shape."""
        return [self.operand(each, step.shape) for each in step.operands]


def _padded(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """A shape with ones in front, up to `rank` axes."""
    return (1,) * (rank - len(shape)) + shape


# --- forms of steps ---------------------------------------------------------------------------------------------------


def _map(graph: _Graph, step: Step) -> str:
    assert step.row is not None
    words = graph.operands(step)
    if step.row in (rules.maximum, rules.minimum):
        return graph.nodes.node("Max" if step.row is rules.maximum else "Min", *words)
    return graph.nodes.row(step.row, words)


def _folded(graph: _Graph, step: Step) -> tuple[str, str]:
    """The last operand, whose first axis is folded, and that axis, counted from behind."""
    return graph.operand(step.operands[-1], (0, *step.shape)), graph._shape([-1 - len(step.shape)])


def _reduce(graph: _Graph, step: Step) -> str:
    row, b = step.row, graph.nodes
    assert row is not None
    x, axis = _folded(graph, step)
    if row is rules.pick:
        index = graph.operand(step.operands[0], (1, *step.shape))
        count = step.operands[-1].shape[0]
        places = b.constant(np.arange(count).reshape(count, *(1,) * len(step.shape)))
        return b.node("ReduceSum", b.select(b.compare("oeq", places, index), x, 0.0), axis, keepdims=0)
    if row is rules.logsumexp:
        largest = b.node("ReduceMax", x, axis, keepdims=1)
        total = b.node("ReduceSum", b.node("Exp", b.sub(x, largest)), axis, keepdims=0)
        return b.add(b.node("Squeeze", largest, axis), b.node("Log", total))
    if row not in REDUCTIONS:
        raise CompileError(f"the primitive {row.name!r} of several operands has no ONNX operators")
    return b.node(REDUCTIONS[row], x, axis, keepdims=0)


REDUCTIONS = {
    rules.prod: "ReduceProd",
    rules.hypot: "ReduceL2",
    rules.pivot: "ReduceMax",
    rules.largest: "ReduceMax",
    rules.maximum: "ReduceMax",
    rules.minimum: "ReduceMin",
    rules.total: "ReduceSum",
}


def _product(graph: _Graph, step: Step) -> str:
    """W X + b; one column of samples is X Wᵀ, which is one product for all of them."""
    w, x, *bias = step.operands
    (rows, columns), b = step.shape, graph.nodes
    if w.kind != "batched" and x.kind == "batched" and columns == 1:
        turned = b.node("Transpose", graph.operand(w, step.shape), perm=[1, 0])
        z = b.node("MatMul", graph._lanes("batched", x.lanes.ravel()), turned)
        z = b.node("Reshape", z, graph._shape([-1, rows, 1]))
    else:
        z = b.node("MatMul", graph.operand(w, step.shape), graph.operand(x, step.shape))
    return b.add(z, graph.operand(bias[0], step.shape)) if bias else z


def _pairs(graph: _Graph, step: Step) -> str:
    w, x, *bias = step.operands
    deep = (0, *step.shape)
    terms = graph.nodes.mul(graph.operand(_deep(w, len(deep)), deep), graph.operand(x, deep))
    z = graph.nodes.node("ReduceSum", terms, graph._shape([-len(deep)]), keepdims=0)
    return graph.nodes.add(z, graph.operand(bias[0], step.shape)) if bias else z


def _deep(operand: Operand, rank: int) -> Operand:
    """With axes of length 1 behind the first one."""
    shape = operand.shape or (1,)
    return operand.with_table(operand.table.reshape(shape[0], *(1,) * (rank - len(shape)), *shape[1:]))


def _lift(graph: _Graph, step: Step) -> str:
    return graph._for_samples(graph._lanes("shared", step.operands[0].lanes.ravel()))


FORMS = {"map": _map, "reduce": _reduce, "product": _product, "pairs": _pairs, "lift": _lift}
