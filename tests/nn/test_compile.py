"""Compiled training: the same results as eager training, and what callbacks see."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import total
from nn.layers.activations import ACTIVATIONS
from nn.train.history import Epoch, History
from nn.train.losses import LOSSES
from nn.train.optimizers import OPTIMIZERS
from tests.nn.small_models import LETTERS, NEXT, NUMBERS, Bigram, X, net, numbers

pytestmark = pytest.mark.slow

EPOCHS = 20
SHARES = [0.0, 1.0, 0.25, 1.0, 0.0, 0.5, 0.75]
ULP = 2.0**-52


def train(make: Callable[[], Any], y: Any, x: Any = X, start: float = 0.0, **options: Any) -> tuple[Any, History]:
    model = make()
    for sign, parameter in zip(itertools.cycle([start, -start]), model.parameters(), strict=False):
        parameter.data += sign
    return model, nn.fit(model, x, y, **({"epochs": EPOCHS, "batch_size": 3, "optimizer": "sgd"} | options))


def assert_same_training(make: Callable[[], Any], y: Any, **options: Any) -> None:
    """Losses and final parameters of compiled and eager training agree.

    The tolerance is measured: programs differ from graphs by roundings, some 1e-15 a step, so they must differ by less
    than a training whose start was moved by 1e-9. Where that makes no difference, the roundings of one loss remain: a
    few of each of its summands.
    """
    model, history = train(make, y, **options)
    assert history.engine.startswith("compiled"), history.engine
    reference, expected = train(make, y, compile=False, **options)
    moved, other = train(make, y, compile=False, start=1e-9, **options)
    for found, wanted, apart in (
        (history.losses, expected.losses, other.losses),
        (numbers(model), numbers(reference), numbers(moved)),
    ):
        bound = np.abs(np.subtract(apart, wanted)).max() + 64 * ULP * np.abs(wanted).max()
        np.testing.assert_allclose(found, wanted, rtol=0.0, atol=bound)


# --- the same training ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"softmax"}))
def test_every_activation(name: str) -> None:
    assert_same_training(net(hidden=name), NUMBERS)


def test_softmax() -> None:
    assert_same_training(net(3, output="softmax"), np.eye(3)[[0, 1, 2, 0, 1, 2, 0]], loss="mse", lr=0.5)


@pytest.mark.parametrize("name", sorted(nn.INITIALIZERS))
def test_every_initializer(name: str) -> None:
    assert_same_training(net(init=name, hidden="relu"), NUMBERS)


CASES: dict[str, tuple[int, str, Any]] = {
    "half_squared_error": (2, "linear", [[y, -y] for y in NUMBERS]),
    "mse": (1, "linear", [1, 0, 2, 1, 0, 2, 1]),
    "mae": (1, "linear", NUMBERS),
    "binary_cross_entropy_with_logits": (1, "linear", SHARES),
    "binary_cross_entropy": (1, "sigmoid", SHARES),
    "cross_entropy": (3, "linear", [0, 1, 2, 0, 1, 2, 0]),
    "hinge": (2, "linear", [[1, -1], [-1, -1], [1, 1], [-1, 1], [1, -1], [1, 1], [-1, -1]]),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss(loss: str) -> None:
    n_out, output, y = CASES[loss]
    assert_same_training(net(n_out, output=output), y, loss=loss)


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        ("cross_entropy", [[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]] * 2 + [[0, 1]]),
        ("binary_cross_entropy_with_logits", np.array([[True, False]] * 3 + [[False, True]] * 4)),
        ("hinge", np.array([[1, -1]] * 4 + [[-1, 1]] * 3, dtype=np.int8)),
    ],
)
def test_targets_in_other_forms(loss: str, y: Any) -> None:
    assert_same_training(net(2), y, loss=loss)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_every_optimizer(name: str) -> None:
    assert_same_training(net(), NUMBERS, optimizer=name)


def test_momentum_l2_validation_and_metric() -> None:
    # A new optimiser for each run, since it has a state.
    for options in ({"l2": 0.01, "validation": 0.3}, {"validation": (X[:3], NUMBERS[:3]), "metric": "r_squared"}):
        runs = [
            train(net(), NUMBERS, optimizer=nn.SGD(0.05, momentum=0.9, nesterov=True), compile=c, **options)[1]
            for c in (True, False)
        ]
        for column in ("losses", "validation_losses", "metrics"):
            # 60 smooth steps of a network this small amplify a rounding less than a thousand times.
            np.testing.assert_allclose(*[getattr(run, column) for run in runs], rtol=1e3 * 60 * ULP)


@pytest.mark.parametrize("batch_size", [1, 2, 7, 100])
def test_batches_of_every_size(batch_size: int) -> None:
    assert_same_training(net(), NUMBERS, batch_size=batch_size)


def test_many_samples_are_measured_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nn.train.engines.SAMPLES_PER_CALL", 3)
    assert_same_training(net(), NUMBERS)


def test_a_custom_model_with_an_embedding_and_a_custom_loss() -> None:
    def confident(prediction: Any, target: Any) -> Any:
        return nn.cross_entropy(prediction, target) + 0.01 * total([z * z for z in prediction])

    assert_same_training(Bigram, NEXT, x=LETTERS, loss=confident, lr=0.3)


def test_certain_predictions_have_loss_0_and_not_nan() -> None:
    # sigmoid(100) is 1 in double precision: log p and log (1 − p) are then 0 and −inf, of which the target uses one.
    def sure() -> nn.MLP:
        return nn.MLP(1, [1], output="sigmoid", init=nn.constant(100.0), seed=0)

    for compile in (True, False):
        model, history = train(sure, [1, 1], x=[[1.0], [2.0]], loss="binary_cross_entropy", compile=compile, epochs=2)
        assert history.losses == [0.0, 0.0]
        # The gradient is not 0: ∂a/∂z = e⁻¹⁰⁰.
        assert numbers(model) == pytest.approx([100.0, 0.0], abs=1e-40)


def test_the_same_call_gives_the_same_bits() -> None:
    first, second = (train(net(), NUMBERS, optimizer="adam")[0] for _ in range(2))
    assert numbers(first) == numbers(second)


# --- the parameters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compile", [True, False])
def test_callbacks_see_the_parameters_of_the_epoch(compile: bool) -> None:
    model, seen = net()(), []

    def on_epoch(row: Epoch) -> None:
        losses = [nn.half_squared_error(p, y) for p, y in zip(nn.predict(model, X), NUMBERS, strict=True)]
        seen.append((row.loss, sum(losses) / len(losses)))

    nn.fit(model, X, NUMBERS, epochs=3, on_epoch=on_epoch, compile=compile)
    for reported, computed in seen:
        # Seven losses below 10, each off by a few roundings of its summands.
        assert reported == pytest.approx(computed, abs=10 * 64 * ULP)
    assert len(seen) == 3


def test_a_callback_may_change_the_parameters() -> None:
    def clipped(compile: bool) -> list[float]:
        model = net()()

        def on_epoch(row: Epoch) -> None:
            for parameter in model.parameters():
                parameter.data = max(-0.3, min(0.3, parameter.data))

        # The best epoch is restored at the end; here it is the last one, so the callback has clipped it.
        nn.fit(model, X, NUMBERS, epochs=3, optimizer="sgd", lr=0.01, on_epoch=on_epoch, compile=compile)
        return numbers(model)

    # Three steps of size 0.01 from the same start.
    np.testing.assert_allclose(clipped(True), clipped(False), rtol=0.0, atol=64 * ULP)


def test_a_model_is_recorded_a_fixed_number_of_times() -> None:
    class Counted(nn.MLP):
        calls = 0

        def __call__(self, x: Any) -> Any:
            type(self).calls += 1
            return super().__call__(x)

    counts = []
    for epochs in (1, 9):
        Counted.calls = 0
        nn.fit(Counted(2, [2, 1], seed=0), X, NUMBERS, epochs=epochs, batch_size=2, validation=0.3)
        counts.append(Counted.calls)
    assert counts[0] == counts[1]
