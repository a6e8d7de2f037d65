"""A sparse matrix whose entries are computed by several programs, each for many samples: see bodies.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd._numpy import NDArray, np
from autograd.compiler.captures import Outside
from autograd.compiler.inputs import joined
from autograd.compiler.lower import Lowered, Part
from autograd.compiler.options import Options
from autograd.compiler.specialization import Variant, verified


class Assembled(Variant):
    """The programs of the parts of a recording, which run one after the other and fill the entries of its matrix."""

    def __init__(self, lowered: Lowered, options: Options, variants: Sequence[Variant]) -> None:
        self.lowered = lowered
        self.options = options
        self.variants = tuple(variants)
        self.outside = Outside(None)
        self.used = 0
        first = self.variants[0]
        self.name, self.runner, self.reason = first.name, first.runner, first.reason
        self.instead_of = next(filter(None, [each.instead_of for each in self.variants]), "")
        self.cache = first.cache
        self._order, self._is_sum = _order(lowered)

    @property
    def source(self) -> str:
        """The texts of all programs."""
        return "\n".join([each.source for each in self.variants])

    def run(self, pieces: Sequence[Any], samples: Sequence[Any]) -> NDArray[np.float64]:
        """The entries of the matrix, in the order of its pattern."""
        inputs = joined(pieces)
        found = [
            variant.runner.run(np.empty(0), part.samples(inputs))
            for part, variant in zip(self.lowered.parts, self.variants, strict=True)
        ]
        entries = np.concatenate([each.ravel() for each in found])
        if not self._is_sum:
            return entries[self._order]
        count = self.lowered.plan.pattern.size if self.lowered.plan else 0
        return np.bincount(self._order, entries, count + 1).astype(np.float64, copy=False)[:count]

    def __reduce__(self) -> tuple[Any, ...]:
        state = {"outside": self.outside, "instead_of": self.instead_of}
        return Assembled, (self.lowered, self.options, self.variants), state


def _order(lowered: Lowered) -> tuple[NDArray[np.intp], bool]:
    """Which output is each entry; or, where several outputs add up or are none, the entry of each output, and True.

    An output that is no entry of the pattern is added to one after the last.
    """
    assert lowered.plan is not None
    count = lowered.plan.pattern.size
    places = np.concatenate([part.entries.ravel() for part in lowered.parts])
    if len(places) == count and np.array_equal(np.sort(places), np.arange(count)):
        return np.argsort(places), False
    return np.where(places < 0, count, places), True


def assembled(lowered: Lowered, options: Options, pieces: Sequence[Any], samples: Sequence[Any]) -> Assembled:
    """The programs of all parts, built and verified."""
    inputs = joined(pieces)
    return Assembled(lowered, options, [_built(part, options, inputs) for part in lowered.parts])


def _built(part: Part, options: Options, inputs: NDArray[np.float64]) -> Variant:
    return verified(part.lowered, options, [], part.samples(inputs))
