"""GradBench `lstm`: the loss of a language model with diagonal weights over a text, and its gradient by the parameters.

A chunk of characters is compiled; the gradient goes back through the chunks. They are of one length, so that there is
one recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

import autograd
from autograd import exp, log, sigmoid, tanh
from tests.benchmark.gradbench.task import Functions, Input, Task, listed

Vector = Sequence[Any]
MOST = 70  # layers times steps in a chunk: a longer one takes more seconds to compile than it saves


def chunk(main: Sequence[Vector], extra: Sequence[Vector], state: Sequence[Vector], text: Sequence[Vector]) -> Any:
    """The state after some characters, and the logarithm of the odds that each was followed by the next."""
    odds = 0.0
    for bits, after in pairwise(text):
        state, y = step(main, extra, state, bits)
        norm = log(sum([exp(each) for each in y]) + 2.0)
        odds = odds + sum([bit * (each - norm) for bit, each in zip(after, y, strict=True)])
    return state, odds


def step(
    main: Sequence[Vector], extra: Sequence[Vector], state: Sequence[Vector], bits: Vector
) -> tuple[list[list[Any]], list[Any]]:
    """The state after a character, and what the next one is expected to be."""
    x = [a * b for a, b in zip(bits, extra[0], strict=True)]
    states = []
    for layer in range(0, len(main), 2):
        x, cell = layer_step(main[layer], main[layer + 1], state[layer], state[layer + 1], x)
        states += [x, cell]
    return states, [a * b + c for a, b, c in zip(x, extra[1], extra[2], strict=True)]


def layer_step(weight: Vector, bias: Vector, hidden: Vector, cell: Vector, x: Vector) -> tuple[list[Any], list[Any]]:
    """Hidden and cell state after one step: gates see the input or the hidden state of their own place only."""
    operands = [*x, *hidden, *x, *hidden]
    gates = [a * b + c for a, b, c in zip(operands, weight, bias, strict=True)]
    n = len(x)
    forget, ingate, outgate = ([sigmoid(each) for each in gates[i * n : i * n + n]] for i in range(3))
    change = [tanh(each) for each in gates[3 * n :]]
    kept = [a * b + c * d for a, b, c, d in zip(cell, forget, ingate, change, strict=True)]
    return [a * tanh(b) for a, b in zip(outgate, kept, strict=True)], kept


class Model:
    """The compiled chunk at one input."""

    def __init__(self, given: Input) -> None:
        self.chunk = autograd.compile(chunk)
        self.parameters = np.array(given["main_params"]), np.array(given["extra_params"])
        self.state = np.array(given["state"])
        text = np.array(given["sequence"])
        self.scale = -1.0 / (text.shape[1] * (len(text) - 1))
        steps, layers = len(text) - 1, len(self.parameters[0]) // 2
        size = max([i for i in range(1, 1 + MOST // layers) if steps % i == 0])
        self.texts = [text[i : i + size + 1] for i in range(0, steps, size)]

    def states(self) -> tuple[list[Any], float]:
        """The state before each chunk, and the loss."""
        states, total = [self.state], 0.0
        for text in self.texts:
            state, odds = self.chunk.value(*self.parameters, states[-1], text)
            states.append(np.asarray(state))
            total += odds
        return states[:-1], self.scale * total

    def gradient(self) -> Any:
        states, _ = self.states()
        slopes, adjoint = [np.zeros_like(each) for each in self.parameters], np.zeros_like(self.state)
        for state, text in zip(reversed(states), reversed(self.texts), strict=True):
            arguments = (*self.parameters, state, text)
            *more, adjoint = self.chunk.vjp(arguments, (adjoint, self.scale), argnums=(0, 1, 2))[1]
            slopes = [total + each for total, each in zip(slopes, more, strict=True)]
        return slopes


def objective(given: Input) -> Task:
    model = Model(given)
    return Task(lambda: model.states()[1])


def jacobian(given: Input) -> Task:
    return Task(Model(given).gradient, lambda slopes: [x for each in slopes for x in listed(each.ravel())])


FUNCTIONS: Functions = {"objective": objective, "jacobian": jacobian}


def generate(layers: int, characters: int, bits: int = 14) -> Input:
    """Random parameters and a random text."""
    rng = np.random.RandomState(31337)
    shapes = {"state": (2 * layers, bits), "main_params": (2 * layers, 4 * bits), "extra_params": (3, bits)}
    drawn = {name: rng.rand(*shape).tolist() for name, shape in shapes.items()}
    return {**drawn, "sequence": rng.randint(0, 2, (characters, bits)).astype(float).tolist()}


SIZES = {
    "tiny": {"layers": 1, "characters": 7, "bits": 5},
    "small": {"layers": 2, "characters": 1024},
    "middle": {"layers": 4, "characters": 4096},
    "large": {"layers": 6, "characters": 8192},
}
