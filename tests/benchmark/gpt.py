"""A small GPT in plain scalar operators: one document forward and backward, about 60 000 nodes.

``gpt_loss(parameters, tokens)`` is ordinary user code: it runs with any scalar Value that has ``+ - * / **``, ``exp``,
``log`` and ``relu``, and it never looks at the class. One block of Vaswani et al. 2017 (arXiv 1706.03762) with the
norm in front (Radford et al. 2019), RMSNorm without gain (Zhang & Sennrich 2019), squared ReLU (So et al. 2021).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import autograd
from tests.benchmark import tuples
from tests.benchmark.contest import Answer, Collector, Contest, Side

# Whatever scalar class the caller brought: naming one here would tie the program to it.
Scalar = Any
Vector = list[Scalar]
Matrix = list[Vector]
Parameters = dict[str, Matrix]

CONTEXT = 16
HEADS = 4
N_EMBD = 16
BOUNDARY = 26
SPREAD = 0.08


def shapes(width: int = N_EMBD) -> dict[str, tuple[int, int]]:
    """Rows and columns of each matrix, for embeddings of that width, a multiple of ``HEADS``."""
    return {
        "tokens": (BOUNDARY + 1, width),
        "positions": (CONTEXT, width),
        "query": (width, width),
        "key": (width, width),
        "value": (width, width),
        "mix": (width, width),
        "widen": (4 * width, width),
        "narrow": (width, 4 * width),
        "vocabulary": (BOUNDARY + 1, width),
    }


def gpt_loss(parameters: Parameters, tokens: Sequence[int]) -> Scalar:
    """Mean cross-entropy of each token after the first, predicted from the tokens before it."""
    keys: Matrix = []
    values: Matrix = []
    losses: Vector = []
    for position, (token, target) in enumerate(pairwise(tokens)):
        probabilities = softmax(next_logits(parameters, parameters["tokens"][token], position, keys, values))
        losses.append(-probabilities[target].log())
    return sum(losses) / len(losses)


def next_logits(parameters: Parameters, embedding: Vector, position: int, keys: Matrix, values: Matrix) -> Vector:
    """A logit for every token that may follow the newest one, whose embedding is given.

    Its key and value join those of the positions before.
    """
    a = rmsnorm(add(embedding, parameters["positions"][position]))
    a = add(a, attention(parameters, rmsnorm(a), keys, values))
    a = add(a, feed_forward(parameters, rmsnorm(a)))
    return linear(parameters["vocabulary"], a)


def attention(parameters: Parameters, x: Vector, keys: Matrix, values: Matrix) -> Vector:
    """Causal attention of the newest position; its key and value join those of the positions before."""
    query = linear(parameters["query"], x)
    keys.append(linear(parameters["key"], x))
    values.append(linear(parameters["value"], x))
    width = len(x) // HEADS
    heads = [slice(start, start + width) for start in range(0, len(x), width)]
    return linear(parameters["mix"], [out for head in heads for out in attend(query, keys, values, head)])


def attend(query: Vector, keys: Matrix, values: Matrix, head: slice) -> Vector:
    """One head: the values weighted by softmax(q . k / sqrt(width))."""
    q = query[head]
    weights = softmax([dot(q, key[head]) / len(q) ** 0.5 for key in keys])
    return [dot(weights, lane) for lane in zip(*(value[head] for value in values), strict=True)]


def feed_forward(parameters: Parameters, x: Vector) -> Vector:
    """Two layers with squared ReLU between them."""
    hidden = [z.relu() ** 2 for z in linear(parameters["widen"], x)]
    return linear(parameters["narrow"], hidden)


def linear(w: Matrix, x: Vector) -> Vector:
    """w x, one dot product per row."""
    return [dot(row, x) for row in w]


def dot(w: Sequence[Scalar], x: Sequence[Scalar]) -> Scalar:
    return sum(wi * xi for wi, xi in zip(w, x, strict=True))


def add(x: Vector, y: Vector) -> Vector:
    return [xi + yi for xi, yi in zip(x, y, strict=True)]


def rmsnorm(x: Vector) -> Vector:
    """x divided by its root mean square; the small constant keeps 0 at 0."""
    scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def softmax(logits: Vector) -> Vector:
    """No maximum is subtracted: behind rmsnorm and weights this small, exp cannot overflow."""
    exps = [logit.exp() for logit in logits]
    norm = sum(exps)
    return [e / norm for e in exps]


def gpt_parameters(
    value: Callable[[float], Scalar], seed: int = 0, wanted: Mapping[str, tuple[int, int]] | None = None
) -> Parameters:
    """Matrices of the wanted shapes, or all: normal with deviation ``SPREAD``, the same numbers for every ``value``."""
    rng = random.Random(seed)
    return {
        name: [[value(rng.gauss(0.0, SPREAD)) for _ in range(columns)] for _ in range(rows)]
        for name, (rows, columns) in (wanted or shapes()).items()
    }


def gpt_leaves(parameters: Parameters) -> Vector:
    """All parameters in one list, matrix by matrix and row by row."""
    return [leaf for matrix in parameters.values() for row in matrix for leaf in row]


def document(word: str) -> list[int]:
    """The tokens of a word of the letters a-z: a boundary, the letters, a boundary.

    >>> document("ada")
    [26, 0, 3, 0, 26]
    """
    return [BOUNDARY, *(ord(letter) - ord("a") for letter in word), BOUNDARY]


def gpt_side(
    name: str, value: Callable[[float], Scalar], tokens: Sequence[int], collector: Collector, width: int = N_EMBD
) -> Side:
    """One training step's forward and backward pass with the given scalar class."""
    parameters = gpt_parameters(value, wanted=shapes(width))
    leaves = gpt_leaves(parameters)

    def step() -> float:
        for leaf in leaves:
            leaf.grad = 0.0
        loss = gpt_loss(parameters, tokens)
        loss.backward()
        return float(loss.data)

    return Side(name, step, lambda: Answer(step(), [leaf.grad for leaf in leaves]), collector)


def gpt(quick: bool) -> Contest:
    """Ours against slots and tuples, the collector left alone for both."""
    return _gpt("left alone", quick)


def gpt_paused(quick: bool) -> Contest:
    """Ours inside ``autograd.paused_gc()`` against slots and tuples as a user would run it."""
    return _gpt("paused", quick)


def _gpt(collector: Collector, quick: bool) -> Contest:
    tokens = document("a" if quick else "tamara")
    ours = gpt_side("autograd", autograd.Value, tokens, collector)
    return Contest(ours, gpt_side("slots and tuples", tuples.Value, tokens, "left alone"))
