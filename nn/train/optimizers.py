"""Optimisers: compute the next θ from θ and the gradient g of the mean loss, all flat float64 vectors.

Steps count from 0. A learning rate is a number, or a schedule: a function from the step number to a number.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from autograd import Value
from autograd._numpy import NDArray, np
from nn.lookup import look_up

Vector = NDArray[np.float64]
Schedule: TypeAlias = Callable[[int], float]


def constant(lr: float) -> Schedule:
    """The same rate at every step.

    >>> constant(0.1)(1000)
    0.1
    """
    rate = _positive("lr", lr)
    return lambda step: rate


def step_decay(lr: float, *, every: int, factor: float = 0.5) -> Schedule:
    """lr · factor^⌊step / every⌋.

    lr      the rate at step 0
    every   how many steps have the same rate
    factor  what it is multiplied by after them

    >>> [step_decay(1.0, every=10)(step) for step in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.25]

    ValueError unless lr and `every` are positive and 0 <= factor <= 1.
    """
    _positive("lr", lr)
    _positive("every", every)
    _within("factor", factor, 0.0, 1.0)
    return lambda step: lr * factor ** (step // every)


def cosine(lr: float, *, steps: int, floor: float = 0.0) -> Schedule:
    """Half a cosine from lr at step 0 to `floor` at step `steps`, and `floor` from then on.

    lr     the rate at step 0
    steps  the step from which on it is `floor`
    floor  the lowest rate

    >>> [round(cosine(1.0, steps=10)(step), 6) for step in (0, 5, 10, 99)]
    [1.0, 0.5, 0.0, 0.0]

    ValueError unless lr and `steps` are positive and 0 <= floor <= lr. Loshchilov & Hutter 2017, "SGDR", section 3,
    without restarts.
    """
    _positive("lr", lr)
    _positive("steps", steps)
    _within("floor", floor, 0.0, lr)
    return lambda step: floor + 0.5 * (lr - floor) * (1.0 + math.cos(math.pi * min(step / steps, 1.0)))


def linear_decay(lr: float, *, steps: int, floor: float = 0.0) -> Schedule:
    """A straight line from lr at step 0 to `floor` at step `steps`, and `floor` from then on.

    lr     the rate at step 0
    steps  the step from which on it is `floor`
    floor  the lowest rate

    >>> [linear_decay(1.0, steps=4)(step) for step in (0, 1, 4, 99)]
    [1.0, 0.75, 0.0, 0.0]

    ValueError unless lr and `steps` are positive and 0 <= floor <= lr.
    """
    _positive("lr", lr)
    _positive("steps", steps)
    _within("floor", floor, 0.0, lr)
    return lambda step: floor + (lr - floor) * (1.0 - min(step / steps, 1.0))


class Optimizer(ABC):
    """The base of optimisers: the step number, the learning rate, and steps on the parameters of a model.

    lr  the learning rate, a number or a schedule, which is a function of the step number

    `steps` counts the steps done. A subclass defines one step in `move`, and initialises its state in `reset`.

    >>> class Sign(Optimizer):
    ...     def move(self, theta, gradient, rate):
    ...         return theta - rate * np.sign(gradient)
    >>> sign = Sign(lr=0.5)
    >>> sign.update(np.array([1.0]), np.array([-123.0])), sign.steps
    (array([1.5]), 1)
    >>> sign.reset(); sign.steps
    0
    """

    def __init__(self, lr: float | Schedule) -> None:
        self.lr, self.schedule = lr, lr if callable(lr) else constant(lr)
        self.reset()

    def reset(self) -> None:
        """Reset the step number and the state."""
        self.steps = 0
        self.size: int | None = None

    @abstractmethod
    def move(self, theta: Vector, gradient: Vector, rate: float) -> Vector:
        """The next θ from `theta` and `gradient`, shape (n,); `rate` is this step's learning rate."""

    def update(self, theta: Vector, gradient: Vector) -> Vector:
        """The next θ, from `theta` and `gradient` of shape (n,), as a new vector; the state advances by one step.

        >>> SGD(lr=0.5).update(np.array([1.0]), np.array([4.0]))
        array([-1.])

        ValueError when the shapes differ from each other or from those of the last step, or when the schedule gives a
        rate that is negative or not finite.
        """
        theta, gradient = np.asarray(theta, dtype=np.float64), np.asarray(gradient, dtype=np.float64)
        if theta.ndim != 1 or theta.shape != gradient.shape:
            raise ValueError(
                f"parameters have the shape {theta.shape}, the gradient {gradient.shape}; both must be (n,)"
            )
        if self.size not in (None, theta.size):
            raise ValueError(
                f"this optimizer has stepped {self.size} parameters before, now {theta.size}; call reset() first"
            )
        rate = self.schedule(self.steps)
        if not 0.0 <= rate < math.inf:
            raise ValueError(f"the schedule gave the learning rate {rate!r} at step {self.steps}")
        self.size, self.steps = theta.size, self.steps + 1
        return self.move(theta, gradient, rate)

    def step(self, parameters: Sequence[Value]) -> None:
        """One step on the parameters themselves: read every `.grad`, update every `.data`.

        >>> w = Value(1.0, label="w"); w.grad = 4.0
        >>> SGD(lr=0.5).step([w]); w.data
        -1.0
        """
        parameters = list(parameters)
        theta = np.array([parameter.data for parameter in parameters], dtype=np.float64)
        gradient = np.array([parameter.grad for parameter in parameters], dtype=np.float64)
        for parameter, data in zip(parameters, self.update(theta, gradient).tolist(), strict=True):
            parameter.data = data


