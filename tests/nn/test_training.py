"""`fit`: one step is the mean of the samples' gradients, every way to stop, the best parameters."""

from __future__ import annotations

import gc
import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from nn.layers.mlp import MLP
from nn.train.history import Epoch
from nn.train.losses import half_squared_error, l2_penalty
from nn.train.optimizers import SGD, Adam
from nn.train.prediction import predict
from nn.train.until import Until
from nn.training import fit
from tests.support.examples import examples

X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.5, -1.0]]
Y = [0.0, 1.0, 1.0, 0.0, 0.5]


class Line:
    """ŷ = slope · x; a model that is not a Module."""

    def __init__(self, slope: float = 0.0) -> None:
        self.slope = Value(slope, label="slope")

    def __call__(self, x: Sequence[float]) -> Value:
        return self.slope * x[0]

    def parameters(self) -> list[Value]:
        return [self.slope]


def numbers(model: Any) -> list[float]:
    return [parameter.data for parameter in model.parameters()]


def sample_gradients(model: MLP) -> np.ndarray[Any, Any]:
    rows = []
    for x, y in zip(X, Y, strict=True):
        model.zero_grad()
        half_squared_error(model(x), y).backward()
        rows.append([parameter.grad for parameter in model.parameters()])
    return np.array(rows)


# --- one step ---------------------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 1000), lr=st.floats(0.001, 0.1), copies=st.integers(1, 4))
@examples(10)
def test_a_batch_step_is_the_mean_of_the_single_steps(seed: int, lr: float, copies: int) -> None:
    model = MLP(2, [3, 1], hidden="tanh", seed=seed)
    start, mean = np.array(numbers(model)), sample_gradients(model).mean(axis=0)
    # The step must lower the loss, or the start would be restored: on this smooth loss these steps do. Copies of all
    # samples do not change the mean.
    history = fit(model, X * copies, Y * copies, optimizer="sgd", lr=lr, epochs=1, batch_size=20, seed=seed)
    assert history.best_epoch == 1
    # Twenty summands in another order differ by at most 19 roundings of their sizes, all below 10.
    np.testing.assert_allclose(numbers(model), start - lr * mean, rtol=0, atol=19 * 10 * sys.float_info.epsilon)


def test_the_last_batch_is_averaged_over_its_own_size() -> None:
    # The slope stays 0, where the gradient of ½(slope·x - y)² is -x·y = -1 for every sample, for batches of any size.
    seen: list[float] = []

    class Frozen(SGD):
        def update(self, theta: Any, gradient: Any) -> Any:
            seen.append(float(gradient[0]))
            return theta

    fit(Line(), [[1.0]] * 5, [1.0] * 5, optimizer=Frozen(0.1), epochs=1, batch_size=3)
    assert seen == [-1.0, -1.0]


def test_l2_adds_the_gradient_of_the_penalty() -> None:
    plain, decayed = MLP(2, [2, 1], seed=3), MLP(2, [2, 1], seed=3)
    theta, lr, strength = np.array(numbers(plain)), 0.01, 0.05
    for model, l2 in ((plain, 0.0), (decayed, strength)):
        fit(model, X, Y, optimizer="sgd", lr=lr, epochs=1, batch_size=len(X), l2=l2, until=Until(epochs=1))
    # The penalty is a parabola, for which the central difference is the derivative for any step.
    above, below = (np.array([l2_penalty([Value(t + h)], strength).data for t in theta]) for h in (0.5, -0.5))
    np.testing.assert_allclose(np.array(numbers(plain)) - numbers(decayed), lr * (above - below), rtol=1e-9, atol=1e-15)


def test_same_seed_same_bits_and_another_seed_another_order() -> None:
    def trained(seed: int) -> list[float]:
        model = MLP(2, [4, 1], seed=0)
        fit(model, X, Y, epochs=5, batch_size=2, seed=seed)
        return numbers(model)

    assert trained(1) == trained(1)
    assert trained(1) != trained(2)


