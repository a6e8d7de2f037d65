"""Programs as others write them: a softmax shifted by `max(v.data …)`, constants made by `Value(0.0)` (row C4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import CompileError, Value, functional, grad

WEIGHTS = [Value(0.25 * i - 0.5) for i in range(5)]
XS = [1.0, -2.0, 800.0, -900.0, 0.0]


def generated(logits: Sequence[Any]) -> Any:
    return max(v.data for v in logits)


def listed(logits: Sequence[Any]) -> Any:
    return max([v.data for v in logits])


def starred(logits: Sequence[Any]) -> Any:
    return max(*[v.data for v in logits])


def written(logits: Sequence[Any]) -> Any:
    return max(logits[0].data, logits[1].data, logits[2].data, logits[3].data, logits[4].data)


def in_brackets(logits: Sequence[Any]) -> Any:
    a, b, c, d, e = logits
    return max([a.data, b.data, c.data, d.data, e.data])


def over_lines(logits: Sequence[Any]) -> Any:
    return max(
        each.data
        for each in logits
        if each is not None
    )  # fmt: skip


shifts = pytest.mark.parametrize(
    "shift", [generated, listed, starred, written, in_brackets, over_lines], ids=lambda each: each.__name__
)


def softmax_loss(shift: Callable[[Sequence[Any]], Any], x: Any) -> Any:
    logits = [w * x + 1.0 for w in WEIGHTS]
    largest = shift(logits)
    exps = [(v - largest).exp() for v in logits]
    zero = Value(0.0)
    for each in exps:
        zero = zero + each
    return exps[0] / zero


@shifts
@pytest.mark.parametrize("batch", [(), ("x",)])
def test_c4_a_shift_by_the_largest_is_one_program(shift: Any, batch: tuple[str, ...]) -> None:
    """Whichever is the largest, and however large it is."""
    fast = autograd.compile(lambda x: softmax_loss(shift, x), parameters=WEIGHTS, batch=batch)
    losses = [softmax_loss(shift, x) for x in XS]
    for x, loss in zip(XS, losses, strict=True):
        value, gradient = fast([x]) if batch else fast(x)
        assert value == pytest.approx(loss.data, rel=1e-13, abs=1e-300)
        # Differences of numbers up to |x|, each a few roundings away.
        scale = max(abs(x), 1.0) * 1e-14
        np.testing.assert_allclose(gradient, [d.data for d in grad(loss, WEIGHTS)], rtol=1e-12, atol=scale)
    assert "recordings: 1\n" in fast.explain()
    assert "pivot" in str(fast.program)
    assert fast.program.guards == ()


@shifts
def test_c4_bits_are_eagers(shift: Any) -> None:
    fast = autograd.compile(lambda x: softmax_loss(shift, x), parameters=WEIGHTS, exact=True)
    for x in XS:
        value, gradient = fast(x)
        loss = softmax_loss(shift, x)
        assert (value, gradient.tolist()) == (loss.data, [d.data for d in grad(loss, WEIGHTS)])


def test_c4_the_largest_is_a_constant_also_where_it_is_no_shift() -> None:
    """As in eager code: a number follows its operands, and no derivative passes."""

    def f(x: Any) -> Any:
        values = [w * x for w in WEIGHTS]
        m = max(v.data for v in values)
        return m * m * values[1] if m > 1.0 else m + values[0]

    fast = autograd.compile(f, parameters=WEIGHTS)
    for x in (1.0, 5.0, -3.0, 0.5):
        result = f(x)
        assert fast(x)[0] == result.data
        assert fast(x)[1].tolist() == [d.data for d in grad(result, WEIGHTS)]
    assert "recordings: 2\n" in fast.explain(), "whether it is larger than 1 is a guard, which is the largest is not"


def test_c4_two_maxima_do_not_mix() -> None:
    def f(x: Any) -> Any:
        values = [w * x for w in WEIGHTS]
        first, second = max(v.data for v in values[:2]), max(v.data for v in values[2:])
        return (first - second) * x if first > second else max(first, second) + values[0]

    fast = autograd.compile(f, parameters=WEIGHTS)
    for x in (1.0, -1.0, 2.0, -5.0):
        assert fast.value(x) == f(x).data if isinstance(f(x), Value) else f(x)


def test_c4_operands_may_be_computed_on_the_way() -> None:
    def f(x: Any) -> Any:
        m = max(v.data for v in (functional.grad(lambda q, w=w: w * q * q)(x) for w in WEIGHTS))
        return WEIGHTS[0] * m

    fast = autograd.compile(f, parameters=WEIGHTS)
    for x in (1.0, -2.0):
        assert fast.value(x) == f(x).data
    assert fast.program.guards == ()


def test_c4_of_one_number() -> None:
    fast = autograd.compile(lambda x: WEIGHTS[0] * x - max(v.data for v in [WEIGHTS[0] * x]), parameters=WEIGHTS)
    assert [fast.value(x) for x in (1.0, -3.0)] == [0.0, 0.0]


@pytest.mark.parametrize(
    "f",
    [
        lambda v: v - max([v, v], key=lambda each: each.data).data,
        lambda v: v - max(abs(each.data) for each in [v]),
        lambda v: v - max(0.0, v.data),
        lambda v: v - min(each.data for each in [v, v * 2.0]),
        lambda v: v - sorted([v.data, 0.0])[0],
        lambda v: v * v.data,
        lambda v: v - max(datas := [each.data for each in [v, v * 2.0]]) + sum(datas),
        lambda v: Value(math.log(v.data), (v,), (1.0 / v.data,)),
        lambda v: Value(v.data * v.data, (v,), (2.0 * v.data,), op="square"),
    ],
)
def test_c4_what_cannot_be_proved_is_refused_as_ever(f: Callable[[Any], Any]) -> None:
    with pytest.raises(CompileError, match=r"test_shifts\.py:\d+: cannot compile a read of \.data.*baked"):
        autograd.compile(lambda x: f(WEIGHTS[1] * x), parameters=WEIGHTS)(3.0)


def test_c4_a_max_of_ones_own_is_not_pythons() -> None:
    source = "def max(xs): return min(xs)\ndef f(v): return v - max(each.data for each in [v, v])\n"
    names: dict[str, Any] = {"min": min}
    exec(compile(source, "own_max.py", "exec"), names)
    with pytest.raises(CompileError, match=r"a read of \.data"):
        autograd.compile(lambda x: names["f"](WEIGHTS[1] * x), parameters=WEIGHTS)(3.0)


@pytest.mark.parametrize("batch", [(), ("x",)])
def test_c4_constants_made_inside_are_constants(batch: tuple[str, ...]) -> None:
    def f(x: Any) -> Any:
        total = Value(0.0)
        for w in WEIGHTS:
            total += w * x
        return total * Value(2.0) + Value(1)

    fast = autograd.compile(f, parameters=WEIGHTS, batch=batch)
    for x in (2.0, -3.0):
        value, gradient = fast([x]) if batch else fast(x)
        assert value == pytest.approx(f(x).data, rel=1e-14)
        assert gradient.tolist() == [2.0 * x] * 5
    assert "recordings: 1\n" in fast.explain()
