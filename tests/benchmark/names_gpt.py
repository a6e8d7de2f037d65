"""A GPT that learns names: plain scalar code, compiled twice, for short and for long names.

The network is `gpt.next_logits`. A token looks up its embedding by `nn.Embedding`, which stays symbolic while the loss
is recorded, so one recording serves all names of a length, and a batch of such names is one call. Shorter names are
filled up: what follows a name changes nothing before it, and counts with weight 0.

>>> step = CompiledStep(GPT(width=4))
>>> losses = list(train(step, ["ada", "eve", "mary"], steps=3, batch=2))
>>> len(losses), step.lengths  # a recording calls the loss twice
(3, [8, 8])
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import autograd
import nn
from tests.benchmark import gpt
from tests.benchmark.gpt import BOUNDARY, CONTEXT, N_EMBD, SPREAD, Matrix, Scalar, Vector, document, next_logits

Array = NDArray[np.float64]

FILES = ("dist.all.last", "dist.female.first", "dist.male.first")
"""Names of the US census of 1990 as PyPI's `names` has them: a name, its percentage, their sum so far, its rank."""

LETTERS = (8, CONTEXT - 1)
"""Letters of the names that programs are made for. A recording costs as much as some thousand steps."""

# Enough to try things without the census.
FEW_NAMES = ("ada", "alan", "anna", "carl", "david", "emmy", "grace", "joan", "karen", "mary", "noam", "sofia")


class NoNamesError(Exception):
    """The census is not installed."""


def census_names() -> list[str]:
    """Every surname and first name of the census once, in small letters; NoNamesError without the package."""
    try:
        folder = resources.files("names")
    except ModuleNotFoundError as error:
        raise NoNamesError("the census names are not installed: python -m pip install names") from error
    lines = [line for file in FILES for line in (folder / file).read_text(encoding="ascii").splitlines()]
    return list(dict.fromkeys(line.split()[0].lower() for line in lines))


# --- the model --------------------------------------------------------------------------------------------------------


class GPT(nn.Module):
    """One block of attention and squared ReLU between an embedding of the letters and logits for the next one.

    `width` numbers represent a letter; a multiple of 4, since there are 4 heads.
    """

    def __init__(self, width: int = N_EMBD, seed: int = 0) -> None:
        shapes = gpt.shapes(width)
        self.tokens = nn.Embedding(*shapes.pop("tokens"), init=nn.normal(SPREAD), seed=seed)
        self.matrices = gpt.gpt_parameters(autograd.Value, seed, shapes)

    def parameters(self) -> list[autograd.Value]:
        return [*self.tokens.parameters(), *gpt.gpt_leaves(self.matrices)]

    def __call__(self, tokens: Iterable[Any]) -> Iterator[Vector]:
        """The logits of what follows each of the tokens, which may be numbers or, while it is recorded, Values."""
        keys: Matrix = []
        values: Matrix = []
        for position, token in enumerate(tokens):
            yield next_logits(self.matrices, self.tokens[token], position, keys, values)

    def loss(self, tokens: Sequence[Any], weights: Sequence[Any] | None = None) -> Scalar:
        """Mean cross-entropy of each token after the first: how surprising the name is, in nats per letter.

        With weights, one for each of these tokens, the sum of the weighted entropies.
        """
        losses = [nn.cross_entropy(z, target) for z, target in zip(self(tokens[:-1]), tokens[1:], strict=True)]
        return autograd.mean(losses) if weights is None else autograd.dot(weights, losses)

    def sample(self, rng: random.Random, temperature: float = 0.7) -> str:
        """A name drawn letter by letter; the lower the temperature, the more usual it is."""
        tokens = [BOUNDARY]
        with autograd.no_graph():
            for logits in self(tokens):  # which grow meanwhile: what was computed of the letters before is kept
                weights = [float(e) for e in gpt.softmax([z / temperature for z in logits])]
                [token] = rng.choices(range(len(weights)), weights)
                if token == BOUNDARY or len(tokens) == CONTEXT:
                    break
                tokens.append(token)
        return "".join(chr(ord("a") + token) for token in tokens[1:])


