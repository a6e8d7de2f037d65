"""ONNX files: onnxruntime gives what the compiled function gives. Needs onnx and onnxruntime."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import CompileError, Value, compile, dot, logsumexp, maximum, pick, softmax, where
from autograd.exporting import onnx as onnx_file

X = np.random.default_rng(0).normal(size=(200, 4))
LINE = np.linspace(-6.0, 6.0, 401)


def _outputs(path: Path, args: Sequence[Any]) -> Any:
    pytest.importorskip("onnx", reason="onnx is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    runtime.set_default_logger_severity(3)
    session = runtime.InferenceSession(path)
    types = {"tensor(double)": np.float64, "tensor(float)": np.float32}
    named = {each.name: np.asarray(x, types[each.type]) for each, x in zip(session.get_inputs(), args, strict=True)}
    return session.run(None, named)[0]


def _compared(f: Callable[..., Any], args: Sequence[Any], folder: Path, **options: Any) -> tuple[Any, Any]:
    """What onnxruntime gives, and what the compiled function gives."""
    pytest.importorskip("onnx", reason="onnx is not installed")
    compiled = compile(f, **options)
    compiled.export(folder / "f.onnx", args)
    expected = compiled.map(*args) if compiled.batch else compiled.value(*args)
    return _outputs(folder / "f.onnx", args), np.stack(expected, -1) if isinstance(expected, list) else expected


# The bounds are a few roundings of the largest number on the way: e⁶ is 403, and tan has a pole 0.015 away.
SMOOTH = {
    "exp": 1e-12, "expm1": 1e-12, "sinh": 1e-12, "cosh": 1e-12, "sin": 1e-14, "cos": 1e-14, "tan": 1e-8, "tanh": 1e-14,
    "atan": 1e-14, "asinh": 1e-14, "erf": 1e-14, "sigmoid": 1e-14, "softplus": 1e-14, "gelu": 1e-14, "silu": 1e-14,
    "elu": 1e-14, "cbrt": 1e-14, "sinc": 1e-14, "cosm1": 1e-14, "log_sigmoid": 1e-14, "relu": 0.0, "abs": 0.0,
    "sign": 0.0, "floor": 0.0, "ceil": 0.0,
}  # fmt: skip


def test_functions_of_the_line(tmp_path: Path) -> None:
    functions = [getattr(ag, name) for name in SMOOTH]
    found, expected = _compared(lambda x: [f(x) for f in functions], (LINE,), tmp_path, batch=("x",))
    for name, difference in zip(SMOOTH, abs(found - expected).max(axis=0), strict=True):
        assert difference <= SMOOTH[name], name


def test_functions_of_an_interval(tmp_path: Path) -> None:
    names = ["asin", "acos", "atanh", "log1p", "log", "log2", "log10", "sqrt", "rsqrt", "log1mexp", "reciprocal"]
    functions = [getattr(ag, name) for name in names]
    at = np.linspace(0.01, 0.99, 99)
    found, expected = _compared(lambda x: [f(x) for f in functions], (at,), tmp_path, batch=("x",))
    assert np.allclose(found, expected, rtol=1e-14, atol=1e-15)


FORMS: dict[str, Callable[[Any], Any]] = {
    "logsumexp": lambda x: [logsumexp(x)],
    "softmax": lambda x: [*softmax(x)],
    "folds": lambda x: [maximum(*x), ag.minimum(*x), ag.prod(x), ag.hypot(*x), ag.norm(x), ag.std(x)],
    "choices": lambda x: [where(x[0] > x[1], x[2], x[3]), pick([x[0], x[1]], x[2] > x[3]), ag.clip(x[0], -0.5, 0.5)],
    "angles": lambda x: [ag.atan2(x[0], x[1]), ag.fmod(x[0], x[1]), ag.logaddexp(x[2], x[3]), ag.xlogy(x[0] ** 2, 2.0)],
    "constants": lambda x: [3.0, x[1], 4.0],
    "a constant": lambda x: 3.0,
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("batch", [(), ("x",)], ids=["one", "samples"])
def test_forms_of_steps(name: str, batch: tuple[str, ...], tmp_path: Path) -> None:
    found, expected = _compared(FORMS[name], (X if batch else X[0],), tmp_path, batch=batch)
    assert found.shape == np.shape(expected)
    assert np.allclose(found, expected, rtol=1e-13, atol=1e-14)


def test_products_of_matrices_parameters_and_single_precision(tmp_path: Path) -> None:
    w = [Value(each) for each in (2.0, -1.0, 0.5, 3.0)]

    def f(A: Any, x: Any) -> Any:
        return [dot(row, x) + dot(w, x) for row in A]

    matrix = X[:3]
    for dtype, tolerance in (("float64", 1e-13), ("float32", 1e-5)):
        found, expected = _compared(f, (matrix, X), tmp_path, batch=("x",), parameters=w, dtype=dtype)
        assert np.allclose(found, expected, rtol=tolerance, atol=tolerance)


def test_shapes_and_names_are_those_of_the_function(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")

    def scaled(matrix: Any, k: Any) -> Any:
        return [[k * each for each in row] for row in matrix]

    compile(scaled, batch=("k",)).export(tmp_path / "f.onnx", (X[:2], LINE))
    graph = onnx.load_model(tmp_path / "f.onnx").graph

    def shape(value: Any) -> list[Any]:
        return [each.dim_param or each.dim_value for each in value.type.tensor_type.shape.dim]

    assert (graph.name, [each.name for each in graph.input]) == ("scaled", ["matrix", "k"])
    assert [*map(shape, graph.input), shape(graph.output[0])] == [[2, 4], ["N"], ["N", 2, 4]]


def test_names_of_arguments_meet_no_other_names(tmp_path: Path) -> None:
    found, expected = _compared(lambda t0, c0, result: ag.sin(t0) * c0 + result * 2.0, (1.0, 2.0, 3.0), tmp_path)
    assert found == expected


def test_what_onnx_does_not_hold_is_refused_before_a_file_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    monkeypatch.setattr(onnx_file, "MOST_STEPS", 20)
    path = tmp_path / "f.onnx"

    def long(x: Any) -> Any:
        for _ in range(30):
            x = ag.sin(x) + 1.0
        return x

    refused: tuple[tuple[Callable[[], None], str], ...] = (
        (
            lambda: compile(lambda x: x * x).export(path, (1.0,), functions=["gradient"]),
            "an .onnx file holds the value",
        ),
        (lambda: compile(lambda x: x * x).export(path, (1.0,), exact=True), "an .onnx file cannot be exact"),
        (lambda: compile(lambda x: x if x > 0 else -x).export(path, (1.0,)), "an export has one branch only"),
        (lambda: compile(long).export(path, (1.0,)), "loops over time"),
    )
    for export, message in refused:
        with pytest.raises(CompileError, match=message):
            export()
    assert not path.exists()


def test_a_missing_package_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(CompileError, match=r"pip install 'scalar-autograd\[onnx\]'"):
        compile(lambda x: x * x).export(tmp_path / "f.onnx", (1.0,))
