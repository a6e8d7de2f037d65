"""Loops over time in compiled functions: machine code with loops, which is what eager code computes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, sin, tanh
from autograd.compiler import lower as lowering
from autograd.compiler.forms import Forms
from autograd.compiler.llvm import runner
from autograd.compiler.llvm.time_loops import LoopRunner
from autograd.compiler.lower import GRADIENT, Call, lower
from autograd.compiler.options import Options
from autograd.compiler.program import Equation, Program
from autograd.structure import key_of
from autograd.testing import defined
from tests.compiler.loop_programs import EXAMPLES, Example, horner, newton, pendulum, runge_kutta
from tests.compiler.references import is_differentiated

pytestmark = pytest.mark.slow

SEQUENTIAL = [name for name in EXAMPLES if name != "gated"]


@pytest.fixture
def no_scalar_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gradient in equations on numbers is not made."""

    def made(*_: Any) -> Any:
        raise AssertionError("the scalar program of the gradient was made")

    monkeypatch.setattr(lowering, "differentiated", made)


def eager(example: Example) -> list[float]:
    """The value, and the derivatives by all numbers, by the engine itself."""
    f, arguments = example
    leaves: list[Value] = []

    def lifted(x: Any) -> Any:
        if isinstance(x, list):
            return list(map(lifted, x))
        leaves.append(Value(x))
        return leaves[-1]

    output = f(*map(lifted, arguments.values()))
    return [output.data, *[slope.data for slope in autograd.grad(output, leaves)]]


def compiled(fast: Any, arguments: dict[str, Any]) -> list[float]:
    value, gradient = fast.value_and_grad(*arguments.values())
    each = gradient if len(arguments) > 1 else [gradient]
    return [value, *[float(x) for slopes in each for x in np.ravel(slopes)]]


def assert_equal(found: list[float], wanted: list[float]) -> None:
    """To 1e-12 of the largest number: some thousand additions, each with a rounding of 1e-16."""
    assert found == pytest.approx(wanted, rel=1e-12, abs=1e-12 * max(map(abs, wanted)))


def assert_runs_in_loops(example: Example) -> Any:
    """Compiled for llvm, an example runs in loops and gives what eager code gives, also elsewhere."""
    f, arguments = example
    fast = autograd.compile(f, backend="llvm")
    assert_equal(compiled(fast, arguments), eager(example))
    assert re.search(r"^; +for i in range", fast.source, re.MULTILINE)
    elsewhere = {name: (0.9 * np.asarray(each)).tolist() for name, each in arguments.items()}
    assert_equal(compiled(fast, elsewhere), eager((f, elsewhere)))
    return fast


@pytest.mark.usefixtures("no_scalar_gradient")
@pytest.mark.parametrize("name", SEQUENTIAL)
def test_what_is_sequential_runs_in_loops(name: str) -> None:
    assert_runs_in_loops(EXAMPLES[name])


@pytest.mark.parametrize(
    "example", [pendulum(1000), newton(100, 10), runge_kutta(200)], ids=lambda each: each[0].__qualname__
)
def test_auto_takes_machine_code_with_loops(example: Example) -> None:
    f, arguments = example
    fast = autograd.compile(f)
    assert_equal(compiled(fast, arguments), eager(example))
    assert fast.explain().startswith("back end: llvm (expected for a run: llvm ")
    assert "; " in fast.source


def test_the_scalar_gradient_is_made_only_to_explain() -> None:
    lowered = lowered_of(pendulum(200))
    forms = Forms(lowered.forward, lowered.wanted, lambda: lowered.program)
    built = runner.build_from(forms, Options())
    assert isinstance(built, LoopRunner)
    assert "vectors" not in vars(forms)
    assert not is_differentiated(lowered)


