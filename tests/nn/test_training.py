"""`fit`: one step is the mean of the samples' gradients, every way to stop, the best parameters, the history."""

from __future__ import annotations

import csv
import gc
import io
import math
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nn.train.fit import Until, fit

from autograd import Value
from nn.inspection.gradient_check import check_gradient
from nn.layers.mlp import MLP
from nn.train.history import Epoch, History
from nn.train.losses import half_squared_error, l2_penalty
from nn.train.metrics import accuracy, get_metric, probability_accuracy, r_squared
from nn.train.optimizers import SGD, Adam
from nn.train.prediction import predict
from nn.train.progress import Bar, Lines, Quiet, choose_progress

X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.5, -1.0]]
Y = [0.0, 1.0, 1.0, 0.0, 0.5]


class Line:
    """No Module: just something to call with parameters; ŷ = slope · x."""

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
@settings(max_examples=10, deadline=None)
def test_a_batch_step_is_the_mean_of_the_single_steps(seed: int, lr: float, copies: int) -> None:
    model = MLP(2, [3, 1], hidden="tanh", seed=seed)
    start, mean = np.array(numbers(model)), sample_gradients(model).mean(axis=0)
    # The step must win, or the start would be put back: on this smooth loss with these steps it does.
    # Copies of all samples do not change the mean.
    history = fit(model, X * copies, Y * copies, optimizer="sgd", lr=lr, epochs=1, batch_size=20, seed=seed)
    assert history.best_epoch == 1
    # Twenty summands in another order differ by at most 19 roundings of their sizes, all below 10.
    np.testing.assert_allclose(numbers(model), start - lr * mean, rtol=0, atol=19 * 10 * sys.float_info.epsilon)


def test_batches_part_the_epoch_and_the_last_one_is_averaged_over_its_own_size() -> None:
    # The slope stays 0, where the gradient of ½(slope·x - y)² is -x·y = -1 for every sample, whatever the batch's size.
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
    # The penalty is a parabola, for which the central difference is the derivative whatever the step.
    above, below = (np.array([l2_penalty([Value(t + h)], strength).data for t in theta]) for h in (0.5, -0.5))
    np.testing.assert_allclose(np.array(numbers(plain)) - numbers(decayed), lr * (above - below), rtol=1e-9, atol=1e-15)


def test_same_seed_same_bits_and_another_seed_another_order() -> None:
    def trained(seed: int) -> list[float]:
        model = MLP(2, [4, 1], seed=0)
        fit(model, X, Y, epochs=5, batch_size=2, seed=seed)
        return numbers(model)

    assert trained(1) == trained(1)
    assert trained(1) != trained(2)


def test_arrays_and_lists_teach_the_same() -> None:
    models = MLP(2, [2, 3], seed=0), MLP(2, [2, 3], seed=0)
    labels = [0, 1, 2, 0, 1]
    fit(models[0], X, labels, loss="cross_entropy", epochs=2)
    fit(models[1], np.array(X), np.array(labels), loss="cross_entropy", epochs=2)
    assert numbers(models[0]) == numbers(models[1])


# --- every way to stop ------------------------------------------------------------------------------------------------


def test_stops_when_the_loss_meets_the_target() -> None:
    history = fit(Line(), [[1.0]], [1.0], optimizer="sgd", lr=0.5, epochs=100, until=0.01)
    # The error halves every epoch: ½ · (½ⁿ)² <= 0.01 first holds for n = 3.
    assert (history.stopped, len(history), history.losses) == ("target loss", 3, [0.125, 0.03125, 0.0078125])


def test_stops_after_all_epochs_and_until_goes_before_epochs() -> None:
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
    with pytest.warns(RuntimeWarning, match="the model is as it was before"):
        history = fit(model, [[1e200]], [0.0], optimizer="sgd", lr=1.0, epochs=50)
    assert (model.slope.data, history.best_epoch, len(history)) == (2.0, 0, 1)


