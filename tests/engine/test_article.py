"""The article's formulas and claims on the engine: neurons, BP1–BP4, batches, symmetry, depth, starts, dead units."""

import random
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value, mean
from tests.support.examples import examples

U = 2.0**-53
DERIVATIVES = {
    "linear": np.ones_like,
    "sigmoid": lambda z: 0.25 / np.cosh(z / 2.0) ** 2,
    "tanh": lambda z: 1.0 / np.cosh(z) ** 2,
    "relu": lambda z: (z > 0.0).astype(float),
}
smooth = st.sampled_from(["linear", "sigmoid", "tanh"])
widths = st.integers(1, 4)


@st.composite
def models(draw):
    n_outs = draw(st.lists(widths, min_size=1, max_size=4))
    hidden, output = draw(st.sampled_from(sorted(DERIVATIVES))), draw(smooth)
    return nn.MLP(draw(widths), n_outs, hidden=hidden, output=output, bias=0.1, seed=draw(st.integers(0, 999)))


def sample(rng, n):
    return [rng.gauss(0.0, 1.0) for _ in range(n)]


def gradients(layer):
    """(∂L/∂W, ∂L/∂b) as the engine left them, shapes (n_out, n_in) and (n_out,)."""
    return np.array([[w.grad for w in n.w] for n in layer.neurons]), np.array([n.b.grad for n in layer.neurons])


def close(got, want):
    """Equal to rounding: sums of at most 5 terms and a σ′ of a few ulp per layer, through at most 4 layers, are 100 ulp
    of the largest term on the way; that is at most about 400, as weights and inputs here are below 4: 1e-11."""
    return got == pytest.approx(want, rel=1e-11, abs=1e-11)


def threshold_neuron(w, b):
    """McCulloch and Pitts's neuron: 1 if z >= 0, else 0."""
    return nn.Neuron(len(w), activation=lambda z: int(z >= 0), init=nn.given([w]), bias=b)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_a_threshold_neuron_is_a_logic_gate(n):
    """Row 1: and, or, their negations, and "at least half", with weights of one size chosen by hand."""
    gates = [
        (threshold_neuron([1] * n, 0.5 - n), all),
        (threshold_neuron([1] * n, -0.5), any),
        (threshold_neuron([-1] * n, n - 0.5), lambda x: not all(x)),
        (threshold_neuron([-1] * n, 0.5), lambda x: not any(x)),
        (threshold_neuron([1] * n, -n / 2), lambda x: 2 * sum(x) >= n),
    ]
    for neuron, gate in gates:
        assert [neuron(x) for x in product([0, 1], repeat=n)] == [int(gate(x)) for x in product([0, 1], repeat=n)]


@given(st.lists(st.integers(-3, 3), min_size=3, max_size=3).filter(any), st.integers(0, 999))
def test_the_perceptron_rule_finds_what_separates_within_novikoffs_bound(u, seed):
    """Row 1: w ← w + (y − ŷ) x, b ← b + (y − ŷ). If u separates with the margin γ, and no (x, 1) is longer than R, it
    makes at most (R / (γ / |u|))² mistakes (Novikoff 1962). All numbers are whole, so nothing is rounded."""
    rng = random.Random(seed)
    points = [[rng.randint(-4, 4), rng.randint(-4, 4), 1] for _ in range(20)]
    points = [point for point in points if np.dot(u, point)]
    longest = max([np.dot(x, x) for x in points], default=0)
    smallest = min([abs(np.dot(u, x)) for x in points], default=1)
    allowed = longest * np.dot(u, u) / smallest**2
    neuron, mistakes, wrong = threshold_neuron([0, 0], 0), 0, True
    while wrong:
        wrong = False
        for x in points:
            error = int(np.dot(u, x) > 0) - neuron(x[:2])
            for parameter, x_j in zip(neuron.parameters(), x, strict=True):
                parameter.data += error * x_j
            mistakes, wrong = mistakes + abs(error), wrong or error != 0
        assert mistakes <= allowed


