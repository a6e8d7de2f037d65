"""The scalar GPT of the workload ``gpt``, unchanged, compiled: one document, and a batch of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

import autograd
from tests.benchmark import gpt, tuples
from tests.benchmark.compiling.ours import Scalars
from tests.benchmark.contest import Answer, Collector, Side
from tests.benchmark.names_gpt import GPT

TUPLES = "slots and tuples"


@dataclass(frozen=True, slots=True)
class Document:
    """The loss of one document, and its gradient by all parameters."""

    tokens: Sequence[int]
    width: int

    @property
    def scalars(self) -> Scalars:
        """The operator program as it is, with its parameters."""
        parameters = gpt.gpt_parameters(autograd.Value, wanted=gpt.shapes(self.width))
        return Scalars(lambda: gpt.gpt_loss(parameters, self.tokens), (), gpt.gpt_leaves(parameters))


def document(word: str, width: int = gpt.N_EMBD) -> Document:
    """A word as a document, for a GPT with embeddings of that width.

    >>> document("ada").tokens
    [26, 0, 3, 0, 26]
    """
    return Document(gpt.document(word), width)


def eager_side(task: Document) -> Side:
    """The same program with plain operators, as a user would start."""
    return _eager("eager", "left alone", task)


def paused_side(task: Document) -> Side:
    """The same inside `autograd.paused_gc()`."""
    return _eager("eager, collector paused", "paused", task)


def tuples_document_side(task: Document) -> Side:
    """The same with a Value of slots and tuples."""
    return gpt.gpt_side(TUPLES, tuples.Value, task.tokens, "left alone", task.width)


def _eager(name: str, collector: Collector, task: Document) -> Side:
    return gpt.gpt_side(name, autograd.Value, task.tokens, collector, task.width)


# --- a batch ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Batch:
    """The mean loss of documents of one length, and its gradient; the tokens are arguments."""

    words: Sequence[str]
    width: int
    dtype: Literal["float64", "float32"] = "float64"

    @property
    def scalars(self) -> Scalars:
        """`names_gpt.GPT`, which looks up letters by `nn.Embedding`, with the parameters of `Document`."""
        model = GPT(self.width)
        numbers = gpt.gpt_leaves(gpt.gpt_parameters(float, wanted=gpt.shapes(self.width)))
        for parameter, number in zip(model.parameters(), numbers, strict=True):
            parameter.data = number
        tokens = np.array([gpt.document(word) for word in self.words], dtype=np.float64)
        return Scalars(model.loss, (tokens,), model.parameters(), ("tokens",), self.dtype)


def tuples_side(task: Batch) -> Side:
    """The documents one after the other with a Value of slots and tuples."""
    parameters = gpt.gpt_parameters(tuples.Value, wanted=gpt.shapes(task.width))
    leaves = gpt.gpt_leaves(parameters)

    def step() -> float:
        for leaf in leaves:
            leaf.grad = 0.0
        losses = [gpt.gpt_loss(parameters, gpt.document(word)) for word in task.words]
        for loss in losses:
            loss.backward()
        return float(sum(loss.data for loss in losses)) / len(losses)

    def answer() -> Answer:
        return Answer(step(), [leaf.grad / len(task.words) for leaf in leaves])

    return Side(TUPLES, step, answer)
