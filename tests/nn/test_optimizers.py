"""Optimisers against other forms of the papers' formulas, schedules, and error messages."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autograd import Value
from nn.train.optimizers import SGD, Adam, AdamW, constant, cosine, get_optimizer, linear_decay, step_decay

gradient_runs = arrays(np.float64, st.tuples(st.integers(1, 6), st.just(3)), elements=st.floats(-10.0, 10.0))
START = np.array([1.0, -2.0, 3.0])
# Vectors here are sums of at most 30 terms of size 10: their rounding stays below 300 · 10 ulp.
SUM = 3000 * 2.0**-52
MAKERS = {
    "sgd": lambda lr=0.1: SGD(lr),
    "momentum": lambda lr=0.1: SGD(lr, momentum=0.9),
    "nesterov": lambda lr=0.1: SGD(lr, momentum=0.9, nesterov=True),
    "adam": lambda lr=0.1: Adam(lr),
    "adamw": lambda lr=0.1: AdamW(lr),
}
every_optimizer = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def run(optimizer, gradients, theta=START):
    for gradient in gradients:
        theta = optimizer.update(theta, gradient)
    return theta


@given(gradient_runs)
def test_plain_sgd_subtracts_the_gradients(gradients):
    assert run(SGD(0.1), gradients) == pytest.approx(START - 0.1 * gradients.sum(axis=0), abs=SUM)


@given(gradient_runs)
def test_momentum_is_sutskevers_velocity(gradients):
    theta, velocity = START, np.zeros(3)
    for gradient in gradients:
        velocity = 0.9 * velocity - 0.1 * gradient
        theta = theta + velocity
    assert run(SGD(0.1, momentum=0.9), gradients) == pytest.approx(theta, abs=SUM)


def test_nesterov_takes_the_gradient_after_the_momentum_step():
    """Sutskever et al. evaluate g at θ + μv; our θ is that very point. On ½ θᵀ diag(k) θ, g is k ⊙ θ."""
    k = np.array([0.5, 1.0, 3.0])
    theta, velocity, ours, optimizer = START, np.zeros(3), START, SGD(0.1, momentum=0.9, nesterov=True)
    for _ in range(20):
        ahead = theta + 0.9 * velocity
        assert ours == pytest.approx(ahead, abs=SUM)
        velocity = 0.9 * velocity - 0.1 * k * ahead
        theta = theta + velocity
        ours = optimizer.update(ours, k * ours)


@given(gradient_runs)
def test_adam_is_bias_corrected_weighted_means(gradients):
    """Kingma & Ba's m̂ and v̂ as weighted means of all gradients, instead of the recursion."""
    theta = START
    for t in range(1, len(gradients) + 1):
        ages = np.arange(t - 1, -1, -1)[:, None]
        mean = (0.9**ages * gradients[:t]).sum(axis=0) / (0.9**ages).sum(axis=0)
        square = (0.99**ages * gradients[:t] ** 2).sum(axis=0) / (0.99**ages).sum(axis=0)
        theta = theta - 0.1 * mean / (np.sqrt(square) + 1e-3)
    # 1 − β₂ carries the rounding of 0.99 into both sides differently: 100 ulp; mean/√square is at most 1/√(1−β₂) = 10.
    assert run(Adam(0.1, beta2=0.99, eps=1e-3), gradients) == pytest.approx(theta, abs=100 * SUM)


@given(st.floats(1e-3, 1e3), st.sampled_from([-1.0, 1.0]))
def test_adams_first_step_is_the_rate_whatever_the_scale(size, sign):
    # ε = 1e-8 beside |g| >= 1e-3 shortens it by a hundred-thousandth.
    assert Adam(0.1).update(np.zeros(1), np.array([sign * size])) == pytest.approx([-0.1 * sign], rel=1.1e-5)


@given(gradient_runs)
def test_adamw_without_decay_is_adam(gradients):
    assert run(AdamW(0.1, weight_decay=0.0), gradients).tolist() == run(Adam(0.1), gradients).tolist()


def test_adamw_decays_weights_apart_from_the_gradient():
    no_gradient = np.zeros((5, 3))
    # Five factors, each rounded twice.
    assert run(AdamW(0.1, weight_decay=0.5), no_gradient) == pytest.approx(0.95**5 * START, rel=10 * 2.0**-52)
    assert run(Adam(0.1), no_gradient).tolist() == START.tolist()


@every_optimizer
def test_every_optimizer_finds_the_bottom_of_a_bowl(make):
    k, theta, optimizer = np.array([0.5, 1.0, 3.0]), START, make(linear_decay(0.1, steps=400))
    for _ in range(400):
        theta = optimizer.update(theta, k * theta)
    assert 0.5 * (k * theta * theta).sum() < 1e-3 * 0.5 * (k * START * START).sum()


