"""What `explain()` says, and a compiled function where a derivative is taken (row C11)."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import CompileError, Value, functional
from autograd.compiler import backends
from tests.compiler.loop_programs import pendulum
from tests.compiler.references import is_differentiated
from tests.compiler.test_verify import Off


def test_c11_after_a_fallback_it_says_what_happened_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(backends.BUILD, "numpy", lambda forms, options: Off(forms.program, lambda found: found + 1.0))
    fast = autograd.compile(lambda x: x * x, backend="numpy")
    with pytest.warns(RuntimeWarning, match="numpy does not compute"):
        fast(3.0)
    first = fast.explain().splitlines()[0]
    assert first.startswith("back end: python (instead of numpy, which does not compute the recorded graph: output 0 ")
    assert "as asked for" not in first
    assert pickle.loads(pickle.dumps(fast)).explain().splitlines()[0] == first


def test_c11_of_several_back_ends_each_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("numpy", "llvm"):
        monkeypatch.setitem(backends.BUILD, name, lambda forms, options: Off(forms.program, lambda found: found + 1.0))
    costs = {"llvm": 1.0, "numpy": 2.0, "python": 3.0}

    def estimates(forms: Any, options: Any, samples: int, failed: Any = ()) -> list[backends.Estimate]:
        made = {name: lambda name=name: backends.BUILD[name](forms, options) for name in costs}
        return [backends.Estimate(name, cost, 0.0, made[name]) for name, cost in costs.items()]

    monkeypatch.setattr(backends, "estimates", estimates)
    fast = autograd.compile(lambda x: x * x)
    with pytest.warns(RuntimeWarning, match="does not compute"):
        fast(3.0)
    first = fast.explain().splitlines()[0]
    assert first.startswith("back end: python (instead of llvm, which does not")
    assert "; and of numpy, which does not" in first


def test_c11_without_a_fallback_the_choice_is_explained() -> None:
    fast = autograd.compile(lambda x: x * x, backend="python")
    fast(3.0)
    assert fast.explain().startswith("back end: python (as asked for)")


def test_c11_equal_guards_are_one_line() -> None:
    def f(xs: Any) -> Any:
        total = 0.0
        for x in xs:
            total = total + (x if x > 0.0 else -x)
        return total if total < 1000.0 else total * 2.0

    fast = autograd.compile(f)
    fast([1.0] * 300)
    guards = [line for line in fast.explain().splitlines() if line.startswith("guard: ")]
    line = f.__code__.co_firstlineno + 3
    assert guards == [f"guard: {__file__}:{line}, 300 times", f"guard: {__file__}:{line + 1}"]
    assert "301 guards" in fast.explain()


def test_c11_many_lines_with_guards_are_counted() -> None:
    source = "def f(x):\n" + "".join(f"    if x > {-i}.0: x = x + 1.0\n" for i in range(40)) + "    return x\n"
    names: dict[str, Any] = {}
    exec(compile(source, "many.py", "exec"), names)
    fast = autograd.compile(names["f"])
    fast(1.0)
    guards = [line for line in fast.explain().splitlines() if line.startswith("guard: ")]
    assert guards == [*[f"guard: many.py:{i + 2}" for i in range(10)], "guard: 30 more lines"]


SQUARE = autograd.compile(lambda x: x * x)
SQUARES = autograd.compile(lambda xs: [x * x for x in xs])
BATCHED = autograd.compile(lambda x: x * x, batch=("x",))


@pytest.mark.parametrize(
    "take",
    [
        lambda: functional.grad(SQUARE.value)(2.0),
        lambda: functional.grad(lambda x: x * SQUARE(x))(2.0),
        lambda: functional.grad(lambda x: SQUARE.flat([x])[0])(2.0),
        lambda: autograd.compile(lambda x: x * SQUARE(x))(2.0),
    ],
)
def test_c11_what_a_compiled_function_gives_is_not_differentiated_and_says_what_is(take: Callable[[], Any]) -> None:
    with pytest.raises(CompileError, match=r"no derivative comes.*value_and_grad.*fast\.function"):
        take()


def test_c11_a_compiled_function_itself_is() -> None:
    assert functional.grad(SQUARE)(2.0) == 4.0
    assert functional.jacobian(SQUARES)([2.0, 3.0]) == [[4.0, 0.0], [0.0, 6.0]]
    assert autograd.compile(functional.grad(SQUARE)).value_and_grad(3.0) == (6.0, 2.0)
    with pytest.raises(CompileError, match="argument x holds samples"):
        functional.grad(BATCHED)([2.0])


def test_c11_the_remedy_works() -> None:
    assert functional.jacobian(SQUARES.function)([2.0, 3.0]) == [[4.0, 0.0], [0.0, 6.0]]
    assert autograd.compile(functional.grad(SQUARE.function)).value_and_grad(3.0) == (6.0, 2.0)
    with pytest.raises(CompileError, match=r"pass x\.data.*fast\.function"):
        SQUARE(Value(2.0))
    with pytest.raises(CompileError, match=r"fast\.function"):
        autograd.check_gradients(SQUARE, 2.0)
    assert autograd.check_gradients(SQUARE.function, 2.0).ok


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_c11_equations_are_counted_without_making_the_scalar_gradient(backend: Any) -> None:
    if backend == "llvm":
        pytest.importorskip("llvmlite", reason="the back end llvm is optional")
    fast = autograd.compile(lambda x: sum([each * each for each in x]), backend=backend)
    fast.value_and_grad([0.5] * 64)
    text = fast.explain()
    assert "64 inputs, 128 equations (64 mul, 64 add) before derivatives, 0 guards, 65 outputs" in text
    assert re.search(r"^on arrays: \d+ steps?$", text, re.MULTILINE)
    assert not is_differentiated(fast._ran().lowered)


def test_c11_loops_are_named() -> None:
    pytest.importorskip("llvmlite", reason="the back end llvm is optional")
    f, arguments = pendulum(1000)
    fast = autograd.compile(f, backend="llvm")
    fast.value(*arguments.values())
    assert "\nloop: 1000 trips of 4 equations, which carry 2 numbers from each to the next\n" in fast.explain()
    fast.value_and_grad(*arguments.values())
    assert fast.explain().count("\nloop: 1000 trips of") == 2  # and back
