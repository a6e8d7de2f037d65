"""Taylor mode: every row against the true function, random graphs against many digits, and its laws (issue K)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import Value, functional
from autograd.check import arithmetic
from autograd.functional import derivative_tensor, derivatives, taylor
from autograd.primitive import PRIMITIVES, Primitive
from autograd.series import flat
from autograd.testing import defined
from tests.engine.row_oracle import ORACLE
from tests.support.graphs import Graph, graphs

UNIT = 2.0**-53
ORDER = 6
GENTLE = ("add", "sub", "mul", "neg", "sin", "cos", "tanh", "sigmoid", "total", "dot", "square", "exp")
# Operands that a row holds constant, by place; those of `dot` and the like all move.
HELD = {"sinc_slope": {1}, "round": {1}, "exp_shift": {1}, "pick": {0}, "pivot": range(9)}


class Digits:
    """A number of many digits to which rows are applied."""

    def __init__(self, number: Any, digits: arithmetic.Arithmetic) -> None:
        self.number, self.digits = number, digits

    def __primitive__(self, row: Primitive, operands: tuple[Any, ...]) -> Digits:
        numbers = [x.number if isinstance(x, Digits) else self.digits.lift(x) for x in operands]
        return Digits(self.digits.spelling[row.name](*numbers), self.digits)


def exact(f: Callable[..., Any], x: Sequence[float], v: Sequence[float], order: int) -> list[Any]:
    """Taylor coefficients by differences, for f of mpmath's numbers; mpmath itself works with some 8 · 40 digits."""
    with mpmath.workdps(40):
        start, slope = list(map(mpmath.mpf, x)), list(map(mpmath.mpf, v))
        return list(mpmath.taylor(lambda t: f(*[a + t * b for a, b in zip(start, slope, strict=True)]), 0, order))


# --- every row of the table -------------------------------------------------------------------------------------------


JUMPS: dict[str, Callable[..., bool]] = {
    **dict.fromkeys(["greater", "at_least", "equal"], lambda x, y: x == y),
    **dict.fromkeys(["floor", "ceil"], lambda x: x.is_integer()),
    "round": lambda x, digits: (2.0 * x).is_integer(),
    "pow": lambda x, y: x < 0.0,
}


def is_tame(name: str, point: tuple[float, ...]) -> bool:
    """Moderate, and neither at a kink nor at a jump."""
    held = HELD.get(name, ())
    if not all(0.01 <= abs(x) <= 10.0 or i in held for i, x in enumerate(point)):
        return False
    return 0.0 not in PRIMITIVES[name].distances_to_kinks(point) and not JUMPS.get(name, lambda *_: False)(*point)


