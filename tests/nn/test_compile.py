"""`fit` by programs: the same training as by graphs, the same refusals, and graphs where programs cannot be had."""

from __future__ import annotations

import itertools
import random
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, tanh, total
from nn.layers.activations import ACTIVATIONS
from nn.train.history import Epoch, History
from nn.train.losses import LOSSES
from nn.train.optimizers import OPTIMIZERS

EPOCHS = 20
X = [[0.1, -0.7], [1.2, 0.4], [-0.5, 0.9], [0.8, -1.1], [-1.3, -0.2], [0.3, 1.4], [1.0, 1.0]]
NUMBERS = [0.3, -0.2, 0.5, 0.9, -0.4, 0.1, 0.6]
SHARES = [0.0, 1.0, 0.25, 1.0, 0.0, 0.5, 0.75]
ULP = 2.0**-52


def numbers(model: Any) -> list[float]:
    return [parameter.data for parameter in model.parameters()]


def train(make: Callable[[], Any], y: Any, x: Any = X, start: float = 0.0, **options: Any) -> tuple[Any, History]:
    model = make()
    for sign, parameter in zip(itertools.cycle([start, -start]), model.parameters(), strict=False):
        parameter.data += sign
    return model, nn.fit(model, x, y, **({"epochs": EPOCHS, "batch_size": 3, "optimizer": "sgd"} | options))


def assert_same_training(make: Callable[[], Any], y: Any, **options: Any) -> None:
    """Losses and final parameters of compiled and eager training agree.

    How far they may be apart is measured: programs differ from graphs by roundings, some 1e-15 a step. So a start that
    was moved by 1e-9 has to make more of a difference, and where nothing is learned the roundings of one loss are left:
    a few of each of its summands.
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


def net(n_out: int = 1, **options: Any) -> Callable[[], nn.MLP]:
    return lambda: nn.MLP(2, [3, n_out], **({"hidden": "tanh", "seed": 4} | options))


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
    # A fresh optimiser for each run, since it remembers.
    for options in ({"l2": 0.01, "validation": 0.3}, {"validation": (X[:3], NUMBERS[:3]), "metric": "r_squared"}):
        runs = [
            train(net(), NUMBERS, optimizer=nn.SGD(0.05, momentum=0.9, nesterov=True), compile=c, **options)[1]
            for c in (True, False)
        ]
        for column in ("losses", "validation_losses", "metrics"):
            # 60 smooth steps of a net this small pass a rounding on less than a thousandfold.
            np.testing.assert_allclose(*[getattr(run, column) for run in runs], rtol=1e3 * 60 * ULP)


@pytest.mark.parametrize("batch_size", [1, 2, 7, 100])
def test_batches_of_every_size_and_what_remains(batch_size: int) -> None:
    assert_same_training(net(), NUMBERS, batch_size=batch_size)


def test_many_samples_are_measured_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nn.train.engines.SAMPLES_PER_CALL", 3)
    assert_same_training(net(), NUMBERS)


class Bigram:
    """No Module: a letter's embedding, squashed, scores the next letter."""

    def __init__(self) -> None:
        self.letters = nn.Embedding(4, 3, init="xavier_normal", seed=0)
        self.scores = nn.Layer(3, 4, activation="linear", seed=1)

    def __call__(self, x: Sequence[float]) -> Any:
        return self.scores([tanh(e) for e in self.letters(x[0])])

    def parameters(self) -> list[Value]:
        # The table stands there twice, as the parameters of models with shared weights often do.
        return [*self.letters.parameters(), *self.scores.parameters(), *self.letters.parameters()]


LETTERS = [[0], [1], [2], [3], [0], [1], [2]]
NEXT = [1, 2, 3, 0, 1, 2, 0]


def test_a_model_of_ones_own_with_an_embedding_and_a_loss_of_ones_own() -> None:
    def confident(prediction: Any, target: Any) -> Any:
        return nn.cross_entropy(prediction, target) + 0.01 * total([z * z for z in prediction])

    assert_same_training(Bigram, NEXT, x=LETTERS, loss=confident, lr=0.3)


