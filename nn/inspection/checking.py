"""Is the gradient of a model right? The engine's own check, with losses by name."""

from typing import Any, Literal, TypedDict, Unpack

from autograd import CheckReport
from autograd import check_gradients as check
from nn.train.losses import LossLike, get_loss
from nn.train.prediction import Model


class CheckOptions(TypedDict, total=False):
    """The options of `autograd.check_gradients` that a model can have."""

    order: Literal[1, 2]
    kinks: Literal["frozen", "onesided", "raise"]
    oracle: Literal["auto", "mpmath", "complex", "differences", "function"]
    detached: Literal["report", "allow"]
    raise_on_failure: bool


def check_gradients(
    model: Model, x: Any, y: Any, *, loss: LossLike = "half_squared_error", **options: Unpack[CheckOptions]
) -> CheckReport:
    """Hold ∂L/∂θ of one sample against an independent oracle, for every parameter θ of the model.

    `x` is one sample and `y` its target; `options` are those of `autograd.check_gradients`, which says what is checked
    and how well. Raises `autograd.CheckError` when a derivative is wrong or none could be decided, ValueError for an
    unknown loss.

    >>> from nn import MLP
    >>> check_gradients(MLP(2, [3, 1], hidden="tanh", seed=0), [0.5, -1.0], 1.0).ok
    True
    """
    __tracebackhide__ = True  # pytest then begins with the message
    return check(model, x, y, loss=get_loss(loss), **options)
