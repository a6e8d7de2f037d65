"""What is exported: the functions of a file, their programs, and the layouts of what they take and give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograd.compiler.forms import Forms
from autograd.compiler.lower import Lowered


@dataclass(frozen=True)
class Slot:
    """Numbers that follow each other under one name of the user's."""

    name: str
    first: int
    count: int


@dataclass(frozen=True)
class Exported:
    """One function of a file.

    kind        "value", "gradient", "jvp", "vjp" or "hvp"
    arguments, parameters, directions, samples
                the inputs of its program by what they belong to; samples differ, all else is shared
    results     what it writes
    """

    kind: str
    lowered: Lowered
    forms: Forms
    arguments: tuple[Slot, ...]
    parameters: tuple[Slot, ...]
    directions: tuple[Slot, ...]
    samples: tuple[Slot, ...]
    results: tuple[Slot, ...]


@dataclass(frozen=True)
class Request:
    """A file that is wanted: `name` is the user's name of the function, `numbers` what the parameters are now."""

    name: str
    functions: tuple[Exported, ...]
    numbers: tuple[float, ...]
    exact: bool
    single: bool


def total(slots: Sequence[Slot]) -> int:
    """How many numbers there are in all.

    >>> total([Slot("x", 0, 2), Slot("y", 2, 1)])
    3
    """
    return sum([slot.count for slot in slots])
