"""The comparison of gradients with central differences: right ones agree, and wrong ones do not."""

from __future__ import annotations

from typing import Any

import pytest

from autograd import Value
from nn.inspection.gradient_check import compare_with_differences
from nn.layers.mlp import MLP
from nn.train.losses import half_squared_error


@pytest.mark.parametrize("hidden", ["tanh", "relu", "gelu"])
def test_right_gradients_pass_the_check(hidden: str) -> None:
    model = MLP(3, [5, 4, 1], hidden=hidden, seed=2)
    before = [parameter.data for parameter in model.parameters()]
    rows = compare_with_differences(model, [0.3, -1.0, 2.0], 0.7, half_squared_error, count=7)
    assert len(rows) == 7
    assert all(row.agrees for row in rows)
    assert [parameter.data for parameter in model.parameters()] == before


def test_a_gradient_wrong_by_a_thousandth_is_found() -> None:
    def wrong(prediction: Any, target: Any) -> Value:
        loss = half_squared_error(prediction, target)
        return Value(loss.data, (loss,), (1.001,)) if isinstance(loss, Value) and loss.parents else loss

    rows = compare_with_differences(MLP(3, [5, 1], hidden="tanh", seed=2), [0.3, -1.0, 2.0], 0.7, wrong)
    assert not any(row.agrees for row in rows)
