"""The fuzzer's oracle: derivatives that are known, conventions at kinks, what it leaves alone, what float32 may do."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from autograd import functional
from tests.fuzz.oracle import expected
from tests.fuzz.program import Body, Constant, Line, Program
from tests.fuzz.replay import NoVerdictError
from tests.fuzz.run import PATHS, run
from tests.fuzz.user_primitives import user_primitives

pytestmark = pytest.mark.usefixtures("defined_primitives")
FLOAT32 = 2.0**-24


@pytest.fixture(scope="module")
def defined_primitives() -> Iterator[None]:
    with user_primitives():
        yield


def test_the_oracle_takes_nested_derivatives_of_what_is_closed_over() -> None:
    """w · d/dp(p² w) at p = 2 is 4w²: 36, 24 and 8 at 3."""
    body = Body("p", (Line("a", "square", ("p",)), Line("b", "mul", ("a", "w"))), "b")
    lines = (Line("t1", "grad", (Constant(2.0),), body), Line("t2", "mul", ("t1", "w")))
    answer = expected(Program("closures", ("w",), ((3.0,),), lines, "t2"), (3.0,))
    assert answer.numbers == {"value": [36.0], "gradient": [24.0], "hessian": [8.0]}


@pytest.mark.parametrize(("op", "slope"), [("relu", 0.0), ("abs", 0.0), ("maximum", 0.5), ("where", 1.0)])
def test_the_oracle_keeps_to_the_conventions_at_kinks(op: str, slope: float) -> None:
    operands = {"maximum": ("x", Constant(0.0)), "where": ("x", Constant(1.0), "x")}.get(op, ("x",))
    answer = expected(Program("ties", ("x",), ((0.0,),), (Line("t1", op, operands),), "t1"), (0.0,))
    assert answer.numbers["gradient"] == [slope]


def test_the_oracle_sees_the_curvature_of_a_squared_norm_at_the_origin() -> None:
    lines = (Line("t1", "hypot", ("x", "y")), Line("t2", "square", ("t1",)))
    answer = expected(Program("rows", ("x", "y"), ((0.0, 0.0),), lines, "t2"), (0.0, 0.0))
    assert answer.numbers["hessian"] == [2.0, 0.0, 0.0, 2.0]
    assert answer.may_miss(("gradient", "hessian")) == [False] * 2 + [True] * 4


def test_second_derivatives_at_a_tip_may_be_nan_but_no_other_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decision 3d has nan, which every path gives."""
    lines = (Line("t1", "hypot", ("x", "y")), Line("t2", "square", ("t1",)))
    program = Program("rows", ("x", "y"), ((0.0, 0.0),), lines, "t2")
    paths = [PATHS[name] for name in ("backward", "grad of grad", "functional.hvp", "compile hvp: numpy")]
    assert not run(program, paths, False).disagreements
    monkeypatch.setattr(functional, "hvp", lambda *_: (0.0, [99.0, 0.0]))
    assert [each.path for each in run(program, paths, False).disagreements] == ["functional.hvp"]


@pytest.mark.parametrize("op", ["sqrt", "cbrt"])
def test_the_oracle_leaves_an_infinite_slope_alone_that_relu_cuts_off(op: str) -> None:
    """By the chain rule it is 0 · ∞."""
    lines = (Line("t1", "relu", ("x",)), Line("t2", op, ("t1",)))
    with pytest.raises(NoVerdictError, match="a singular point"):
        expected(Program("plain", ("x",), ((0.0,),), lines, "t2"), (0.0,))


def test_the_oracle_differentiates_a_derivative_at_zero() -> None:
    """d/dp of p³ at p = x is 3x²: the inner step must not shrink with the outer one."""
    body = Body("p", (Line("a", "fuzz_cube", ("p",)),), "a")
    answer = expected(Program("closures", ("x",), ((0.0,),), (Line("t1", "grad", ("x",), body),), "t1"), (0.0,))
    assert answer.numbers == {"value": [pytest.approx(0.0, abs=1e-30)], "gradient": [0.0], "hessian": [6.0]}


def test_the_oracle_leaves_a_length_of_zero_alone_that_relu_cuts_off() -> None:
    """Nothing moves it, so differences see 0; by the chain rule it is nan · 0 (decision 3d)."""
    lines = (Line("t1", "relu", ("x",)), Line("t2", "hypot", ("t1",)))
    with pytest.raises(NoVerdictError, match="a singular point"):
        expected(Program("rows", ("x",), ((0.0,),), lines, "t2"), (0.0,))


