"""Implicit functions: solutions are right, and so are their derivatives of every order and by every mode (issue K)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import CompileError, RootError, Value, fixed_point, functional, root
from tests.support.examples import examples
from tests.support.graphs import graphs

UNIT = 2.0**-52


def square_root(a: Any) -> Any:
    return root(lambda x, a: x * x - a, 1.0, a)


def circle_and_line(p: Any) -> Any:
    """x² + y² = r², x = m y: y = r / √(1 + m²)."""
    return root(
        lambda u: {"x": u["x"] ** 2 + u["y"] ** 2 - p["r"] ** 2, "y": u["x"] - p["m"] * u["y"]}, {"x": 1.0, "y": 1.0}
    )


def explicit(p: Any) -> Any:
    y = p["r"] / ag.sqrt(1.0 + p["m"] ** 2)
    return {"x": p["m"] * y, "y": y}


# --- the law: derivatives are those of the explicit solution ----------------------------------------------------------


@given(a=st.floats(0.01, 100.0))
def test_orders_0_to_3_of_a_square_root(a: float) -> None:
    f: Callable[..., Any] = square_root
    g: Callable[..., Any] = ag.sqrt
    for order in range(4):
        assert f(a) == pytest.approx(g(a), rel=4.0 ** (order + 2) * UNIT)
        f, g = functional.grad(f), functional.grad(g)


@examples(15)
@given(r=st.floats(0.5, 4.0), m=st.floats(-0.5, 3.0))
def test_structures_jacobians_and_hessians(r: float, m: float) -> None:
    p = {"r": r, "m": m}
    got, want = functional.jacobian(circle_and_line)(p), functional.jacobian(explicit)(p)
    for k in "xy":
        assert got[k] == pytest.approx(want[k], rel=1e-12, abs=1e-12)
    got, want = [functional.hessian(lambda p, f=f: f(p)["x"] * f(p)["y"] ** 2)(p) for f in (circle_and_line, explicit)]
    for k in "rm":
        assert got[k] == pytest.approx(want[k], rel=1e-10, abs=1e-10)


@given(graph=graphs(("add", "sub", "mul", "neg", "sin", "tanh", "total"), max_lines=6))
def test_random_equations_of_the_form_x_plus_bounded(graph: Any) -> None:
    """x + ½ tanh g(θ + sin(x)/4) / L = 0 has slope ≥ ½; compared with differences of the solution itself."""

    def f(x: Any, theta: list[Any]) -> Any:
        return x + 0.1 * ag.tanh(graph(*[t + 0.1 * ag.sin(x) for t in theta]))

    theta = list(graph.inputs)
    slope = functional.grad(lambda t: f(1.0, t))(theta)
    x_slope = functional.grad(lambda x: f(x, theta))(1.0)
    if abs(x_slope) < 0.5:
        return
    at_one = functional.grad(lambda t: root(lambda x, t: f(x, t) - f(1.0, theta), 1.0, t))(theta)
    assert at_one == pytest.approx([-s / x_slope for s in slope], rel=1e-12, abs=1e-13)


def test_all_modes_agree() -> None:
    p, v = {"r": 2.0, "m": 0.5}, {"r": 0.3, "m": -1.0}
    value, along = functional.jvp(circle_and_line, (p,), (v,))
    jacobian = functional.jacobian(circle_and_line)(p)
    assert along["x"] == pytest.approx(sum(jacobian["x"][k] * v[k] for k in v), rel=1e-14)
    leaves = {k: Value(x) for k, x in p.items()}
    x = circle_and_line(leaves)
    x["x"].backward()
    assert [leaves[k].grad for k in p] == pytest.approx([jacobian["x"][k] for k in p], rel=1e-15)
    assert x["x"].data == value["x"]
    assert ag.check_gradients(lambda r, m: circle_and_line({"r": r, "m": m})["x"], 2.0, 0.5).ok
    assert ag.check_gradients(square_root, 2.0).ok


def test_a_check_rejects_a_wrong_equation() -> None:
    """The oracle solves again: a constant that should have moved is found."""
    with pytest.raises(ag.CheckError):
        ag.check_gradients(lambda a: root(lambda x: x * x - a.data * a, 1.0), 2.0)


def test_parameters_that_the_function_closes_over_are_differentiated() -> None:
    w = Value(2.0)
    scaled = w * 3.0
    x = root(lambda x: x**3 - scaled, 1.0)
    x.backward()
    assert w.grad == pytest.approx(3.0 / (3.0 * 6.0 ** (2 / 3)), rel=1e-14)


def test_an_argument_in_between_is_differentiated() -> None:
    a = Value(1.5)
    between = a * 2.0
    slope = ag.grad(square_root(between), between)
    assert slope.data == pytest.approx(0.5 / math.sqrt(3.0), rel=4 * UNIT)


def test_roots_nest() -> None:
    """x² = y with y³ = a: x = a^(1/6)."""

    def f(a: Any) -> Any:
        return root(lambda x: x * x - root(lambda y: y**3 - a, 1.0), 1.0)

    a = 2.0
    assert [f(a), functional.grad(f)(a)] == pytest.approx([a ** (1 / 6), a ** (-5 / 6) / 6.0], rel=1e-14)


def test_without_values_and_in_no_graph_nothing_is_recorded() -> None:
    assert type(root(lambda x: x * x - 2.0, 1.0)) is float
    with ag.no_graph():
        assert square_root(Value(2.0)).parents == ()


@pytest.mark.parametrize("order", [0, 1, 4])
def test_taylor_coefficients_of_solutions(order: int) -> None:
    got = functional.taylor(square_root, 2.0, 0.5, order)
    assert got == pytest.approx(functional.taylor(ag.sqrt, 2.0, 0.5, order), rel=1e-13)
    p, v = {"r": 2.0, "m": 0.5}, {"r": 0.3, "m": -1.0}
    for a, b in zip(
        functional.taylor(circle_and_line, p, v, order), functional.taylor(explicit, p, v, order), strict=True
    ):
        assert a == pytest.approx(b, rel=1e-12, abs=1e-14)
    compiled = ag.compile(square_root).taylor((2.0,), (0.5,), order)
    assert compiled == pytest.approx(got, rel=1e-13)


def test_what_an_expansion_cannot_know_is_refused() -> None:
    w = Value(1.0)
    with pytest.raises(TypeError, match="take the expansion outside"):
        functional.taylor(lambda a: root(lambda x: x * x - a * w, 1.0), 2.0, 1.0, 2)
    with pytest.raises(CompileError, match="call its taylor method"):
        ag.compile(lambda a: functional.taylor(square_root, a, 1.0, 2))(2.0)


# --- solvers ----------------------------------------------------------------------------------------------------------


def test_any_solver_may_search() -> None:
    def f(a: Any) -> Any:
        return root(
            lambda x: ag.exp(x) + x * a - 3.0, 1.0, solver=lambda f, x0: scipy.optimize.brentq(f, 0.0, 2.0, xtol=1e-15)
        )

    assert f(1.0) == pytest.approx(root(lambda x: ag.exp(x) + x - 3.0, 1.0), rel=8 * UNIT)
    x = f(1.0)
    assert functional.grad(f)(1.0) == pytest.approx(-x / (math.exp(x) + 1.0), rel=1e-14)


def test_a_solver_of_vectors_gets_lists_and_may_return_arrays() -> None:
    p = np.array([2.0, 3.0])
    x = root(
        lambda x: [x[0] * x[0] - p[0], x[0] * x[1] - p[1]],
        [1.0, 1.0],
        solver=lambda f, x0: scipy.optimize.root(f, x0).x,
    )
    assert x == pytest.approx([2.0**0.5, 3.0 / 2.0**0.5], rel=1e-9)


def test_the_result_reports_residual_and_conditioning() -> None:
    x, result = root(lambda x: [x[0] + x[1] - 2.0, x[0] + 1.001 * x[1] - 2.001], [0.0, 0.0], full_output=True)
    assert x == pytest.approx([1.0, 1.0], rel=1e-9)
    matrix = np.array([[1.0, 1.0], [1.0, 1.001]])
    assert result.condition == pytest.approx(np.linalg.cond(matrix, np.inf), rel=1e-9)
    assert result.residual <= 8 * UNIT
    assert result.step <= result.condition * 8 * UNIT
    assert result.iterations >= 1


@pytest.mark.parametrize("x0", [0.1, 1.0, 10.0, 1e4])
def test_steps_are_shortened_where_they_overshoot(x0: float) -> None:
    """Newton's full steps for arctan diverge from 1.4 on."""
    assert abs(root(ag.atan, x0)) < 1e-8


