"""What two recordings of one call disagree on is refused: random numbers, clocks, iterators (row A11)."""

from __future__ import annotations

import functools
import gc
import itertools
import random
import re
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import CompileError
from autograd.compiler import determinism

generator = np.random.default_rng(0)
draw = generator.normal
own = random.Random(0)
legacy = np.random.RandomState(0)


@pytest.mark.parametrize("x", [0.0, 1.5])
@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * random.random(),
        lambda x: x + random.choice([1.0, 1.0]),
        lambda x: x if random.random() < 0.5 else x + 0.0,
        lambda x: x * own.gauss(0.0, 1.0),
        lambda x: x * float(np.random.rand()),
        lambda x: x * generator.normal(),
        lambda x: x * draw(),
        lambda x: x * legacy.normal(),
        lambda x: nn.MLP(1, [1])([x]),
    ],
)
def test_random_numbers_are_refused(function: Callable[[Any], Any], x: float) -> None:
    line = function.__code__.co_firstlineno
    with pytest.raises(CompileError, match=rf"test_determinism\.py:{line}: .*random numbers.*as arguments"):
        autograd.compile(function)(x)


def test_the_line_that_draws_is_found() -> None:
    def noise() -> float:
        scale = 2.0
        return scale * random.random()

    def f(x: Any) -> Any:
        y = x * x
        return y + noise()

    line = noise.__code__.co_firstlineno + 2
    with pytest.raises(CompileError, match=rf"test_determinism\.py:{line}: "):
        autograd.compile(f)(1.0)


def test_a_generator_of_the_function_is_its_own() -> None:
    fast = autograd.compile(lambda x: x * random.Random(0).random() + np.random.default_rng(0).normal())
    assert fast(1.0) == random.Random(0).random() + np.random.default_rng(0).normal()


def test_other_threads_may_draw_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state that has changed after the second recording, but not by a line of the function."""
    changing, states = iter(["before", "after"]), determinism._states
    monkeypatch.setattr(determinism, "_states", lambda generators: next(changing, None) or states(generators))
    assert autograd.compile(lambda x: x * x)(3.0) == 9.0
    assert next(changing, None) is None


ticks = itertools.count()


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: x * time.perf_counter(), r"`x \* time\.perf_counter\(\)`, which has .* in one recording"),
        (lambda x: x + next(ticks), r"`x \+ next\(ticks\)`"),
        (lambda x: x * x if next(ticks) % 2 else x + x, r"`x [*+] x`"),
        (
            functools.partial(lambda numbers, x: x * next(numbers), iter([1.0])),
            "cannot be called twice .*StopIteration",
        ),
    ],
)
def test_what_changes_by_itself_is_refused(function: Callable[[Any], Any], reason: str) -> None:
    with pytest.raises(CompileError, match=re.compile(reason, re.DOTALL)):
        autograd.compile(function)(0.0)


def test_an_effect_that_changes_nothing_is_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    def f(x: Any) -> Any:
        print("called")
        return x * x

    assert autograd.compile(f)(3.0) == 9.0
    assert capsys.readouterr().out == "called\n" * 2


def test_a_recording_leaves_no_cycles() -> None:
    """Nodes in a cycle would stay until the next collection, which takes longer the more of them there are."""
    compiled = autograd.compile(lambda x: sum([each * each for each in x], 0.0))
    gc.collect()
    gc.disable()
    try:
        compiled.value([float(i) for i in range(1000)])
        assert gc.collect() < 1000  # of some 2000 nodes, each recorded twice
    finally:
        gc.enable()
