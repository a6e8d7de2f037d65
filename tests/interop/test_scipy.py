"""`low_level_callable`: integrands in machine code, against the integrals of the same functions in Python."""

from __future__ import annotations

import gc
import math
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from scipy.integrate import nquad, quad

from autograd import CompileError, Value, compile, exp, sin
from autograd.compiler.llvm import entry
from autograd.interop import low_level_callable
from autograd.testing import defined

damped = compile(lambda x, a: exp(-a * x * x) * sin(x))


def test_an_integral_and_its_derivative_by_a_constant() -> None:
    value, slope = low_level_callable(damped, 0.5, 0.5), low_level_callable(damped, 0.5, 0.5, argnum=1)
    gc.collect()  # the code has to stay
    expected, error = quad(lambda x: math.exp(-2.0 * x * x) * math.sin(x), 0.0, 3.0)
    assert abs(quad(value, 0.0, 3.0, args=(2.0,))[0] - expected) <= error
    expected, error = quad(lambda x: -x * x * math.exp(-2.0 * x * x) * math.sin(x), 0.0, 3.0)
    assert abs(quad(slope, 0.0, 3.0, args=(2.0,))[0] - expected) <= error


def test_several_variables_and_arrays() -> None:
    f = low_level_callable(compile(lambda x, k: x[0] * x[1] + k), [0.0, 0.0], 0.0)
    assert math.isclose(nquad(f, [(0.0, 1.0), (0.0, 2.0)], args=(3.0,))[0], 7.0, rel_tol=1e-12)


def test_one_number_has_a_signature_of_its_own_and_parameters_their_present_numbers() -> None:
    w = Value(3.0)
    f = low_level_callable(compile(lambda x: w * x, parameters=[w]), 1.0, signature="double (double, void *)")
    w.data = 5.0
    assert f.signature == "double (double, void *)"
    assert math.isclose(quad(f, 0.0, 1.0)[0], 1.5, rel_tol=1e-12)


def test_a_constant_result() -> None:
    assert math.isclose(quad(low_level_callable(compile(lambda x: 2.0), 0.0), 0.0, 3.0)[0], 6.0, rel_tol=1e-12)


def test_it_may_be_called_from_several_threads() -> None:
    f = low_level_callable(damped, 0.5, 0.5)
    with ThreadPoolExecutor(4) as pool:
        found = {*pool.map(lambda _: quad(f, 0.0, 30.0, args=(2.0,), limit=200), range(50))}
    assert len(found) == 1


def test_another_number_of_arguments_is_nan() -> None:
    function = low_level_callable(damped, 0.5, 0.5).function
    numbers = (function.argtypes[1]._type_ * 2)(1.0, 2.0)
    assert function(2, numbers, None) == math.exp(-2.0) * math.sin(1.0)
    assert math.isnan(function(1, numbers, None))


double = low_level_callable.__kwdefaults__["signature"]
REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "branch": (lambda: low_level_callable(compile(lambda x: x if x > 0 else -x), 1.0), "where(condition, x, y)"),
    "several numbers": (lambda: low_level_callable(compile(lambda x: [x, x]), 1.0), "the function returns 2"),
    "batch": (lambda: low_level_callable(compile(lambda x: x, batch=("x",)), 1.0), "without batch="),
    "signature": (lambda: low_level_callable(damped, 1.0, 1.0, signature="double (double)"), f"supported: '{double}'"),  # type: ignore[arg-type]
    "two numbers": (
        lambda: low_level_callable(damped, 1.0, 1.0, signature="double (double, void *)"),
        "takes one number, and the function takes 2",
    ),
    "by several": (lambda: low_level_callable(compile(lambda x: x[0]), [1.0], argnum=0), "has to be by one number"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_c_cannot_call_is_refused(name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises(CompileError, match=re.escape(message)):
        make()


def test_a_program_that_does_not_fit_on_the_stack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "FRAME", 8)
    with pytest.raises(CompileError, match="bytes on the stack of the caller, more than 8"):
        low_level_callable(damped, 0.5, 0.5)


def test_a_primitive_that_only_python_computes_is_refused_by_name() -> None:
    with (
        defined("interop_twice", lambda x: 2.0 * x, 2.0) as twice,
        pytest.raises(CompileError, match="C cannot call interop_twice, which only Python computes"),
    ):
        low_level_callable(compile(twice), 1.0)