@pytest.mark.parametrize("size", [1e-20, 1e-6, 1e6, 1e20])
def test_the_start_may_be_far_away(size: float) -> None:
    assert root(lambda x: x * x - size, 1.0) == pytest.approx(math.sqrt(size), rel=8 * UNIT)


# --- fixed points -----------------------------------------------------------------------------------------------------


@given(a=st.floats(-1.2, 1.2))
def test_a_fixed_point_and_its_derivative(a: float) -> None:
    """x = cos(a x): dx/da = −x sin(a x) / (1 + a sin(a x))."""

    def f(a: Any) -> Any:
        return fixed_point(lambda x, a: ag.cos(a * x), 0.5, a)

    x = f(a)
    assert x == pytest.approx(math.cos(a * x), rel=4 * UNIT)
    s = math.sin(a * x)
    assert functional.grad(f)(a) == pytest.approx(-x * s / (1.0 + a * s), rel=1e-12, abs=1e-14)


def test_a_fixed_point_at_0() -> None:
    assert fixed_point(lambda x: 0.5 * x, 1.0) == 0.0


def test_a_fixed_point_of_a_vector() -> None:
    def f(b: Any) -> Any:
        return fixed_point(lambda x: [0.5 * ag.tanh(x[1]) + b, 0.25 * x[0]], [0.0, 0.0])

    x, result = fixed_point(
        lambda x: [0.5 * math.tanh(x[1].data if isinstance(x[1], Value) else x[1]), 0.0], [0.0, 1.0], full_output=True
    )
    assert x == [0.0, 0.0]
    assert result.iterations >= 1
    got = functional.jacobian(f)(0.3)
    step = 1e-6
    want = [(a - b) / (2 * step) for a, b in zip(f(0.3 + step), f(0.3 - step), strict=True)]
    assert got == pytest.approx(want, rel=1e-8)