@every_optimizer
def test_update_leaves_its_arguments_alone_and_reset_forgets(make):
    theta, gradient, optimizer = START.copy(), np.ones(3), make()
    first = optimizer.update(theta, gradient)
    assert theta.tolist() == START.tolist()
    assert gradient.tolist() == [1.0] * 3
    optimizer.update(first, gradient)
    optimizer.reset()
    assert optimizer.steps == 0
    assert optimizer.update(theta, gradient).tolist() == first.tolist()
    optimizer.reset()
    assert optimizer.update(np.zeros(1), np.zeros(1)).tolist() == [0.0]


@every_optimizer
def test_step_is_update_on_values(make):
    parameters = [Value(each) for each in START]
    on_values, on_vectors, theta = make(), make(), START
    for _ in range(3):
        for parameter in parameters:
            parameter.grad = 2.0 * parameter.data
        theta = on_vectors.update(theta, 2.0 * theta)
        on_values.step(parameters)
        assert [parameter.data for parameter in parameters] == theta.tolist()
    assert all(type(parameter.data) is float for parameter in parameters)


def test_schedules():
    assert [constant(0.5)(step) for step in (0, 7)] == [0.5, 0.5]
    assert [step_decay(1.0, every=3, factor=0.1)(step) for step in (0, 2, 3, 5)] == [1.0, 1.0, 0.1, 0.1]
    assert [linear_decay(1.0, steps=100, floor=0.1)(step) for step in (0, 50, 100, 101)] == [1.0, 0.55, 0.1, 0.1]
    assert [cosine(1.0, steps=4, floor=0.5)(step) for step in (0, 2, 4, 9)] == pytest.approx(
        [1.0, 0.75, 0.5, 0.5], rel=1e-15
    )


@given(st.integers(1, 50), st.floats(0.0, 1.0))
def test_decays_never_rise_and_stay_above_the_floor(steps, floor):
    for schedule in (cosine(1.0, steps=steps, floor=floor), linear_decay(1.0, steps=steps, floor=floor)):
        rates = [schedule(step) for step in range(steps + 3)]
        assert rates == sorted(rates, reverse=True)
        assert rates[0] == pytest.approx(1.0, rel=2.0**-52)
        assert min(rates) == rates[-1] == pytest.approx(floor, abs=2.0**-52)


def test_a_schedule_sees_the_step_number():
    seen = []
    optimizer = SGD(lambda step: seen.append(step) or 0.5)
    assert run(optimizer, np.ones((3, 3))).tolist() == (START - 1.5).tolist()
    optimizer.reset()
    run(optimizer, np.ones((1, 3)))
    assert seen == [0, 1, 2, 0]


def test_by_name():
    assert type(get_optimizer("adam", lr=0.1)) is Adam
    assert get_optimizer("adamw", lr=0.1, weight_decay=0.5).weight_decay == 0.5
    mine = SGD(0.1)
    assert get_optimizer(mine) is mine


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: SGD(0.0), ValueError, "lr must be positive and finite, got 0.0"),
    (lambda: SGD(-0.1), ValueError, "got -0.1"),
    (lambda: SGD(math.nan), ValueError, "got nan"),
    (lambda: SGD(0.1, momentum=1.0), ValueError, r"momentum must be in \[0, 1\), got 1.0"),
    (lambda: SGD(0.1, nesterov=True), ValueError, "needs momentum"),
    (lambda: Adam(0.1, beta1=-0.1), ValueError, "beta1"),
    (lambda: Adam(0.1, beta2=1.0), ValueError, "beta2"),
    (lambda: Adam(0.1, eps=0.0), ValueError, "eps"),
    (lambda: AdamW(0.1, weight_decay=-1.0), ValueError, "weight_decay"),
    (lambda: cosine(0.1, steps=0), ValueError, "steps must be positive"),
    (lambda: linear_decay(0.1, steps=5, floor=0.2), ValueError, r"floor must be in \[0, 0.1\]"),
    (lambda: step_decay(0.1, every=5, factor=1.5), ValueError, r"factor must be in \[0, 1\]"),
    (lambda: SGD(lambda step: -1.0).update(START, START), ValueError, "learning rate -1.0 at step 0"),
    (lambda: SGD(0.1).update(START, START[:2]), ValueError, r"\(3,\), the gradient \(2,\)"),
    (lambda: SGD(0.1).update(START[None], START[None]), ValueError, "both must be"),
    (lambda: run(SGD(0.1), [START, START[:1]]), ValueError, "the gradient"),
    (lambda: get_optimizer("adm"), ValueError, "did you mean 'adam'"),
    (lambda: get_optimizer("sgd", lr=0.1, beta1=0.9), TypeError, "beta1"),
    (lambda: get_optimizer(SGD(0.1), lr=0.2), ValueError, "pass lr to SGD"),
])  # fmt: skip
def test_error_messages(call, error, words):
    with pytest.raises(error, match=words):
        call()


@every_optimizer
def test_the_number_of_parameters_must_not_change(make):
    optimizer = make()
    optimizer.update(START, START)
    with pytest.raises(ValueError, match=r"stepped 3 parameters before, now 1; call reset\(\)"):
        optimizer.update(START[:1], START[:1])
