"""The back ends by name."""

from __future__ import annotations

from typing import NamedTuple

from autograd.compiler import python
from autograd.compiler.options import Options, Runner
from autograd.compiler.program import Program


class Choice(NamedTuple):
    """A back end, ready to run, and why it was chosen."""

    name: str
    runner: Runner
    reason: str


def choose(program: Program, options: Options, samples: int) -> Choice:
    """The runner of the back end that was asked for, or with `auto` of the one that is expected to be fastest."""
    return Choice("python", python.build(program, options), "the only one so far")
