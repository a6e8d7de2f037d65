"""What is recovered from scalar code: one product per layer, BP1 to BP4, attention, a GPT; pinned as formulas."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value, rules
from autograd.compiler.lower import Call, lower
from autograd.compiler.numpy_backend.runner import NumpyRunner, build
from autograd.compiler.options import Options
from autograd.compiler.program import Equation, Program, interpret
from autograd.compiler.specialization import forms_of
from autograd.compiler.vector.layout import factored, strides
from autograd.compiler.vector.products import blocks
from autograd.compiler.vector.program import VectorProgram, check
from autograd.compiler.vector.recover import recover
from autograd.errors import CompileError
from autograd.structure import key_of
from tests.benchmark.gpt import document, gpt_loss, gpt_parameters
from tests.support.examples import examples

pytestmark = pytest.mark.slow


def recovered(f: Callable[..., Any], arguments: dict[str, Any], parameters: Sequence[Value], *batch: str) -> Any:
    """The program of value and gradient of f, and its vector program, checked against it at one point."""
    numbers: list[float] = []
    keys = []
    for each in arguments.values():
        keys.append(key_of(each))
        numbers += np.ravel(each).tolist()
    numbers += [parameter.data for parameter in parameters]
    call = Call(f, tuple(keys), tuple(arguments), parameters or None, numbers, frozenset(batch))
    lowered = lower(call, "gradient")
    vectors = check(forms_of(lowered, Options()).vectors)
    program = lowered.program
    at = dict(enumerate(numbers))
    shared = np.array([at[place] for place in program.shared])
    samples = (np.array([[at[place] for place in program.batched]] * 2),) if batch else ()
    expected = interpret(program, numbers)
    wanted = [atom if type(atom) is float else expected[int(atom)] for atom in program.outputs]
    # Sums of at most a thousand terms of about size one.
    assert NumpyRunner(vectors).run(shared, samples) == pytest.approx(wanted, rel=1e-12, abs=1e-12)
    return vectors


def forms(vectors: VectorProgram) -> Counter[str]:
    return Counter(step.form for step in vectors.steps)


def formulas(vectors: VectorProgram) -> dict[str, str]:
    return {step.name: vectors.texts.formula(step) for step in vectors.steps}


# --- networks ---------------------------------------------------------------------------------------------------------


def hinge(model: Any) -> Callable[..., Any]:
    return lambda x, y: autograd.relu(1.0 - y * model(x))


def test_a_network_with_a_batch_is_the_article() -> None:
    model = nn.MLP(2, [16, 16, 1], hidden="relu", seed=1)
    vectors = recovered(hinge(model), {"x": [0.5, -0.3], "y": 1.0}, model.parameters(), "x", "y")
    assert forms(vectors)["pairs"] == forms(vectors)["mean_pairs"] == 0
    found = formulas(vectors)
    expected = {
        "z1": "W1 @ x + b1",
        "a1": "relu(z1)",
        "z2": "W2 @ a1 + b2",
        "z3": "W3 @ a2 + b3",
        "da2": "W3.T @ delta3",
        "delta2": "da2 * slope2",
        "da1": "W2.T @ delta2",
        "delta1": "da1 * slope1",
        "slope1": "relu_prime(z1)",
        "dW1": "mean(delta1 @ x.T)",
        "dW2": "mean(delta2 @ a1.T)",
        "dW3": "mean(delta3 @ a2.T)",
        "db1": "mean(delta1)",
        "db3": "mean(delta3)",
    }
    assert {name: found[name] for name in expected} == expected
    notes = {step.name: step.note for step in vectors.steps if step.note}
    assert notes["delta3"] == "BP1"
    assert {notes["delta2"], notes["delta1"]} == {"BP2"}
    assert {notes[f"dW{i}"] for i in (1, 2, 3)} == {"BP3"}
    assert {notes[f"db{i}"] for i in (1, 2, 3)} == {"BP4"}


@examples(15)
@given(st.lists(st.integers(1, 6), min_size=2, max_size=5), st.sampled_from(["tanh", "relu", "sigmoid"]))
def test_networks_of_any_size(sizes: list[int], hidden: str) -> None:
    """L products forward, L − 1 backward (BP2), L for the weights (BP3), L means for the biases (BP4)."""
    model = nn.MLP(sizes[0], sizes[1:], hidden=hidden, seed=0)

    def loss(x: list[Any], y: list[Any]) -> Any:
        found = model(x)
        return nn.train.losses.half_squared_error(found if isinstance(found, list) else [found], y)

    arguments = {"x": [0.1 * (i + 1) for i in range(sizes[0])], "y": [0.2] * sizes[-1]}
    vectors = recovered(loss, arguments, model.parameters(), "x", "y")
    layers = len(sizes) - 1
    count = forms(vectors)
    assert count["product"] == 2 * layers - 1
    assert count["mean_product"] == layers
    assert count["mean"] == layers + 1
    assert count["lift"] == count["mean_pairs"] == 0


def written_out(sizes: Sequence[int], samples: int, mixed: bool = True) -> tuple[Any, dict[str, Any], list[Value]]:
    """A net and its mean loss over a batch, all in scalar operators, products written this way and that."""
    weights = [
        [[Value(0.3 * math.sin(7 * i + 3 * j + k), label=f"w{k}[{i},{j}]") for j in range(m)] for i in range(n)]
        for k, (m, n) in enumerate(pairwise(sizes), 1)
    ]
    biases = [[Value(0.1 * i, label=f"b{k}[{i}]") for i in range(n)] for k, n in enumerate(sizes[1:], 1)]

    def loss(X: Any, Y: Any) -> Any:
        result = 0.0
        for x, y in zip(X, Y, strict=True):
            a = x
            for W, b in zip(weights, biases, strict=True):
                z = []
                for row, bias in zip(W, b, strict=True):
                    s = 0.0
                    for i, (w, each) in enumerate(zip(row, a, strict=True)):
                        s = s + (each * w if mixed and i % 2 else w * each)
                    z.append(s + bias)
                a = [autograd.tanh(each) for each in z]
            for q, t in zip(a, y, strict=True):
                result = result + (q - t) * (q - t)
        return result / samples

    X = [[math.cos(i * sizes[0] + j) for j in range(sizes[0])] for i in range(samples)]
    Y = [[math.sin(i + j) for j in range(sizes[-1])] for i in range(samples)]
    parameters = [
        p for W, b in zip(weights, biases, strict=True) for row, c in zip(W, b, strict=True) for p in (*row, c)
    ]
    return loss, {"X": X, "Y": Y}, parameters


@pytest.mark.parametrize("mixed", [False, True])
def test_a_batch_written_in_scalars_is_the_article_too(mixed: bool) -> None:
    vectors = recovered(*written_out((3, 4, 4, 2), 5, mixed))
    found = formulas(vectors)
    expected = {
        "z1": "W1 @ X.T + b1",
        "z2": "W2 @ a1 + b2",
        "z3": "W3 @ a2 + b3",
        "da2": "W3.T @ delta3",
        "da1": "W2.T @ delta2",
        "dW1": "delta1 @ X",
        "db1": "sum(delta1[…])",
    }
    assert {name: found[name] for name in expected} == expected
    count = forms(vectors)
    # The loss, a dot of the errors with themselves, is a product of one row and one column.
    assert (count["product"], count["lift"]) == (3 + 2 + 3 + 1, 0)


def test_the_number_of_equations_does_not_grow_with_the_batch() -> None:
    few, many = (recovered(*written_out((3, 4, 2), samples)) for samples in (4, 9))
    assert few.equations == many.equations


def test_weights_that_are_shared() -> None:
    """A convolution of width 3 with 4 filters is one product, and so is the gradient of its weights."""
    filters = [[Value(0.1 * (i - j), label=f"w1[{i},{j}]") for j in range(3)] for i in range(4)]

    def loss(x: list[Any]) -> Any:
        z = [autograd.dot(w, x[s : s + 3]) for w in filters for s in range(8)]
        return autograd.total([autograd.tanh(each) for each in z])

    parameters = [p for row in filters for p in row]
    vectors = recovered(loss, {"x": [0.1 * i for i in range(10)]}, parameters)
    assert [step.shape for step in vectors.steps if step.form == "product"] == [(4, 8), (4, 3)]
    assert [step.shape for step in recovered(loss, {"x": [0.1] * 10}, parameters, "x").steps if "product" in step.form]


def attention(x: list[list[Any]], w: dict[str, list[list[Any]]]) -> list[list[Any]]:
    q, k, v = ([[autograd.dot(row, each) for row in w[name]] for each in x] for name in "qkv")
    scores = [[autograd.dot(a, b) / 2.0 for b in k] for a in q]
    weights = [autograd.softmax(row) for row in scores]
    return [[autograd.dot(row, [each[d] for each in v]) for d in range(len(v[0]))] for row in weights]


def test_attention() -> None:
    w = {
        n: [[Value(math.sin(i + 2 * j + ord(n)), label=f"{n}[{i},{j}]") for j in range(4)] for i in range(4)]
        for n in "qkv"
    }
    parameters = [p for matrix in w.values() for row in matrix for p in row]
    x = [[math.cos(3 * i + j) for j in range(4)] for i in range(6)]
    vectors = recovered(
        lambda x: autograd.total([autograd.square(each) for row in attention(x, w) for each in row]),
        {"x": x},
        parameters,
    )
    shapes = [step.shape for step in vectors.steps if step.form == "product"]
    assert shapes[0] == (12, 6)  # query, key and value at once
    assert (6, 6) in shapes[1:]  # the scores
    assert (6, 4) in shapes or (4, 6) in shapes  # weights and values
    assert vectors.equations <= 40


def test_a_gpt_has_few_equations_whatever_the_length() -> None:
    parameters = gpt_parameters(Value)
    leaves = [leaf for matrix in parameters.values() for row in matrix for leaf in row]
    tokens = document("abcde")
    vectors = recovered(lambda: gpt_loss(parameters, tokens), {}, leaves)
    assert vectors.equations <= 160


# --- parts ------------------------------------------------------------------------------------------------------------


def test_ragged_sums_are_computed_together() -> None:
    names = tuple(f"x_{i}" for i in range(6))
    equations = tuple(Equation(rules.total, tuple(range(k))) for k in (3, 4, 5, 6))
    equations += tuple(Equation(rules.exp, (6 + i,)) for i in range(4))
    vectors = recover(Program(names, equations, (), (10, 11, 12, 13)))
    assert [step.form for step in vectors.steps] == ["pairs", "map"]


def test_constants_may_differ_from_lane_to_lane() -> None:
    equations = tuple(Equation(rules.mul, (float(i), i)) for i in range(4))
    equations += tuple(Equation(rules.pow_, (4 + i, 2.0 + i % 2)) for i in range(4))
    vectors = recover(Program(("a", "b", "c", "d"), equations, (), (8, 9, 10, 11)))
    assert [(step.row, step.size) for step in vectors.steps] == [(rules.mul, 4), (rules.pow_, 2), (rules.pow_, 2)]


def test_what_is_shared_stays_out_of_the_batch() -> None:
    equations = (Equation(rules.exp, (0,)), Equation(rules.mul, (1, 2)), Equation(rules.sin, (3,)))
    vectors = recover(Program(("w", "x"), equations, (), (4,), (1,)))
    assert [step.batched for step in vectors.steps] == [False, True, True, False]


def test_the_mean_of_a_sum_is_the_sum_of_the_means() -> None:
    """δ x + 2 λ w: the product over the samples is apart from what all samples share."""
    equations = (Equation(rules.exp, (0,)), Equation(rules.dot, (2, 0.2, 0, 1, 0.0)))
    vectors = recover(Program(("x", "w"), equations, (), (3,), (0,)))
    assert [(step.form, step.batched) for step in vectors.steps] == [
        ("map", True),
        ("mean_product", False),
        ("pairs", False),
    ]


def test_views() -> None:
    assert strides(np.arange(12).reshape(3, 4)[:, :2]) == (4, 1)
    assert strides(np.array([[5, 5], [6, 6]])) == (1, 0)
    assert strides(np.array([1, 2, 4])) is None
    assert factored([np.array([0, 1, 2, 10, 11, 12]), np.array([3, 3, 3, 4, 4, 4])]) == (2, 3)
    assert factored([np.array([0, 1, 3, 7])]) == (4,)


@given(st.data())
def test_products_are_found_in_any_order(data: st.DataObject) -> None:
    """Rows and columns shuffled, the pairs of each dot too: the blocks cover exactly their own dots."""
    r, c, k = (data.draw(st.integers(1, 4)) for _ in "rck")
    rows, columns = np.arange(r * k).reshape(r, k), 100 + np.arange(c * k).reshape(c, k)
    dots = data.draw(st.permutations([(i, j) for i in range(r) for j in range(c)]))
    left = np.array([rows[i] for i, _ in dots])
    right = np.array([columns[j] for _, j in dots])
    found, rest = blocks(left, right)
    assert rest.size == 0
    (block,) = found
    assert block.members.shape == (r, c)
    for (i, j), dot in np.ndenumerate(block.members):
        assert set(zip(block.left[i], block.right[j], strict=True)) == set(zip(left[dot], right[dot], strict=True))


def test_the_checker_rejects() -> None:
    equations = (Equation(rules.exp, (0,)), Equation(rules.sin, (1,)))
    vectors = recover(Program(("x",), equations, (), (2,)))
    first, second = vectors.steps
    for steps, words in (
        ((second, first), "not computed before"),
        ((first, first, second), "known already"),
        ((replace(first, form="mop"), second), "unknown form"),
        ((replace(first, shape=(2,)), second), "gives"),
    ):
        with pytest.raises(CompileError, match=words):
            check(replace(vectors, steps=steps))


@pytest.mark.parametrize("count", [1, 10, 300])
def test_chains_are_levels(count: int) -> None:
    """A program without any regularity is still right, and says that it takes many calls."""
    equations = tuple(Equation(rules.sin, (i,)) for i in range(count))
    program = Program(("x",), equations, (), (count,))
    vectors = recover(program)
    assert vectors.equations == count
    assert build(program, Options()).calls >= count
    assert vectors.work() == count


def test_a_bias_of_many_lanes_is_no_term_of_a_sum() -> None:
    """300 sums x y + z cost 600 operations: the number of terms is that of the factors, not of the biases."""
    n = 300
    equations = [Equation(rules.dot, (i, n + i, 2 * n + i)) for i in range(n)]
    program = Program(tuple([f"x{i}" for i in range(3 * n)]), tuple(equations), (), tuple(range(3 * n, 4 * n)))
    (step,) = recover(program).steps
    assert step.form == "pairs"
    assert recover(program).costs() == (0, 2 * n)