def test_certainty_costs_nothing_and_is_no_nan() -> None:
    # sigmoid(100) is 1 in double precision: log p and log (1 − p) are then 0 and −inf, of which the target takes one.
    def sure() -> nn.MLP:
        return nn.MLP(1, [1], output="sigmoid", init=nn.constant(100.0), seed=0)

    for compile in (True, False):
        model, history = train(sure, [1, 1], x=[[1.0], [2.0]], loss="binary_cross_entropy", compile=compile, epochs=2)
        assert history.losses == [0.0, 0.0]
        # ∂a/∂z = e⁻¹⁰⁰ is what is left to learn from.
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
    for told, computed in seen:
        # Seven losses below 10, each off by a few roundings of its summands.
        assert told == pytest.approx(computed, abs=10 * 64 * ULP)
    assert len(seen) == 3


def test_a_callback_may_change_the_parameters() -> None:
    def clipped(compile: bool) -> list[float]:
        model = net()()

        def on_epoch(row: Epoch) -> None:
            for parameter in model.parameters():
                parameter.data = max(-0.3, min(0.3, parameter.data))

        # The best epoch is put back at the end; with ever better ones that is what the last callback was shown.
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


# --- refusals ---------------------------------------------------------------------------------------------------------

WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    (
        {"loss": "cross_entropy", "y": [0, 1, 3]},
        ValueError,
        "class 3 does not exist: with 2 outputs the classes are 0…1",
    ),
    ({"loss": "cross_entropy", "y": [0, 1, -1]}, ValueError, "class -1"),
    ({"loss": "cross_entropy", "y": [0.0, 1.0, 1.0]}, TypeError, "class index or a list of probabilities, got"),
    ({"loss": "cross_entropy", "y": [0, 1, 1.0]}, TypeError, "class index or a list of probabilities, got 1.0"),
    ({"loss": "cross_entropy", "y": [[0.5, 0.5], [1, 0], [0.5, 0.6]]}, ValueError, "a target distribution sums to 1"),
    ({"loss": "hinge", "y": [[1, 1], [1, -1], [0, 1]]}, ValueError, r"hinge is -1 or \+1, got 0"),
    ({"loss": "mse", "y": [[1.0, 2.0], [1.0, 2.0], [1.0]]}, ValueError, r"gives 2 output\(s\), the target has 1"),
    ({"loss": "mse", "y": [1.0, 2.0, 3.0]}, ValueError, r"gives 2 output\(s\), the target has 1"),
    (
        {"loss": "binary_cross_entropy_with_logits", "y": [[0, 1], [1, 1], [2, 0]]},
        ValueError,
        "target 2.0 is no probability",
    ),
    (
        {"validation": ([[0.0, 1.0]], [5]), "loss": "cross_entropy", "y": [0, 1, 1]},
        ValueError,
        "class 5 does not exist",
    ),
    ({"x": [[1.0]] * 3, "y": [[1.0, 2.0]] * 3}, ValueError, "2 inputs are needed, got 1"),
]


@pytest.mark.parametrize("compile", [True, False])
@pytest.mark.parametrize(("options", "error", "words"), WRONG)
def test_programs_refuse_what_graphs_refuse(
    options: dict[str, Any], error: type[Exception], words: str, compile: bool
) -> None:
    model = net(2)()
    before = numbers(model)
    with warnings.catch_warnings():
        # Targets of unequal lengths make no array, which is told before training by graphs refuses them.
        warnings.filterwarnings("ignore", "nn.fit runs eagerly: CompileError: the targets are not numbers")
        with pytest.raises(error, match=words):
            nn.fit(model, **({"x": X[:3]} | options), compile=compile)
    assert numbers(model) == before