@pytest.mark.parametrize("compile", [True, False])
@pytest.mark.parametrize("where", ["between epochs", "inside an epoch"])
def test_ctrl_c_returns_what_there_is_with_the_best_parameters(where: str, compile: bool) -> None:
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


def test_any_other_error_leaves_the_best_parameters_too() -> None:
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
@settings(max_examples=8, deadline=None)
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


def test_a_validation_fraction_is_kept_back_and_drawn_by_the_seed() -> None:
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


def test_the_collector_rests_while_graphs_are_made() -> None:
    states: list[bool] = []
    fit(Line(), [[1.0]], [1.0], epochs=1, on_epoch=lambda _row: states.append(gc.isenabled()))
    assert states == [False]
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1, got 0"),
        ({"batch_size": 2.5}, "batch_size must be a whole number of at least 1, got 2.5"),
        ({"l2": -1.0}, "l2 must be a finite number of at least 0, got -1.0"),
        ({"validation": 1.5}, "validation must be a fraction between 0 and 1"),
        ({"validation": 0.9}, "leaves none to learn from"),
        ({"loss": "mes"}, "did you mean 'mse'"),
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"metric": "acuracy"}, "did you mean 'accuracy'"),
        ({"optimizer": SGD(0.1), "lr": 0.2}, "lr"),
        ({"x": [[1.0], [2.0]]}, "x has 2 rows and y has 1 targets"),
        ({"x": [], "y": []}, "no samples"),
        ({"x": [1.0]}, "rows of numbers"),
        ({"x": [[1.0, math.nan]]}, r"x\[0\]\[1\] is nan"),
        ({"x": [["a"]]}, "rows of numbers"),
    ],
)
def test_arguments_that_make_no_sense_are_named(options: dict[str, Any], words: str) -> None:
    arguments: dict[str, Any] = {"x": [[1.0]], "y": [1.0]} | options
    with pytest.raises(ValueError, match=words):
        fit(Line(), **arguments)


@pytest.mark.parametrize("limits", [{"patience": 0}, {"epochs": -1}, {"seconds": math.nan}, {"loss": math.inf}])
def test_until_refuses_limits_that_make_no_sense(limits: dict[str, Any]) -> None:
    [(name, value)] = limits.items()
    with pytest.raises(ValueError, match=f"{name}.* got {value!r}"):
        Until(**limits)


# --- history ----------------------------------------------------------------------------------------------------------


def test_the_history_file_holds_every_row_exactly(tmp_path: Path) -> None:
    history = fit(MLP(2, [2, 1], seed=0), X, Y, epochs=3, validation=(X, Y), metric="r_squared")
    history.save_csv(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert [float(row["loss"]) for row in rows] == history.losses
    assert [float(row["validation_loss"]) for row in rows] == history.validation_losses
    assert [float(row["r_squared"]) for row in rows] == history.metrics
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]


def test_a_history_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        History([Epoch(1, 0.5)]).save_csv(tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_history_without_a_finite_loss_has_no_best_epoch() -> None:
    history = History([Epoch(1, math.nan)])
    assert (history.best, history.best_epoch) == (None, 0)
    assert repr(history) == "History(1 epochs, stopped: running)"


# --- progress ---------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_are_few_and_free_of_control_characters() -> None:
    stream = io.StringIO()
    with Lines(95, "accuracy", stream) as display:
        for epoch in range(1, 96):
            display.epoch(Epoch(epoch, 1.0 / epoch, metric=0.5))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[0] == "epoch 1/95  loss 1  accuracy 0.5"
    assert lines[-1].startswith("epoch 95/95")
    assert stream.getvalue().replace("\n", "").isprintable()


def test_a_terminal_gets_a_bar_a_pipe_lines_and_silence_is_kept() -> None:
    def chosen(show: bool | None, stream: io.StringIO) -> type:
        return type(choose_progress(show, 10, 5, History(), stream))

    assert chosen(None, Terminal()) is Bar
    assert chosen(True, Terminal()) is Bar
    assert chosen(True, io.StringIO()) is Lines
    assert chosen(None, io.StringIO()) is chosen(False, Terminal()) is Quiet


def test_the_bar_shows_loss_and_metric() -> None:
    stream = Terminal()
    with Bar(2, 4, "accuracy", stream) as display:
        display.advance(4)
        display.epoch(Epoch(1, 0.25, metric=0.75))
    assert "loss 0.25" in stream.getvalue()
    assert "accuracy 0.75" in stream.getvalue()


def test_without_rich_a_terminal_is_told_and_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)
    stream = Terminal()
    assert type(choose_progress(True, 10, 5, History(), stream)) is Lines
    assert "pip install rich" in stream.getvalue()


