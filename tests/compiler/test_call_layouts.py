"""Arguments that are like those of the last call are not looked at again: what is given is as if they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import CompileError, compile
from autograd.compiler.call_arguments import Arguments, collect

NAMES = ("x", "y")


def f(x: Any, y: Any) -> Any:
    """Arguments are collected by name; nothing is recorded here."""
    raise AssertionError


@st.composite
def arguments(draw: st.DrawFn) -> Any:
    """Arrays of few shapes, so that calls are often alike, in any type and memory layout; and what is no array."""
    shape = draw(st.sampled_from([(2,), (3,), (2, 2), (2, 3), (2, 1, 2)]))
    x = np.arange(float(np.prod(shape))).reshape(shape)
    change = draw(
        st.sampled_from(["nothing"] * 4 + ["type", "order", "swapped", "every other", "aligned", "list", "one"])
    )
    if change == "type":
        return x.astype(draw(st.sampled_from(["float32", "int64", "object"])))
    if change == "every other":
        return np.repeat(x, 2, axis=-1)[..., ::2]
    if change == "unaligned":
        return np.frombuffer(b" " + x.tobytes(), np.uint8)[1:].view(np.float64).reshape(shape)
    others = {"order": np.asfortranarray(x), "swapped": x.astype(">f8"), "list": x.tolist(), "one": 2.5}
    return others.get(change, x)


def content(found: Arguments) -> Any:
    """All of it, to be compared; the type of a number is that of a list's."""
    parts = [(part.key, np.asarray(part.numbers).tolist(), part.is_batched, part.has_array) for part in found.parts]
    return (
        found.keys,
        [key is not None and key.shape for key in found.keys],
        [np.asarray(each).tolist() for each in found.shared],
        [(each.shape, each.dtype, each.tolist()) for each in found.samples],
        parts,
        found.indices,
    )


def said(collecting: Callable[..., Arguments], *args: Any) -> Any:
    """What the arguments are, or what they are refused with."""
    try:
        return content(collecting(*args))
    except CompileError as error:
        return str(error)


@pytest.mark.parametrize("batch", [(), ("x",), ("x", "y")], ids=str)
@given(calls=st.lists(st.lists(arguments(), min_size=2, max_size=2), min_size=2, max_size=6))
def test_calls_after_each_other(batch: tuple[str, ...], calls: list[Any]) -> None:
    fast = compile(f, batch=batch)
    for args in calls:
        assert said(fast._arguments, args) == said(collect, args, NAMES, frozenset(batch))


def test_a_float_is_not_an_int_nor_a_bool() -> None:
    """An int may be an index."""
    fast = compile(f)
    for x, is_index in ((1.0, False), (1, True), (1.0, False), (np.float64(1.0), False)):
        assert (0 in fast._arguments([x, 1.0]).indices) == is_index
