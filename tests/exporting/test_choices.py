"""Exports of functions that choose: derivatives are those of the point asked for, not of the recorded one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import clip, compile, functional, hypot, log, maximum, minimum, pick, relu, sin, sqrt, where, xlogy
from autograd.errors import CompileError
from autograd.testing import defined
from tests.exporting.running import (
    COMPILERS,
    assert_close,
    flat,
    in_c,
    in_javascript,
    in_python,
    needs_compiler,
    needs_node,
)

CHOOSING: dict[str, Callable[[Any], Any]] = {
    "where": lambda x: where(x[0] > 0.5, x[0] ** 3, -x[0]) * x[1],
    "nested": lambda x: where(x[0] > 0.0, where(x[1] > 0.0, x[0] * x[1], x[0]), x[1] ** 2),
    "infinite": lambda x: where(x[0] > 0.0, log(maximum(x[0], 0.0)), x[0]) + x[1],
    "root": lambda x: where(x[0] > 0.0, sqrt(maximum(x[0], 0.0)), x[0]) * x[1],
    "extremes": lambda x: maximum(x[0], x[1] * x[1]) * minimum(x[0], x[1], x[0] * x[1]),
    "pick": lambda x: pick([x[0] * x[1], sin(x[1])], x[0] > x[1]),
    "kinks": lambda x: abs(x[0]) * relu(x[1]) + clip(2.0 * x[0], -1.0, 1.0) + hypot(*x),
    "xlogy": lambda x: xlogy(x[0] * x[0], x[1] * x[1]),
}
RECORDED = [2.0, -1.5]
ELSEWHERE = [[-2.0, 0.75], [0.25, 0.25], [-0.7, -0.2], [0.0, 1.0], [0.5, 3.0]]
ALONG = [0.25, -0.5]


def wanted(f: Callable[[Any], Any], x: list[float]) -> dict[str, list[Any]]:
    """What each function of a file is to give, but for the first number of `hvp`, the derivative along v."""
    value, slopes = functional.value_and_grad(f)(x)
    _, product = functional.hvp(f, (x,), (ALONG,))
    return {
        "gradient": [value, slopes],
        "vjp": [2.0 * value, value, 2.0 * np.array(slopes)],
        "hvp": [np.dot(slopes, ALONG), value, product, slopes],
    }


@pytest.mark.parametrize("name", CHOOSING)
def test_a_python_module_has_the_derivatives_of_every_branch(name: str, tmp_path: Path) -> None:
    f = CHOOSING[name]
    compile(f).export(tmp_path / "f.py", (RECORDED,), functions=["gradient", "vjp", "hvp"])
    for x in ELSEWHERE:
        for each, numbers in wanted(f, x).items():
            along = {"gradient": [], "vjp": [[2.0]], "hvp": [ALONG]}[each]
            assert_close(in_python(tmp_path / "f.py", each, [x, *along]), flat(numbers))


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("name", CHOOSING)
def test_c_has_the_derivatives_of_every_branch(name: str, tmp_path: Path) -> None:
    f = CHOOSING[name]
    compile(f).export(tmp_path / "f.c", (RECORDED,), functions=["gradient", "vjp", "hvp"], name="f")
    for x in ELSEWHERE:
        for each, numbers in wanted(f, x).items():
            along = {"gradient": [], "vjp": [[2.0]], "hvp": [ALONG]}[each]
            [y] = in_c(tmp_path / "f.c", f"f_{each}", [x, *along], compilers=COMPILERS[:1])
            assert_close(y, flat(numbers))


@needs_node
def test_javascript_has_the_derivatives_of_every_branch(tmp_path: Path) -> None:
    f = CHOOSING["nested"]
    compile(f).export(tmp_path / "f.js", (RECORDED,))
    assert_close(
        in_javascript(tmp_path / "f.js", "gradient", [ELSEWHERE[0]]), flat(wanted(f, ELSEWHERE[0])["gradient"])
    )


def test_latex_has_the_derivatives_of_every_branch() -> None:
    f = compile(CHOOSING["nested"])
    f.value_and_grad(RECORDED)
    text = f.latex
    f.value_and_grad(ELSEWHERE[0])
    assert f.latex == text


def test_a_rule_that_asks_for_several_numbers_is_refused() -> None:
    def slope(y: Any, a: Any, b: Any) -> Any:
        return (1.0 if a else 2.0) + (1.0 if b else 2.0)

    with defined("asks_twice", lambda a, b: a + b, slope, slope) as asks_twice:
        f = compile(lambda x: asks_twice(x[0], x[1]))
        assert f.value_and_grad(RECORDED) == (0.5, [2.0, 2.0])
        with pytest.raises(CompileError, match=r"several numbers, which differ from call to call; .* autograd\.where"):
            _ = f.latex
