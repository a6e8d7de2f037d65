"""Compiled training: it raises the errors of eager training, and falls back to it if compilation is impossible."""

from __future__ import annotations

import random
import warnings
from typing import Any

import pytest

import nn
from autograd import Value
from tests.nn.small_models import LETTERS, NEXT, NUMBERS, Bigram, X, net, numbers

# --- errors -----------------------------------------------------------------------------------------------------------

WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    (
        {"loss": "cross_entropy", "y": [0, 1, 3]},
        ValueError,
        "class 3 does not exist: with 2 outputs the classes are 0…1",
    ),
    ({"loss": "cross_entropy", "y": [0, 1, -1]}, ValueError, "class -1"),
    (
        {"loss": "cross_entropy", "y": [0.0, 1.0, 1.0]},
        TypeError,
        "must be a class index or a list of probabilities, got",
    ),
    ({"loss": "cross_entropy", "y": [0, 1, 1.0]}, TypeError, "class index or a list of probabilities, got 1.0"),
    (
        {"loss": "cross_entropy", "y": [[0.5, 0.5], [1, 0], [0.5, 0.6]]},
        ValueError,
        "a target distribution must sum to 1",
    ),
    ({"loss": "hinge", "y": [[1, 1], [1, -1], [0, 1]]}, ValueError, r"hinge must be -1 or \+1, got 0"),
    ({"loss": "mse", "y": [[1.0, 2.0], [1.0, 2.0], [1.0]]}, ValueError, r"the model has 2 outputs, the target has 1"),
    ({"loss": "mse", "y": [1.0, 2.0, 3.0]}, ValueError, r"the model has 2 outputs, the target has 1"),
    (
        {"loss": "binary_cross_entropy_with_logits", "y": [[0, 1], [1, 1], [2, 0]]},
        ValueError,
        "target 2.0 is not a probability",
    ),
    (
        {"validation": ([[0.0, 1.0]], [5]), "loss": "cross_entropy", "y": [0, 1, 1]},
        ValueError,
        "class 5 does not exist",
    ),
    ({"x": [[1.0]] * 3, "y": [[1.0, 2.0]] * 3}, ValueError, "expected 2 inputs, got 1"),
]


@pytest.mark.parametrize("compile", [True, False])
@pytest.mark.parametrize(("options", "error", "words"), WRONG)
def test_compiled_training_raises_the_errors_of_eager_training(
    options: dict[str, Any], error: type[Exception], words: str, compile: bool
) -> None:
    model = net(2)()
    before = numbers(model)
    with warnings.catch_warnings():
        # Targets of unequal lengths are not an array: a warning comes before eager training rejects them.
        warnings.filterwarnings("ignore", "nn.fit runs eagerly: CompileError: the targets are not numbers")
        with pytest.raises(error, match=words):
            nn.fit(model, **({"x": X[:3]} | options), compile=compile)
    assert numbers(model) == before


@pytest.mark.parametrize("compile", [True, False])
def test_an_index_out_of_range_is_rejected(compile: bool) -> None:
    with pytest.raises(IndexError, match=r"no row 4: the rows of this embedding are 0…3"):
        nn.fit(Bigram(), [*LETTERS, [4]], [*NEXT, 0], loss="cross_entropy", compile=compile)


@pytest.mark.parametrize("compile", [True, False])
def test_a_prediction_that_leaves_0_to_1_is_rejected(compile: bool) -> None:
    # A linear output starts at 0.5; one step towards the target 1 overshoots it.
    model = nn.MLP(1, [1], init=nn.constant(0.5), seed=0)
    with pytest.raises(ValueError, match="is not a probability"):
        nn.fit(model, [[1.0]], [1], loss="binary_cross_entropy", optimizer="sgd", lr=1.0, epochs=3, compile=compile)


def test_compile_must_be_a_bool() -> None:
    with pytest.raises(TypeError, match="compile must be True or False, got 'llvm'"):
        nn.fit(net()(), X, NUMBERS, compile="llvm")  # type: ignore[arg-type]


# --- eager training as a fallback -------------------------------------------------------------------------------------


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
        (Branching, {}, r"CompileError: .*test_compile_fallback.py:\d+: .*differs from sample to sample.*where"),
        (Baking, {}, r"CompileError: .*test_compile_fallback.py:\d+: cannot compile a read of .data.*detach"),
        (Frozen, {}, "CompileError: .*made outside the function"),
        (Dropping, {}, r"CompileError: .*test_compile_fallback.py:\d+: cannot compile the drawing of random numbers"),
        (nn.MLP, {"loss": by_python_index, "y": [0] * 4 + [1] * 3, "n_out": 2}, "CompileError: .*pick"),
        (nn.MLP, {"loss": lambda p, y: abs(p - len(y)), "y": [[1], [], [1, 2], [], [], [], []]}, "the targets are not"),
    ],
)
def test_training_falls_back_to_eager_with_the_reason(kind: type[nn.MLP], options: dict[str, Any], reason: str) -> None:
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
    if kind is not Dropping:  # its random numbers are used up
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
