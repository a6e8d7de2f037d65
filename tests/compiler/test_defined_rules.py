"""Rules of users' primitives are written with operators: compiled they mean what they mean on floats and Values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import CompileError, Value
from autograd.compiler.passes import Builder
from autograd.compiler.symbols import Sheet, Symbol
from autograd.operators import BINARY, UNARY
from autograd.testing import defined, mutated

POINTS = (-2.5, -1.0, -0.75, 0.0, 0.5, 1.0, 3.25)
RULES: dict[str, Callable[[Any, Any], Any]] = {
    "power": lambda out, x: 3.0 * x**2,
    "power of a constant": lambda out, x: 2**x,
    "remainder": lambda out, x: x % 2.0 + 5.0 % (x * x + 1.0),
    "size": lambda out, x: abs(x) - +x,
    "floor": lambda out, x: math.floor(x) + math.ceil(x),
    "more": lambda out, x: 1.0 if x > 0.5 else x,
    "at least": lambda out, x: 1.0 if x >= 0.5 else x,
    "less": lambda out, x: 1.0 if x < out else x,
    "at most": lambda out, x: 1.0 if x <= out else x,
    "between": lambda out, x: 4.0 if -1.0 < x <= 1.0 else 0.0,
    "equal": lambda out, x: 2.0 if x == 0.5 else 3.0 * x,
    "different": lambda out, x: 2.0 if x != 0.5 else 3.0 * x,
    "NumPy's numbers": lambda out, x: np.float64(2.0) * x + np.int64(3) - x * np.float32(0.5),
}


def eager(f: Callable[[Any], Any], x: float) -> tuple[float, float]:
    """Value and derivative, the rules of which get floats."""
    leaf = Value(x)
    y = f(leaf)
    y.backward()
    return y.data, leaf.grad


@pytest.mark.parametrize("backend", ["python", "numpy", "llvm"])
@pytest.mark.parametrize("name", RULES)
def test_a_rule_gives_what_it_gives_on_floats(name: str, backend: Any) -> None:
    if backend == "llvm":
        pytest.importorskip("llvmlite", reason="the back end llvm is optional")
    with defined("rule_for_compile", lambda x: x * x, RULES[name]) as row:

        def f(x: Any) -> Any:
            return row(x) * x

        for points in (POINTS[:4], POINTS[4:]):  # one function asks for no third recording
            compiled = autograd.compile(f, backend=backend)
            for x in points:
                assert compiled.value_and_grad(x) == pytest.approx(eager(f, x), rel=1e-14)


@pytest.mark.parametrize("name", [name for name in RULES if name != "between"])
def test_a_rule_chooses_anew_for_each_sample(name: str) -> None:
    w = Value(2.0)
    with defined("rule_for_compile", lambda x: x * x, RULES[name]) as row:
        compiled = autograd.compile(lambda x: row(w * x), parameters=[w], batch=("x",))
        value, gradient = compiled(list(POINTS))
        found = [eager(lambda w, x=x: row(w * x), 2.0) for x in POINTS]
    assert value == pytest.approx(np.mean([each for each, _ in found]), rel=1e-14)
    assert gradient[0] == pytest.approx(np.mean([each for _, each in found]), rel=1e-14)


def test_f7_a_rule_that_takes_a_float_is_refused_and_not_baked_in() -> None:
    with (
        defined("sine_for_compile", math.sin, lambda out, x: math.cos(x)) as row,
        pytest.raises(CompileError, match=r"test_defined_rules\.py:\d+: cannot compile cos.*use autograd\.cos"),
    ):
        autograd.compile(lambda x: row(x) * 2.0).value_and_grad(1.0)


def test_symbols_have_the_operators_of_values_and_refuse_what_is_no_number() -> None:
    sheet = Sheet()
    sheet.builder = Builder(2)
    x, y = Symbol(sheet, 0), Symbol(sheet, 1)
    for name in (*BINARY, *UNARY, "lt", "le", "gt", "ge", "eq", "ne"):
        operands = (x,) if name in UNARY else (x, y)
        assert type(getattr(Symbol, f"__{name}__")(*operands)) is Symbol
        assert len(operands) == 1 or getattr(x, f"__{name}__")("1") is NotImplemented
    assert None not in (x, y)
    assert len({x, y, x}) == 2


def test_a_mutated_rule_leaves_nothing_behind() -> None:
    """Whether a rule returns an operand, or may drop one, is asked again when it has changed."""
    with defined("rule_for_compile", lambda x: x * x, lambda out, x: 2.0 * x) as row:

        def slope() -> Any:
            return autograd.compile(lambda x: row(x) * 1.5).value_and_grad(3.0)[1]

        with mutated(row, lambda out, x: out):
            assert slope() == 13.5
        assert slope() == 9.0