def test_arrays_and_lists_train_the_same() -> None:
    models = MLP(2, [2, 3], seed=0), MLP(2, [2, 3], seed=0)
    labels = [0, 1, 2, 0, 1]
    fit(models[0], X, labels, loss="cross_entropy", epochs=2)
    fit(models[1], np.array(X), np.array(labels), loss="cross_entropy", epochs=2)
    assert numbers(models[0]) == numbers(models[1])


# --- every way to stop ------------------------------------------------------------------------------------------------


def test_stops_when_the_loss_reaches_the_target() -> None:
    history = fit(Line(), [[1.0]], [1.0], optimizer="sgd", lr=0.5, epochs=100, until=0.01)
    # The error halves every epoch: ½ · (½ⁿ)² <= 0.01 first holds for n = 3.
    assert (history.stopped, len(history), history.losses) == ("target loss", 3, [0.125, 0.03125, 0.0078125])


def test_stops_after_all_epochs_and_until_overrides_epochs() -> None:
    assert fit(Line(), [[1.0]], [1.0], epochs=3).stopped == "epochs"
    assert len(fit(Line(), [[1.0]], [1.0], epochs=3, until=Until(epochs=5))) == 5


def test_stops_when_patience_ends_and_keeps_the_best() -> None:
    # With lr = 2 on slope² / 2 the error only changes its sign: no epoch is better than the first.
    history = fit(Line(), [[1.0]], [1.0], optimizer="sgd", lr=2.0, epochs=50, until=Until(patience=4))
    assert (history.stopped, len(history), history.best_epoch) == ("patience", 5, 1)


def test_stops_when_the_time_is_over() -> None:
    assert fit(Line(), [[1.0]], [1.0], epochs=50, until=Until(seconds=1e-9)).stopped == "time"


def test_divergence_ends_the_run_with_a_warning_and_the_best_parameters() -> None:
    model = Line(2.0)
    with pytest.warns(
        RuntimeWarning, match=r"loss became (inf|nan) in epoch \d+; the parameters of epoch 1 are kept.*lr"
    ):
        history = fit(model, [[1e60]], [0.0], optimizer="sgd", lr=1e-60, epochs=50)
    assert history.stopped == "diverged"
    assert math.isfinite(model.slope.data)
    assert not math.isfinite(history.losses[-1])


def test_divergence_in_the_first_epoch_leaves_the_model_as_it_was() -> None:
    model = Line(2.0)
    with pytest.warns(RuntimeWarning, match="the parameters are as before"):
        history = fit(model, [[1e200]], [0.0], optimizer="sgd", lr=1.0, epochs=50)
    assert (model.slope.data, history.best_epoch, len(history)) == (2.0, 0, 1)


@pytest.mark.parametrize("compile", [True, False])
@pytest.mark.parametrize("where", ["between epochs", "inside an epoch"])
def test_ctrl_c_returns_the_history_so_far_and_keeps_the_best_parameters(where: str, compile: bool) -> None:
    class Interrupted(Adam):
        def update(self, theta: Any, gradient: Any) -> Any:
            # Two steps an epoch: the sixth is inside the third epoch.
            if where == "inside an epoch" and self.steps == 5:
                raise KeyboardInterrupt
            return super().update(theta, gradient)

    def on_epoch(row: Epoch) -> None:
        if where == "between epochs" and row.epoch == 2:
            raise KeyboardInterrupt

    model, twin = Line(), Line()
    samples: Any = [[1.0], [2.0]], [1.0, 2.0]
    options: dict[str, Any] = {"batch_size": 1, "compile": compile}
    history = fit(model, *samples, optimizer=Interrupted(0.01), epochs=50, on_epoch=on_epoch, **options)
    fit(twin, *samples, optimizer=Adam(0.01), epochs=2, **options)
    assert (history.stopped, len(history)) == ("interrupted", 2)
    assert model.slope.data == twin.slope.data


