"""An LSTM over characters, unrolled in plain scalar code, by hand and in JAX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tests.benchmark.compiling.ours import Array
from tests.benchmark.compiling.sequences import Sequential

LETTERS = 27
HIDDEN = 4


def lstm(characters: int) -> Sequential:
    """The mean squared error with which a linear read-out of 4 cells foretells the next character."""
    rng = np.random.default_rng(0)
    text = rng.integers(LETTERS, size=characters + 1)
    x = 0.4 * rng.normal(size=LETTERS * 4 * HIDDEN + 4 * HIDDEN * HIDDEN + HIDDEN)
    pairs = list(zip(text[:-1].tolist(), (text[1:] / LETTERS).tolist(), strict=True))

    def jax_value(jax: Any) -> Callable[[Any], Any]:
        return lambda x: jax_lstm(jax, x, text[:-1], text[1:] / LETTERS)

    return Sequential(
        x, characters, lambda m: lambda x: lstm_loss(m, pairs, x), lambda x: lstm_by_hand(x, pairs), jax_value
    )


def cut(x: Any) -> tuple[Any, Any, Any]:
    """The row of each letter, the rows of W, and the read-out, cut out of a vector: each row has 4 gates in turn."""
    gates, end = 4 * HIDDEN, LETTERS * 4 * HIDDEN
    rows = [x[start : start + gates] for start in range(0, end, gates)]
    weights = [x[start : start + HIDDEN] for start in range(end, end + gates * HIDDEN, HIDDEN)]
    return rows, weights, x[end + gates * HIDDEN :]


def lstm_loss(m: Any, pairs: Sequence[tuple[int, float]], x: Any) -> Any:
    """The loss in plain scalar code."""
    rows, weights, out = cut(x)
    h: list[Any] = [0.0] * HIDDEN
    c, loss = h, 0.0
    for letter, target in pairs:
        z = [
            zi + sum(w * hi for w, hi in zip(row, h, strict=True))
            for zi, row in zip(rows[letter], weights, strict=True)
        ]
        enter, forget, leave = ([sigmoid(m, zi) for zi in z[k * HIDDEN : (k + 1) * HIDDEN]] for k in range(3))
        new = [m.tanh(zi) for zi in z[3 * HIDDEN :]]
        c = [f * ci + i * n for f, ci, i, n in zip(forget, c, enter, new, strict=True)]
        h = [o * m.tanh(ci) for o, ci in zip(leave, c, strict=True)]
        loss = loss + (sum(w * hi for w, hi in zip(out, h, strict=True)) - target) ** 2
    return loss / len(pairs)


def sigmoid(m: Any, z: Any) -> Any:
    """The logistic function, as every module can write it."""
    return 1.0 / (1.0 + m.exp(-z))


class Step(NamedTuple):
    """What back-propagation has to know of a step; `before` are h and c at its beginning."""

    letter: int
    gates: Array
    new: Array
    before: tuple[Array, Array]
    bent: Array
    h: Array
    error: float


def lstm_by_hand(x: Array, pairs: Sequence[tuple[int, float]]) -> tuple[float, Array]:
    """Forward and backward through time, on vectors of the cells."""
    end = LETTERS * 4 * HIDDEN
    rows, weights, out = x[:end].reshape(LETTERS, -1), x[end:-HIDDEN].reshape(-1, HIDDEN), x[-HIDDEN:]
    h, c, steps = np.zeros(HIDDEN), np.zeros(HIDDEN), []
    for letter, target in pairs:
        z = rows[letter] + weights @ h
        gates, new = 1.0 / (1.0 + np.exp(-z[: 3 * HIDDEN])), np.tanh(z[3 * HIDDEN :])
        enter, forget, leave = np.split(gates, 3)
        before, c = (h, c), forget * c + enter * new
        bent = np.tanh(c)
        h = leave * bent
        steps.append(Step(letter, gates, new, before, bent, h, float(out @ h - target)))
    gradient = np.concatenate([each.ravel() for each in lstm_backward(steps, rows, weights, out)])
    return sum(step.error * step.error for step in steps) / len(pairs), gradient / len(pairs)


def lstm_backward(steps: Sequence[Step], rows: Array, weights: Array, out: Array) -> tuple[Array, Array, Array]:
    """The derivatives of the sum of squared errors by the three parameters."""
    by_rows, by_weights, by_out = np.zeros_like(rows), np.zeros_like(weights), np.zeros_like(out)
    by_h, by_c = np.zeros(HIDDEN), np.zeros(HIDDEN)
    for letter, gates, new, (h_before, c_before), bent, h, error in reversed(steps):
        enter, forget, leave = np.split(gates, 3)
        by_out += 2.0 * error * h
        by_h = by_h + 2.0 * error * out
        by_c = by_c + by_h * leave * (1.0 - bent * bent)
        by_gates = np.concatenate((by_c * new, by_c * c_before, by_h * bent)) * gates * (1.0 - gates)
        by_z = np.concatenate((by_gates, by_c * enter * (1.0 - new * new)))
        by_rows[letter] += by_z
        by_weights += np.outer(by_z, h_before)
        by_h, by_c = weights.T @ by_z, by_c * forget
    return by_rows, by_weights, by_out


def jax_lstm(jax: Any, x: Any, letters: Any, targets: Any) -> Any:
    """The same loss by `lax.scan`."""
    jnp, end = jax.numpy, LETTERS * 4 * HIDDEN
    rows, weights, out = x[:end].reshape(LETTERS, -1), x[end:-HIDDEN].reshape(-1, HIDDEN), x[-HIDDEN:]

    def step(state: Any, seen: Any) -> tuple[Any, Any]:
        h, c = state
        letter, target = seen
        z = rows[letter] + weights @ h
        enter, forget, leave = jnp.split(jax.nn.sigmoid(z[: 3 * HIDDEN]), 3)
        c = forget * c + enter * jnp.tanh(z[3 * HIDDEN :])
        h = leave * jnp.tanh(c)
        return (h, c), (out @ h - target) ** 2

    zeros = jnp.zeros(HIDDEN)
    return jax.lax.scan(step, (zeros, zeros), (jnp.asarray(letters), jnp.asarray(targets)))[1].mean()