@given(models(), st.integers(0, 999))
def test_bp1_to_bp4_are_the_engines_gradients(model, seed):
    """Rows 4–6: one pass and one backward() against the matrix formulas in NumPy."""
    rng = random.Random(seed)
    x, y = sample(rng, model.n_in), np.array(sample(rng, model.n_outs[-1]))
    inputs = [Value(each) for each in x]
    nn.half_squared_error(model(inputs), y).backward()
    last = model.layers[-1]
    delta = (last.a - y) * DERIVATIVES[model.output.name](last.z)  # BP1
    for layer, below in zip(reversed(model.layers), [*reversed(model.layers[:-1]), None], strict=True):
        a_below = np.array(x) if below is None else below.a
        dW, db = gradients(layer)
        assert close(layer.delta, delta)
        assert close(dW, np.outer(delta, a_below))  # BP3
        assert close(db, delta)  # BP4
        arriving = layer.W.T @ delta
        if below is None:
            assert close([each.grad for each in inputs], arriving)
        else:
            if below.activation.name != "linear":  # where a is z, its gradient is δ itself
                assert close([n.a.grad for n in below.neurons], arriving)  # ∂L/∂a, the other definition of the error
            delta = arriving * DERIVATIVES[below.activation.name](below.z)  # BP2


def test_the_worked_example_of_three_inputs_and_two_outputs():
    """Row 5, by hand: z = (1 − 2 + 0.5, 2 + 1), a = z, L = ½ (0.5² + 1²)."""
    layer = nn.Layer(3, 2, activation="linear", init=nn.given([[1.0, -1.0, 0.5], [0.0, 1.0, 1.0]]))
    x, y = [1.0, 2.0, 1.0], [0.0, 2.0]
    loss = nn.half_squared_error(layer(x), y)
    loss.backward()
    assert layer.z.tolist() == [-0.5, 3.0]
    assert loss.data == 0.625
    assert layer.delta.tolist() == [-0.5, 1.0]
    assert gradients(layer)[0].tolist() == [[-0.5, -1.0, -0.5], [1.0, 2.0, 1.0]]


@given(models(), st.integers(0, 999), st.integers(1, 5))
@examples(30)
def test_a_batch_is_the_mean_of_its_samples(model, seed, size):
    """Row 7: the gradient of the mean loss is the mean of the gradients, a batch step the mean of single steps."""
    rng = random.Random(seed)
    batch = [(sample(rng, model.n_in), sample(rng, model.n_outs[-1])) for _ in range(size)]
    parameters, start = model.parameters(), [p.data for p in model.parameters()]

    def step(samples):
        for parameter, data in zip(parameters, start, strict=True):
            parameter.data, parameter.grad = data, 0.0
        mean([nn.half_squared_error(model(x), y) for x, y in samples]).backward()
        nn.SGD(lr=0.1).step(parameters)
        return np.array([parameter.data for parameter in parameters])

    assert close(step(batch), np.mean([step([one]) for one in batch], axis=0))


def test_the_five_step_loop_meets_its_target():
    """Row 8, written out: forward, BP1–BP4, update, does the loss meet the target?"""
    model = nn.MLP(2, [4, 1], hidden="tanh", seed=3)
    data = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]
    alpha, steps, loss = 0.5, 0, None
    while loss is None or loss.data > 0.01:
        loss = mean([nn.half_squared_error(model(x), y) for x, y in data])
        model.zero_grad()
        loss.backward()
        for parameter in model.parameters():
            parameter.data -= alpha * parameter.grad
        steps += 1
        assert steps < 2000, f"loss {loss.data}"
    assert [round(model(x).data) for x, _ in data] == [0, 1, 1, 0]


def test_one_layer_cannot_do_xor():
    """Row 2: the least squares optimum of a linear layer on XOR is ŷ = ½ with mean loss ⅛, and descent ends there."""
    model = nn.MLP(2, [1], seed=0)
    data = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]
    for _ in range(300):
        loss = mean([nn.half_squared_error(model(x), y) for x, y in data])
        model.zero_grad()
        loss.backward()
        nn.SGD(lr=0.5).step(model.parameters())
    # The smallest eigenvalue of the mean of (x, 1)(x, 1)ᵀ is 0.095: 300 steps leave 0.952³⁰⁰ = 5e-7 of the distance.
    assert loss.data == pytest.approx(0.125, abs=1e-6)
    assert loss.data >= 0.125 - 4 * U


def run_deep(hidden, depth=10, width=16, samples=8):
    model = nn.MLP(4, [width] * depth + [1], hidden=hidden, seed=0)
    rng = random.Random(1)
    return nn.diagnose(model, [sample(rng, 4) for _ in range(samples)], [0.0] * samples)


