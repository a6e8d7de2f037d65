"""Arrays of other libraries as samples for `nn` (row F17)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from tests.support.foreign import DataFrame, Series, Tensor

X, Y = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.0]], [1.0, 0.0, 1.0, 0.5]


def fitted(x: Any, y: Any) -> list[float]:
    model = nn.MLP(2, [3, 1], seed=0)
    nn.fit(model, x, y, loss="mse", epochs=2, seed=0, progress=False)
    return [p.data for p in model.parameters()]


@pytest.mark.parametrize(("of_x", "of_y"), [(DataFrame, Series), (Tensor, Tensor), (np.ma.masked_array, np.array)])
def test_nn_fits_tables_of_any_library(of_x: Callable[[Any], Any], of_y: Callable[[Any], Any]) -> None:
    assert fitted(of_x(X), of_y(Y)) == fitted(X, Y)


@pytest.mark.parametrize("make", [Series, Tensor, np.array])
def test_a_model_takes_a_row_of_any_library(make: Callable[[Any], Any]) -> None:
    model = nn.MLP(2, [3, 1], seed=0)
    assert model(make(X[0])).data == model(X[0]).data


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.ma.masked_array(X, [[False, True]] + [[False, False]] * 3), "masked array with 1 hidden"),
        (Tensor(X, requires_grad=True), "requires grad"),
        (np.array(X) + 1j, "complex"),
        (np.array(X).astype("M8[D]"), "dates"),
    ],
)
def test_nn_refuses_what_would_be_changed_silently(x: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fitted(x, Y)
    with pytest.raises((TypeError, ValueError), match=words):
        nn.MLP(2, [1], seed=0)(x if isinstance(x, Tensor) else x[0])


def test_nn_refuses_hidden_targets() -> None:
    with pytest.raises(ValueError, match=r"y must be numbers.*masked array with 1 hidden"):
        fitted(X, np.ma.masked_array(Y, [False, True, False, False]))


def test_f17_hidden_numbers_of_rows_in_a_list_are_refused() -> None:
    rows = [np.ma.masked_array(row, [False, True]) for row in X]
    with pytest.raises(ValueError, match="masked array with 4 hidden"):
        nn.predict(nn.MLP(2, [1], seed=0), rows)
    with pytest.raises(ValueError, match="masked array with 4 hidden"):
        fitted(rows, Y)


@pytest.mark.parametrize("y", [[True, False, True, False], np.array([True, False, True, False])])
def test_f17_targets_may_be_bools(y: Any) -> None:
    assert fitted(X, y) == fitted(X, [1, 0, 1, 0])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_f17_targets_that_are_not_finite_are_named(bad: float) -> None:
    for y in ([1.0, 0.0, bad, 0.5], np.array([1.0, 0.0, bad, 0.5])):
        with pytest.raises(ValueError, match=rf"y\[2\] is {bad}; drop the row or fill it in"):
            fitted(X, y)
