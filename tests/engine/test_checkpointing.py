"""Long loops whose steps are recorded again: the bits of one backward pass, few states at once, bounded memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, checkpointed, relu, sin, tanh
from autograd.checkpointing import PIECE, _Loop, _pieces, repeats
from autograd.structure import key_of, leaves_of, rebuild
from tests.support.examples import examples

Step = Callable[[Any], Any]


def pendulum(parameters: list[Value]) -> Step:
    def step(state: Any) -> Any:
        angle, speed = state
        speed = speed - 0.01 * (parameters[0] * sin(angle)) - parameters[1] * speed
        return [angle + 0.01 * speed, speed]

    return step


def recurrent(parameters: list[Value]) -> Step:
    """A hidden layer of two units; the weights are used by both."""

    def step(state: Any) -> Any:
        a, b = state["h"]
        u, v = parameters
        return {"h": (tanh(u * a + v * b + 0.1), relu(v * a - u * b) + 0.9 * b), "count": state["count"] + 1.0}

    return step


LOOPS: dict[str, tuple[Callable[[list[Value]], Step], Any, Callable[[Any], Any]]] = {
    "pendulum": (pendulum, [0.5, 0.0], lambda s: s[0] * s[0] + s[1]),
    "recurrent": (recurrent, {"h": (0.3, -0.2), "count": 0.0}, lambda s: s["h"][0] - s["h"][1] ** 2),
    "number": (lambda p: lambda x: sin(p[0] * x) + p[1], 0.7, lambda x: x),
}


def in_one_pass(step: Step, state: Any, steps: int, loss: Callable[[Any], Any]) -> tuple[float, list[float]]:
    leaves = [Value(x) for x in leaves_of(state)]
    state = rebuild(key_of(state), iter(leaves))
    for _ in range(steps):
        state = step(state)
    y = loss(state)
    y.backward()
    return y.data, [leaf.grad for leaf in leaves]


@pytest.mark.parametrize("name", LOOPS)
@given(steps=st.integers(0, 5 * PIECE), slots=st.integers(1, 6))
@examples(25)
def test_values_and_gradients_have_the_bits_of_one_pass(name: str, steps: int, slots: int) -> None:
    make, state, loss = LOOPS[name]
    parameters, others = [Value(0.8), Value(0.05)], [Value(0.8), Value(0.05)]
    wanted = in_one_pass(make(others), state, steps, loss)
    value, adjoints = checkpointed(make(parameters), state, steps, loss, slots=slots)
    assert (value, leaves_of(adjoints)) == wanted
    assert key_of(adjoints) == key_of(state)
    if steps <= PIECE:
        assert [p.grad for p in parameters] == [p.grad for p in others]
    else:  # terms of neighbouring steps may change places where a piece begins
        terms = terms_of(make, state, steps, loss)
        for p, q, each in zip(parameters, others, terms, strict=True):
            assert abs(p.grad - q.grad) <= 4 * ceil(steps / PIECE) * 2.0**-53 * each


def terms_of(make: Callable[[list[Value]], Step], state: Any, steps: int, loss: Callable[[Any], Any]) -> list[float]:
    """The sum of what the parameters get from each step, without signs: a bound of the partial sums."""
    copies = [[Value(0.8), Value(0.05)] for _ in range(steps)]
    made = map(make, copies)

    def step(state: Any) -> Any:
        return next(made)(state)

    in_one_pass(step, state, steps, loss)
    return [sum(abs(p.grad) for p in column) for column in zip(*copies, strict=True)]


@given(st.integers(0, 40 * PIECE), st.integers(1, 8))
def test_pieces_go_backwards_from_their_states_and_are_repeated_as_often_as_promised(steps: int, slots: int) -> None:
    made = 0

    def step(x: float) -> float:
        nonlocal made
        made += 1
        return x + 1.0

    loop = _Loop(step, key_of(0.0))
    found = [(begin, end, x) for begin, end, (x,) in _pieces(loop, loop.numbers(0.0), steps, slots)]
    assert [begin for begin, _, _ in found] == [PIECE * i for i in reversed(range(max(ceil(steps / PIECE), 1)))]
    assert all(x == begin for begin, _, x in found)
    assert [end for _, end, _ in found][::-1] == [*range(PIECE, steps, PIECE), steps]
    assert made <= repeats(steps, slots) * steps


@pytest.mark.slow
def test_memory_does_not_grow_with_the_steps() -> None:
    def peak(steps: int) -> int:
        tracemalloc.start()
        try:
            checkpointed(pendulum([Value(9.81), Value(0.01)]), [0.5, 0.0], steps, lambda s: s[0], slots=20)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(PIECE)  # what is imported and cached at first
    assert peak(60 * PIECE) <= 1.2 * peak(30 * PIECE)


def test_gradients_are_added_to_those_that_are_there() -> None:
    w = Value(0.5)
    w.grad = 1.0
    assert checkpointed(lambda x: w * x, 3.0, 2, lambda x: 2.0 * x) == (1.5, 0.5)
    assert w.grad == 7.0


def test_what_does_not_depend_on_the_state_has_derivative_0() -> None:
    assert checkpointed(lambda x: 1.0, 3.0, 2, lambda x: x * x) == (1.0, 0.0)
    assert checkpointed(lambda x: x, 3.0, 2, lambda x: 7.0) == (7.0, 0.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: checkpointed(lambda x: x, 1.0, -1, lambda x: x), ValueError, "steps=-1"),
        (lambda: checkpointed(lambda x: x, 1.0, 1, lambda x: x, slots=0), ValueError, "slots=0"),
        (lambda: checkpointed(lambda x: [x], 1.0, 40, lambda x: x), TypeError, "return the structure"),
        (lambda: checkpointed(lambda x: "a", 1.0, 1, lambda x: x), TypeError, "a"),
        (lambda: checkpointed(lambda x: x, 1.0, 1, lambda x: [x]), TypeError, "number"),
        (lambda: checkpointed(lambda x: x, "a", 1, lambda x: x), TypeError, "a"),
    ],
)
def test_errors_name_what_is_wrong(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
