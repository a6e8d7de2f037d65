"""One recording, built for a back end."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from autograd.compiler.backends import choose
from autograd.compiler.lower import Lowered
from autograd.compiler.options import Options
from autograd.compiler.program import interpret, same
from autograd.compiler.python import PythonRunner
from autograd.compiler.structure import as_array
from autograd.compiler.verify import disagreement
from autograd.errors import CompileError


class Variant:
    """A program and what runs it; built anew where it is unpickled."""

    def __init__(self, lowered: Lowered, options: Options, samples: int = 1) -> None:
        self.lowered = lowered
        self.options = options
        self.samples = samples
        self.name, self.runner, self.reason = choose(lowered.program, options, samples)
        self.source = self.runner.source
        # Lists all the way, where nothing is an array anyway: most of the time of a small program would be conversions.
        self._numbers = self.runner.numbers if isinstance(self.runner, PythonRunner) else None

    def run(self, pieces: Sequence[Any], samples: Sequence[Any]) -> Any:
        """The outputs, or the number of a guard that does not hold.

        `pieces` are lists and float64 vectors that follow each other as the shared inputs.
        """
        if self._numbers is not None and not samples:
            inputs: list[float] = []
            for piece in pieces:
                inputs += piece if type(piece) is list else piece.tolist()
            return self._numbers(inputs)
        return self.runner.run(joined(pieces), samples)

    def __reduce__(self) -> tuple[type[Variant], tuple[Lowered, Options, int]]:
        return Variant, (self.lowered, self.options, self.samples)


def joined(pieces: Sequence[Any]) -> Any:
    """One float64 vector of lists and vectors."""
    present = [piece for piece in pieces if len(piece)]
    if len(present) == 1:
        return as_array(present[0])
    return as_array([x for piece in present for x in piece])


def verified(lowered: Lowered, options: Options, pieces: Sequence[Any], samples: Sequence[Any]) -> Variant:
    """The recording built, once it has been seen to compute what was recorded; else by the back end python, which is
    eager arithmetic, with a warning. CompileError if that differs too: a function or a primitive is not pure.
    """
    _check_pure(lowered)
    variant = Variant(lowered, options, len(samples[0]) if samples else 1)
    shared = joined(pieces)
    wrong = disagreement(lowered.program, variant.runner, shared, samples, lowered.indices, options)
    if not wrong:
        return variant
    if variant.name == "python":
        raise CompileError(f"the program does not compute what was recorded: {wrong}")
    warnings.warn(
        f"the back end {variant.name} computes something else than the recorded graph: {wrong}; Python runs the "
        "program instead. Please report this with the function and its arguments",
        RuntimeWarning,
        stacklevel=6,
    )
    return verified(lowered, replace(options, backend="python", dtype="float64"), pieces, samples)


def _check_pure(lowered: Lowered) -> None:
    program = lowered.program
    numbers = interpret(program, lowered.example)
    for atom, expected in zip(program.outputs, lowered.recorded, strict=False):
        found = atom if type(atom) is float else numbers[int(atom)]
        if not (same(expected, found) or (expected != expected and found != found)):
            raise CompileError(
                f"the program gives {found!r} where the recorded graph has {expected!r}: is a primitive of yours "
                "random, or not a function of its operands only?"
            )
