"""What a compiled function reads besides its arguments, and what it may not: row A11."""

from __future__ import annotations

import dataclasses
import functools
import math
import pickle
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import CompileError, Value
from autograd.compiler.captures import Outside

RATE = 2.0
SETTINGS = {"rate": 2.0, "unused": 0.0}
TABLE = [[1.0], [2.0, 3.0]]
ARRAY = np.array([1.0, 2.0])
USES_RELU = False
activation = autograd.tanh


class Scale:
    shared = 2.0

    def __init__(self) -> None:
        self.own = 2.0

    def __call__(self, x: Any) -> Any:
        return x * self.own * self.shared

    def method(self, x: Any) -> Any:
        return self(x)

    @property
    def twice(self) -> float:
        return 2.0 * self.own


class Scaled(Scale):
    shared = 1.0

    def method(self, x: Any) -> Any:
        return super().method(x) + x


class Slotted:
    __slots__ = ("own",)

    def __init__(self) -> None:
        self.own = 2.0


@dataclasses.dataclass
class Settings:
    rate: float = 2.0
    layers: list[Scale] = dataclasses.field(default_factory=lambda: [Scale(), Scale()])


scale, slotted, settings = Scale(), Slotted(), Settings()
namespace = types.SimpleNamespace(inner=types.SimpleNamespace(rate=2.0))


def helper(x: Any) -> Any:
    return RATE * x


def by_helper(x: Any) -> Any:
    def inner(y: Any) -> Any:
        return sum(helper(each) for each in [y])

    return inner(x)


def with_default(x: Any, rates: list[float] = [2.0]) -> Any:  # noqa: B006 (a test of just that)
    return x * rates[0]


def rebind(**names: Any) -> Callable[[], None]:
    return lambda: globals().update(names)


def attribute(x: Any, name: str) -> Callable[[], None]:
    return lambda: setattr(x, name, 5.0)


def entry(x: Any, key: Any, value: Any = 5.0) -> Callable[[], None]:
    return lambda: x.__setitem__(key, value)