def test_any_other_error_keeps_the_best_parameters_too() -> None:
    model, twin = Line(), Line()

    def on_epoch(row: Epoch) -> None:
        if row.epoch == 3:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fit(model, [[1.0]], [1.0], on_epoch=on_epoch)
    fit(twin, [[1.0]], [1.0], epochs=3)
    assert model.slope.data == twin.slope.data


# --- best parameters, validation, metric ------------------------------------------------------------------------------


@given(seed=st.integers(0, 1000), validated=st.booleans())
@examples(8)
def test_the_model_ends_with_the_parameters_of_the_best_epoch(seed: int, validated: bool) -> None:
    model = MLP(2, [4, 1], hidden="tanh", seed=seed)
    # A step this large makes the loss jump up and down, so the last epoch is often not the best.
    watched = (X[:2], Y[:2]) if validated else None
    history = fit(model, X, Y, lr=0.5, epochs=8, batch_size=2, seed=seed, validation=watched)
    x, y = watched or (X, Y)
    losses = [half_squared_error(output, target) for output, target in zip(predict(model, x), y, strict=True)]
    assert history.best is not None
    assert history.best.watched == min(row.watched for row in history)
    # A program may add up in another order: an output is off by some roundings of its five summands, and a loss by that
    # times its error. All of these are below 100: 24 steps of about 0.5 lead from a start below 2.
    assert history.best.watched == pytest.approx(sum(losses) / len(losses), abs=5 * 100 * 100 * sys.float_info.epsilon)


def test_a_validation_fraction_is_held_out() -> None:
    seen: set[float] = set()

    class Spy(Line):
        def __call__(self, x: Sequence[float]) -> Value:
            out = super().__call__(x)
            if out.parents:
                seen.add(x[0])
            return out

    x = [[float(i)] for i in range(10)]
    history = fit(Spy(), x, [0.0] * 10, epochs=3, validation=0.3, metric="r_squared", compile=False)
    assert len(seen) == 7
    assert len(history.validation_losses) == len(history.metrics) == 3


def test_garbage_collection_is_paused_during_training() -> None:
    states: list[bool] = []
    fit(Line(), [[1.0]], [1.0], epochs=1, on_epoch=lambda _row: states.append(gc.isenabled()))
    assert states == [False]
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": 0}, "epochs must be a positive integer, got 0"),
        ({"batch_size": 2.5}, "batch_size must be a positive integer, got 2.5"),
        ({"l2": -1.0}, "l2 must be finite and >= 0, got -1.0"),
        ({"validation": 1.5}, "validation must be a fraction between 0 and 1"),
        ({"validation": 0.9}, "leaves none to train on"),
        ({"loss": "mes"}, "did you mean 'mse'"),
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"metric": "acuracy"}, "did you mean 'accuracy'"),
        ({"optimizer": SGD(0.1), "lr": 0.2}, "lr"),
        ({"x": [[1.0], [2.0]]}, "x has 2 rows and y has 1 target;"),
        ({"x": [], "y": []}, "no samples"),
        ({"x": [1.0]}, "rows of numbers"),
        ({"x": [[1.0, math.nan]]}, r"x\[0\]\[1\] is nan"),
        ({"x": [["a"]]}, "rows of numbers"),
    ],
)
def test_invalid_arguments_are_named(options: dict[str, Any], words: str) -> None:
    arguments: dict[str, Any] = {"x": [[1.0]], "y": [1.0]} | options
    with pytest.raises(ValueError, match=words):
        fit(Line(), **arguments)


@pytest.mark.parametrize("limits", [{"patience": 0}, {"epochs": -1}, {"seconds": math.nan}, {"loss": math.inf}])
def test_until_rejects_invalid_limits(limits: dict[str, Any]) -> None:
    [(name, value)] = limits.items()
    with pytest.raises(ValueError, match=f"{name}.* got {value!r}"):
        Until(**limits)
