"""Losses against their definitions at 330 digits, their gradients, edges, and error messages."""

import math
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from nn.train.losses import (
    LOSSES,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    get_loss,
    half_squared_error,
    hinge,
    l2_gradient,
    l2_penalty,
    mae,
    mse,
)

ULP = 2.0**-52
numbers = st.floats(-50.0, 50.0)
probabilities = st.floats(0.0, 1.0)
logit_lists = st.lists(numbers, min_size=2, max_size=6)
INF = math.inf


@pytest.fixture(autouse=True, scope="module")
def enough_digits():
    """1 − p down to e^−700 = 1e-304 is a difference from 1: 304 digits, and 16 to compare."""
    with mpmath.workdps(330):
        yield


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6))
def test_squared_errors(pairs):
    prediction, target = [p for p, _ in pairs], [y for _, y in pairs]
    exact = mpmath.fsum((mpmath.mpf(p) - y) ** 2 for p, y in pairs)
    # n additions of terms >= 0, each error rounded once and squared once: (n + 4) ulp.
    tolerance = (len(pairs) + 4) * ULP
    assert half_squared_error(prediction, target) == pytest.approx(float(exact / 2), rel=tolerance, abs=1e-300)
    assert mse(prediction, target) == pytest.approx(float(exact / len(pairs)), rel=tolerance, abs=1e-300)


@given(numbers, numbers)
def test_half_squared_error_has_the_derivative_of_the_article(prediction, target):
    p = Value(prediction)
    half_squared_error(p, target).backward()
    # Both halves of the sum are exact, unless they are subnormal: then each is rounded by at most 2.5e-324.
    assert abs(p.grad - (prediction - target)) <= 5e-324


@given(st.floats(-700.0, 700.0), st.one_of(st.sampled_from([0.0, 1.0]), probabilities))
def test_binary_cross_entropy_from_logits(logit, y):
    p = 1 / (1 + mpmath.exp(-mpmath.mpf(logit)))
    q = 1 / (1 + mpmath.exp(mpmath.mpf(logit)))
    exact = -y * mpmath.log(p) - (1 - mpmath.mpf(y)) * mpmath.log(q)
    z = Value(logit)
    loss = binary_cross_entropy_with_logits(z, y)
    loss.backward()
    # Terms >= 0 that are a few ulp right each; p itself is a difference near 1, so log p needs the digits mpmath has.
    assert loss.data == pytest.approx(float(exact), rel=20 * ULP, abs=1e-307)
    # ∂L/∂z is a difference of two terms up to 1: absolute error of a few ulp of 1, relative when y is 0 or 1.
    assert z.grad == pytest.approx(float(p - y), rel=20 * ULP, abs=0.0 if y == 0.0 else 4 * ULP)


@given(st.floats(1e-300, 1.0 - 1e-12), probabilities)
def test_binary_cross_entropy_from_probabilities(p, y):
    exact = -y * mpmath.log(mpmath.mpf(p)) - (1 - mpmath.mpf(y)) * mpmath.log(1 - mpmath.mpf(p))
    assert binary_cross_entropy(p, y) == pytest.approx(float(exact), rel=20 * ULP)


@pytest.mark.parametrize(("p", "y", "loss", "gradient"), [
    (0.0, 0, 0.0, 1.0),
    (1.0, 1, 0.0, -1.0),
    (0.0, 1, INF, -INF),
    (1.0, 0, INF, INF),
    (0.0, 0.5, INF, -INF),
])  # fmt: skip
def test_certainty_is_not_clamped(p, y, loss, gradient):
    x = Value(p)
    result = binary_cross_entropy(x, y)
    result.backward()
    assert (result.data, x.grad) == (loss, gradient)
    assert math.copysign(1.0, result.data) == 1.0


@given(logit_lists, st.data())
def test_cross_entropy_of_a_class(logits, data):
    k = data.draw(st.integers(0, len(logits) - 1))
    exps = [mpmath.exp(mpmath.mpf(z)) for z in logits]
    whole = mpmath.fsum(exps)
    nodes = [Value(z) for z in logits]
    loss = cross_entropy(nodes, k)
    loss.backward()
    # The difference of two numbers up to max |z| + ln n: a few ulp of that.
    scale = max(map(abs, logits)) + math.log(len(logits))
    assert loss.data == pytest.approx(float(mpmath.log(whole / exps[k])), abs=8 * ULP * scale)
    for j, node in enumerate(nodes):
        # exp(z − max) amplifies the rounding of its argument (up to 100 ulp); then n additions.
        assert node.grad == pytest.approx(float(exps[j] / whole) - (j == k), abs=(100 + len(logits)) * ULP)