# --- compiled ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["python", "numpy", "llvm"])
def test_compiled_solutions_and_gradients(backend: Any) -> None:
    f = ag.compile(square_root, backend=backend)
    for a in (2.0, 3.0, 100.0, 0.01):
        value, slope = f.value_and_grad(a)
        assert (value, slope) == pytest.approx((math.sqrt(a), 0.5 / math.sqrt(a)), rel=1e-14)
    assert f.hessian(3.0)[0][0] == pytest.approx(-0.25 * 3.0**-1.5, rel=1e-12)


def test_a_compiled_solution_that_has_not_converged_is_recorded_again() -> None:
    f = ag.compile(square_root)
    assert f(1.0) == 1.0  # no steps are needed from 1
    assert f(1e6) == pytest.approx(1e3, rel=4 * UNIT)
    assert f(1.0) == 1.0


def test_compiled_structures_agree_with_eager_ones() -> None:
    f = ag.compile(lambda p: circle_and_line(p)["x"])
    for p in ({"r": 2.0, "m": 1.0}, {"r": 2.5, "m": 1.3}):
        value, slope = functional.value_and_grad(lambda p: circle_and_line(p)["x"])(p)
        got, got_slope = f.value_and_grad(p)
        assert got == pytest.approx(value, rel=1e-14)
        assert got_slope == pytest.approx(slope, rel=1e-13)


def test_a_compiled_fixed_point() -> None:
    f = ag.compile(lambda a: fixed_point(lambda x: ag.cos(a * x), 0.5))
    x, slope = f.value_and_grad(1.0)
    assert x == pytest.approx(math.cos(x), rel=4 * UNIT)
    assert slope == pytest.approx(-x * math.sin(x) / (1.0 + math.sin(x)), rel=1e-13)


@pytest.mark.parametrize(
    "options", [{"solver": lambda f, x0: 1.0}, {"full_output": True}], ids=["solver", "full_output"]
)
def test_what_a_program_cannot_repeat_is_refused_with_the_remedy(options: dict[str, Any]) -> None:
    f = ag.compile(lambda a: root(lambda x: x * x - a, 1.0, **options))
    with pytest.raises(CompileError, match=r"cannot be recorded.*leave it out"):
        f(2.0)


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: root(lambda x: (x - 1.0) ** 2, 3.0), RootError, "is multiple.*divide the multiple factor out"),
        (lambda: root(lambda x: x**3, 1.0), RootError, "did not converge in 100 steps.*divide it out"),
        (
            lambda: root(lambda x: x * x + 1.0, 3.0),
            RootError,
            "stuck at x = .*start nearer to the root, or give a solver=",
        ),
        (lambda: root(lambda x: x * x - 4.0, 0.0), RootError, "singular at x = 0.0"),
        (lambda: root(lambda x: [x[0] + x[1] - 1.0, x[0] + x[1] - 1.0], [0.0, 0.0]), RootError, "singular"),
        (lambda: root(ag.log, -1.0), RootError, r"the equation is \[nan\] at \[-1.0\]; start elsewhere"),
        (lambda: root(lambda x: 1.0, 2.0), RootError, "singular"),
        (lambda: root(lambda x: [x, x], 1.0), TypeError, "got 2 for 1"),
        (
            lambda: root(lambda x: x * x - 2.0, 1.0, solver=lambda f, x0: 1.4),
            RootError,
            r"1.4\] is no root.*more digits",
        ),
        (lambda: root(lambda x: x * x, 1.0, solver=lambda f, x0: 0.0), RootError, "singular at the solution"),
        (lambda: root(lambda x: x - 1.0, 1.0, solver=lambda f, x0: [1.0, 2.0]), TypeError, "got 2 for 1"),
        (lambda: root(lambda x: x - 1.0, "1"), TypeError, "real number"),
        (lambda: fixed_point(lambda x: 2.0 * x + 1.0, 1.0), RootError, "did not come to rest.*autograd.root"),
        (lambda: fixed_point(lambda x: [x[0]], [1.0, 1.0]), TypeError, "got 1 for 2"),
    ],
)
def test_errors_name_the_value_and_the_remedy(call: Callable[[], Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_number_that_leaves_the_equation_is_reported() -> None:
    with pytest.warns(RuntimeWarning, match=r"`math.exp\(x\)` makes a number"):
        root(lambda x: x + 0.1 * math.exp(x), 0.0)