def tame_points(name: str) -> list[tuple[float, ...]]:
    """Some six points of a row."""
    found = [point for point in ORACLE[name][1] if is_tame(name, point)]
    return found[:: max(1, len(found) // 6)]


@pytest.mark.parametrize("name", ORACLE)
def test_every_row_has_the_coefficients_of_its_function(name: str) -> None:
    """Of order n there are n² products, of numbers no larger than the largest coefficient and partial."""
    row, (meaning, _) = PRIMITIVES[name], ORACLE[name]
    points = tame_points(name)
    assert points
    for point in points:
        v = [0.0 if i in HELD.get(name, ()) else 0.5 - 0.125 * i for i in range(len(point))]
        got = taylor(lambda x: row(*x), list(point), v, ORDER)
        want = exact(meaning, point, v, ORDER)
        largest = max(1.0, *[float(abs(c)) for c in want])
        assert all(abs(g - w) <= 60 * ORDER**2 * UNIT * largest for g, w in zip(got, want, strict=True)), (point, got)


@pytest.mark.parametrize("row", sorted(flat.ROWS, key=lambda row: row.name), ids=lambda row: row.name)
def test_straight_line_code_has_the_same_bits(row: Primitive, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that has been applied often is computed by code that was made from its rule."""
    points = [point for point in ORACLE[row.name][1] if all(abs(x) < 30.0 for x in point)][::7][:12]
    points += [(0.0,) * len(points[0]), (-0.0,) * len(points[0])]
    found = []
    for uses in (10**9, -1):
        monkeypatch.setattr(flat, "USES", uses)
        for point in points * 2:
            for held in range(len(point)):
                v = [0.0 if i == held and len(point) > 1 else 1.0 for i in range(len(point))]
                found.append(taylor(lambda x: row(*x), list(point), v, 5))
                found.append(taylor(lambda x: row(*[a * a - 0.25 * a for a in x]), list(point), v, 5))
    half = len(found) // 2
    assert half
    assert [list(map(repr, each)) for each in found[:half]] == [list(map(repr, each)) for each in found[half:]]


def test_no_row_is_left_out() -> None:
    unlisted = {"normal_cdf", "normal_pdf"}  # under other names in the oracle's module
    assert {row.name for row in vars(ag.rules).values() if isinstance(row, Primitive)} - ORACLE.keys() <= unlisted


@pytest.mark.parametrize(("name", "x"), [("abs", 0.0), ("relu", 0.0), ("relu", -0.0), ("leaky_relu", 0.0)])
def test_kinks_are_those_of_grad_in_every_order(name: str, x: float) -> None:
    more = [0.25] if name == "leaky_relu" else []
    slope = functional.grad(lambda v: PRIMITIVES[name](v, *more))(x)
    assert derivatives(lambda v: PRIMITIVES[name](v, *more), x, 4) == [0.0, slope, 0.0, 0.0, 0.0]


def test_ties_share_and_jumps_are_flat() -> None:
    assert derivatives(lambda x: ag.maximum(x * x, x), 1.0, 3) == [1.0, 1.5, 1.0, 0.0]
    assert derivatives(lambda x: ag.maximum([x, 2.0 * x, x * x * x]), 0.0, 3) == [0.0, 1.0, 0.0, 2.0]
    assert derivatives(ag.floor, 1.5, 3) == [1.0, 0.0, 0.0, 0.0]
    assert derivatives(lambda x: x % 2.0, 3.5, 2) == [1.5, 1.0, 0.0]
    assert derivatives(lambda x: ag.pick([x, x * x], Value(1.0)), 3.0, 3)[2].data == 2.0


def test_a_branch_that_was_not_taken_is_absent() -> None:
    assert derivatives(lambda x: ag.where(x > 0, ag.log(x), x * x), 0.0, 3) == [0.0, 0.0, 2.0, 0.0]
    assert derivatives(lambda x: ag.where(x, ag.sin(x) / x, 1.0), 0.0, 2) == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(("exponent", "x"), [(2.0, 0.0), (3.0, 0.0), (5.0, -1.5), (2.0, 1e-200), (3.0, math.inf)])
def test_integer_powers_are_polynomials(exponent: float, x: float) -> None:
    got = derivatives(lambda v: v**exponent, x, 7)
    n = int(exponent)
    want = [math.perm(n, k) * math.pow(x, n - k) if k <= n else 0.0 for k in range(8)]
    assert got == pytest.approx(want, rel=8 * n * UNIT)
    assert got[n + 1 :] == [0.0] * (7 - n)


@pytest.mark.parametrize(
    ("x", "exponent"), [(1e-80, 3.5), (1e100, 2.5), (0.7, -2.5), (-2.0, -3.0), (0.0, 2.5), (3.0, 80.0)]
)
def test_powers_neither_overflow_nor_underflow_on_the_way(x: float, exponent: float) -> None:
    with mpmath.workdps(50):
        binomials = [mpmath.binomial(exponent, k) for k in range(5)]
        want = [
            float(c * mpmath.mpf(x) ** (exponent - k)) if x or exponent > k else math.inf
            for k, c in enumerate(binomials)
        ]
    if not x:
        want[3:] = [math.inf, -math.inf]
    assert taylor(lambda v: v**exponent, x, 1.0, 4) == pytest.approx(want, rel=1e-13)


def test_polynomials_do_not_meet_infinity() -> None:
    assert derivatives(lambda x: x * x - x, math.inf, 3)[2:] == [2.0, 0.0]


# --- functions of them ------------------------------------------------------------------------------------------------


@given(graph=graphs(GENTLE, max_lines=8), v=st.lists(st.sampled_from([1.0, -0.5, 0.25]), min_size=3, max_size=3))
def test_random_graphs_agree_with_many_digits(graph: Graph, v: list[float]) -> None:
    """A node rounds n² products of coefficients, at most L³, and an error is passed on."""
    digits = arithmetic.high_precision(600)
    assert digits is not None
    v = v[: len(graph.inputs)]
    want = exact(lambda *xs: graph(*[Digits(digits.lift(0.0) + x, digits) for x in xs]).number, graph.inputs, v, ORDER)
    columns = taylor(graph.nodes, list(graph.inputs), v, ORDER)
    largest = max([1.0, *[abs(c) for column in columns for c in column]])
    tolerance = len(columns[0]) * ORDER**2 * UNIT * largest**3 * 4.0
    assert all(abs(got[-1] - w) <= tolerance for got, w in zip(columns, want, strict=True))


@given(graph=graphs(GENTLE, max_lines=8))
def test_order_1_is_jvp(graph: Graph) -> None:
    x = list(graph.inputs)
    value, slope = functional.jvp(lambda xs: graph(*xs), (x,), ([1.0] * len(x),))
    got = taylor(lambda xs: graph(*xs), x, [1.0] * len(x), 1)
    assert got[0] == value
    assert got[1] == pytest.approx(slope, rel=1e-9, abs=1e-9)


@given(graph=graphs(GENTLE, max_lines=8))
def test_one_order_more_changes_no_coefficient(graph: Graph) -> None:
    x = list(graph.inputs)
    few, many = [taylor(lambda xs: graph(*xs), x, [1.0] * len(x), n) for n in (3, 7)]
    assert few == many[:4]


def chain(x: Any) -> Any:
    """1 000 nodes whose coefficients stay moderate."""
    y = x
    for _ in range(200):
        y = ag.tanh(0.9 * y + 0.1 * x) * 0.5 + 0.2
    return y


@pytest.mark.slow
def test_ten_derivatives_of_a_thousand_nodes_to_1e_12() -> None:
    assert len(ag.graph.topological(chain(Value(0.3)))) >= 1000
    with mpmath.workdps(80):

        def f(x: Any) -> Any:
            y = x
            for _ in range(200):
                y = mpmath.tanh(mpmath.mpf(0.9) * y + mpmath.mpf(0.1) * x) * 0.5 + mpmath.mpf(0.2)
            return y

        want = [float(d * mpmath.factorial(k)) for k, d in enumerate(mpmath.taylor(f, mpmath.mpf(0.3), 10))]
    assert derivatives(chain, 0.3, 10) == pytest.approx(want, rel=1e-12)


def test_the_cost_of_a_node_is_order_squared() -> None:
    """Counted in multiplications of coefficients, not in seconds."""

    class Counted(float):
        count = 0

        def __mul__(self, other: Any) -> Any:
            Counted.count += 1
            return Counted(float(self) * float(other))

        __rmul__ = __mul__

    def work(order: int) -> int:
        Counted.count = 0
        x = functional.taylor.__globals__["new_run"](order).variable(Counted(0.3), Counted(1.0))
        y = ag.tanh(x * x)
        assert len(y.coefficients) == order + 1
        return Counted.count

    assert work(40) <= 5 * work(20)


def test_a_high_order_needs_no_recursion() -> None:
    got = taylor(ag.sinc, 0.3, 1.0, 150)
    assert len(got) == 151
    assert abs(got[-1]) < 1e-100


def test_deep_chains_need_no_recursion() -> None:
    def deep(x: Any) -> Any:
        for _ in range(3000):
            x = x + 1.0
        return x

    assert taylor(deep, 0.0, 1.0, 2) == [3000.0, 1.0, 0.0]


def test_a_row_of_the_users_has_coefficients() -> None:
    with defined("cubic_bump", lambda x: x**3 + 1.0, lambda out, x: 3.0 * x * x) as bump:
        assert derivatives(bump, 2.0, 4) == [9.0, 12.0, 12.0, 6.0, 0.0]


# --- nesting ----------------------------------------------------------------------------------------------------------


def test_perturbations_are_not_confused() -> None:
    def slope(f: Callable[[Any], Any], x: Any) -> Any:
        return derivatives(f, x, 1)[1]

    assert slope(lambda x: x * slope(lambda y: x + y, 1.0), 1.0) == 1.0
    assert slope(lambda x: x * slope(lambda y: x * y * y, x), 5.0) == 150.0
    assert functional.grad(lambda x: x * slope(lambda y: x + y, 1.0))(1.0) == 1.0


def test_grad_of_a_coefficient_is_a_coefficient_of_grad() -> None:
    third = functional.grad(lambda x: taylor(ag.tanh, x, 1.0, 3)[3])(0.4)
    assert third == pytest.approx(4.0 * taylor(ag.tanh, 0.4, 1.0, 4)[4], rel=1e-13)


def test_grad_inside_is_refused_with_the_remedy() -> None:
    with pytest.raises(TypeError, match=r"inside a Taylor expansion, take derivatives by functional\.derivatives"):
        derivatives(functional.grad(ag.tanh), 0.4, 3)
    inside = derivatives(lambda x: derivatives(ag.tanh, x, 1)[1], 0.4, 3)
    assert inside == pytest.approx(derivatives(ag.tanh, 0.4, 4)[1:], rel=1e-13)


def test_values_that_the_function_closes_over_are_differentiated() -> None:
    w = Value(2.0)
    coefficients = taylor(lambda t: ag.sin(w * t), 0.3, 1.0, 2)
    coefficients[1].backward()  # w cos(w t)
    assert w.grad == pytest.approx(math.cos(0.6) - 0.6 * math.sin(0.6), rel=1e-14)


# --- structures, tensors, messages ------------------------------------------------------------------------------------


def test_structures_are_kept() -> None:
    got = taylor(lambda p: {"s": p["u"][0] * p["v"], "c": 1.0}, {"u": [2.0], "v": 3.0}, {"u": [1.0], "v": 2.0}, 2)
    assert got == [{"s": 6.0, "c": 1.0}, {"s": 7.0, "c": 0.0}, {"s": 2.0, "c": 0.0}]


def test_a_direction_may_be_in_another_order() -> None:
    got = taylor(lambda p: p["w"][0] * p["b"], {"w": (1.0, 2.0), "b": 3.0}, {"b": 1.0, "w": [5.0, 0.0]}, 1)
    assert got == [3.0, 16.0]


@pytest.mark.parametrize("order", [0, 1, 2, 3, 4])
def test_a_tensor_is_that_of_nested_jacobians(order: int) -> None:
    def f(x: Any) -> Any:
        return ag.exp(x[0] * x[1]) * ag.sin(x[2]) + x[0] ** 3 * x[2]

    nested: Any = f
    for _ in range(order):
        nested = functional.jacobian(nested)
    x = [0.3, -0.7, 1.1]
    assert np.allclose(derivative_tensor(f, x, order), nested(x), rtol=1e-12, atol=1e-12)


def test_numpys_functions_and_methods_take_series() -> None:
    def f(x: Any) -> Any:
        return (
            np.sin(x) + x.tanh() + np.array([1.0, 2.0]) @ np.array([x, x * x]) + round(x) + abs(-x) + x.clip(0.0, 9.0)
        )

    def g(x: Any) -> Any:
        return ag.sin(x) + ag.tanh(x) + x + 2.0 * x * x + 1.0 + x + x

    assert taylor(f, 1.2, 1.0, 3) == pytest.approx(taylor(g, 1.2, 1.0, 3), rel=8 * UNIT)


def test_a_number_that_leaves_is_reported_with_its_line() -> None:
    with pytest.warns(RuntimeWarning, match=r"`math.exp\(x\)` makes a number .* use autograd.exp"):
        found = taylor(lambda x: x * math.exp(x), 1.0, 1.0, 1)  # not in an assertion: old releases of pytest rewrite it
    assert found == [math.e, math.e]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert taylor(lambda x: x * x.data, 3.0, 1.0, 1) == [9.0, 3.0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: taylor(ag.sin, 1.0, 1.0, -1), ValueError, "non-negative integer, got -1"),
        (lambda: taylor(ag.sin, 1.0, 1.0, 1.5), ValueError, "non-negative integer, got 1.5"),  # type: ignore[arg-type]
        (lambda: taylor(sum, [1.0, 2.0], [1.0], 1), TypeError, "must have the structure of the primals"),
        (lambda: taylor(lambda x: "a", 1.0, 1.0, 1), TypeError, "must return numbers"),
        (lambda: taylor(ag.sin, "1", 1.0, 1), TypeError, "real number, got '1'"),
        (lambda: derivatives(ag.total, [1.0], 1), TypeError, "real number"),
        (lambda: taylor(lambda x: 1.0 if x else 0.0, 1.0, 1.0, 1), TypeError, "truth value"),
    ],
)
def test_errors_say_what_was_given(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