CHANGES: dict[str, tuple[Callable[[Any], Any], Callable[[], None]]] = {
    "global": (lambda x: RATE * x, rebind(RATE=5.0)),
    "flag": (lambda x: autograd.relu(x) if USES_RELU else x + 1.0, rebind(USES_RELU=True)),
    "function": (lambda x: activation(x) + 1.0, rebind(activation=autograd.sin)),
    "by way of functions": (by_helper, rebind(RATE=5.0)),
    "replaced function": (by_helper, rebind(helper=lambda x: x)),
    "dictionary": (lambda x: SETTINGS["rate"] * x, entry(SETTINGS, "rate")),
    "new key": (lambda x: SETTINGS.get("more", 1.0) * x, entry(SETTINGS, "more")),
    "nested list": (lambda x: TABLE[1][0] * x, entry(TABLE[1], 0)),
    "longer list": (lambda x: len(TABLE[0]) * x, lambda: TABLE[0].append(1.0)),
    "array": (lambda x: ARRAY[1] * x, entry(ARRAY, 1)),
    "attribute": (lambda x: scale.own * x, attribute(scale, "own")),
    "attribute by name": (lambda x: getattr(scale, "own") * x, attribute(scale, "own")),  # noqa: B009
    "attribute of the class": (scale, attribute(Scale, "shared")),
    "attribute that hides the class's": (lambda x: scale(x) + 1.0, attribute(scale, "shared")),
    "method": (scale.method, attribute(scale, "own")),
    "method of a base class": (Scaled().method, attribute(Scaled, "shared")),
    "property": (lambda x: scale.twice * x, attribute(scale, "own")),
    "slot": (lambda x: slotted.own * x, attribute(slotted, "own")),
    "data class": (lambda x: settings.rate * x, attribute(settings, "rate")),
    "objects in a list": (lambda x: settings.layers[1](x) + 1.0, attribute(settings.layers[1], "own")),
    "namespace": (lambda x: namespace.inner.rate * x, attribute(namespace.inner, "rate")),
    "default": (with_default, entry(with_default.__defaults__[0], 0)),  # type: ignore[index]
    "partial": (functools.partial(lambda rates, x: rates[0] * x, TABLE[1]), entry(TABLE[1], 0)),
    "decorated": (functools.wraps(helper)(lambda x: helper(x) + 1.0), rebind(RATE=5.0)),
    "derivative": (autograd.functional.grad(lambda x: RATE * x * x), rebind(RATE=5.0)),
}


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Whatever a test changes is put back."""
    for name in ("RATE", "USES_RELU", "activation", "helper"):
        monkeypatch.setitem(globals(), name, globals()[name])
    yield
    SETTINGS.pop("more", None)
    SETTINGS["rate"] = slotted.own = settings.rate = namespace.inner.rate = Scale.shared = 2.0
    scale.own = settings.layers[1].own = with_default.__defaults__[0][0] = 2.0  # type: ignore[index]
    vars(scale).pop("shared", None)
    Scaled.shared = 1.0
    TABLE[0][:], TABLE[1][:], ARRAY[:] = [1.0], [2.0, 3.0], [1.0, 2.0]


@pytest.mark.parametrize("kind", CHANGES)
def test_what_changes_outside_is_seen(kind: str) -> None:
    function, change = CHANGES[kind]
    fast = autograd.compile(function)
    before = fast(3.0)
    assert before == fast(3.0) == pytest.approx(float(function(3.0)), rel=1e-15)
    change()
    after = fast(3.0)
    assert after == pytest.approx(float(function(3.0)), rel=1e-15)
    assert after != before


@pytest.mark.parametrize("kind", CHANGES)
def test_on_branch_raise_names_it(kind: str) -> None:
    function, change = CHANGES[kind]
    fast = autograd.compile(function, on_branch="raise")
    before = fast(3.0)
    change()
    with pytest.raises(CompileError, match=r"then, .* now\) has changed .* as an argument"):
        fast(3.0)
    assert before == pytest.approx(before)


def test_a_closed_over_number_goes_back_and_forth() -> None:
    rate = 2.0
    fast = autograd.compile(lambda x: rate * x * x)
    for rate in (2.0, 3.0, 2.0, 3.0):
        assert fast.value_and_grad(1.0) == (rate, 2.0 * rate)
    assert "recordings: 2" in fast.explain()
    assert "constant from outside: rate = 3.0" in fast.explain()


@given(st.lists(st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf]), min_size=1, max_size=6))
def test_every_other_number_counts(rates: list[float]) -> None:
    """Also −0 for 0, and nan is nan."""
    rate = 1.0
    fast = autograd.compile(lambda x: rate * x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for rate in rates:
            assert repr(fast(2.0)) == repr(rate * 2.0)
    assert f"recordings: {len(set(map(repr, rates)))}" in fast.explain()


def test_a_number_that_changes_at_each_call_is_right_and_warns_once() -> None:
    fast = autograd.compile(lambda x: rate * x)

    def call_often() -> None:
        nonlocal rate
        for i in range(100):
            rate = float(i)
            assert fast(3.0) == 3.0 * i

    rate = 0.0
    with pytest.warns(
        RuntimeWarning, match=r"3rd time: .*rate \(1\.0 then, 2\.0 now\); pass it as an argument"
    ) as seen:
        call_often()
    assert len(seen) == 1
    assert seen[0].filename == __file__
    assert "recordings: 64" in fast.explain()


def test_what_the_function_does_not_use_costs_a_recording_and_no_program() -> None:
    data = [1.0, 2.0]
    fast = autograd.compile(lambda x: data[0] * x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for i in range(5):
            data[1] = float(i)
            assert fast(3.0) == 3.0
        data[0] = 4.0
        assert fast(3.0) == 12.0
    assert "recordings: 2" in fast.explain()


def test_counters_and_caches_of_the_function_are_its_own() -> None:
    count, seen, known = 0, [], {}

    def f(x: Any) -> Any:
        nonlocal count
        count += 1
        seen.append(count)
        return x * known.setdefault("rate", 2.0)

    fast = autograd.compile(f)
    assert [fast(float(i)) for i in range(10)] == [2.0 * i for i in range(10)]
    assert count == 2, "one recording, which calls it twice"


@pytest.mark.parametrize("number", [5.0, -0.0, math.nan])
def test_an_array_that_changes_in_place_and_back(number: float) -> None:
    x = np.array([0.0, 1.0])
    outside = Outside(lambda: x)
    for _ in range(2):
        assert outside.change() is None
        x[0] = number
        assert str(outside.change()).startswith("x (an array")
        x[0] = 0.0


def test_names_that_are_deleted_and_come_back() -> None:
    own, rate = Slotted(), 2.0

    def read() -> float:
        return rate * own.own  # noqa: F821 (deleted below)

    outside = Outside(read)
    del own.own
    assert outside.change() == "own.own (2.0 then, None now)"
    own.own = 2.0
    assert outside.change() is None
    del rate
    assert outside.change() == "rate (2.0 then, None now)"


def test_large_data_are_listed_instead() -> None:
    data = [float(i) for i in range(20_000)]
    array = np.zeros(20_000)
    fast = autograd.compile(lambda x: data[3] * x + array[0])
    assert fast(1.0) == 3.0
    assert "constant from outside: data, 20000 entries; not compared at each call" in fast.explain()
    assert "constant from outside: array, 20000 entries; not compared at each call" in fast.explain()


def test_a_pickled_one_compares_with_what_is_there() -> None:
    fast = autograd.compile(helper)
    assert fast(1.0) == 2.0
    text = pickle.dumps(fast)
    assert pickle.loads(text)(1.0) == 2.0
    rebind(RATE=5.0)()
    assert pickle.loads(text)(1.0) == 5.0


def test_parameters_that_are_replaced_are_refused() -> None:
    w = Value(2.0)
    fast = autograd.compile(lambda x: w * x, parameters=[w])
    assert fast.value(1.0) == 2.0
    w.data = 3.0
    assert fast.value(1.0) == 3.0, "a parameter's number is not a constant"
    w = Value(4.0)
    with pytest.raises(CompileError, match="made outside the function"):
        fast.value(1.0)
