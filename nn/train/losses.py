"""Losses of one sample: `loss(prediction, target)`, where the prediction is a Value, a number or a list of them.

The loss of a batch is their mean. Formulas that would overflow or cancel use softplus and logsumexp.

A target that is a Value, as in a function recorded by `autograd.compile`, cannot be checked or branched on: it enters
the general formula. `nn.fit` checks the targets before it compiles.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias, overload

from autograd import Value, dot, log, log1p, logsumexp, pick, relu, softplus, total, where
from autograd._numpy import NDArray, np
from autograd.io.plural import counted
from nn.lookup import look_up

Loss: TypeAlias = Callable[[Any, Any], Any]
LossLike: TypeAlias = str | Loss
Numbers: TypeAlias = float | Sequence[float] | NDArray[Any]
Values: TypeAlias = Value | Sequence[Value]


class SampleLoss(Protocol):
    """What each loss is: a Value of Values, a float of plain numbers."""

    __name__: str

    @overload
    def __call__(self, prediction: Values, target: Numbers | Values) -> Value: ...
    @overload
    def __call__(self, prediction: Numbers, target: Values) -> Value: ...
    @overload
    def __call__(self, prediction: Numbers, target: Numbers) -> float: ...


def _sample_loss(function: Any) -> SampleLoss:
    return function  # type: ignore[no-any-return]


@_sample_loss
def half_squared_error(prediction: Any, target: Any) -> Any:
    """L = ½ ‖ŷ − y‖²; the ½ makes the derivative ŷ − y.

    >>> half_squared_error([1.0, 4.0], [1.0, 2.0])
    2.0

    ValueError when prediction and target differ in length.
    """
    errors = [p - y for p, y in _pairs(prediction, target)]
    return 0.5 * dot(errors, errors)


@_sample_loss
def mse(prediction: Any, target: Any) -> Any:
    """L = mean over the n outputs of (ŷ − y)², in the squared unit of y.

    >>> mse([1.0, 4.0], [1.0, 2.0])
    2.0

    ValueError when prediction and target differ in length.
    """
    errors = [p - y for p, y in _pairs(prediction, target)]
    return dot(errors, errors) / len(errors)


@_sample_loss
def mae(prediction: Any, target: Any) -> Any:
    """L = mean over the n outputs of |ŷ − y|, in the unit of y; at the kink ŷ = y the derivative is 0.

    >>> mae([1.0, 4.0], [1.0, 2.0])
    1.0

    ValueError when prediction and target differ in length. Its minimum is the median, which outliers do not move.
    """
    return _mean([abs(p - y) for p, y in _pairs(prediction, target)])


@_sample_loss
def binary_cross_entropy_with_logits(prediction: Any, target: Any) -> Any:
    """L = y softplus(−z) + (1 − y) softplus(z), which is −y log p − (1 − y) log(1 − p) at p = sigmoid(z).

    ∂L/∂z = p − y. Stable for any z: at z = ±1000 the loss is 0 or 1000. Several outputs: the mean.

    >>> binary_cross_entropy_with_logits(0.0, 1) == math.log(2.0)
    True

    ValueError unless every target y is in [0, 1]. With a Value as y, z = ±inf gives nan (0 · inf).
    """
    return _mean([_from_logit(z, _as_probability(y)) for z, y in _pairs(prediction, target)])


def _from_logit(z: Any, y: Any) -> Any:
    if isinstance(y, Value) or 0.0 < y < 1.0:
        return y * softplus(-z) + (1.0 - y) * softplus(z)
    return softplus(-z) if y else softplus(z)


@_sample_loss
def binary_cross_entropy(prediction: Any, target: Any) -> Any:
    """L = −y log p − (1 − y) log(1 − p) for a probability p; prefer logits, which lose no digits near p = 1.

    Nothing is clamped: certain and wrong (p = 0 with y = 1, p = 1 with y = 0) costs inf, certain and right costs 0.
    Several outputs: the mean.

    >>> binary_cross_entropy(0.25, 1) == -math.log(0.25), binary_cross_entropy(0.0, 0), binary_cross_entropy(0.0, 1)
    (True, 0.0, inf)

    ValueError unless every p and y is in [0, 1]; with a Value as y, a p outside gives nan.
    """
    pairs = _pairs(prediction, target)
    for p, y in pairs:
        if not isinstance(y, Value):
            _check_probability(p, "prediction")
    return _mean([_from_probability(p, _as_probability(y)) for p, y in pairs])


def _from_probability(p: Any, y: Any) -> Any:
    # 0 − x instead of −x: a loss of 0 has no sign.
    if isinstance(y, Value):
        # A term of weight 0 is replaced, since 0 · log 0 and its derivative are nan. The loss is nan where eager mode
        # would refuse p.
        loss = 0.0 - (y * log(where(y, p, 1.0)) + (1.0 - y) * log1p(-where(1.0 - y, p, 0.0)))
        return loss + where(p < 0.0, math.nan, where(p > 1.0, math.nan, 0.0))
    if 0.0 < y < 1.0:
        return 0.0 - (y * log(p) + (1.0 - y) * log1p(-p))
    return 0.0 - (log(p) if y else log1p(-p))


@_sample_loss
def cross_entropy(prediction: Any, target: Any) -> Any:
    """L = logsumexp(z) − z_k for the logits z and the class k; for a distribution t, L = logsumexp(z) − Σ t_j z_j.

    This is −log softmax(z)_k without overflow, and ∂L/∂z = softmax(z) − t. Its absolute error is a few ulp of max |z|.

    >>> cross_entropy([0.0, 0.0], 1) == cross_entropy([0.0, 0.0], [0.5, 0.5]) == math.log(2.0)
    True

    ValueError for fewer than two logits, for a class outside 0…n−1 and for a distribution that does not sum to 1;
    TypeError for a class that is not an integer. A distribution of Values is not checked, and a class with weight 0
    and logit −inf gives nan (0 · −inf).
    """
    logits = _as_list(prediction)
    if len(logits) < 2:
        raise ValueError("cross_entropy needs two or more logits; for one output use binary_cross_entropy_with_logits")
    if _is_sequence(target):
        return logsumexp(logits) - _expected_logit(logits, _as_list(target))
    return logsumexp(logits) - pick(logits, _class_index(target, len(logits)))


def _expected_logit(logits: Sequence[Any], target: Sequence[Any]) -> Any:
    weights = [_as_probability(t) for _, t in _pairs(logits, target)]
    if any(isinstance(t, Value) for t in weights):
        return dot(weights, logits)
    if not math.isclose(math.fsum(weights), 1.0, abs_tol=1e-6):  # accepts six digits, and float32
        raise ValueError(f"a target distribution must sum to 1, got {weights!r} with the sum {math.fsum(weights)!r}")
    # A class of weight 0 is left out: its logit may be −inf, and 0 · −inf is nan.
    used = [(t, z) for t, z in zip(weights, logits, strict=True) if t]
    return dot([t for t, _ in used], [z for _, z in used])


def _class_index(target: Any, n: int) -> int | Value:
    if isinstance(target, Value):
        return target
    if isinstance(target, bool) or not isinstance(target, int | np.integer):
        raise TypeError(f"the target of cross_entropy must be a class index or a list of probabilities, got {target!r}")
    if not 0 <= target < n:
        raise ValueError(f"class {target} does not exist: with {n} outputs the classes are 0…{n - 1}")
    return int(target)


@_sample_loss
def hinge(prediction: Any, target: Any) -> Any:
    """L = max(0, 1 − y s) for a score s and a class y of −1 or +1; at the kink y s = 1 the derivative is 0.

    Several outputs: the mean.

    >>> hinge(0.25, 1), hinge(-3.0, -1)
    (0.75, 0.0)

    ValueError for any other y. Cortes & Vapnik 1995, "Support-Vector Networks".
    """
    return _mean([relu(1.0 - _side(y) * s) for s, y in _pairs(prediction, target)])


def _side(y: Any) -> float | Value:
    if isinstance(y, Value):
        return y
    if isinstance(y, bool) or y not in (-1, 1):
        raise ValueError(f"the target of hinge must be -1 or +1, got {y!r}; convert labels 0 and 1 with 2 * y - 1")
    return float(y)


def l2_penalty(parameters: Iterable[Value], strength: float) -> Value:
    """strength · Σ w² over the parameters, to be added to the mean loss of a batch; its derivative is 2 strength w.

    parameters  the Values whose squares are added
    strength    their factor

    >>> l2_penalty([Value(3.0), Value(1.0)], 0.1).data
    1.0

    ValueError unless strength is finite and >= 0.
    """
    if not 0.0 <= strength < math.inf:
        raise ValueError(f"the strength of an L2 penalty must be finite and >= 0, got {strength!r}")
    weights = list(parameters)
    return strength * dot(weights, weights)


def l2_gradient(theta: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """The derivative of `l2_penalty` by the parameters, 2 strength θ, for training on flat vectors.

    >>> l2_gradient(np.array([3.0, 1.0]), 0.5)
    array([3., 1.])
    """
    return 2.0 * (strength * theta)


LOSSES: dict[str, Loss] = {
    "half_squared_error": half_squared_error,
    "mse": mse,
    "mae": mae,
    "binary_cross_entropy_with_logits": binary_cross_entropy_with_logits,
    "binary_cross_entropy": binary_cross_entropy,
    "cross_entropy": cross_entropy,
    "hinge": hinge,
}


def get_loss(loss: LossLike) -> Loss:
    """The loss with that name; a function `(prediction, target) -> Value` is returned as it is.

    >>> get_loss("mse") is mse
    True

    ValueError for an unknown name, TypeError for anything else.
    """
    return loss if callable(loss) else look_up(LOSSES, loss, "loss", "or a function of (prediction, target)")


def _is_sequence(x: Any) -> bool:
    return isinstance(x, list | tuple) or (isinstance(x, np.ndarray) and x.ndim > 0)


def _as_list(x: Any) -> Sequence[Any]:
    if isinstance(x, np.ndarray | np.generic):
        x = x.tolist()
    return x if isinstance(x, list | tuple) else [x]


def _pairs(prediction: Any, target: Any) -> list[tuple[Any, Any]]:
    predictions, targets = _as_list(prediction), _as_list(target)
    if len(predictions) != len(targets):
        raise ValueError(
            f"the model has {counted(len(predictions), 'output')}, the target has {len(targets)}: {target!r}"
        )
    if not predictions:
        raise ValueError("an empty prediction has no loss")
    return list(zip(predictions, targets, strict=True))


def _mean(losses: list[Any]) -> Any:
    return losses[0] if len(losses) == 1 else total(losses) / len(losses)


def _as_probability(y: Any) -> Any:
    """The target y as a float in [0, 1]; a Value as it is."""
    if isinstance(y, Value):
        return y
    _check_probability(y, "target")
    return float(y)


def _check_probability(p: Any, what: str) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(
            f"{what} {float(p)!r} is not a probability: it must be in [0, 1] (scores and logits need another loss)"
        )
