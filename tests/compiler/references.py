"""What a program of a test has to compute, as for one that was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.compiler.lower import VALUE, Lowered
from autograd.compiler.program import Program
from autograd.compiler.verify import Reference
from autograd.structure import key_of


def reference(
    program: Program, shared: Sequence[float], samples: Sequence[Any] = (), indices: frozenset[int] = frozenset()
) -> Reference:
    """The reference of a program that is all there is: whatever derivatives it has are among its equations."""
    at = (0.0,) * len(program.names)
    return Reference(Lowered(program, key_of(0.0), VALUE, (), at, (), indices), shared, samples)
