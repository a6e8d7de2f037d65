"""`nn.MLPClassifier` and `nn.MLPRegressor` train as scikit-learn's own, and work in its tools."""

from __future__ import annotations

import copy
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn import neural_network as theirs
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import nn
from nn.estimators import programs
from nn.estimators.programs import programs_of
from nn.estimators.solvers import Descent
from tests.nn.small_estimators import SUM, TARGETS, X, estimator, theta

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# --- beside scikit-learn's own ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_full_batches_train_as_in_scikit_learn(target: str, solver: str) -> None:
    """The same start, losses, gradients and steps. Adam's epsilon stands elsewhere: relative 1e-8 / |gradient|."""
    ours, peer = (estimator(target, each, solver=solver, alpha=0.1).fit(X, TARGETS[target]) for each in (nn, theirs))
    np.testing.assert_allclose(theta(ours), theta(peer), rtol=1e-4, atol=1e-7)
    assert [each.shape for each in ours.coefs_] == [each.shape for each in peer.coefs_]
    if target != "numbers":  # theirs is the mean over the outputs, and its gradient that of the sum
        np.testing.assert_allclose(ours.loss_curve_, peer.loss_curve_, rtol=1e-6)
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_iter_", "t_", "n_features_in_"):
        assert getattr(ours, name) == getattr(peer, name)
    if hasattr(peer, "classes_"):
        assert ours.classes_.tolist() == peer.classes_.tolist()
        np.testing.assert_allclose(ours.predict_proba(X), peer.predict_proba(X), rtol=1e-4)
        np.testing.assert_allclose(ours.predict_log_proba(X), peer.predict_log_proba(X), rtol=1e-3, atol=1e-6)
        np.testing.assert_array_equal(ours.predict(X), peer.predict(X))
    else:
        np.testing.assert_allclose(ours.predict(X), peer.predict(X), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"learning_rate": "invscaling", "momentum": 0.0},
        {"learning_rate": "adaptive", "momentum": 0.0, "learning_rate_init": 0.5, "n_iter_no_change": 1, "tol": 0.01},
        {"nesterovs_momentum": False},
        {"activation": "logistic"},
        {"activation": "tanh", "solver": "lbfgs", "max_iter": 3},
        {"hidden_layer_sizes": ()},
    ],
    ids=lambda options: "-".join(map(str, options)),
)
def test_hyperparameters_mean_what_they_mean_in_scikit_learn(options: dict[str, Any]) -> None:
    ours, peer = (estimator("number", each, **{"solver": "sgd", **options}).fit(X, SUM) for each in (nn, theirs))
    np.testing.assert_allclose(theta(ours), theta(peer), rtol=1e-6, atol=1e-9)
    assert ours.n_iter_ == peer.n_iter_


def test_parameters_are_those_of_scikit_learn() -> None:
    for kind in ("MLPClassifier", "MLPRegressor"):
        expected = getattr(theirs, kind)().get_params()
        if kind == "MLPClassifier":
            expected |= {"class_weight": None}  # theirs has none
        assert {**expected, **getattr(nn, kind)().get_params()} == expected
        assert expected.keys() - getattr(nn, kind)().get_params().keys() <= {"loss"}  # Poisson's, new in 1.7


# --- samples ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["multiclass", "number"])
@pytest.mark.parametrize("options", [{"batch_size": 5}, {"solver": "lbfgs"}], ids=["batches", "lbfgs"])
def test_weights_are_repetitions_in_any_order_to_the_bit(target: str, options: dict[str, Any]) -> None:
    random = np.random.default_rng(1)
    y, weight = TARGETS[target], random.integers(0, 3, len(X))
    repeated = random.permutation(np.repeat(np.arange(len(X)), weight))
    weighted = estimator(target, **options).fit(X, y, sample_weight=weight)
    plain = estimator(target, **options).fit(X[repeated], y[repeated])
    np.testing.assert_array_equal(theta(weighted), theta(plain))


def test_samples_are_taken_as_they_come_without_shuffle() -> None:
    options = {"shuffle": False, "batch_size": 5, "max_iter": 3, "solver": "sgd"}
    ours, peer = (estimator("number", each, **options).fit(X, SUM) for each in (nn, theirs))
    np.testing.assert_allclose(theta(ours), theta(peer), rtol=1e-9)


def test_large_tables_are_computed_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = estimator("number", solver="lbfgs", max_iter=2).fit(X, SUM)
    monkeypatch.setattr(programs, "SAMPLES_PER_CALL", 7)
    pieces = estimator("number", solver="lbfgs", max_iter=2).fit(X, SUM)
    np.testing.assert_allclose(theta(pieces), theta(whole), rtol=1e-9)
    np.testing.assert_allclose(pieces.predict(X), whole.predict(X), rtol=1e-9)


def test_frames_and_sparse_matrices_are_taken() -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    fitted = estimator("number").fit(frame, pd.Series(SUM))
    assert fitted.feature_names_in_.tolist() == ["a", "b", "c"]
    sparse = estimator("number").fit(csr_array(X), SUM)
    np.testing.assert_array_equal(sparse.predict(csr_array(X)), fitted.predict(frame))


# --- runs -------------------------------------------------------------------------------------------------------------