@given(logit_lists, st.data())
def test_cross_entropy_of_a_distribution_is_the_mean_over_classes(logits, data):
    counts = data.draw(st.lists(st.integers(0, 9), min_size=len(logits), max_size=len(logits)).filter(any))
    target = [count / sum(counts) for count in counts]
    by_class = math.fsum(t * cross_entropy(logits, k) for k, t in enumerate(target))
    scale = max(map(abs, logits)) + math.log(len(logits))
    assert cross_entropy(logits, target) == pytest.approx(by_class, abs=(len(logits) + 16) * ULP * scale)


def test_cross_entropy_of_huge_and_infinite_logits():
    assert cross_entropy([1000.0, 0.0], 0) == 0.0
    assert cross_entropy([1000.0, 0.0], 1) == 1000.0
    assert cross_entropy([0.0, -INF], [1.0, 0.0]) == 0.0
    assert cross_entropy([0.0, -INF], 1) == INF


@given(numbers, st.sampled_from([-1, 1]))
def test_hinge(score, side):
    s = Value(score)
    loss = hinge(s, side)
    loss.backward()
    assert loss.data == max(0.0, 1.0 - side * score)
    assert s.grad == (-side if side * score < 1.0 else 0.0)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6))
def test_mae(pairs):
    prediction, target = [Value(p) for p, _ in pairs], [y for _, y in pairs]
    loss = mae(prediction, target)
    loss.backward()
    exact = mpmath.fsum(abs(mpmath.mpf(p) - y) for p, y in pairs) / len(pairs)
    assert loss.data == pytest.approx(float(exact), rel=(len(pairs) + 2) * ULP, abs=1e-300)
    # The sign of the error, shared by n outputs; 0 at the kink.
    assert [p.grad for p in prediction] == [((p > y) - (p < y)) * (1.0 / len(pairs)) for p, y in pairs]


def test_hinge_at_its_kink_has_slope_0():
    s = Value(1.0)
    hinge(s, 1).backward()
    assert s.grad == 0.0


def test_l2_penalty():
    weights = [Value(3.0), Value(-1.0)]
    loss = l2_penalty(weights, 0.25)
    loss.backward()
    assert loss.data == 2.5
    assert [w.grad for w in weights] == [1.5, -0.5]
    assert l2_penalty([], 1.0) == 0.0


@given(st.lists(numbers, max_size=5), st.floats(0.0, 10.0))
def test_l2_gradient_is_the_derivative_of_the_penalty(weights, strength):
    nodes = [Value(w) for w in weights]
    if nodes:
        l2_penalty(nodes, strength).backward()
    # strength · w added to itself: doubling is exact.
    assert l2_gradient(np.array(weights), strength).tolist() == [w.grad for w in nodes]


# Certain, or far from where a product with 1/p overflows.
shares = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(1e-6, 1.0 - 1e-6))
OF_VALUES = {
    "half_squared_error": st.lists(numbers, min_size=3, max_size=3),
    "mse": st.lists(numbers, min_size=3, max_size=3),
    "mae": st.lists(numbers, min_size=3, max_size=3),
    "binary_cross_entropy_with_logits": st.lists(shares, min_size=3, max_size=3),
    "binary_cross_entropy": st.lists(shares, min_size=3, max_size=3),
    "cross_entropy": st.one_of(st.integers(0, 2), st.permutations([0.0, 0.25, 0.75])),
    "hinge": st.lists(st.sampled_from([-1, 1]), min_size=3, max_size=3),
}


@pytest.mark.parametrize("name", LOSSES)
@given(st.data())
def test_targets_that_are_values_give_the_same_loss_and_gradient(name, data):
    """As in a recorded function, which cannot branch on the target."""
    target = data.draw(OF_VALUES[name])
    element = shares if name == "binary_cross_entropy" else numbers
    prediction = data.draw(st.lists(element, min_size=3, max_size=3))
    found = []
    for y in (target, [Value(t) for t in target] if isinstance(target, list) else Value(target)):
        nodes = [Value(p) for p in prediction]
        loss = LOSSES[name](nodes, y)
        loss.backward()
        found.append([loss.data, *[node.grad for node in nodes]])
    # The same formula, or one with summands that are 0; a distribution's dot has its summands of weight 0 too.
    scale = max([1.0, *[abs(x) for x in found[0] if math.isfinite(x)]])
    assert found[1] == pytest.approx(found[0], rel=4 * ULP, abs=4 * ULP * scale)


