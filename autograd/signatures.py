"""Decorators that state the types of a function, and the base that states those of Value: see `signatures.pyi`.

What is made from rows of the table has no body that a type checker could read. Its types are in the stub, once for each
shape of function; at run time there is nothing of them.
"""

from __future__ import annotations

from typing import Any


def _unchanged(function: Any) -> Any:
    return function


affine_map = choice = exponential_slope = extreme = inner_product = _unchanged
leaky_slope = listwise = reduction = several = ternary = _unchanged
Operators = object
