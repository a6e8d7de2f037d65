"""The scalar GPT of the workload ``gpt``, unchanged, compiled: against its own eager run, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import autograd
from tests.benchmark import gpt
from tests.benchmark.compiling.ours import Scalars
from tests.benchmark.contest import Collector, Side


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


def _eager(name: str, collector: Collector, task: Document) -> Side:
    return gpt.gpt_side(name, autograd.Value, task.tokens, collector, task.width)
