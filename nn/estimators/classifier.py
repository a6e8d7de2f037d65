"""`nn.MLPClassifier`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from autograd._numpy import NDArray, np
from nn.estimators.base import BaseMLP, Target, has_partial_fit
from nn.estimators.class_weights import ClassWeight, weighted
from nn.estimators.programs import OutActivation
from nn.estimators.samples import Samples, dense

MULTILABEL = "multilabel-indicator"


class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]
    """A multi-layer perceptron for classes: scikit-learn's estimator of this name, trained by this engine.

    Hyperparameters have scikit-learn's names, meanings and defaults, and so have the attributes of a trained one:

    hidden_layer_sizes   the numbers of neurons of the hidden layers
    activation           "relu", "tanh", "logistic", "identity", or another name in `nn.ACTIVATIONS`
    solver               "adam", "sgd", or "lbfgs", which suits small data
    alpha                strength of the penalty ½ alpha Σ w² / Σ sample weights
    batch_size           different samples in a step; "auto" is 200, or all if there are fewer
    learning_rate        with "sgd": "constant", "invscaling" by `power_t`, or "adaptive"
    learning_rate_init   the rate at the start
    power_t              the exponent of "invscaling"
    max_iter, max_fun    the most epochs, and evaluations with "lbfgs"
    shuffle              reorder the samples in every epoch; without it they are taken as they come
    random_state         of the initial parameters, the order and the validation samples
    tol                  how much the loss has to fall, or the score to rise
    n_iter_no_change     the number of epochs without that after which training stops
    early_stopping       stop by the score of held-out samples, and keep the best parameters
    validation_fraction  the part that is held out
    warm_start           `fit` goes on from the last parameters
    momentum             with "sgd", `nesterovs_momentum` for its second form
    nesterovs_momentum   as in `nn.SGD`
    beta_1, beta_2       with "adam", as in `nn.Adam`, as is `epsilon`
    epsilon              the smallest divisor
    verbose              print the loss of each epoch
    class_weight         factors of the sample weights: a dict by class (1 for a class that it has not), a list of
                         such dicts by label if multilabel, or "balanced", so that rare classes count as much as others

    `y` holds a class for each row, or a column of zeros and ones for each label (multilabel). `model_` is an `nn.MLP`
    to draw, diagnose and save; its outputs are logits. `coefs_` and `intercepts_` are read from it.

    >>> import nn
    >>> classifier = nn.MLPClassifier(4, solver="lbfgs", random_state=0).fit([[0.0], [1.0], [2.0]], ["a", "b", "b"])
    >>> classifier.predict([[0.1], [1.9]]).tolist(), classifier.model_
    (['a', 'b'], MLP(1, [4, 1], hidden='relu', output='linear')  # 13 parameters)
    >>> p = classifier.predict_proba([[0.1]])
    >>> p.shape, bool(p[0, 0] > 0.9), bool((classifier.predict_log_proba([[0.1]]) == np.log(p)).all())
    ((1, 2), True, True)

    With `shuffle`, or "lbfgs", equal samples are merged: repeating one is giving it weight 2, to the last bit. `fit`
    raises ValueError or TypeError for a hyperparameter that is not allowed.
    """

    classes_: NDArray[Any]

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        max_fun: int = 15000,
        class_weight: ClassWeight = None,
    ) -> None:
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
        )
        self.class_weight = class_weight

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    @available_if(has_partial_fit)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one more epoch on these rows alone, as with data that comes in pieces.

        X, y, sample_weight  as for `fit`
        classes              all classes that will ever occur, needed by the first call

        AttributeError with `solver="lbfgs"`; ValueError with `early_stopping=True`, without `classes` in the first
        call, with others in a later one, and with `class_weight="balanced"`: the classes of one piece are not those of
        all.
        """
        if isinstance(self.class_weight, str):
            raise ValueError(
                f"partial_fit cannot weigh classes by class_weight={self.class_weight!r}, since it sees only a piece; "
                "give it a dict, such as sklearn.utils.class_weight.compute_class_weight finds on all of y"
            )
        first = not hasattr(self, "model_")
        if first:
            self._multilabel = type_of_target(y) == MULTILABEL
        if first and classes is None:
            raise ValueError("the first call of partial_fit needs classes=, all classes that will ever occur")
        if classes is not None:
            classes = np.unique(classes)
            if not first and not np.array_equal(classes, self.classes_):
                raise ValueError(f"classes={classes!r} are not those of the first call, {self.classes_!r}")
            self.classes_ = classes
        return self._partial_fit(X, y, sample_weight)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """The probability of each class in `classes_`, shape (n, classes), or of each label."""
        outputs = self._outputs(X)
        return np.hstack([1.0 - outputs, outputs]) if self._is_binary() else outputs

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """The logarithms of `predict_proba(X)`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable classes, shape (n,); or for each label whether its probability is above ½."""
        decided = self._decide(self._outputs(X))
        return decided if self._multilabel else self.classes_[decided]

    def _is_binary(self) -> bool:
        return self.out_activation_ == "logistic" and not self._multilabel

    def _decide(self, outputs: NDArray[np.float64]) -> NDArray[np.int64]:
        """Class indices, or 0 and 1 for each label."""
        if self.out_activation_ == "softmax":
            likeliest: NDArray[np.int64] = outputs.argmax(axis=1)
            return likeliest
        above = outputs > 0.5
        return (above if self._multilabel else above[:, 0]).astype(np.int64)

    def _encode(self, y: Target, first: bool) -> Target:
        check_classification_targets(y)
        kind = type_of_target(y)
        if first:
            self._multilabel = kind == MULTILABEL
        if self._multilabel != (kind == MULTILABEL) or "multioutput" in kind:
            raise ValueError(
                f"y is {kind}: it must hold one class for each row, or be a table of zeros and ones with a column for "
                "each label, in every call"
            )
        if kind == MULTILABEL:
            return self._encode_labels(dense(y), first)
        y = column_or_1d(y, warn=True)
        if first:
            self.classes_ = np.unique(y)
        return self._encode_classes(y)

    def _encode_labels(self, y: Target, first: bool) -> Target:
        if first:
            self.classes_ = np.arange(y.shape[1])
        if y.shape[1] != len(self.classes_):
            raise ValueError(f"y has {y.shape[1]} columns, and the network was trained on {len(self.classes_)} labels")
        return y.astype(np.float64)

    def _encode_classes(self, y: Target) -> Target:
        if len(self.classes_) < 2:
            raise ValueError(f"y has only 1 class, {self.classes_[0]!r}; a classifier needs 2 or more")
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(f"y has the class {unknown[0]!r}, which is not among the classes {self.classes_!r}")
        indices = np.searchsorted(self.classes_, y)
        return indices.astype(np.float64 if len(self.classes_) == 2 else np.int64)

    def _class_weighted(self, samples: Samples) -> Samples:
        return weighted(samples, self.class_weight, self.classes_, self._multilabel)

    def _output_layer(self, target: Target) -> tuple[int, OutActivation]:
        if self._multilabel or len(self.classes_) > 2:
            return len(self.classes_), "logistic" if self._multilabel else "softmax"
        return 1, "logistic"

    def _stratified(self) -> bool:
        return not self._multilabel

    def _validation_score(self, outputs: NDArray[np.float64], samples: Samples) -> float:
        return float(accuracy_score(samples.y, self._decide(outputs), sample_weight=samples.weight))