class SGD(Optimizer):
    """Gradient descent: v ← momentum · v + g, θ ← θ − lr · v; with `nesterov`, θ ← θ − lr · (g + momentum · v).

    lr        the learning rate α, a number or a schedule
    momentum  the part of v that is kept; without it, θ ← θ − α ∂L/∂θ
    nesterov  the second form

    With a constant rate it equals the velocity form of Sutskever et al. 2013, "On the importance of initialization and
    momentum in deep learning", equations 1–4 (Nesterov: with θ taken after the momentum step).

    >>> sgd = SGD(lr=1.0, momentum=0.5)
    >>> sgd.update(sgd.update(np.array([0.0]), np.array([1.0])), np.array([0.0]))
    array([-1.5])

    ValueError unless lr > 0 and 0 <= momentum < 1, or for `nesterov` without momentum.
    """

    def __init__(self, lr: float | Schedule, momentum: float = 0.0, nesterov: bool = False) -> None:
        self.momentum, self.nesterov = _within("momentum", momentum, 0.0, 1.0, open_end=True), nesterov
        if nesterov and not momentum:
            raise ValueError("nesterov=True needs momentum > 0, for example momentum=0.9")
        super().__init__(lr)

    def reset(self) -> None:
        super().reset()
        self.velocity: Vector | float = 0.0

    def move(self, theta: Vector, gradient: Vector, rate: float) -> Vector:
        self.velocity = self.momentum * self.velocity + gradient
        return theta - rate * (gradient + self.momentum * self.velocity if self.nesterov else self.velocity)


class Adam(Optimizer):
    """m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², θ ← θ − lr · m̂ / (√v̂ + ε), with m̂ = m/(1−β₁ᵗ) and v̂ = v/(1−β₂ᵗ).

    lr     the learning rate, a number or a schedule
    beta1  β₁, the part of m that is kept
    beta2  β₂, the part of v that is kept
    eps    ε, so that the divisor is not 0

    >>> Adam(lr=0.1).update(np.array([0.0]), np.array([123.0])).round(6)
    array([-0.1])

    ValueError unless lr > 0, 0 <= β < 1, ε > 0. Kingma & Ba 2015, "Adam: A Method for Stochastic Optimization",
    algorithm 1.
    """

    def __init__(
        self, lr: float | Schedule = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
    ) -> None:
        self.beta1 = _within("beta1", beta1, 0.0, 1.0, open_end=True)
        self.beta2 = _within("beta2", beta2, 0.0, 1.0, open_end=True)
        self.eps = _positive("eps", eps)
        super().__init__(lr)

    def reset(self) -> None:
        super().reset()
        self.mean: Vector | float = 0.0
        self.square: Vector | float = 0.0

    def move(self, theta: Vector, gradient: Vector, rate: float) -> Vector:
        self.mean = self.beta1 * self.mean + (1.0 - self.beta1) * gradient
        self.square = self.beta2 * self.square + (1.0 - self.beta2) * gradient * gradient
        mean = self.mean / (1.0 - self.beta1**self.steps)
        square = self.square / (1.0 - self.beta2**self.steps)
        return theta - rate * mean / (np.sqrt(square) + self.eps)


class AdamW(Adam):
    """Adam with decoupled weight decay: first θ ← (1 − lr · weight_decay) θ, then Adam's step.

    lr, beta1, beta2, eps  as for `Adam`
    weight_decay           the part of θ, times lr, that each step takes away

    The decay is not part of the gradient, so Adam does not rescale it. It acts on every parameter, biases too.

    >>> AdamW(lr=0.1, weight_decay=0.5).update(np.array([2.0]), np.array([0.0]))
    array([1.9])

    ValueError unless weight_decay >= 0. Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2.
    """

    def __init__(
        self,
        lr: float | Schedule = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        self.weight_decay = _within("weight_decay", weight_decay, 0.0, math.inf, open_end=True)
        super().__init__(lr, beta1, beta2, eps)

    def move(self, theta: Vector, gradient: Vector, rate: float) -> Vector:
        return super().move((1.0 - rate * self.weight_decay) * theta, gradient, rate)


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW}


def get_optimizer(optimizer: str | Optimizer, **options: Any) -> Optimizer:
    """A new `optimizer` with that name and these options; an `Optimizer` is returned as it is, and takes no options.

    >>> get_optimizer("sgd", lr=0.1, momentum=0.9).momentum
    0.9

    ValueError for an unknown name or a value out of range, TypeError for an option it does not have.
    """
    if isinstance(optimizer, Optimizer):
        if options:
            raise ValueError(
                f"pass {', '.join(options)} to {type(optimizer).__name__}(…), or give the optimizer by name"
            )
        return optimizer
    return look_up(OPTIMIZERS, optimizer, "optimizer", "or an Optimizer")(**options)


def _positive(name: str, value: float) -> float:
    if not 0.0 < value < math.inf:
        raise ValueError(f"{name} must be positive and finite, got {value!r}")
    return value


def _within(name: str, value: float, low: float, high: float, *, open_end: bool = False) -> float:
    if not low <= value <= high or (open_end and value == high):
        raise ValueError(f"{name} must be in [{low:g}, {high:g}{')' if open_end else ']'}, got {value!r}")
    return value
