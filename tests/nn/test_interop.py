"""Weights from and to scikit-learn and Keras, and from modules that look like PyTorch's; PyTorch itself is below."""

from __future__ import annotations

import os
import re
import warnings
from typing import Any

import numpy as np
import pytest

import autograd
import nn

X = np.random.default_rng(0).normal(size=(20, 3))


def _outputs(model: nn.MLP) -> Any:
    return np.array([[each.data for each in (y if isinstance(y, list) else [y])] for y in map(model, X.tolist())])


def _drawn(hidden: str, output: str = "linear", size: int = 2) -> nn.MLP:
    """A network with biases and slopes that are not those of the beginning."""
    model, source = nn.MLP(3, [5, 4, size], hidden=hidden, output=output, seed=1), np.random.default_rng(2)
    for parameter in model.parameters():
        parameter.data += source.normal() / 4.0
    return model


# --- scikit-learn -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_a_regressor_of_scikit_learn(activation: str) -> None:
    network = pytest.importorskip("sklearn.neural_network")
    fitted = network.MLPRegressor(
        hidden_layer_sizes=(5, 4), activation=activation, solver="lbfgs", max_iter=5, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted.fit(X, X[:, :2])
    model = nn.from_sklearn(fitted)
    assert np.allclose(_outputs(model), fitted.predict(X), rtol=1e-12, atol=1e-14)
    back = nn.to_sklearn(model)
    assert np.array_equal(back.predict(X), fitted.predict(X))


@pytest.mark.parametrize("classes", [["no", "yes"], ["a", "b", "c"]], ids=["two", "three"])
def test_a_classifier_of_scikit_learn(classes: list[str]) -> None:
    network = pytest.importorskip("sklearn.neural_network")
    fitted = network.MLPClassifier(hidden_layer_sizes=(4,), solver="lbfgs", max_iter=5, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted.fit(X, [classes[i % len(classes)] for i in range(len(X))])
    expected = fitted.predict_proba(X)
    model = nn.from_sklearn(fitted)
    assert np.allclose(_outputs(model), expected[:, 1:] if len(classes) == 2 else expected, rtol=1e-12)
    back = nn.to_sklearn(model, classes=classes)
    assert np.array_equal(back.predict_proba(X), expected)
    assert back.predict(X).tolist() == fitted.predict(X).tolist()


def test_classes_in_another_order_keep_their_outputs() -> None:
    pytest.importorskip("sklearn")
    model = _drawn("tanh", "softmax", 3)
    estimator = nn.to_sklearn(model, classes=["c", "a", "b"])
    assert estimator.classes_.tolist() == ["a", "b", "c"]
    assert np.allclose(estimator.predict_proba(X), _outputs(model)[:, [1, 2, 0]], rtol=1e-12)


def test_what_scikit_learn_does_not_have_is_refused() -> None:
    network = pytest.importorskip("sklearn.neural_network")
    for make, error, message in (
        (lambda: nn.from_sklearn(network.MLPRegressor()), ValueError, "this MLPRegressor is not fitted"),
        (lambda: nn.from_sklearn(object()), TypeError, "MLPClassifier or MLPRegressor of scikit-learn is needed"),
        (lambda: nn.to_sklearn(_drawn("gelu")), ValueError, "the activation 'gelu' has no counterpart in scikit-learn"),
        (lambda: nn.to_sklearn(_drawn("tanh", "softmax")), ValueError, "give classes= for a classifier"),
        (lambda: nn.to_sklearn(_drawn("tanh", "softmax"), classes="abc"), ValueError, "2 different classes are needed"),
        (lambda: nn.to_sklearn(_drawn("tanh"), classes="ab"), ValueError, "not 2 of 'linear'"),
        (lambda: nn.to_sklearn(_drawn("tanh", "sigmoid", 1), classes="ba"), ValueError, "scikit-learn sorts classes"),
    ):
        with pytest.raises(error, match=re.escape(message)):
            make()


# --- Keras ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", ["relu", "prelu"])
def test_arrays_of_keras_there_and_back(hidden: str) -> None:
    model = _drawn(hidden)
    arrays = nn.to_keras(model)
    h = np.array(X)
    for i in range(3):
        per_layer = 3 if hidden == "prelu" else 2
        z = h @ arrays[per_layer * i] + arrays[per_layer * i + 1]
        slope = arrays[3 * i + 2] if hidden == "prelu" and i < 2 else 0.0
        h = z if i == 2 else np.where(z > 0, z, slope * z)
    assert np.allclose(_outputs(model), h, rtol=1e-12)
    again = nn.from_keras(arrays, hidden=hidden, output="linear")
    assert np.array_equal(_outputs(again), _outputs(model))


@pytest.mark.parametrize(("place", "expected"), [("hidden", -0.2), ("output", 0.0)])
def test_the_slope_of_keras_leaky_relu_is_asked_for(place: str, expected: float) -> None:
    """Keras has another one by default, so that numbers would be wrong without a word."""
    arrays = [np.array([[-1.0]]), np.zeros(1), np.ones((1, 1)), np.zeros(1)]
    with pytest.raises(ValueError, match=rf"{place}='leaky_relu': Keras has the slope 0\.2"):
        nn.from_keras(arrays, **{place: "leaky_relu"})
    model = nn.from_keras(arrays, **{place: lambda z: autograd.leaky_relu(z, 0.2)})
    assert model([1.0]).data == expected


@pytest.fixture(scope="module")
def keras() -> Any:
    """Keras, on the back end that needs least where none is chosen."""
    os.environ.setdefault("KERAS_BACKEND", "numpy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras", reason="Keras is not installed")


def _in_keras(keras: Any, hidden: str, output: str) -> Any:
    """The layers of the net in `_drawn`."""
    model = keras.Sequential([keras.layers.Input((3,))])
    for size, name in ((5, hidden), (4, hidden), (2, output)):
        if name == "leaky_relu":
            model.add(keras.layers.Dense(size))
            model.add(keras.layers.LeakyReLU(negative_slope=0.01))
        elif name == "prelu":
            model.add(keras.layers.Dense(size))
            model.add(keras.layers.PReLU())
        else:
            model.add(keras.layers.Dense(size, activation=name))
    return model


@pytest.mark.slow  # importing Keras takes seconds
@pytest.mark.parametrize("name", sorted(nn.ACTIVATIONS))
def test_every_activation_in_keras_itself_there_and_back(keras: Any, name: str) -> None:
    """Keras computes in float32: some 30 operations on numbers up to 8."""
    close = 30 * 2.0**-24
    for hidden, output in ((name, "linear"), ("tanh", name)):
        if hidden == name and nn.ACTIVATIONS[name].vector:
            continue
        model = _drawn(hidden, output)
        layers = _in_keras(keras, hidden, output)
        layers.set_weights(nn.to_keras(model))
        assert np.allclose(_outputs(model), keras.ops.convert_to_numpy(layers(X)), rtol=close, atol=8 * close)
        known = {
            key: (lambda z: autograd.leaky_relu(z, 0.01)) if key == "leaky_relu" else key for key in (hidden, output)
        }
        again = nn.from_keras(layers.get_weights(), hidden=known[hidden], output=known[output])
        assert np.allclose(_outputs(again), _outputs(model), rtol=close, atol=8 * close)


def test_layers_without_bias() -> None:
    model = nn.from_keras([np.ones((3, 2)), np.ones((2, 1))], hidden="linear")
    assert model([1.0, 2.0, 3.0]).data == 12.0


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ([np.ones((3, 3, 1, 8)), np.ones(8)], "weights[0] has the shape (3, 3, 1, 8)"),
        ([np.ones((3, 2)), np.ones(2), np.ones(2), np.ones(2)], "weights[2] has the shape (2,)"),
        ([np.ones((3, 2)), np.ones(3)], "weights[1] has the shape (3,), where the bias of a layer, 2 numbers"),
        ([np.ones((3, 2)), np.ones(2), np.ones((3, 2))], "the bias of its layer, 2 numbers, is missing"),
        ([np.ones((3, 2)), np.ones(2), np.ones((3, 1)), np.ones(1)], "layer 1 has 2 outputs, but layer 2 takes 3"),
        ([], "weights is empty"),
    ],
)
def test_other_arrays_are_refused(arrays: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        nn.from_keras(arrays)


# --- PyTorch ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def torch() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("torch", reason="PyTorch is not installed")


HIDDEN = [name for name, each in nn.ACTIVATIONS.items() if not each.vector]


@pytest.mark.slow  # importing PyTorch takes seconds
@pytest.mark.parametrize("hidden", HIDDEN)
def test_pytorch_there_and_back(torch: Any, hidden: str) -> None:
    model = _drawn(hidden, "softmax")
    sequential = nn.to_torch(model)
    found = sequential(torch.tensor(X)).detach().numpy()
    assert np.allclose(_outputs(model), found, rtol=1e-12, atol=1e-15)
    assert np.array_equal(_outputs(nn.from_torch(sequential)), _outputs(model))


@pytest.mark.slow
def test_gradients_in_pytorch_are_ours(torch: Any) -> None:
    model = _drawn("tanh", size=1)
    sequential = nn.to_torch(model)
    sequential(torch.tensor(X[0])).backward()
    model(X[0].tolist()).backward()
    found = np.concatenate([each.grad.numpy().ravel() for each in sequential.parameters()])
    ours = [
        each
        for layer in model.layers
        for each in ([w.grad for n in layer.neurons for w in n.w] + [n.b.grad for n in layer.neurons])
    ]
    assert np.allclose(found, ours, rtol=1e-12)


@pytest.mark.slow
def test_modules_that_an_mlp_does_not_have_are_refused_by_name(torch: Any) -> None:
    of, linear = torch.nn, torch.nn.Linear(3, 3)
    nested = of.Sequential(of.Sequential(of.Linear(3, 2, bias=False), of.ReLU()), of.Identity(), of.Dropout().eval())
    assert nn.from_torch(nested).output.name == "relu"
    assert nn.from_torch(linear).n_outs == [3]
    for module, message in (
        (of.Sequential(linear, of.BatchNorm1d(3)), "module 1 is BatchNorm1d("),
        (of.Sequential(of.Sequential(linear, of.LogSoftmax(-1))), "module 0.1 is LogSoftmax("),
        (of.Sequential(linear, of.Dropout()), "call eval() first"),
        (of.Sequential(linear, of.GELU("tanh")), "approximate='tanh' is not supported"),
        (of.Sequential(linear, of.LeakyReLU(0.2)), "negative_slope=0.2 is not supported"),
        (of.Sequential(of.Tanh(), linear), "does not follow a Linear layer"),
        (of.Sequential(linear, of.Tanh(), linear, of.ReLU(), linear), "one activation in its hidden layers"),
        (of.Sequential(), "has no Linear layer"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            nn.from_torch(module)
    with pytest.raises(ValueError, match=r"'cube' has no counterpart in torch\.nn"):
        nn.to_torch(nn.MLP(2, [2, 1], hidden=nn.Activation("cube", lambda z: z**3)))
