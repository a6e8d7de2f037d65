"""What exports compute once because several numbers need it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import compile, gelu, logsumexp, sigmoid, silu, softplus, tanh
from tests.exporting.running import Array, U, assert_close, flat, in_c, in_javascript, needs_compiler, needs_node

WIDE = np.array([*np.linspace(-30.0, 30.0, 31), 0.0, -0.0, 1e-300, -750.0, 750.0])
ROWS: dict[str, tuple[Callable[..., Any], int]] = {  # with the calls of exp that value and derivative need together
    "tanh": (tanh, 1),
    "sigmoid": (sigmoid, 1),
    "silu": (silu, 1),
    "softplus": (softplus, 1),
    "gelu": (gelu, 3),
}


def _slopes(row: Callable[..., Any], x: Array) -> tuple[Any, Array]:
    f = compile(lambda x: sum((row(each) for each in x), 0.0))
    value, slopes = f.value_and_grad(x)
    return f, flat([value, slopes])


@needs_compiler
@pytest.mark.parametrize("count", [1, len(WIDE)])
@pytest.mark.parametrize("name", ROWS)
def test_a_function_and_its_derivative_share_their_exp(name: str, count: int, tmp_path: Path) -> None:
    row, calls = ROWS[name]
    f, wanted = _slopes(row, WIDE[:count])
    f.export(tmp_path / "f.c", (WIDE[:count],), name="f", functions=["gradient"])
    assert (tmp_path / "f.c").read_text().count(" exp(") == calls
    for y in in_c(tmp_path / "f.c", "f_gradient", [WIDE[:count]]):
        np.testing.assert_allclose(y, wanted, rtol=12 * U, atol=0.0)


@needs_node
def test_javascript_shares_too(tmp_path: Path) -> None:
    f, wanted = _slopes(sigmoid, WIDE)
    f.export(tmp_path / "f.js", (WIDE,), functions=["gradient"])
    assert (tmp_path / "f.js").read_text().count("Math.exp(") == 1
    assert_close(in_javascript(tmp_path / "f.js", "gradient", [WIDE]), wanted)


def _cross_entropy(z: Any) -> Any:
    return logsumexp(z) - z[1]


def _head(w: Any, b: Any, x: Any) -> Any:
    return _cross_entropy([sum((p * q for p, q in zip(row, x, strict=True)), c) for row, c in zip(w, b, strict=True)])


W, X = np.random.default_rng(1).normal(size=(12, 3)), np.zeros(3)
Z = np.random.default_rng(0).normal(size=12)
LOGITS = {
    "usual": Z,
    "two largest": np.where(np.arange(12) % 5 == 1, 3.0, Z),
    "large": 400.0 * Z,
    "minus infinity": np.where(np.arange(12) == 4, -np.inf, Z),
    "nan": np.where(np.arange(12) == 4, np.nan, Z),
}


@needs_compiler
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_cross_entropy_and_its_gradient_share_their_powers(dtype: Any, tmp_path: Path) -> None:
    f = compile(_head, dtype=dtype)
    f.export(tmp_path / "f.c", (W, Z, X), name="f", functions=["gradient"])
    text = (tmp_path / "f.c").read_text()
    assert text.count("= row_exp_shift(") == text.count(" exp(") == 1
    for z in LOGITS.values():
        value, slopes = f.value_and_grad(W, z, X)
        for y in in_c(tmp_path / "f.c", "f_gradient", [flat([W, z, X])], single=dtype == "float32"):
            assert_close(y, flat([value, *slopes]), 100, 2.0**-24 if dtype == "float32" else U)


@needs_compiler
def test_samples_share_as_well(tmp_path: Path) -> None:
    x = np.random.default_rng(2).normal(size=(5, 3))
    f = compile(lambda w, b, x: _head(w, [tanh(each) for each in b], x), batch=("x",))
    f.export(tmp_path / "f.c", (W, Z, x), name="f", functions=["gradient"])
    assert (tmp_path / "f.c").read_text().count(" exp(") == 2
    value, slopes = f.value_and_grad(W, Z, x)
    for y in in_c(tmp_path / "f.c", "f_gradient", [flat([W, Z]), x], 5):
        assert_close(y, flat([value, *slopes]))
