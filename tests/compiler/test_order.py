"""Rows F1, F15: each step reads only what has been written, in whatever order a back end runs them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, logsumexp, rules, sigmoid, softmax
from autograd.compiler.lower import Call, lower
from autograd.compiler.numpy_backend.arrays import Arrays
from autograd.compiler.numpy_backend.spelling import scope
from autograd.compiler.vector.exponentials import shared_first
from autograd.compiler.vector.order import in_order
from autograd.compiler.vector.program import Step, VectorProgram, check, check_lanes
from autograd.compiler.vector.recover import recover
from autograd.errors import CompileError
from autograd.structure import key_of

pytestmark = pytest.mark.slow

HEADS: dict[str, Callable[[list[Any]], Any]] = {
    "logsumexp": logsumexp,
    "softmax": lambda xs: softmax(xs)[0],
    "picked": lambda xs: logsumexp(xs) - xs[-1],
    "sigmoid": lambda xs: sum(map(sigmoid, xs)),
    "nested": lambda xs: logsumexp([logsumexp(xs), xs[0]]),
}


@st.composite
def losses(draw: st.DrawFn) -> tuple[Callable[..., Any], list[Value]]:
    """Several heads on slices of the same products, one or two layers of them."""
    count = draw(st.integers(2, 5))
    chosen = draw(
        st.lists(
            st.tuples(st.sampled_from(sorted(HEADS)), st.integers(0, 3), st.integers(2, 5)), min_size=2, max_size=5
        )
    )
    deep = draw(st.booleans())
    rng = random.Random(draw(st.integers(0, 99)))
    weights = [Value(rng.uniform(-1.0, 1.0)) for _ in range(count)]

    def loss(x: Any) -> Any:
        a = [w * each for w, each in zip(weights, x, strict=True)]
        parts = [HEADS[name]((a + a)[start % count :][:length]) for name, start, length in chosen]
        return logsumexp([parts[0], *a]) + sum(parts[1:]) if deep else sum(parts)

    return loss, weights


def three_calls(loss: Callable[..., Any], weights: list[Value], x: Any, batch: tuple[str, ...]) -> None:
    fast = autograd.compile(loss, parameters=weights, batch=batch, backend="numpy")
    first = fast(x)
    fast(2000.0 * x)
    third = fast(x)
    assert fast.explain().startswith("back end: numpy")
    assert (first[0], first[1].tobytes()) == (third[0], third[1].tobytes())


@given(losses(), st.integers(0, 99), st.booleans())
def test_f1_heads_that_share_exponentials_forget_the_call_before(drawn: Any, seed: int, batched: bool) -> None:
    loss, weights = drawn
    x = np.random.default_rng(seed).normal(size=(5, len(weights)) if batched else len(weights))
    three_calls(loss, weights, x, ("x",) if batched else ())


def test_f1_two_heads_of_a_network() -> None:
    """A net with 3 and with 10 classes, its last layer written term by term."""
    rng = random.Random(0)
    rows = [[Value(rng.uniform(-1.0, 1.0)) for _ in range(4)] for _ in range(13)]

    def loss(x: Any) -> Any:
        z = [sum(w * each for w, each in zip(row, x, strict=True)) for row in rows]
        return logsumexp(z[:3]) + logsumexp(z[3:]) - z[1] - z[7]

    three_calls(loss, [w for row in rows for w in row], np.random.default_rng(0).normal(size=(6, 4)), ("x",))


def recorded(loss: Callable[..., Any], weights: list[Value]) -> VectorProgram:
    x = [0.5] * len(weights)
    call = Call(loss, (key_of(x),), ("x",), weights, [*x, *[w.data for w in weights]], frozenset("x"))
    return recover(lower(call, "gradient").program)


@given(losses())
def test_f1_after_every_pass_steps_read_only_what_is_written(drawn: Any) -> None:
    vectors = check(recorded(*drawn))
    steps, known = shared_first(vectors.steps)
    assert sorted(map(id, steps)) == sorted(map(id, vectors.steps))
    check_lanes(vectors, steps, known)


@given(losses(), st.randoms(use_true_random=False))
def test_f1_the_checker_rejects_every_reader_in_front_of_its_writer(drawn: Any, rng: random.Random) -> None:
    vectors = recorded(*drawn)
    steps = list(vectors.steps)
    rng.shuffle(steps)
    at = {step: i for i, step in enumerate(steps)}
    lanes = {(s.kind, lane): at[s] for s in steps if s.results is None for lane in s.lanes.ravel().tolist()}
    wrong = any(
        lanes.get((operand.kind, lane), -1) >= at[step]
        for step in steps
        for operand in step.operands
        for lane in (operand.lanes.ravel().tolist() if operand.kind != "constant" else [])
    )
    if wrong:
        with pytest.raises(CompileError, match="not computed before"):
            check_lanes(vectors, steps)
    else:
        check_lanes(vectors, steps)


def test_f1_what_a_back_end_reads_besides_operands_counts() -> None:
    """The order that gave stale numbers: logsumexp in front of the exponentials it uses."""
    weights = [Value(0.1), Value(0.2)]
    vectors = recorded(lambda x: logsumexp([w * each for w, each in zip(weights, x, strict=True)]), weights)
    _, known = shared_first(vectors.steps)
    (logsum,) = known
    others = [step for step in vectors.steps if step is not logsum]
    first = next(i for i, step in enumerate(others) if step.row is rules.pivot)
    with pytest.raises(CompileError, match="not computed before"):
        check_lanes(vectors, [*others[:first], logsum, *others[first:]], known)


def test_no_order_is_found_for_a_circle() -> None:
    weights = [Value(0.1), Value(0.2)]
    steps = recorded(lambda x: logsumexp([w * each for w, each in zip(weights, x, strict=True)]), weights).steps
    assert in_order(steps, {}) == list(steps)
    assert in_order(steps, {steps[0]: [steps[-1]], steps[-1]: [steps[0]]}) is None


def test_work_buffers_begin_as_nan() -> None:
    """So that the first run, which is verified, shows what the checker cannot see: a line that reads another view."""
    assert np.isnan(scope()["empty"]((2, 3), "float32")).all()  # type: ignore[operator]


class Asked(set[str]):
    """Counts how often it is asked."""

    count = 0

    def __contains__(self, name: object) -> bool:
        self.count += 1
        return super().__contains__(name)


def test_f15_a_name_costs_no_look_at_those_before_it() -> None:
    taken = Asked({"part_7"})
    arrays = Arrays({}, taken)
    names = [arrays.fresh("part") for _ in range(1000)]
    assert names[:2] == ["part", "part_2"]
    assert len({*names, "part_7"}) == 1001
    assert taken.count <= 3000


class Looked(list[Step]):
    """Counts the steps that are handed out."""

    count = 0

    def __iter__(self) -> Iterator[Step]:
        for step in super().__iter__():
            self.count += 1
            yield step


def test_f15_softmaxes_are_found_without_looking_at_all_steps_for_each() -> None:
    weights = [Value(0.3), Value(0.2)]

    def tower(x: Any) -> Any:
        y = x[0] * weights[0]
        for _ in range(40):
            y = logsumexp([y * weights[1], y - x[1]])
        return y

    steps = Looked(recorded(tower, weights).steps)
    _, known = shared_first(steps)
    assert len(known) == 40
    assert steps.count <= 12 * len(steps)