# --- training ---------------------------------------------------------------------------------------------------------


def train(
    step: Step, names: Sequence[str], steps: int, batch: int = 16, lr: float = 0.01, seed: int = 0
) -> Iterator[float]:
    """Adam with a rate that falls to 0 over the steps; yields the loss of each. The model gets its numbers at the end.

    A batch has names of one length, which comes up as often as it is among the names.
    """
    parameters = step.model.parameters()
    optimizer = nn.Adam(nn.linear_decay(lr, steps=steps), beta1=0.85, beta2=0.99)
    theta = np.array([parameter.data for parameter in parameters])
    try:
        for documents in batches(names, steps, batch, random.Random(seed)):
            loss, gradient = step(theta, documents)
            theta = optimizer.update(theta, gradient)
            yield loss
    finally:
        write(parameters, theta)


def batches(names: Sequence[str], steps: int, batch: int, rng: random.Random) -> Iterator[list[list[int]]]:
    """For each step a name, drawn evenly, gives the length: documents that one program can run."""
    by_length = defaultdict(list)
    for name in names:
        by_length[len(name)].append(name)
    for _ in range(steps):
        alike = by_length[len(rng.choice(names))]
        yield [document(name) for name in rng.choices(alike, k=batch)]


class Step(Protocol):
    """Mean loss of some documents of one length, and its gradient, at a vector of parameters."""

    model: GPT

    def __call__(self, theta: Array, documents: list[list[int]]) -> tuple[float, Array]: ...


class CompiledStep:
    """Runs a program for all documents at once; `lengths` says for how many letters the loss was recorded."""

    def __init__(self, model: GPT, letters: Sequence[int] = LETTERS) -> None:
        self.model = model
        self.letters = letters
        self.lengths: list[int] = []
        self.fast = autograd.compile(self.loss, parameters=model.parameters(), batch=("tokens", "weights"))

    def loss(self, tokens: Sequence[Any], weights: Sequence[Any]) -> Scalar:
        self.lengths.append(len(tokens) - 2)
        return self.model.loss(tokens, weights)

    def __call__(self, theta: Array, documents: list[list[int]]) -> tuple[float, Array]:
        value, gradient = self.fast.flat(theta, *filled(documents, self.letters))
        return value, gradient


def filled(documents: Sequence[Sequence[int]], letters: Sequence[int]) -> tuple[Array, Array]:
    """Documents of the smallest of these lengths that has room for all, and the weights of their tokens but the first.

    >>> filled([document("a"), document("ab")], (3,))
    (array([[26.,  0., 26., 26., 26.],
           [26.,  0.,  1., 26., 26.]]), array([[0.5       , 0.5       , 0.        , 0.        ],
           [0.33333333, 0.33333333, 0.33333333, 0.        ]]))
    """
    longest = max(map(len, documents))
    size = min([count + 2 for count in letters if count + 2 >= longest])
    tokens, weights = np.full((len(documents), size), float(BOUNDARY)), np.zeros((len(documents), size - 1))
    for i, each in enumerate(documents):
        tokens[i, : len(each)] = each
        weights[i, : len(each) - 1] = 1.0 / (len(each) - 1)
    return tokens, weights


class EagerStep:
    """Builds a graph for each document."""

    def __init__(self, model: GPT) -> None:
        self.model = model

    def __call__(self, theta: Array, documents: list[list[int]]) -> tuple[float, Array]:
        parameters = self.model.parameters()
        write(parameters, theta)
        self.model.zero_grad()
        losses = []
        for tokens in documents:
            loss = self.model.loss(tokens) / len(documents)
            loss.backward()
            losses.append(loss.data)
        return sum(losses), np.array([parameter.grad for parameter in parameters])


def write(parameters: Sequence[autograd.Value], theta: Array) -> None:
    """Give the parameters their numbers."""
    for parameter, number in zip(parameters, theta.tolist(), strict=True):
        parameter.data = number
