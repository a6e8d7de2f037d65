"""Networks as ONNX files, with what `python -m nn train` stored about the columns of the table."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import autograd
from autograd import CompileError
from autograd.io.files import write_bytes
from nn.interop.weights import check_model
from nn.layers.mlp import MLP
from nn.tabular.answers import answers, read
from nn.tabular.columns import Column
from nn.tabular.preprocessing import Recipe


def to_onnx(
    source: MLP | str | PathLike[str],
    path: str | PathLike[str],
    *,
    dtype: Literal["float64", "float32"] = "float64",
) -> None:
    """Write a network as an ONNX file, for onnxruntime and others.

    source   an `MLP`, or a model file; the preprocessing of `python -m nn train` or of a frame is in the ONNX file
    path     where; a file that is there is replaced atomically
    dtype    of the computation

    The input `x` (N, features) holds the numbers of the columns, dates as days since 1970. With columns of texts there
    are two inputs, `numbers` (N, …) and `categories` (N, …), each with its columns in their order; a text that is not
    one of the known categories makes the row nan. The output `result` is the prediction of a regression, (N,), or of a
    classification the probability of each class, (N, classes), and for losses without probabilities the scores. The
    metadata `columns`, `class_names` and `target` are JSON.

    >>> from importlib.util import find_spec
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     if find_spec("onnx"): to_onnx(MLP(2, [3, 1], seed=0), Path(folder, "net.onnx"))

    CompileError where onnx is not installed. TypeError for another model, StorageError and OSError as for `nn.load`.
    """
    try:
        import onnx
    except ImportError as error:
        raise CompileError("an .onnx file needs onnx: pip install 'scalar-autograd[onnx]'") from error
    model, recipe = read(source if isinstance(source, str | PathLike) else check_model(source))
    fast = autograd.compile(answers(model, recipe), parameters=model.parameters(), batch=("x",), dtype=dtype)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "network.onnx")
        fast.export(file, ([[0.5] * model.n_in],), name="network")
        found = onnx.load_model(file)
    if recipe is not None:
        _describe(found, recipe)
        if any(column.categories for column in recipe.columns):
            _encode(onnx, found, recipe.columns)
    onnx.checker.check_model(found, full_check=True)
    write_bytes(path, found.SerializeToString())


def _describe(found: Any, recipe: Recipe) -> None:
    columns = [{"name": each.name, "kind": each.kind, "categories": list(each.categories)} for each in recipe.columns]
    for key, words in (("columns", columns), ("class_names", list(recipe.class_names)), ("target", recipe.target)):
        entry = found.metadata_props.add()
        entry.key, entry.value = key, json.dumps(words, ensure_ascii=False)


def _encode(onnx: Any, found: Any, columns: tuple[Column, ...]) -> None:
    """Nodes in front of the others that make the features of numbers and texts, in the order of the columns."""
    graph, [x] = found.graph, found.graph.input
    number = x.type.tensor_type.elem_type
    numbers = sum(not each.categories for each in columns)
    graph.input.remove(x)
    describe = onnx.helper.make_tensor_value_info
    if numbers:
        graph.input.append(describe("numbers", number, ["N", numbers]))
    graph.input.append(describe("categories", onnx.TensorProto.STRING, ["N", len(columns) - numbers]))
    nodes = list(_features(onnx, columns, number, graph.initializer))
    others = [*graph.node]
    del graph.node[:]
    graph.node.extend([*nodes, *others])


def _features(onnx: Any, columns: tuple[Column, ...], number: int, constants: Any) -> Iterator[Any]:
    """The features of each column, and the node that puts them side by side as `x`."""
    node, tensor, whole = onnx.helper.make_node, onnx.helper.make_tensor, onnx.TensorProto.INT64

    def constant(name: str, kind: int, values: list[Any], shape: list[int]) -> str:
        constants.append(tensor(name, kind, shape, [v.encode() if isinstance(v, str) else v for v in values]))
        return name

    axis = constant("row_axis", whole, [1], [1])
    missing = constant("missing", number, [float("nan")], [])
    zero = constant("zero", number, [0.0], [])
    places = {"numbers": 0, "categories": 0}
    for i, column in enumerate(columns):
        kind = "categories" if column.categories else "numbers"
        place = constant(f"place{i}", whole, [places[kind]], [1])
        places[kind] += 1
        cell = f"cell{i}" if column.categories else f"feature{i}"
        yield node("Gather", [kind, place], [cell], axis=1)
        if column.categories:
            count = len(column.categories)
            known = constant(f"known{i}", onnx.TensorProto.STRING, list(column.categories), [1, count])
            yield node("Equal", [cell, known], [f"same{i}"])
            yield node("Cast", [f"same{i}"], [f"ones{i}"], to=number)
            yield node("ReduceSum", [f"ones{i}", axis], [f"found{i}"], keepdims=1)
            yield node("Equal", [f"found{i}", zero], [f"unknown{i}"])
            yield node("Where", [f"unknown{i}", missing, f"ones{i}"], [f"all{i}"])
            kept = constant(f"kept{i}", whole, list(range(int(column.is_boolean), count)), [count - column.is_boolean])
            yield node("Gather", [f"all{i}", kept], [f"feature{i}"], axis=1)
    yield node("Concat", [f"feature{i}" for i in range(len(columns))], ["x"], axis=1)