# --- metrics ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.floats(-9, 9), st.booleans()), min_size=1))
def test_one_score_and_its_two_score_form_have_the_same_accuracy(samples: list[tuple[float, bool]]) -> None:
    scores, classes = [score for score, _ in samples], [int(side) for _, side in samples]
    value = accuracy(scores, classes)
    assert value == accuracy([[0.0, score] for score in scores], classes)
    assert value == accuracy(scores, [2 * side - 1 for side in classes])


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=20), st.floats(-10, 10))
def test_r_squared_of_a_shifted_prediction_is_one_minus_the_shift_over_the_spread(
    ys: list[float], shift: float
) -> None:
    spread = statistics.pvariance(ys)
    assume(spread > 1e-3)
    expected = 1.0 - shift**2 / spread
    # (y + shift) - y is off by a rounding of y (<= 100), which its square meets twice, over a spread of at least 1e-3.
    bound = 4 * 110 * sys.float_info.epsilon * (1 + abs(shift)) / spread + 1e-12 * abs(expected)
    assert r_squared([y + shift for y in ys], ys) == pytest.approx(expected, abs=bound)


def test_r_squared_of_constant_targets_is_one_or_nothing() -> None:
    assert r_squared([2.0, 2.0], [2.0, 2.0]) == 1.0
    assert r_squared([2.0, 3.0], [2.0, 2.0]) == 0.0
    assert r_squared([[1.0, 5.0], [2.0, 6.0]], [[1.0, 5.0], [2.0, 6.0]]) == 1.0


def test_a_probability_means_class_1_above_one_half() -> None:
    assert probability_accuracy([0.51, 0.5, 0.1, 0.9], [1, 0, 0, 0]) == 0.75


def test_metrics_refuse_nothing_and_unequal_lengths() -> None:
    for metric in ("accuracy", "r_squared"):
        with pytest.raises(ValueError, match="as many predictions as targets"):
            get_metric(metric)([1.0], [])
        with pytest.raises(ValueError, match="got 0 and 0"):
            get_metric(metric)([], [])


# --- gradient check ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", ["tanh", "relu", "gelu"])
def test_right_gradients_pass_the_check(hidden: str) -> None:
    model = MLP(3, [5, 4, 1], hidden=hidden, seed=2)
    before = numbers(model)
    rows = check_gradient(model, [0.3, -1.0, 2.0], 0.7, half_squared_error, count=7)
    assert len(rows) == 7
    assert all(row.agrees for row in rows)
    assert numbers(model) == before


def test_a_gradient_wrong_by_a_thousandth_is_found() -> None:
    def wrong(prediction: Any, target: Any) -> Value:
        loss = half_squared_error(prediction, target)
        return Value(loss.data, (loss,), (1.001,)) if isinstance(loss, Value) and loss.parents else loss

    rows = check_gradient(MLP(3, [5, 1], hidden="tanh", seed=2), [0.3, -1.0, 2.0], 0.7, wrong)
    assert not any(row.agrees for row in rows)