@pytest.mark.parametrize("compile", [True, False])
def test_an_index_that_does_not_exist_is_refused(compile: bool) -> None:
    with pytest.raises(IndexError, match=r"no row 4.*rows 0…3"):
        nn.fit(Bigram(), [*LETTERS, [4]], [*NEXT, 0], loss="cross_entropy", compile=compile)


@pytest.mark.parametrize("compile", [True, False])
def test_a_prediction_that_becomes_no_probability_is_refused(compile: bool) -> None:
    # A linear output starts at 0.5; one step towards the target 1 leads beyond it.
    model = nn.MLP(1, [1], init=nn.constant(0.5), seed=0)
    with pytest.raises(ValueError, match="is no probability"):
        nn.fit(model, [[1.0]], [1], loss="binary_cross_entropy", optimizer="sgd", lr=1.0, epochs=3, compile=compile)


def test_compile_is_yes_or_no() -> None:
    with pytest.raises(TypeError, match="compile is True or False, got 'llvm'"):
        nn.fit(net()(), X, NUMBERS, compile="llvm")  # type: ignore[arg-type]


# --- eager where programs cannot be had -------------------------------------------------------------------------------


class Branching(nn.MLP):
    def __call__(self, x: Any) -> Any:
        return super().__call__(x if x[0] > 0.0 else [-x[0], x[1]])


class Baking(nn.MLP):
    def __call__(self, x: Any) -> Any:
        z = super().__call__(x)
        return z * z.data


class Frozen(nn.MLP):
    def parameters(self) -> list[Value]:
        return self.layers[-1].parameters()


class Dropping(nn.MLP):
    def __call__(self, x: Any) -> Any:
        return super().__call__([value if self.noise.random() < 0.5 else 0.0 * value for value in x])


def by_python_index(prediction: Any, target: Any) -> Any:
    return -prediction[target]


@pytest.mark.parametrize(
    ("kind", "options", "reason"),
    [
        (Branching, {}, r"CompileError: .*test_compile.py:\d+: .*differs from sample to sample.*where"),
        (Baking, {}, r"CompileError: .*test_compile.py:\d+: cannot compile a read of .data.*detach"),
        (Frozen, {}, "CompileError: .*made outside the function"),
        (Dropping, {}, r"CompileError: .*test_compile.py:\d+: cannot compile the drawing of random numbers"),
        (nn.MLP, {"loss": by_python_index, "y": [0] * 4 + [1] * 3, "n_out": 2}, "CompileError: .*pick"),
        (nn.MLP, {"loss": lambda p, y: abs(p - len(y)), "y": [[1], [], [1, 2], [], [], [], []]}, "the targets are not"),
    ],
)
def test_training_is_eager_and_the_reason_is_told(kind: type[nn.MLP], options: dict[str, Any], reason: str) -> None:
    options = {"y": NUMBERS, "n_out": 1, "epochs": 3} | options
    n_out, y = options.pop("n_out"), options.pop("y")

    def make() -> nn.MLP:
        model = kind(2, [2, n_out], hidden="tanh", seed=0)
        model.noise = random.Random(0)  # type: ignore[attr-defined]
        return model

    model = make()
    with pytest.warns(RuntimeWarning, match=rf"^nn.fit runs eagerly: .*{reason}.*compile=False") as caught:
        history = nn.fit(model, X, y, **options)
    assert [warning.filename for warning in caught] == [__file__]
    assert history.engine.startswith("eager (")
    if kind is not Dropping:  # whose random numbers were used up
        reference = make()
        assert nn.fit(reference, X, y, compile=False, **options).losses == history.losses
        assert numbers(model) == numbers(reference)


def test_ctrl_c_while_compiling_leaves_the_model_as_it_was() -> None:
    class Slow(nn.MLP):
        def __call__(self, x: Any) -> Any:
            if isinstance(x[0], Value):
                raise KeyboardInterrupt
            return super().__call__(x)

    model = Slow(2, [1], seed=0)
    before = numbers(model)
    history = nn.fit(model, X, NUMBERS)
    assert (history.stopped, len(history)) == ("interrupted", 0)
    assert numbers(model) == before
