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


def test_what_takes_turns_is_refused() -> None:
    """The first call agrees with the third, and the second with the fourth."""
    turns = itertools.cycle([2.0, 3.0])
    with pytest.raises(CompileError, match=r"`x \* next\(turns\)`, which has"):
        autograd.compile(lambda x: x * next(turns))(1.0)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * x + 2 * x - float("nan") * (x * 0.0) if x > 0.5 else -x,
        lambda x: max([x, x * x, -x]) * autograd.dot([x, 1.0], [x, -0.0]) + autograd.exp(x),
        lambda x: autograd.where(x > 1.0, x, x * x.detach()) / 3,
        lambda x: 2.0 if x == 3.0 else x,
    ],
)
def test_a_second_call_makes_no_nodes_where_the_first_can_be_replayed(
    function: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []
    made = determinism.Replay.is_complete.fget

    def is_complete(self: Any) -> bool:
        calls.append((made(self), len(self.nodes)))
        return calls[-1][0]

    monkeypatch.setattr(determinism.Replay, "is_complete", property(is_complete))
    autograd.compile(function)(3.0)
    assert calls == [(True, 0)]


def test_a_function_that_remembers_its_arguments_is_recorded_again() -> None:
    """A replay finds the result of the first call; with new arguments the function does what it did."""
    known: dict[int, tuple[Any, Any]] = {}

    def square(x: Any) -> Any:
        if id(x) not in known:
            known[id(x)] = x, x * x  # x is kept, so that its id is not used again
        return known[id(x)][1]

    assert autograd.compile(square)(3.0) == 9.0


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
