"""A recording built for a back end and verified."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from autograd._numpy import NDArray, np
from autograd.compiler.backends import NAMES, Choice, choose, next_best
from autograd.compiler.cache.objects import using
from autograd.compiler.captures import Outside
from autograd.compiler.forms import Forms
from autograd.compiler.inputs import joined
from autograd.compiler.keeper import Keeper
from autograd.compiler.lower import GRADIENT, Lowered
from autograd.compiler.options import Options
from autograd.compiler.program import Program, same
from autograd.compiler.python import PythonRunner
from autograd.compiler.verify import REORDERED, ROUNDED, Reference
from autograd.errors import CompileError


class Variant:
    """A program and its runner, which is built again when this is unpickled."""

    def __init__(
        self, lowered: Lowered, options: Options, samples: int = 1, choice: Choice | None = None, cache: str = ""
    ) -> None:
        self.lowered = lowered
        self.options = options
        self.samples = samples
        self.outside = Outside(None)  # what the function read besides its arguments
        self.used = 0  # when it ran last, counted in recordings
        self.instead_of = ""  # the back ends that should have run, and why they do not
        self.cache = cache  # in words, whether it was read from there
        self.name, self.runner, self.reason = choice or choose(forms_of(lowered, options), options, samples)
        self._seeds = [_directions(lowered)] if lowered.seeds else []
        # Lists all the way, where nothing is an array anyway: most of the time of a small program would be conversions.
        self._numbers = self.runner.numbers if isinstance(self.runner, PythonRunner) else None

    @property
    def source(self) -> str:
        """The text of what runs, which is written when somebody reads it."""
        return self.runner.source

    def run(self, pieces: Sequence[Any], samples: Sequence[Any]) -> Any:
        """The outputs, or the number of a guard that does not hold.

        `pieces` are lists and float64 vectors that follow each other as the shared inputs.
        """
        if self._numbers is not None and not samples and not self._seeds:
            inputs: list[float] = []
            for piece in pieces:
                inputs += piece if type(piece) is list else piece.tolist()
            return self._numbers(inputs)
        return self.runner.run(joined(pieces), [*samples, *self._seeds] if self._seeds else samples)

    def __reduce__(self) -> tuple[type[Variant], tuple[Lowered, Options, int], dict[str, Any]]:
        state = {"outside": self.outside, "instead_of": self.instead_of}
        return Variant, (self.lowered, self.options, self.samples), state


def _directions(lowered: Lowered) -> NDArray[np.float64]:
    """What runs as its batch: the identity, or a row for each colour."""
    return np.eye(lowered.seeds) if lowered.plan is None else lowered.plan.directions


def forms_of(lowered: Lowered, options: Options) -> Forms:
    """What back ends start from; exact ones keep the order of eager code."""
    return _forms(lowered, options.exact, lambda: lowered.program)


def unguarded_forms_of(lowered: Lowered, exact: bool) -> Forms:
    """The same for what nobody asks guards of, such as a file; the guards of the function itself are left."""
    return _forms(lowered, exact, lambda: lowered.gated)


def _forms(lowered: Lowered, exact: bool, scalar: Callable[[], Program]) -> Forms:
    if lowered.kind != GRADIENT or exact:
        return Forms(lambda: lowered.program)
    return Forms(lambda: lowered.forward, lowered.wanted, scalar)


def verified(lowered: Lowered, options: Options, pieces: Sequence[Any], samples: Sequence[Any]) -> Variant:
    """The recording, built and verified to compute what was recorded; else by the next best back end, with a
    warning, and in the end by python, which is eager arithmetic. CompileError if that differs too: a function or a
    primitive is not pure.

    One that an earlier process has kept on disk was verified there: what it gives here is compared with the recording.
    """
    keeper, count = Keeper(lowered, options, samples), len(samples[0]) if samples else 1
    if choice := keeper.found(forms_of(lowered, options), joined(pieces)):
        return Variant(lowered, options, count, choice, keeper.outcome)
    reference = Reference(lowered, joined(pieces), samples)
    forms = forms_of(lowered, options)
    variant, wrong = _built(lowered, options, samples, reference, forms)
    if wrong:
        check_pure(lowered, reference.recorded)
    failed: list[str] = []
    reasons: list[str] = []
    while wrong and variant.name != "python":
        failed.append(variant.name)
        reasons.append(f"{variant.name}, which does not compute the recorded graph: {wrong}")
        if wrong.startswith((ROUNDED, REORDERED)):
            options = replace(options, backend="python", dtype="float64")
            option = "exact=True" if wrong.startswith(REORDERED) else 'dtype="float64"'
            advice = f"{option} does as eager code does"
        else:
            options = next_best(forms, options, variant.samples, failed)
            advice = "Please report this with the function and its arguments"
        warnings.warn(
            f"the back end {variant.name} does not compute the recorded graph: {wrong}; "
            f"{NAMES[options.backend]} runs the program instead. {advice}",
            RuntimeWarning,
            stacklevel=6,
        )
        variant, wrong = _built(lowered, options, samples, reference, forms)
    if wrong:
        raise CompileError(f"the program does not compute what was recorded: {wrong}")
    if reasons:
        variant.instead_of = f"instead of {'; and of '.join(reasons)}"
    if not failed:  # else the next process is to be warned too
        variant.cache = keeper.keep(variant.name, variant.reason, forms)
    return variant


def _built(
    lowered: Lowered, options: Options, samples: Sequence[Any], reference: Reference, forms: Forms
) -> tuple[Variant, str]:
    """The recording built, and what it computes wrongly."""
    count = len(samples[0]) if samples else 1
    with using(options.cache):
        variant = Variant(lowered, options, count, choose(forms, options, count))
        return variant, reference.disagreement(variant.runner, options)


def check_pure(lowered: Lowered, outputs: Sequence[float]) -> None:
    """CompileError where a program, run as it is, has other outputs than the recorded graph."""
    for found, expected in zip(outputs, lowered.found, strict=False):
        if not (same(expected, found) or (expected != expected and found != found)):
            raise CompileError(
                f"the program gives {found!r} where the recorded graph has {expected!r}: is a primitive of yours "
                "random, or not a function of its operands only?"
            )
