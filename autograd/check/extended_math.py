"""Functions of `math` for numbers with more digits, so that a user's value or rule in terms of `math` keeps them.

A function is copied with other globals: in place of `math` and its functions, the copy has functions that apply the
primitive of the same meaning to replayed numbers, and call `math` for floats.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, SimpleNamespace
from typing import Any

from autograd.check.selection import SELECTING
from autograd.origin import is_ours_file
from autograd.primitive import PRIMITIVES, Primitive

SAME_MEANING = {
    name: name
    for name in (
        *(
            "exp",
            "expm1",
            "log1p",
            "sqrt",
            "sin",
            "cos",
            "tan",
            "asin",
            "acos",
            "atan",
            "atan2",
            "sinh",
            "cosh",
            "tanh",
        ),
        *("asinh", "acosh", "atanh", "erf", "hypot", "pow", "floor", "ceil"),
    )
} | {"fabs": "abs"}


def _is_longer(x: Any) -> bool:
    return hasattr(x, "arithmetic")


def _either(name: str, *xs: Any) -> Any:
    longer = [x for x in xs if _is_longer(x)]
    if not longer:
        return getattr(math, name)(*xs)
    return _primitive(SAME_MEANING[name], longer[0])(*xs)


def _primitive(name: str, x: Any) -> Primitive:
    """A primitive that the arithmetic of x spells; any other would recurse into its own value."""
    if name not in SELECTING and name not in x.arithmetic.spelling:
        raise TypeError(f"{name} is not available in {x.arithmetic.name}")
    return PRIMITIVES[name]


def _log(x: Any, *base: Any) -> Any:
    if not any(map(_is_longer, (x, *base))):
        return math.log(x, *base)
    log = PRIMITIVES["log"]
    return log(x) / log(base[0] + 0.0 * x) if base else log(x)  # the logarithm of the base with as many digits


def _log_to_base(base: float, x: Any) -> Any:
    return _log(x, base) if _is_longer(x) else (math.log2 if base == 2.0 else math.log10)(x)


def _exp2(x: Any) -> Any:
    return 2.0**x


def _erfc(x: Any) -> Any:
    return 1.0 - _primitive("erf", x)(x) if _is_longer(x) else math.erfc(x)


def _fsum(xs: Any) -> Any:
    found = list(xs)
    return sum(found) if any(map(_is_longer, found)) else math.fsum(found)


def _predicate(name: str, x: Any) -> bool:
    return bool(getattr(math, name)(x.recorded if hasattr(x, "recorded") else x))


_MATH: dict[str, Any] = {name: each for name, each in vars(math).items() if not name.startswith("__")}
_MATH |= {name: partial(_either, name) for name in SAME_MEANING}
_MATH |= {name: partial(_predicate, name) for name in ("isnan", "isinf", "isfinite")}
_MATH |= {"log": _log, "log2": partial(_log_to_base, 2.0), "log10": partial(_log_to_base, 10.0)}
_MATH |= {"exp2": _exp2, "erfc": _erfc, "fsum": _fsum}
_FUNCTIONS = {each: _MATH[name] for name, each in vars(math).items() if isinstance(each, BuiltinFunctionType)}
_LIBRARY = SimpleNamespace(**_MATH)


def in_digits(primitive: Primitive) -> Primitive:
    """A user's primitive with its value and rules replaced by copies that keep digits."""
    value, variadic, *partials = map(copied, (primitive.value, primitive.variadic, *primitive.partials))
    return replace(primitive, value=value, variadic=variadic, partials=tuple(partials))


def copied(x: Any, known: dict[int, Any] | None = None) -> Any:
    """A function with `math` replaced in it and in what it refers to; anything else unchanged.

    It is copied on every call, since what it refers to may change; `known` are the copies in progress.

    >>> copied(math.sin) is math.sin, copied(3.0)
    (False, 3.0)
    """
    if x is math:
        return _LIBRARY
    if isinstance(x, BuiltinFunctionType):
        return _FUNCTIONS.get(x, x)
    if not isinstance(x, FunctionType) or is_ours_file(x.__code__.co_filename):
        return x
    known = {} if known is None else known
    if id(x) not in known:
        names: dict[str, Any] = {"__builtins__": builtins}
        cells = tuple([CellType() for _ in x.__closure__ or ()])
        known[id(x)] = copy = FunctionType(x.__code__, names, x.__name__, x.__defaults__, cells or None)
        copy.__kwdefaults__ = x.__kwdefaults__
        names |= {name: copied(x.__globals__[name], known) for name in _names(x.__code__) if name in x.__globals__}
        for cell, before in zip(cells, x.__closure__ or (), strict=True):
            with suppress(ValueError):  # a name without a value yet
                cell.cell_contents = copied(before.cell_contents, known)
    return known[id(x)]


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _names(each)