def test_gradients_vanish_through_sigmoid_but_not_through_relu():
    """Row 10. Each sigmoid layer multiplies δ by Wᵀ and by σ′ <= ¼; Xavier's W keeps lengths about the same, so ten
    layers shrink it by about 4¹⁰ = 10⁶. He's start keeps δ's size through ReLU, within the scatter of ten layers."""
    sigmoid, relu = run_deep("sigmoid"), run_deep("relu")
    assert sigmoid.fading > 1e4
    assert 1e-2 < relu.fading < 1e2
    per_layer = [layer.mean_delta for layer in sigmoid.layers[:-1]]
    assert all(near_input < near_output for near_input, near_output in pairwise(per_layer))


def test_sigmoid_saturates_and_is_not_centred():
    """Row 12: over inputs of mean 0, sigmoid's outputs have the mean ½, tanh's and the identity's do not."""
    layers = {name: nn.Layer(1, 1, activation=name, init=nn.given([[1.0]])) for name in ("sigmoid", "tanh")}
    points = [k / 10.0 for k in range(-50, 51)]
    means = {name: np.mean([layer([z]).data for z in points]) for name, layer in layers.items()}
    # 101 points, in pairs ±z: σ(z) + σ(−z) = 1 and tanh(z) + tanh(−z) = 0 up to rounding.
    assert means["sigmoid"] == pytest.approx(0.5, abs=4 * U)
    assert means["tanh"] == pytest.approx(0.0, abs=4 * U)
    assert nn.ACTIVATIONS["sigmoid"].saturated(5.0)
    assert not nn.ACTIVATIONS["sigmoid"].saturated(1.0)


@given(st.lists(widths, min_size=1, max_size=4), st.integers(0, 999))
def test_without_activation_depth_collapses_to_one_matrix(n_outs, seed):
    """Row 14: W_L … W_1 x + (the same of the biases) gives the outputs of the whole linear network."""
    model = nn.MLP(3, n_outs, hidden="linear", bias=0.5, seed=seed)
    W, b = np.eye(3), np.zeros(3)
    for layer in model.layers:
        W, b = layer.W @ W, layer.W @ b + layer.b
    model([1.0, -2.0, 0.5])
    assert close(model.layers[-1].a, W @ [1.0, -2.0, 0.5] + b)


def train(model, steps=20):
    rng = random.Random(0)
    for _ in range(steps):
        x = sample(rng, 2)
        model.zero_grad()
        nn.half_squared_error(model(x), x[0] * x[1]).backward()
        nn.SGD(lr=0.1).step(model.parameters())
    return [[parameter.data for parameter in neuron.parameters()] for neuron in model.layers[0].neurons]


@pytest.mark.parametrize("init", ["zeros", nn.constant(0.3)], ids=["zeros", "constant"])
@pytest.mark.parametrize("hidden", ["tanh", "sigmoid", "relu"])
def test_equal_neurons_stay_equal_and_a_random_start_breaks_it(hidden, init):
    """Row 16: to the bit, because each neuron goes through the same operations."""
    first, *others = train(nn.MLP(2, [3, 1], hidden=hidden, init=init, bias=0.1))
    assert others == [first, first]
    a, b, c = train(nn.MLP(2, [3, 1], hidden=hidden, bias=0.1, seed=0))
    assert a != b != c != a


def wide(hidden, init, width=200, depth=3):
    """Mean square of every layer's z for 20 random samples of unit variance."""
    rng, start, squares = np.random.default_rng(0), random.Random(0), []
    weights = [np.array(nn.get_initializer(init)(width, width, start)) for _ in range(depth)]
    for x in rng.normal(size=(20, width)):
        a, row = x, []
        for W in weights:
            z = W @ a
            a = np.maximum(z, 0.0) if hidden == "relu" else z
            row.append((z**2).mean())
        squares.append(row)
    return np.mean(squares, axis=0)