def test_a_narrow_chain_with_a_long_rest_runs_in_loops_and_is_not_put_on_arrays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Row C9: each trip takes one of many weights, whose derivatives are long sums after the loop."""
    monkeypatch.setattr(runner, "SMALL", 200)
    example = chosen_weights(300)
    lowered = lowered_of(example)
    forms = Forms(lowered.forward, lowered.wanted, lambda: lowered.program)
    built = runner.build_from(forms, Options())
    assert forms.looped is not None
    assert forms.looped.written > runner.SMALL
    assert isinstance(built, LoopRunner)
    assert "vectors" not in vars(forms)
    assert_equal(built.run(np.array(lowered.at)).tolist(), eager(example))


def chosen_weights(trips: int) -> Example:
    """A recurrence of two numbers, with weights of its own in each trip."""
    chosen = np.random.default_rng(0).integers(10, size=(trips, 2)).tolist()

    def f(ws: Any, h: Any) -> Any:
        c = h
        for i, j in chosen:
            h, c = tanh(ws[i] * h + ws[j] * c), sin(ws[j] * h - ws[i] * c)
        return h * c

    return f, {"ws": np.linspace(-0.9, 1.1, 10).tolist(), "h": 0.3}


def lowered_of(example: Example) -> Any:
    f, arguments = example
    numbers = [float(x) for each in arguments.values() for x in np.ravel(each)]
    return lower(Call(f, tuple(map(key_of, arguments.values())), tuple(arguments), None, numbers), GRADIENT)


def test_the_source_shows_the_loop() -> None:
    fast = autograd.compile(pendulum(1000)[0], backend="llvm")
    fast(1.0, 0.0, 9.8, 0.01)
    text, _, assembly = fast.source.partition("\n\n")
    assert (
        text
        == """; program(theta, omega, g, dt):