def test_the_oracle_leaves_an_end_alone_that_floats_are_rounded_to() -> None:
    """asin of erf(6.4), which is 1 in floats: the slope there is infinite, and finite where the number is."""
    lines = (Line("t1", "erf", ("x",)), Line("t2", "asin", ("t1",)))
    with pytest.raises(NoVerdictError, match="a singular point"):
        expected(Program("plain", ("x",), ((6.4,),), lines, "t2"), (6.4,))


@pytest.mark.parametrize("x", [0.0, -3.0])
def test_the_oracle_knows_powers_below_zero_while_the_exponent_stays(x: float) -> None:
    square = expected(Program("plain", ("x",), ((x,),), (Line("t1", "pow", ("x", Constant(2.0))),), "t1"), (x,))
    assert square.numbers == {"value": [x * x], "gradient": [2.0 * x], "hessian": [2.0]}
    with pytest.raises(NoVerdictError, match="an exponent that moves"):
        expected(Program("plain", ("x",), ((0.0,),), (Line("t1", "pow", ("x", "x")),), "t1"), (0.0,))


def test_the_oracle_leaves_a_power_of_0_alone_whose_exponent_is_cut_off() -> None:
    """x ** x has second derivative ∞ at 0; where nothing moves it, the chain rule has ∞ · 0."""
    lines = (Line("t1", "maximum", (Constant(0.0), "x")), Line("t2", "pow", ("t1", "t1")))
    with pytest.raises(NoVerdictError, match="a singular point"):
        expected(Program("ties", ("x",), ((-1.8,),), lines, "t2"), (-1.8,))


def test_the_oracle_allows_for_a_product_of_two_roundings_in_float32() -> None:
    """By shifts, all softmaxes are constant: what floats leave of the slope is the product of two errors."""
    lines = (Line("t1", "softmax", ("x", "x", "x")), Line("t2", "log_softmax", ("t1",) * 5))
    answer = expected(Program("rows", ("x",), ((1.0,),), lines, "t2"), (1.0,))
    _, (error,) = answer.of(("gradient",), 2.0**-53)
    _, (float32_error,) = answer.of(("gradient",), FLOAT32)
    assert error < 2.0**-53
    assert 4.5e-16 < float32_error < FLOAT32


@pytest.mark.parametrize(("x", "words"), [(1.509, "a tie that float32 has not"), (1.5090001, "a rounding of float32")])
def test_the_oracle_knows_that_float32_may_decide_otherwise(x: float, words: str) -> None:
    lines = (Line("t1", "add", ("x", Constant(2.231))), Line("t2", "maximum", ("t1", Constant(1.509 + 2.231))))
    answer = expected(Program("ties", ("x",), ((x,),), lines, "t2"), (x,))
    assert answer.of(("gradient",), 2.0**-53)[0] == [0.5 if x == 1.509 else 1.0]
    with pytest.raises(NoVerdictError, match=words):
        answer.of(("gradient",), FLOAT32)


def test_the_oracle_knows_the_range_of_float32() -> None:
    """A derivative that is too large is infinite; of one behind a number that is, nobody knows."""
    steep = (Line("t1", "mul", ("x", Constant(1e20))), Line("t2", "square", ("t1",)))
    answer = expected(Program("plain", ("x",), ((1e-10,),), steep, "t2"), (1e-10,))
    assert answer.of(("hessian",), FLOAT32) == ([math.inf], [0.0])
    far = (Line("t1", "exp", ("x",)), Line("t2", "tanh", ("t1",)))
    answer = expected(Program("plain", ("x",), ((100.0,),), far, "t2"), (100.0,))
    with pytest.raises(NoVerdictError, match="too large for float32"):
        answer.of(("value",), FLOAT32)


def test_the_oracle_does_not_guess() -> None:
    near = (Line("t1", "mul", ("x", Constant(0.1))), Line("t2", "mul", ("x", Constant(0.3))))
    near += (Line("t3", "add", ("t1", "t1")), Line("t4", "add", ("t1", "t3")), Line("t5", "maximum", ("t2", "t4")))
    for lines in (near, (Line("t5", "sqrt", ("x",)),)):
        with pytest.raises(NoVerdictError):
            expected(Program("ties", ("x",), ((1.0 if lines is near else 0.0,),), lines, "t5"), (float(lines is near),))


def test_roundings_of_one_size_do_not_cancel() -> None:
    """1 / (1 / x) is a line, of which floats may have a second derivative of some roundings."""
    lines = (Line("t1", "reciprocal", ("x",)), Line("t2", "reciprocal", ("t1",)))
    answer = expected(Program("plain", ("x",), ((0.157,),), lines, "t2"), (0.157,))
    assert answer.numbers["hessian"] == [0.0]
    assert answer.errors["hessian"][0] > 1e-15