def test_the_seed_decides_the_bits() -> None:
    first, second, other = (
        theta(estimator("binary", random_state=seed, batch_size=5).fit(X, TARGETS["binary"])) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_early_stopping_keeps_the_best_parameters() -> None:
    options = {"early_stopping": True, "validation_fraction": 0.5, "max_iter": 200, "learning_rate_init": 0.05}
    fitted = estimator("binary", **options).fit(X, TARGETS["binary"])
    assert fitted.best_validation_score_ == max(fitted.validation_scores_)
    assert len(fitted.validation_scores_) == len(fitted.loss_curve_) == fitted.n_iter_ < 200


def test_pieces_train_like_the_epochs_of_one_fit() -> None:
    whole = estimator("multiclass", max_iter=3, warm_start=True).fit(X, TARGETS["multiclass"])
    pieces = estimator("multiclass")
    for _ in range(3):
        pieces.partial_fit(X, TARGETS["multiclass"], classes=[2, 1, 0])
    np.testing.assert_array_equal(theta(pieces), theta(whole))
    assert pieces.loss_curve_ == whole.loss_curve_
    few = np.flatnonzero(TARGETS["multiclass"] == 0)
    assert len(pieces.partial_fit(X[few], TARGETS["multiclass"][few]).classes_) == 3


def test_a_warm_start_goes_on() -> None:
    fitted = estimator("number", warm_start=True, max_iter=5).fit(X, SUM)
    before = fitted.loss_
    assert fitted.fit(X, SUM).loss_curve_[5] < before
    assert len(fitted.loss_curve_) == 10
    assert fitted.best_loss_ == min(fitted.loss_curve_)
    fitted.set_params(early_stopping=True, validation_fraction=0.5).fit(X, SUM)
    assert fitted.best_validation_score_ == max(fitted.validation_scores_)
    with pytest.raises(ValueError, match="set warm_start=False"):
        fitted.set_params(hidden_layer_sizes=5).fit(X, SUM)


def test_pieces_after_another_solver_start_its_optimizer() -> None:
    fitted = estimator("number", solver="lbfgs").fit(X, SUM).set_params(solver="adam", learning_rate_init=1e-3)
    before = theta(fitted)
    moved = np.abs(theta(fitted.partial_fit(X, SUM)) - before)
    np.testing.assert_array_less(moved, 1.01e-3)  # the first step of Adam moves no parameter by more than the rate


def test_an_interrupt_keeps_what_was_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    epoch, done = Descent.epoch, []

    def interrupted(self: Descent, *args: Any) -> Any:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(1)
        return epoch(self, *args)

    monkeypatch.setattr(Descent, "epoch", interrupted)
    with pytest.warns(RuntimeWarning, match="interrupted in epoch 4"):
        fitted = estimator("number").fit(X, SUM)
    assert fitted.n_iter_ == 3
    monkeypatch.undo()
    np.testing.assert_array_equal(theta(fitted), theta(estimator("number", max_iter=3).fit(X, SUM)))


def test_a_run_without_convergence_says_so_at_the_line_of_the_user() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator("number", max_iter=1).fit(X, SUM)
        estimator("number", max_iter=1, solver="lbfgs").fit(X, SUM)
    assert [(each.category, each.filename) for each in caught] == [(ConvergenceWarning, __file__)] * 2
    assert "max_iter=1 epochs" in str(caught[0].message)


# --- scikit-learn's tools ---------------------------------------------------------------------------------------------


def test_a_grid_search_over_pipelines_compiles_one_program() -> None:
    rows, classes = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), nn.MLPClassifier(4, learning_rate_init=0.1, max_iter=50, random_state=0))
    before = programs_of.cache_info().misses
    search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [1e-4, 1.0]}, cv=3).fit(rows, classes)
    assert search.best_score_ > 0.9
    assert cross_val_score(search.best_estimator_, rows, classes, cv=3).min() > 0.9
    assert programs_of.cache_info().misses - before <= 1


def test_pickles_and_copies_predict_the_same_bits_and_train_on() -> None:
    fitted = estimator("multiclass", activation="gelu", batch_size=5).fit(X, TARGETS["multiclass"])
    for twin in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        np.testing.assert_array_equal(twin.predict_proba(X), fitted.predict_proba(X))
        assert twin.partial_fit(X, TARGETS["multiclass"]).n_iter_ == 1
    assert not hasattr(clone(fitted), "model_")


@pytest.mark.parametrize("name", sorted(nn.ACTIVATIONS))
def test_activations_are_pickled_by_name(name: str) -> None:
    assert pickle.loads(pickle.dumps(nn.ACTIVATIONS[name])) is nn.ACTIVATIONS[name]


# --- the network ------------------------------------------------------------------------------------------------------


def test_the_network_is_ours_to_look_at_and_to_change(tmp_path: Path) -> None:
    fitted = estimator("multiclass").fit(X, TARGETS["multiclass"])
    logits = np.array(nn.predict(fitted.model_, X))
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(fitted.predict_proba(X), weights / weights.sum(axis=1, keepdims=True), rtol=1e-12)
    assert "<svg" in fitted.model_.draw().svg
    nn.save(fitted.model_, tmp_path / "model.json")
    np.testing.assert_array_equal(np.array(nn.predict(nn.load(tmp_path / "model.json"), X)), logits)
    fitted.model_.layers[-1].neurons[2].b.data += 100.0
    assert set(fitted.predict(X)) == {2}