@pytest.mark.slow
def test_he_keeps_the_signal_through_relu_and_xavier_through_linear_layers():
    """Rows 18 and 19. E z² = n_in Var w E a². He: 2 · E a² with E a² = ½ E z², so E z² stays 2 (inputs have E a² = 1).
    Xavier with n_in = n_out: n_in · 2/(2 n_in) = 1, so it stays 1. Under ReLU, Xavier halves it in every layer, and the
    printed 6/(n_in + n_out), taken as a variance, triples it in every linear layer."""
    as_printed = nn.normal((6.0 / 400) ** 0.5)
    # Each layer's factor scatters with the 200 neurons by about √(5/200) = 0.16; three layers, three such deviations.
    spread = 3.0 * 0.16 * np.sqrt([1.0, 2.0, 3.0])
    for hidden, init, expected in [
        ("relu", "he_normal", [2.0, 2.0, 2.0]),
        ("relu", "he_uniform", [2.0, 2.0, 2.0]),
        ("linear", "xavier_uniform", [1.0, 1.0, 1.0]),
        ("linear", "xavier_normal", [1.0, 1.0, 1.0]),
        ("relu", "xavier_normal", [1.0, 0.5, 0.25]),
        ("linear", as_printed, [3.0, 9.0, 27.0]),
    ]:
        assert (np.abs(wide(hidden, init) / expected - 1.0) < spread).all()


def test_a_small_positive_bias_keeps_relus_alive():
    """Row 20: dead units of one ReLU layer on samples in the corner where all inputs are in [0, 0.1]: with b = 0 a unit
    lives only if its weights point there; the larger b, the fewer are dead."""
    rng = random.Random(0)
    x = [[rng.uniform(0.0, 0.1) for _ in range(3)] for _ in range(20)]
    dead = {}
    for bias in (0.0, 0.01, 0.1, 1.0):
        model = nn.MLP(3, [200, 1], bias=bias, seed=0)
        dead[bias] = len(nn.diagnose(model, x, [0.0] * 20).layers[0].dead)
    assert dead[0.0] > dead[0.01] > dead[0.1] >= dead[1.0] == 0
    # With b = 0 a unit is dead when w·x <= 0 for all samples: an eighth (all w <= 0) to a half (one sample).
    assert 200 / 8 - 3 * 5 <= dead[0.0] <= 200 / 2


@examples(20)
@given(st.lists(widths, min_size=1, max_size=3), st.integers(0, 999), smooth)
def test_central_differences_agree_for_any_smooth_model(n_outs, seed, hidden):
    """Row 11. h = 1e-5: the method errs by h²/6 |L‴|, rounding by ulp(L)/h; with |L‴| and L <= 1e3 both are < 1e-7."""
    rng = random.Random(seed)
    model = nn.MLP(2, n_outs, hidden=hidden, seed=seed)
    x, y, h = sample(rng, 2), sample(rng, n_outs[-1]), 1e-5
    nn.half_squared_error(model(x), y).backward()
    for parameter in rng.sample(model.parameters(), 3):
        start, losses = parameter.data, []
        for shift in (h, -h):
            parameter.data = start + shift
            losses.append(nn.half_squared_error(model(x), y).data)
        parameter.data = start
        assert parameter.grad == pytest.approx((losses[0] - losses[1]) / (2.0 * h), abs=1e-6)


def stump(x, targets):
    """The step function of one split that is nearest to the targets, by its values at x (all different)."""
    fits = [np.where(x < t, targets[x < t].mean(), targets[x >= t].mean()) for t in x[x > x.min()]]
    return min(fits, key=lambda fit: ((fit - targets) ** 2).sum())


hundredths = st.integers(-1000, 1000).map(lambda n: n / 100.0)  # nothing subnormal, whose half may lose a bit


@examples(30)
@given(st.lists(hundredths, min_size=2, max_size=8), st.sampled_from([0.1, 0.5, 1.0]))
def test_residuals_of_boosted_trees_are_gradients(y, alpha):
    """Row 21: −∂L/∂F of L = ½ ‖y − F‖² is the residual r, to the bit. A tree h that fits r best has ⟨r, h⟩ = ‖h‖², so a
    step of α along it takes α (2 − α) ‖h‖² off ‖r‖²: boosting is descent on the outputs."""
    x, y = np.arange(len(y)), np.array(y)
    F = np.zeros(len(y))
    for _ in range(5):
        outputs = [Value(each) for each in F]
        nn.half_squared_error(outputs, y.tolist()).backward()
        r = -np.array([output.grad for output in outputs])
        assert (r == y - F).all()
        h = stump(x, r)
        F = F + alpha * h
        # Some tens of roundings of terms below 8 · 20².
        assert ((y - F) ** 2).sum() == pytest.approx((r**2).sum() - alpha * (2.0 - alpha) * (h**2).sum(), abs=1e-11)
