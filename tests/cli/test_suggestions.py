"""What was meant by a mistyped name, and what was not (row E6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.expressions.expression import ExpressionError, known_functions, parse
from autograd.io.suggestions import LONGEST, did_you_mean, distance, nearest

NAMES = ("train", "predict", "inspect", "cross_entropy", "epochs", "batch-size")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("trian", "train"),
        ("Train", "train"),
        ("predct", "predict"),
        ("epoch", "epochs"),
        ("batch_size", "batch-size"),
        ("batchsize", "batch-size"),
        ("crossentropy", "cross_entropy"),
        ("cross", "cross_entropy"),
        ("x", ""),
        ("", ""),
        ("p", ""),
        ("inspector general", ""),
        ("e" * (LONGEST + 1), ""),
    ],
)
def test_e6_the_nearest_name_is_suggested_or_none(typed: str, meant: str) -> None:
    assert nearest(typed, NAMES) == meant
    assert did_you_mean(typed, NAMES) == (f"; did you mean {meant!r}?" if meant else "")


@pytest.mark.parametrize(("typed", "meant"), [("softmax", ""), ("argmax", ""), ("tan_h", "tanh"), ("sgn", "sign")])
def test_e6_a_function_of_another_meaning_is_not_suggested(typed: str, meant: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(f"{typed}(x)")
    assert f"unknown function {typed!r}{did_you_mean(typed, [meant])}\n" in str(caught.value)
    assert nearest(typed, known_functions()) == meant


words = st.text("abc", max_size=6)


@given(words, words)
def test_the_distance_is_symmetric_and_at_most_the_longer(a: str, b: str) -> None:
    assert abs(len(a) - len(b)) <= distance(a, b) == distance(b, a) <= max(len(a), len(b))
    assert (distance(a, b) == 0) == (a == b)
