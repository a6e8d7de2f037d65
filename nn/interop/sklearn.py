"""Weights from and to scikit-learn's `MLPClassifier` and `MLPRegressor`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd._numpy import np
from nn.interop.weights import Weights, check_model, model_of, unsupported
from nn.layers.mlp import MLP

if TYPE_CHECKING:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

OURS = {"identity": "linear", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu", "softmax": "softmax"}
THEIRS = {ours: theirs for theirs, ours in OURS.items()}


def from_sklearn(estimator: MLPClassifier | MLPRegressor) -> MLP:
    """The network of a fitted `MLPClassifier` or `MLPRegressor`.

    estimator   the estimator, after `fit`

    >>> from sklearn.neural_network import MLPRegressor
    >>> fitted = MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs").fit([[0.0], [1.0]], [0.0, 1.0])
    >>> bool(abs(from_sklearn(fitted)([0.3]).data - fitted.predict([[0.3]])[0]) < 1e-12)
    True

    Of two classes it gives the probability of the second, of more those of all, in the order of `classes_`. TypeError
    for an estimator of another kind, ValueError for one that is not fitted.
    """
    kind = type(estimator).__name__
    if not hasattr(estimator, "hidden_layer_sizes"):
        raise TypeError(f"an MLPClassifier or MLPRegressor of scikit-learn is needed, got a {kind}")
    if not hasattr(estimator, "coefs_"):
        raise ValueError(f"this {kind} is not fitted; call its fit first")
    layers = [
        Weights(np.asarray(coefs, np.float64).T, np.asarray(intercepts, np.float64))
        for coefs, intercepts in zip(estimator.coefs_, estimator.intercepts_, strict=True)
    ]
    return model_of(layers, OURS[estimator.activation], OURS[estimator.out_activation_])


def to_sklearn(model: MLP, *, classes: Sequence[Any] | None = None) -> MLPClassifier | MLPRegressor:
    """The network as a fitted estimator of scikit-learn: an `MLPRegressor`, with `classes` an `MLPClassifier`.

    model     an `MLP` whose hidden activation is linear, sigmoid, tanh or relu
    classes   what the outputs stand for: two for one sigmoid, as many as outputs for softmax

    >>> model = MLP(2, [3, 1], hidden="tanh", seed=0)
    >>> estimator = to_sklearn(model)
    >>> bool(abs(estimator.predict([[0.5, -1.0]])[0] - model([0.5, -1.0]).data) < 1e-12)
    True

    ImportError where scikit-learn is not installed; TypeError for another model; ValueError for activations that
    scikit-learn does not have, and for classes that do not fit the outputs.
    """
    check_model(model)
    try:
        from sklearn.neural_network import MLPClassifier, MLPRegressor
    except ImportError as error:
        raise ImportError("this needs scikit-learn: pip install 'scalar-autograd[sklearn]'") from error
    hidden, output = model.hidden.name, model.output.name
    if hidden not in THEIRS or hidden == "softmax":
        raise unsupported(hidden, "scikit-learn's MLPs", [each for each in THEIRS if each != "softmax"])
    sizes, activation = tuple(model.n_outs[:-1]), THEIRS[hidden]
    if classes is None:
        if output != "linear":
            raise ValueError(f"a regressor has linear outputs, not {output!r}; give classes= for a classifier")
        found = MLPRegressor(hidden_layer_sizes=sizes, activation=activation)
        order: Sequence[int] = range(model.n_outs[-1])
    else:
        found = MLPClassifier(hidden_layer_sizes=sizes, activation=activation)
        order = _class_order(found, output, model.n_outs[-1], classes)
    _fill(found, model, order)
    return found


def _class_order(found: Any, output: str, count: int, classes: Sequence[Any]) -> Sequence[int]:
    """The outputs in the order of scikit-learn, whose classes are sorted; sets them."""
    from sklearn.preprocessing import LabelBinarizer

    expected = {"sigmoid": 2 if count == 1 else 0, "softmax": count}.get(output, 0)
    if not expected:
        raise ValueError(f"a classifier has one sigmoid or a softmax as outputs, not {count} of {output!r}")
    if len(classes) != expected or len(set(classes)) != expected:
        raise ValueError(f"{expected} different classes are needed for this model, got {list(classes)!r}")
    binarizer = LabelBinarizer().fit(list(classes))
    found.classes_, found._label_binarizer = binarizer.classes_, binarizer
    places = np.argsort(np.asarray(classes)).tolist()
    if output == "sigmoid" and places != [0, 1]:
        raise ValueError(f"scikit-learn sorts classes, and one sigmoid is that of the second; got {list(classes)!r}")
    return [0] if output == "sigmoid" else places


def _fill(found: Any, model: MLP, order: Sequence[int]) -> None:
    """What `fit` would set."""
    found.coefs_ = [np.ascontiguousarray(layer.W.T) for layer in model.layers]
    found.intercepts_ = [layer.b for layer in model.layers]
    found.coefs_[-1] = np.ascontiguousarray(found.coefs_[-1][:, order])
    found.intercepts_[-1] = found.intercepts_[-1][order]
    found.n_features_in_, found.n_layers_ = model.n_in, len(model.layers) + 1
    found.n_outputs_, found.out_activation_ = model.n_outs[-1], THEIRS[model.output.name]
    found.n_iter_ = found.t_ = 0
