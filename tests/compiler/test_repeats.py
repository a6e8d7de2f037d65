"""Functions recorded again and again: the warning, its remedy by what was asked, and the bound (rows C1, C2)."""

from __future__ import annotations

import inspect
import pickle
import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd import CompileError, Value
from autograd.compiler import variants

TABLE = [Value(float(i)) for i in range(70)]
RATE = 0.0


def squares(xs: Any) -> Any:
    return sum(x * x for x in xs)


def paired(pairs: Any) -> Any:
    return sum(a * b for a, b in pairs)


def row(i: Any) -> Any:
    return TABLE[i] * TABLE[i]


def counted(n: Any) -> Any:
    return sum(TABLE[1] * k for k in range(n))


def made_float(i: Any) -> Any:
    return TABLE[1] * float(i)


def stairs(x: Any) -> Any:
    return x if x < 1.0 else 2.0 * x if x < 2.0 else 3.0 * x


def rated(x: Any) -> Any:
    return RATE * x


def seen(fast: Any, calls: list[Any]) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for each in calls:
            fast(each)
    return caught


@pytest.mark.parametrize(
    ("f", "calls", "words"),
    [
        (squares, [[1.0] * n for n in range(1, 6)], r"xs holds 3 numbers now, and 2 before.*batch=.*pad"),
        (paired, [[(1.0, 2.0)] * n for n in range(1, 6)], r"pairs holds 6 numbers now, and 4 before.*batch=.*pad"),
        (row, [0, 1, 2, 3, 4], r"index.*autograd\.pick.*nn\.Embedding"),
        (counted, [0, 1, 2, 3, 4], r"index.*autograd\.pick"),
        (made_float, [0, 1, 2, 3, 4], r"leave float out"),
        (stairs, [0.5, 1.5, 2.5, 1.5, 0.5], r"comparison.*where, maximum, minimum, clip or relu"),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_c1_the_third_recording_of_a_kind_warns_once_with_its_line(
    f: Callable[..., Any], calls: list[Any], words: str
) -> None:
    fast = autograd.compile(f, parameters=TABLE if f in (row, counted, made_float) else None)
    (warning,) = seen(fast, calls)
    lines, first = inspect.getsourcelines(f)
    line = first if f in (squares, paired) else first + len(lines) - 1
    assert str(warning.message).startswith(f"{__file__}:{line}: the function is recorded for the 3rd time: ")
    assert warning.category is RuntimeWarning
    assert warning.filename == __file__, "the line that calls the compiled function"
    assert re.search(words, str(warning.message))


def test_c1_an_outside_value_warns_at_its_third_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = autograd.compile(rated)
    fast(1.0), monkeypatch.setitem(globals(), "RATE", 1.0), fast(1.0)
    monkeypatch.setitem(globals(), "RATE", 2.0)
    with pytest.warns(
        RuntimeWarning, match=r"test_repeats\.py:\d+: .*3rd time: .*RATE \(1\.0 then, 2\.0 now\).*argument"
    ):
        fast(1.0)


def test_c1_each_kind_has_a_warning_of_its_own() -> None:
    fast = autograd.compile(lambda xs: squares(xs) if xs[0] < 1.0 else paired([(x, x) for x in xs]) * xs[0])
    assert len(seen(fast, [[0.5] * n for n in range(1, 9)])) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fast([0.5] * 20)
        fast([2.0] * 20), fast([2.0] * 19)


def test_c1_two_recordings_of_a_kind_are_silent() -> None:
    fast = autograd.compile(stairs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fast(0.5), fast(1.5), fast.value_and_grad(0.5), fast.value_and_grad(1.5)
        autograd.compile(squares)([1.0])


def test_c1_programs_are_bounded_and_the_one_unused_for_longest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "PROGRAMS", 4)
    calls: list[int] = []

    def f(xs: Any) -> Any:
        calls.append(len(xs))
        return squares(xs)

    fast = autograd.compile(f)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n in range(1, 21):
            assert fast([2.0] * n) == 4.0 * n
            assert fast([2.0]) == 4.0, "used all the time, so it stays"
            assert fast._count <= 4
        assert pickle.loads(pickle.dumps(fast))([3.0] * 20) == 180.0
    assert calls == [n for n in range(1, 21) for _ in range(2)], "a recording calls it twice"
    assert "recordings: 4, and 16 that were dropped" in fast.explain()


@pytest.mark.slow
def test_c1_hundreds_of_lengths_stay_within_the_bound() -> None:
    fast = autograd.compile(squares, backend="python")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n in range(1, variants.PROGRAMS + 30):
            fast([1.0] * n)
    assert fast._count == variants.PROGRAMS >= 2 * variants.BRANCHES


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*is recorded for the 3rd time")
@pytest.mark.parametrize(
    ("f", "words"),
    [
        (row, r"autograd\.pick for an index.*nn\.Embedding"),
        (counted, r"autograd\.pick"),
        (made_float, r"leave float out"),
    ],
)
def test_c2_at_the_last_recording_the_advice_is_by_what_was_asked(f: Callable[..., Any], words: str) -> None:
    fast = autograd.compile(f, parameters=TABLE, backend="python")
    line = len(inspect.getsourcelines(f)[0]) - 1 + f.__code__.co_firstlineno
    for i in range(variants.BRANCHES):
        fast(i)
    with pytest.raises(CompileError, match=rf"test_repeats\.py:{line}: .*all 64 recordings.*{words}") as error:
        fast(variants.BRANCHES)
    assert "maximum" not in str(error.value)


def test_c2_the_advice_works() -> None:
    """An embedding keeps its index in the program: one recording."""
    table = nn.Embedding(70, 2, seed=0)
    for f in (lambda i: sum(table(i)), lambda i: autograd.pick(TABLE, i) * 1.0):
        fast = autograd.compile(f, parameters=[*table.parameters(), *TABLE])
        for i in range(70):
            fast(i)
        assert "recordings: 1\n" in fast.explain()


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: TABLE[1] * Value(float(x)), "leave float out"),
        (lambda x: TABLE[1] * float(x), "leave float out"),
        (lambda x: TABLE[1] * float(x) ** 2, "leave float out"),
    ],
)
def test_c2_float_of_an_argument_is_to_be_left_out(f: Callable[..., Any], words: str) -> None:
    with pytest.raises(CompileError, match=words):
        autograd.compile(f, parameters=TABLE)(0.5)


def test_c2_raising_has_the_same_advice() -> None:
    fast = autograd.compile(row, parameters=TABLE, on_branch="raise")
    fast(0)
    with pytest.raises(CompileError, match=r"index .* when it was recorded; .*pick.*on_branch"):
        fast(1)
