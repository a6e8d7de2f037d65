"""What classifier and regressor share: hyperparameters, training, prediction."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Self

from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from autograd._numpy import NDArray, np
from nn.estimators import settings
from nn.estimators.parameters import draw_start, read, write
from nn.estimators.programs import Architecture, OutActivation, programs_of
from nn.estimators.samples import Samples, Vector, checked_weights, dense
from nn.estimators.solvers import Descent, Objective, lbfgs
from nn.estimators.training import Record, Score, descend, finish
from nn.layers.mlp import MLP

Target = NDArray[Any]
SPARSE = ("csr", "csc")  # the sparse matrices that are taken


def has_partial_fit(estimator: BaseMLP) -> bool:
    """Whether the solver takes samples in pieces; AttributeError if not, as `available_if` wants it."""
    if estimator.solver == "lbfgs":
        raise AttributeError('partial_fit needs solver="adam" or "sgd": L-BFGS sees all samples at once')
    return True


class BaseMLP(BaseEstimator):  # type: ignore[misc]
    """The base class of `MLPClassifier` and `MLPRegressor`."""

    model_: MLP
    out_activation_: OutActivation
    n_features_in_: int
    loss_curve_: list[float]
    validation_scores_: list[float] | None
    _descent: Descent

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
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun

    # --- what was trained ---------------------------------------------------------------------------------------------

    @property
    def coefs_(self) -> list[NDArray[np.float64]]:
        """The weights of each layer, shape (inputs, neurons), read from `model_`."""
        return [layer.W.T for layer in self.model_.layers]

    @property
    def intercepts_(self) -> list[Vector]:
        """The biases of each layer, read from `model_`."""
        return [layer.b for layer in self.model_.layers]

    @property
    def n_layers_(self) -> int:
        """The number of layers, with that of the inputs."""
        return len(self.model_.layers) + 1

    @property
    def n_outputs_(self) -> int:
        """The number of neurons in the output layer."""
        return int(self.model_.n_outs[-1])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # --- what a subclass defines --------------------------------------------------------------------------------------

    @abstractmethod
    def _encode(self, y: Target, first: bool) -> Target:
        """The targets as the loss takes them; with `first` they decide what the classes are."""

    @abstractmethod
    def _output_layer(self, target: Target) -> tuple[int, OutActivation]:
        """The number of outputs, and their activation."""

    @abstractmethod
    def _validation_score(self, outputs: NDArray[np.float64], samples: Samples) -> float:
        """The score of these outputs, for early stopping; larger is better."""

    def _stratified(self) -> bool:
        """Whether samples are held out class by class."""
        return False

    # --- training -----------------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on rows `X` and targets `y`; `sample_weight` has a number >= 0 for each row, 2 as if it came twice.

        X              shape (n, features): arrays, data frames, or sparse matrices, which are made dense
        y              shape (n,) or (n, outputs)
        sample_weight  shape (n,)

        With `warm_start=True` training goes on from the parameters of the last call. A run that ends at `max_iter`
        gives a `ConvergenceWarning`. ValueError for data or hyperparameters that are not allowed, and when the
        parameters became infinite.
        """
        return self._fit(X, y, sample_weight, first=not (self.warm_start and hasattr(self, "model_")))

    @available_if(has_partial_fit)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one more epoch on these rows alone, as with data that comes in pieces.

        X, y, sample_weight  as for `fit`

        AttributeError with `solver="lbfgs"`, ValueError with `early_stopping=True`.
        """
        return self._partial_fit(X, y, sample_weight)

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any) -> Self:
        if self.early_stopping:
            raise ValueError("partial_fit cannot hold out validation samples: set early_stopping=False")
        return self._fit(X, y, sample_weight, first=not hasattr(self, "model_"), incremental=True)

    def _fit(self, X: Any, y: Any, sample_weight: Any, first: bool, incremental: bool = False) -> Self:
        parameters = self.get_params(deep=False)
        settings.check(parameters)
        samples = self._samples(X, y, sample_weight, first, incremental)
        if not (incremental and self._has_descent()):
            self._descent = Descent(parameters, check_random_state(self.random_state))
        architecture = self._prepare(samples, self._descent.random, first)
        objective = Objective(programs_of(architecture), architecture, self.alpha)
        samples, score = self._hold_out(samples, objective, self._descent.random)
        record = Record(read(self.model_), self.loss_curve_, self.validation_scores_, bool(self.verbose))
        reason = ""
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                reason = self._train(objective, samples, record, score, incremental)
        except KeyboardInterrupt:
            warnings.warn(f"training was interrupted in epoch {record.epochs + 1}", RuntimeWarning, stacklevel=3)
        finish(record, reason, self.learning_rate_init)
        self._keep(record)
        return self

    def _has_descent(self) -> bool:
        """Whether there is the state of an optimizer that `partial_fit` can go on with."""
        return hasattr(self, "model_") and hasattr(self, "_descent") and self._descent.solver == self.solver

    def _train(
        self, objective: Objective, samples: Samples, record: Record, score: Score | None, incremental: bool
    ) -> str:
        """Train, and return why that ended without convergence, or ''."""
        if self.solver == "lbfgs":
            return lbfgs(objective, record.theta, samples, self.get_params(deep=False), record)
        if incremental:
            record(*self._descent.epoch(objective, record.theta, samples))
            return ""
        return descend(objective, samples, record, self._descent, self.max_iter, score)

    def _keep(self, record: Record) -> None:
        write(self.model_, record.theta)
        self.n_iter_, self.t_, self.loss_ = record.epochs, self._descent.seen, record.loss
        self.best_loss_ = None if self.early_stopping else min(self.loss_curve_, default=record.loss)
        self.best_validation_score_ = None if record.scores is None else record.best_score

    def _hold_out(
        self, samples: Samples, objective: Objective, random: np.random.RandomState
    ) -> tuple[Samples, Score | None]:
        """The samples to train on, and with `early_stopping` the score on the others."""
        if not self.early_stopping:
            return samples, None
        kept, held_out = train_test_split(
            np.arange(len(samples)),
            test_size=self.validation_fraction,
            stratify=samples.y if self._stratified() else None,
            random_state=random,
        )
        if len(held_out) < 2:
            raise ValueError(
                f"validation_fraction={self.validation_fraction} of {len(samples)} different samples leaves fewer than "
                "2 to validate on; raise it"
            )
        training, validation = samples.take(kept), samples.take(held_out)

        def score(theta: Vector) -> float:
            return self._validation_score(objective.programs.outputs(theta, validation.x), validation)

        return training, score

    def _samples(self, X: Any, y: Any, sample_weight: Any, first: bool, incremental: bool) -> Samples:
        """The arguments of `fit`, checked, without samples of weight 0, and in their canonical form."""
        x, y = validate_data(
            self, X, y, dtype=np.float64, accept_sparse=SPARSE, multi_output=True, reset=first, **self._y_checks()
        )
        target = self._encode(y, first and not incremental)
        weight = checked_weights(sample_weight, len(target))
        samples = Samples(dense(x), target, weight).without_zero_weights()
        return self._class_weighted(samples.merged() if self.shuffle or self.solver == "lbfgs" else samples)

    def _class_weighted(self, samples: Samples) -> Samples:
        """The samples with the weights of their classes, for a classifier."""
        return samples

    def _y_checks(self) -> dict[str, bool]:
        """Further options of scikit-learn's check."""
        return {}

    def _prepare(self, samples: Samples, random: np.random.RandomState, first: bool) -> Architecture:
        """The architecture of the network, which is made, with its initial parameters, if this is the `first` call."""
        outputs, out_activation = self._output_layer(samples.y)
        sizes = (*settings.hidden_sizes(self.hidden_layer_sizes), outputs)
        hidden = settings.HIDDEN[self.activation]
        architecture = Architecture(samples.x.shape[1], sizes, hidden, out_activation)
        if first:
            self.model_, self.out_activation_ = architecture.build(), out_activation
            write(self.model_, draw_start(architecture, random))
            self.loss_curve_, self.validation_scores_ = [], None
        elif architecture != self._architecture():
            raise ValueError(
                f"the network was trained as {self._architecture()} and cannot go on as {architecture}; "
                "set warm_start=False, or clone the estimator"
            )
        if self.early_stopping != (self.validation_scores_ is not None):
            self.validation_scores_ = [] if self.early_stopping else None
        return architecture

    def _architecture(self) -> Architecture:
        model = self.model_
        return Architecture(model.n_in, tuple(model.n_outs), model.hidden.name, self.out_activation_)

    # --- prediction ---------------------------------------------------------------------------------------------------

    def _outputs(self, X: Any) -> NDArray[np.float64]:
        """The activations of the output layer, shape (n, outputs)."""
        check_is_fitted(self)
        x = validate_data(self, X, accept_sparse=SPARSE, dtype=np.float64, reset=False)
        return programs_of(self._architecture()).outputs(read(self.model_), dense(x))
