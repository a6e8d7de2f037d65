"""The kernels of products of the back end llvm, one by one, for vectors of any machine, beside what NumPy computes."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="the back end llvm is optional")

from autograd.compiler.llvm.blocks import ROWS, best_block
from autograd.compiler.llvm.direct_text import direct_product_text, direct_sums_text, few_rows_text
from autograd.compiler.llvm.engine import KERNELS, kernels, vector_registers
from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.loop_text import Text
from autograd.compiler.llvm.product_text import Product, product_text
from autograd.compiler.llvm.sums_text import sums_text
from autograd.compiler.llvm.transposed_text import transposed_text
from autograd.compiler.llvm.views import CONSTANT

KINDS = [Kind(2), Kind(4), Kind(8), Kind(4, True), Kind(16, True)]
DOUBLES = [kind for kind in KINDS if not kind.single]
SOURCE = np.random.default_rng(1)
FREE = np.nan  # what no kernel may read, or has written


def numbers(kind: Kind, *shape: int) -> Any:
    return SOURCE.normal(size=shape).astype(np.float32 if kind.single else np.float64)


def run(text: Text, fields: Sequence[Any], frames: Sequence[Any], count: int) -> None:
    """Call a kernel on the frames s, f and g, with tables as arrays among the fields."""
    tables = [np.asarray(each, np.int64) for each in fields]
    words = np.array([each.ctypes.data if each.ndim else each.item() for each in tables], np.int64)
    kernel = kernels([(text.text, KERNELS)])[0]
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, ctypes.c_int64)(kernel.address)
    function(*[frame.ctypes.data for frame in frames], words.ctypes.data, count)


def near(kind: Kind, terms: int, found: Any, expected: Any) -> None:
    """Sums of that many products of numbers whose size is 1, at most 5."""
    tolerance = terms * 25 * np.finfo(np.float32 if kind.single else np.float64).eps
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize(("rows", "terms", "vectors"), [(1, 3, 1), (5, 1, 2), (11, 7, 2), (8, 30, 1)])
def test_products(kind: Kind, rows: int, terms: int, vectors: int) -> None:
    """z = w x + b for two x, with w as it is and turned around."""
    count = 3 * vectors * kind.lanes
    w, x, b = numbers(kind, rows, terms), numbers(kind, 2, terms, count), numbers(kind, rows)
    text = product_text(kind, Product(*best_block(rows, vectors, ROWS, (vectors,)), "f", "s", CONSTANT))
    for steps, written in (((terms, 1), w), ((1, rows), w.T)):
        s = np.concatenate([written.ravel(), b])
        f = np.concatenate([x.ravel(), np.full(2 * rows * count, FREE, x.dtype)])
        places = [[0, 0], [0, terms * count], [x.size, x.size + rows * count], [w.size, w.size]]
        run(text, [2, rows, terms, 0, *steps, count, count, 1, *places], [s, f, f], count)
        near(kind, terms + 1, f[x.size :].reshape(2, rows, count), w @ x + b[:, None])


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 9), (6, 2), (7, 13)])
def test_sums_over_samples(kind: Kind, rows: int, columns: int) -> None:
    """Σ d aᵀ of three pairs, added to what is there, and to nothing else."""
    count = 2 * kind.lanes
    d, a = numbers(kind, 3, rows, count), numbers(kind, 3, columns, count)
    f, before = np.concatenate([d.ravel(), a.ravel()]), SOURCE.normal(size=(rows + 1, columns + 2))
    g = before.copy()
    lanes = np.arange(3 * (rows + columns)) * count
    text = sums_text(kind, *best_block(rows, columns, (1, 2, 3, 4), (1, 2, 4)))
    fields = [3, rows, columns, lanes[: 3 * rows], lanes[3 * rows :], np.arange(rows) * (columns + 2) + 1]
    run(text, fields, [f, f, g], count)
    expected = before.copy()
    expected[:rows, 1:-1] += np.einsum("jrt,jct->rc", d, a, dtype=np.float64)
    near(kind, 3 * count, g, expected)


def runs(x: Any, live: int) -> tuple[Any, Any]:
    """The state of a block whose first sample is the second one, and samples that are not part of it."""
    padded = np.full((live + 2, x.shape[1] + 3), FREE)
    padded[1:-1, :-3] = x
    return np.array([1, live, padded.ctypes.data, padded.shape[1]], np.int64).view(np.float64), padded


@pytest.mark.parametrize("kind", DOUBLES, ids=str)
@pytest.mark.parametrize(("rows", "terms", "vectors"), [(1, 17, 1), (2, 16, 1), (9, 18, 1), (21, 33, 2), (50, 16, 3)])
def test_products_with_samples_as_they_come(kind: Kind, rows: int, terms: int, vectors: int) -> None:
    """Rows of w change places with its columns first; beyond the last sample there are copies of its results."""
    samples, count = max(kind.lanes, 4), 2 * max(kind.lanes, 4)
    live, width = count - 3, vectors * kind.lanes
    step = max(width, -(-rows // kind.lanes) * kind.lanes)
    w, x, b = numbers(kind, rows, terms), numbers(kind, live, terms), numbers(kind, rows)
    s = np.concatenate([w.ravel(), b, np.full(terms * step, FREE)])
    run(transposed_text(kind), [rows, terms, terms, step, 0, w.size + rows], [s, s, s], 0)
    columns = s[w.size + rows :].reshape(terms, step)
    assert (columns[:, :rows] == w.T).all()
    expected = w @ x[np.minimum(np.arange(count), live - 1)].T + b[:, None]
    state, _kept = runs(x, live)
    for few in (False, True):
        f = np.concatenate([np.full((rows + 1) * count, FREE), state])
        end = f.size - state.size
        places = [count, 1, end, end + 2, 0 if few else w.size + rows, 0, w.size]
        if not few:
            text = direct_product_text(kind, samples, vectors, min(rows, width), True)
            run(text, [rows, terms, step, *places], [s, f, f], count)
        elif rows <= 2:
            run(few_rows_text(kind, 2, rows, True), [rows, terms, terms, *places], [s, f, f], count)
        else:
            continue
        near(kind, terms + 1, f[: rows * count].reshape(rows, count), expected)
        assert np.isnan(f[rows * count : end]).all()


@pytest.mark.parametrize("kind", DOUBLES, ids=str)
@pytest.mark.parametrize(("rows", "columns", "block"), [(1, 16, (1, 1)), (7, 29, (3, 2)), (13, 40, (6, 4))])
def test_sums_over_samples_as_they_come(kind: Kind, rows: int, columns: int, block: tuple[int, int]) -> None:
    """Only samples that there are; what follows each row of the sums stays as it is."""
    live, count = 11, 16
    d, x = numbers(kind, rows, count), numbers(kind, live, columns)
    state, _kept = runs(x, live)
    f, before = np.concatenate([d.ravel(), state]), SOURCE.normal(size=(rows, columns + 2))
    g = before.copy()
    lanes, places = np.arange(rows) * count, np.arange(rows) * (columns + 2)
    block = block[0], min(block[1], columns // kind.lanes)
    run(direct_sums_text(kind, *block), [rows, columns, d.size, d.size + 2, lanes, places], [f, f, g], count)
    expected = before.copy()
    expected[:, :columns] += d[:, :live] @ x
    near(kind, live, g, expected)


def test_a_block_fits_into_the_registers() -> None:
    """Its sums, the vectors of one side, and a number of the other."""
    for rows in (1, 5, 16, 30, 300):
        for vectors in (1, 2, 4, 98):
            block = best_block(rows, vectors, ROWS, (1, 2, 3, 4))
            assert block.rows <= rows
            assert block.vectors <= vectors
            assert block.rows * block.vectors + block.vectors + 1 <= vector_registers()
