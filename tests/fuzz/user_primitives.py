"""Primitives such as users define, for as long as programs with them run; a printed test brings this source along."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from autograd import PRIMITIVES
from autograd.testing import defined


@contextmanager
def user_primitives() -> Iterator[None]:
    """`fuzz_cube`, `fuzz_blend` and `fuzz_squares` are in the table in the block; blocks nest."""
    if "fuzz_cube" in PRIMITIVES:
        yield
        return
    with (
        defined("fuzz_cube", lambda x: x * x * x, lambda out, x: 3.0 * x**2),
        defined("fuzz_blend", lambda x, y: x * y + x, lambda out, x, y: y + 1.0, lambda out, x, y: x),
        defined("fuzz_squares", lambda *xs: sum(x * x for x in xs), variadic=lambda out, *xs: [2.0 * x for x in xs]),
    ):
        yield