;     t4 = mul(dt, g)
;     omega_, theta_ = omega, theta
;     for i in range(1000):
;         t5 = sin(theta_)
;         t6 = mul(t4, t5)
;         t7 = sub(omega_, t6)
;         t8 = dot(dt, t7, theta_)
;         omega_, theta_ = t7, t8
;     t4005 = mul(theta_, theta_)
;     return t4005"""
    )
    assert "define void @program" in assembly
    assert assembly.count("\n") < 60


def test_branches_that_differ_from_trip_to_trip_are_gates() -> None:
    """Where others are taken than were recorded, the program in equations, which has guards for them, says nothing."""
    example = f, arguments = EXAMPLES["gated"]
    fast = autograd.compile(f, backend="llvm")
    assert_equal(compiled(fast, arguments), eager(example))
    assert "where(" in fast.source
    elsewhere = {"x": 0.36, "w": 0.81}  # chaotic: a rounding in x is 1e6 of them in the result, and in the slopes
    assert compiled(fast, elsewhere) == pytest.approx(eager((f, elsewhere)), rel=1e-8)
    assert "recordings: 1\n" in fast.explain()


def test_exact_programs_are_written_out() -> None:
    example = f, arguments = pendulum(50)
    fast = autograd.compile(f, backend="llvm", exact=True)
    assert compiled(fast, arguments) == eager(example)
    assert " in range(" not in fast.source


# --- guards -----------------------------------------------------------------------------------------------------------


def bouncing(trips: int) -> Example:
    """A ball that is thrown back when it reaches the ground: each trip asks."""

    def f(x: Any, v: Any) -> Any:
        for _ in range(trips):
            v = v - 0.1
            x = x + 0.05 * v
            if x < 0.0:
                v = -0.9 * v
        return x * x + v

    return f, {"x": 3.0, "v": 0.5}


@pytest.mark.filterwarnings("ignore:.*recorded for the:RuntimeWarning")
def test_guards_in_loops_are_asked_in_every_trip() -> None:
    example = f, arguments = bouncing(30)
    fast = autograd.compile(f, backend="llvm")
    assert_equal(compiled(fast, arguments), eager(example))
    assert "for i in range(30)" in fast.source
    for x in (2.5, 1.0, 0.5, 0.01, 3.0):
        elsewhere = {"x": x, "v": 0.4}
        assert_equal(compiled(fast, elsewhere), eager((f, elsewhere)))


def test_the_first_guard_that_does_not_hold_is_the_answer() -> None:
    lowered = lowered_of(bouncing(30))
    forms = Forms(lowered.forward, lowered.wanted, lambda: lowered.program)
    built = runner.build_from(forms, Options())
    assert isinstance(built, LoopRunner)
    heights = [3.0 + 0.05 * sum(0.4 - 0.1 * i for i in range(1, trip + 1)) for trip in range(31)]
    for x in (-1.0, 0.5, 1.5):
        below = [trip for trip, height in enumerate(heights[1:]) if height - 3.0 + x < 0.0]
        assert built.run(np.array([x, 0.4]), ()) == below[0]
    assert built.run(np.array([3.0, 0.5]), ()).tolist() == pytest.approx(eager(bouncing(30)), rel=1e-12)


# --- detached numbers -------------------------------------------------------------------------------------------------


def held(trips: int) -> Example:
    """The step length depends on the state, but no gradient flows through it."""

    def f(x: Any, w: Any) -> Any:
        for _ in range(trips):
            step = (0.1 * sin(w * x)).detach()
            x = x + step * tanh(w - x) + 0.01 * x.detach()
        return x * w

    return f, {"x": 0.3, "w": 1.3}


@pytest.mark.usefixtures("no_scalar_gradient")
def test_nothing_flows_through_a_detached_number() -> None:
    fast = assert_runs_in_loops(held(40))
    assert "pivot(" in fast.source


def test_a_loop_of_detached_numbers_alone_has_no_derivative() -> None:
    def f(x: Any) -> Any:
        y = x
        for _ in range(60):
            y = sin(y.detach()) + 0.1
        return x * y.detach()

    assert_runs_in_loops((f, {"x": 0.7}))


# --- rows of users ----------------------------------------------------------------------------------------------------


def with_row(row: Callable[[Any], Any]) -> Example:
    def f(x: Any, w: Any) -> Any:
        for _ in range(40):
            x = row(w * x) + 0.1
        return x

    return f, {"x": 0.4, "w": 1.2}


@pytest.mark.usefixtures("no_scalar_gradient")
def test_rows_of_users_are_called_in_loops() -> None:
    with defined(
        "bent", lambda x: math.atan(x) ** 3, lambda out, x: 3.0 * autograd.square(autograd.atan(x)) / (1.0 + x * x)
    ) as row:
        assert_runs_in_loops(with_row(row))


def test_what_a_row_raises_comes_through() -> None:
    def value(x: float) -> float:
        if x > 5.0:
            raise OverflowError("too far")
        return 0.5 * x

    with defined("bounded", value, 0.5) as row:
        fast = autograd.compile(with_row(row)[0], backend="llvm")
        assert fast(0.4, 1.2) == pytest.approx(with_row(row)[0](Value(0.4), Value(1.2)).data, rel=1e-12)
        with pytest.raises(OverflowError, match="too far"):
            fast(100.0, 1.2)


# --- forms ------------------------------------------------------------------------------------------------------------


def test_a_program_without_loops_has_no_looped_form() -> None:
    program = Program(("x",), (Equation(autograd.PRIMITIVES["sin"], (0,)),), (), (1,))
    assert Forms(program).looped is None


def test_loops_that_are_little_of_a_program_are_not_worth_it() -> None:
    """Ten trips of one equation, among random rows that do not repeat."""
    rng = np.random.default_rng(0)
    rows = [autograd.PRIMITIVES[name] for name in ("sin", "tanh", "exp", "sigmoid", "atan", "softplus")]
    equations = [Equation(rows[int(rng.integers(6))], (place,)) for place in range(100)]
    equations += [Equation(rows[0], (place,)) for place in range(100, 110)]
    assert Forms(Program(("x",), tuple(equations), (), (110,))).looped is None


def test_several_threads_share_a_program() -> None:
    """Each run has memory of its own."""
    f, _ = horner(60)
    fast = autograd.compile(f, backend="llvm")
    c = np.linspace(-1.0, 1.0, 60).tolist()
    fast(0.9, c)
    points = [0.01 * i for i in range(100)]
    expected = [fast(x, c) for x in points]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda x: fast(x, c), points)) == expected
