"""Derivatives that a forward loop computes for the backward loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import compile, cos, exp, sigmoid, sin, tanh
from autograd.compiler.loops.loop import Loop, check, interpret
from autograd.exporting.ahead import computed_ahead
from autograd.exporting.collect import collect
from autograd.exporting.language import DOUBLE, JAVASCRIPT, Language
from autograd.exporting.writing import File
from tests.exporting.running import COMPILERS, assert_close, flat, in_c, needs_compiler, pendulum

TRIPS = 40


def recurrent(x: Any) -> Any:
    """Two units with a gate; the first sees the second of the same trip."""
    a, b, w, u, v = x
    for _ in range(TRIPS):
        b = tanh(w * a + u * b)
        a = a * sigmoid(v * b) + tanh(u * a - b)
    return a * b


def both(x: Any) -> Any:
    """A sine and a cosine of the same angle, and an exp, which has nothing to share."""
    q, p = x
    for _ in range(TRIPS):
        q, p = q + 0.05 * cos(q) - 0.01 * sin(p) * exp(-q), p + 0.05 * sin(q)
    return q + p * p


CASES: dict[str, tuple[Callable[..., Any], list[float]]] = {
    "pendulum": (pendulum, [1.0, 0.25]),
    "recurrent": (recurrent, [0.5, -0.25, 0.75, 1.25, -0.5]),
    "both": (both, [1.0, 0.25]),
}


@pytest.mark.parametrize("language", [DOUBLE, JAVASCRIPT], ids=lambda each: each.name)
@pytest.mark.parametrize("function", ["gradient", "hvp"])
@pytest.mark.parametrize("name", CASES)
def test_the_changed_program_gives_the_same_bits(name: str, function: str, language: Language) -> None:
    f, x = CASES[name]
    [exported] = collect(compile(f), "f", (x,), [function], False).functions
    looped = exported.forms.looped
    assert looped is not None
    changed = check(computed_ahead(File(language, exact=False), looped))
    # JavaScript has no sine and cosine in one.
    assert changed is not looped or (language is JAVASCRIPT and name == "pendulum")
    given = [*x, *[0.5] * (len(looped.names) - len(x))]
    numbers = [interpret(each, given) for each in (looped, changed)]
    results = [
        [atom if type(atom) is float else found[atom] for atom in each.outputs]
        for found, each in zip(numbers, (looped, changed), strict=True)
    ]
    np.testing.assert_array_equal(results[1], results[0])


def test_the_backward_loop_has_no_function_left() -> None:
    [exported] = collect(compile(recurrent), "f", (CASES["recurrent"][1],), ["gradient"], False).functions
    looped = exported.forms.looped
    assert looped is not None
    changed = computed_ahead(File(DOUBLE, exact=False), looped)
    rows = [
        [item.primitive.name for item in each.body.items if type(item) is not Loop] for each in changed.loops.values()
    ]
    assert sorted(set(rows[0]) - {"dot", "mul", "add", "sub"}) == ["sech_square", "sigmoid", "sigmoid_slope", "tanh"]
    assert not set(rows[-1]) - {"dot", "mul", "add", "sub", "neg"}


@needs_compiler
@pytest.mark.parametrize("name", CASES)
def test_c_has_the_value_the_gradient_and_products(name: str, tmp_path: Path) -> None:
    function, x = CASES[name]
    f = compile(function)
    f.export(tmp_path / "f.c", (x,), name="f", functions=["gradient", "hvp"])
    value, slopes = f.value_and_grad(x)
    for y in in_c(tmp_path / "f.c", "f_gradient", [x]):
        assert_close(y, flat([value, slopes]))
    v = np.linspace(-1.0, 1.0, len(x))
    gradient, product = f.hvp((x,), (v,))
    for y in in_c(tmp_path / "f.c", "f_hvp", [x, v], compilers=COMPILERS[:1]):
        assert_close(y[1:], flat([value, product, gradient]))
