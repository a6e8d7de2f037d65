"""Declarative checks of JSON values read from a file; an invalid value is reported with the name of its field.

A kind is a function of a value and the name of its field: it returns None, or raises `SchemaError`. Kinds are composed
of kinds, so a file format is one expression, and readers need no checks of their own.
"""

from __future__ import annotations

import math
import reprlib
import sys
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any, TypeAlias

Kind: TypeAlias = Callable[[Any, str], None]

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 120
_short.maxlong = 30


class SchemaError(ValueError):
    """The `field` of a document is invalid; the text says why."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.field = field


def shown(value: Any) -> str:
    """The value on one short line, however large or nested it is.

    >>> shown([[[]]] * 100)
    '[[[]], [[]], [[]], [[]], [[]], [[]], ...]'
    """
    return _short.repr(value)


def integer(low: int = 0, high: float = math.inf) -> Kind:
    """An integer from `low` to `high`; True is not one.

    >>> integer(1)(2, "n")
    """

    def check(value: Any, field: str) -> None:
        if type(value) is not int or not low <= value <= high:
            wanted = f">= {low}" if high == math.inf else f"from {low} to {high}"
            raise SchemaError(field, f"expected an integer {wanted}, got {shown(value)}")

    return check


def real(value: Any, field: str) -> None:
    """A number, possibly infinite or nan.

    >>> real(math.inf, "loss")
    """
    if type(value) not in (int, float) or (type(value) is int and abs(value) > sys.float_info.max):
        raise SchemaError(field, f"expected a number, got {shown(value)}")


def finite(value: Any, field: str) -> None:
    """A finite number.

    >>> finite(math.nan, "w1[0,0]")
    Traceback (most recent call last):
        ...
    nn.persistence.schema.SchemaError: w1[0,0]: expected a finite number, got nan
    """
    if type(value) not in (int, float) or not abs(value) <= sys.float_info.max:
        raise SchemaError(field, f"expected a finite number, got {shown(value)}")


def positive(value: Any, field: str) -> None:
    """A positive finite number.

    >>> positive(0.5, "std")
    """
    finite(value, field)
    if not value > 0:
        raise SchemaError(field, f"expected a positive number, got {shown(value)}")


def boolean(value: Any, field: str) -> None:
    """True or False.

    >>> boolean(False, "held_out")
    """
    if type(value) is not bool:
        raise SchemaError(field, f"expected true or false, got {shown(value)}")


def scalar(value: Any, field: str) -> None:
    """A number, a string, true, false or null.

    >>> scalar("adam", "optimizer")
    """
    if type(value) not in (bool, str, type(None)):
        real(value, field)


def anything(value: Any, field: str) -> None:
    """Any JSON value.

    >>> anything(None, "extra")
    """


SHOWN = 12  # choices that a message lists; of longer lists it has the beginning


def _listed(choices: Sequence[str]) -> str:
    more = f" and {len(choices) - SHOWN} more" if len(choices) > SHOWN else ""
    return ", ".join(each or "''" for each in choices[:SHOWN]) + more


def text(*choices: str) -> Kind:
    """A string; with `choices`, one of these.

    >>> text("binary", "regression")("binary", "task")
    """

    def check(value: Any, field: str) -> None:
        if type(value) is not str or (choices and value not in choices):
            wanted = f"one of {_listed(choices)}" if choices else "a string"
            raise SchemaError(field, f"expected {wanted}, got {shown(value)}")

    return check


def optional(kind: Kind) -> Kind:
    """`kind`, or null.

    >>> optional(finite)(None, "metric")
    """

    def check(value: Any, field: str) -> None:
        if value is not None:
            kind(value, field)

    return check


def array(kind: Kind, *, least: int = 0) -> Kind:
    """A list of `kind` with at least `least` items.

    >>> array(integer(1))([2, 3], "n_outs")
    """

    def check(value: Any, field: str) -> None:
        if type(value) is not list or len(value) < least:
            raise SchemaError(field, f"expected a list{f' of at least {least}' if least else ''}, got {shown(value)}")
        for i, item in enumerate(value):
            kind(item, f"{field}[{i}]")

    return check


def table(kind: Kind) -> Kind:
    """An object with any keys, whose values are of `kind`.

    >>> table(finite)({"w": 1.0}, "parameters")
    """

    def check(value: Any, field: str) -> None:
        _object(value, field)
        for key, item in value.items():
            kind(item, _inside(field, key))

    return check


def record(kinds: Mapping[str, Kind]) -> Kind:
    """An object with exactly these keys.

    >>> record({"w": finite})({"w": 1.0, "b": 2.0}, "")
    Traceback (most recent call last):
        ...
    nn.persistence.schema.SchemaError: b: is unknown
    """

    def check(value: Any, field: str) -> None:
        check_keys(value, kinds.keys(), field)
        for key, kind in kinds.items():
            kind(value[key], _inside(field, key))

    return check


def check_keys(value: Any, wanted: Set[str], field: str) -> None:
    """Raise unless `value` is an object with exactly the `wanted` keys.

    >>> check_keys({"w": 1.0}, {"w"}, "parameters")
    """
    _object(value, field)
    for problem, names in (("is missing", wanted - value.keys()), ("is unknown", value.keys() - wanted)):
        if names:
            more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
            raise SchemaError(_inside(field, min(names)), f"{problem}{more}")


def _object(value: Any, field: str) -> None:
    if type(value) is not dict:
        raise SchemaError(field, f"expected an object, got {shown(value)}")


def shown_key(key: str) -> str:
    """A key as it is, or quoted if it is empty, not printable or long.

    >>> shown_key("lr"), shown_key("")
    ('lr', "''")
    """
    return key if key.isprintable() and key and len(key) < _short.maxstring else shown(key)


def _inside(field: str, key: str) -> str:
    return f"{field}.{shown_key(key)}" if field else shown_key(key)