@pytest.mark.parametrize("p", [-0.5, 1.5])
@pytest.mark.parametrize("y", [0.0, 0.5, 1.0])
def test_a_prediction_outside_0_to_1_gives_nan_where_it_cannot_be_checked(p, y):
    assert math.isnan(binary_cross_entropy(Value(p), Value(y)).data)


TARGETS = {
    "cross_entropy": 1,
    "hinge": [1, -1],
    "binary_cross_entropy": [1, 0],
    "binary_cross_entropy_with_logits": [1, 0],
}


@pytest.mark.parametrize("name", LOSSES)
def test_numbers_values_and_arrays_agree(name):
    target = TARGETS.get(name, [0.5, 1.5])
    loss = get_loss(name)
    number = loss([0.25, 0.75], target)
    assert type(number) is float
    assert loss([Value(0.25), Value(0.75)], target).data == number
    assert loss(np.array([0.25, 0.75]), target if target == 1 else np.array(target)) == number


@pytest.mark.parametrize("name", sorted(set(LOSSES) - {"cross_entropy"}))
def test_one_output_is_a_list_of_one(name):
    assert LOSSES[name](0.25, 1) == LOSSES[name]([0.25], [1])


@pytest.mark.parametrize("name", ["mse", "mae", "hinge", "binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_several_outputs_are_averaged(name):
    loss = LOSSES[name]
    # Powers of two and one addition: equal up to the rounding of the mean.
    assert loss([0.25, 0.75], [1, 1]) == pytest.approx((loss(0.25, 1) + loss(0.75, 1)) / 2, rel=4 * ULP)


def test_losses_fall_towards_the_target():
    """Predictions closer to the target have a lower loss, for every loss of one output."""
    for name, points in {
        "half_squared_error": [-2.0, 0.0, 0.9, 1.0],
        "mse": [-2.0, 0.0, 0.9, 1.0],
        "mae": [-2.0, 0.0, 0.9, 1.0],
        "binary_cross_entropy_with_logits": [-3.0, 0.0, 2.0, 9.0],
        "binary_cross_entropy": [0.0, 0.1, 0.9, 1.0],
        "hinge": [-3.0, 0.0, 0.5, 1.0],
    }.items():
        losses = [LOSSES[name](p, 1) for p in points]
        assert all(worse > better for worse, better in pairwise(losses))


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: half_squared_error([1.0, 2.0], [1.0]), ValueError, r"the model has 2 outputs, the target has 1"),
    (lambda: mse([], []), ValueError, "empty"),
    (lambda: binary_cross_entropy_with_logits(0.0, -1), ValueError, r"target -1.0 is not a probability"),
    (lambda: binary_cross_entropy(1.5, 1), ValueError, "prediction 1.5 is not a probability"),
    (lambda: binary_cross_entropy(0.5, math.nan), ValueError, "nan"),
    (lambda: cross_entropy([1.0], 0), ValueError, "binary_cross_entropy_with_logits"),
    (lambda: cross_entropy(Value(1.0), 0), ValueError, "two or more"),
    (lambda: cross_entropy([1.0, 2.0], 2), ValueError, "class 2 does not exist: with 2 outputs the classes are 0…1"),
    (lambda: cross_entropy([1.0, 2.0], -1), ValueError, "class -1"),
    (lambda: cross_entropy([1.0, 2.0], 1.0), TypeError, "class index"),
    (lambda: cross_entropy([1.0, 2.0], True), TypeError, "True"),
    (lambda: cross_entropy([1.0, 2.0], [0.5, 0.6]), ValueError, "the sum 1.1"),
    (lambda: cross_entropy([1.0, 2.0], [1.5, -0.5]), ValueError, "1.5"),
    (lambda: hinge(0.5, 0), ValueError, r"2 \* y - 1"),
    (lambda: l2_penalty([Value(1.0)], -1.0), ValueError, "-1.0"),
    (lambda: l2_penalty([Value(1.0)], math.inf), ValueError, "inf"),
    (lambda: get_loss("crossentropy"), ValueError, "did you mean 'cross_entropy'"),
    (lambda: get_loss(None), TypeError, "loss None"),
])  # fmt: skip
def test_error_messages(call, error, words):
    with pytest.raises(error, match=words):
        call()
