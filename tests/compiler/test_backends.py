"""Which back end a program gets: data in, a name out, the same in every process."""

from __future__ import annotations

import importlib.util
import random
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value
from autograd.compiler import backends, specialization
from autograd.compiler.backends import BUILD
from autograd.compiler.llvm import runner as llvm_runner


def tiny(x: Any) -> Any:
    return x * x + 1.0


def sequential(x: Any) -> Any:
    for _ in range(300):
        x = x + 0.01 * autograd.sin(x)
    return x


def irregular(xs: list[Any]) -> Any:
    """Every equation looks at other places with another primitive: nothing is computed at once."""
    rng = random.Random(0)
    rows = [autograd.tanh, autograd.sin, autograd.sigmoid, autograd.softplus, autograd.atan, autograd.erf]
    numbers = list(xs)
    for _ in range(400):
        numbers.append(rng.choice(rows)(rng.choice(numbers[-9:]) * rng.choice(numbers[-9:]) + rng.random()))
    return numbers[-1] + numbers[-2]


def regular(xs: list[Any]) -> Any:
    """Loops that become a few vector equations."""
    return autograd.total([autograd.exp(-x * x) * (1.0 + x) for x in xs])


@pytest.fixture(params=[True, False], ids=["with llvmlite", "without"])
def has_llvm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if not request.param:
        usual = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "llvmlite" else usual(name))
    return bool(request.param)


def chosen(f: Any, *args: Any, **options: Any) -> str:
    fast = autograd.compile(f, **options)
    fast.value_and_grad(*args)
    return fast.backend


def test_small_programs_stay_python(has_llvm: bool) -> None:
    assert chosen(tiny, 2.0) == "python"


def test_sequential_programs_become_machine_code(has_llvm: bool) -> None:
    assert chosen(sequential, 0.5) == ("llvm" if has_llvm else "python")


def test_an_irregular_program_is_not_forced_into_vectors(has_llvm: bool) -> None:
    assert chosen(irregular, [0.5, -0.25, 0.125]) == ("llvm" if has_llvm else "python")


def test_a_loop_becomes_vectors_where_there_is_no_machine_code(has_llvm: bool) -> None:
    assert chosen(regular, [0.01 * i for i in range(800)]) == ("llvm" if has_llvm else "numpy")


def test_networks_never_run_in_python(has_llvm: bool) -> None:
    model = nn.MLP(4, [8, 1], seed=0)
    X = np.random.default_rng(0).normal(size=(64, 4))
    name = chosen(lambda x: model(x) ** 2, X, parameters=model.parameters(), batch=("x",))
    assert name in (("llvm", "numpy") if has_llvm else ("numpy",))


@pytest.mark.slow
def test_wide_layers_are_machine_code_or_numpys(has_llvm: bool) -> None:
    """Both hand large products to BLAS; loops have less to do in between."""
    model = nn.MLP(256, [64, 1], seed=0)
    X = np.random.default_rng(0).normal(size=(256, 256))
    assert chosen(lambda x: model(x) ** 2, X, parameters=model.parameters(), batch=("x",)) == (
        "llvm" if has_llvm else "numpy"
    )


@pytest.mark.slow
def test_exact_programs_are_never_numpys(has_llvm: bool) -> None:
    assert chosen(regular, [0.01 * i for i in range(800)], exact=True) == ("llvm" if has_llvm else "python")


def test_explain_says_what_was_weighed() -> None:
    fast = autograd.compile(sequential)
    fast.value_and_grad(0.5)
    first = fast.explain().splitlines()[0]
    assert first.startswith("back end: llvm (expected for a run: llvm ")
    assert "python " in first


@pytest.mark.parametrize("name", sorted(BUILD))
def test_what_is_asked_for_is_taken(name: str) -> None:
    w = Value(2.0)
    fast = autograd.compile(lambda x: w * x, parameters=[w], backend=name)
    assert fast(3.0)[0] == 6.0
    assert fast.backend == name
    assert fast.explain().startswith(f"back end: {name} (as asked for)")


def test_c9_sums_of_pairs_with_a_bias_cost_as_many_operations_as_they_have() -> None:
    """Step by step over 50 lanes: the lanes of the bias are no terms of a sum."""

    def f(x: Any) -> Any:
        return [each * 0.5 + each * each + autograd.sin(each) for each in x]

    compiled = autograd.compile(f, backend="numpy")
    compiled.value(np.linspace(-1.0, 1.0, 50))
    program = compiled.program
    products, elements = compiled._ran().runner.vectors.costs()
    assert products + elements <= 4 * len(program.equations)


def test_c9_a_long_recurrence_with_a_wide_body_is_weighed_for_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops over time of many operands run as steps on arrays: that many operations are not written out is no cliff."""
    monkeypatch.setattr(backends, "LARGE", 1000)
    monkeypatch.setattr(llvm_runner, "SMALL", 0)
    W = [[0.01 * (i - j) for j in range(12)] for i in range(12)]

    def f(h: Any) -> Any:
        for _ in range(12):
            h = [autograd.tanh(autograd.dot(row, h)) for row in W]
        return autograd.total(h)

    assert chosen(f, [0.1] * 12) != "python"
    fast = autograd.compile(f)
    fast.value_and_grad([0.1] * 12)
    variant = fast._ran()
    forms = specialization.forms_of(variant.lowered, variant.options)
    weighed = backends.estimates(forms, variant.options, 1)
    assert {each.name for each in weighed} == {"python", "llvm"}  # NumPy's calls alone take longer
    weighed = backends.estimates(forms, variant.options, 1, failed=["llvm"])
    assert {each.name for each in weighed} == {"python", "numpy", "llvm"}
