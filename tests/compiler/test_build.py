"""Row F15: building a program takes time in proportion to the program; what is counted are steps, not seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, dot, logsumexp, rules, tanh
from autograd.compiler import symbols
from autograd.compiler.lower import identifiers

pytestmark = pytest.mark.slow


def loop(n: int) -> Callable[[Any, Any], Any]:
    def f(x: Any, z: Any) -> Any:
        for _ in range(n):
            z = tanh(z * 1.01 + x)
        return z

    return f


def tower(n: int) -> Callable[[Any, Any], Any]:
    def f(x: Any, y: Any) -> Any:
        z = x
        for _ in range(n):
            z = logsumexp([z, x, y])
        return z

    return f


def sequence(n: int) -> Callable[[Any, Any], Any]:
    """One step for each number of a long input, and a derivative by each."""

    def f(x: Any, z: Any) -> Any:
        steps = [x * (0.5 + i / n) for i in range(n)]
        for each in steps:
            z = tanh(z + each)
        return z + dot(steps, steps[::-1])

    return f


def heads(n: int) -> Callable[[Any, Any], Any]:
    """Parts of different length, so that none is computed with another."""

    def f(x: Any, z: Any) -> Any:
        total, at = z, x
        for i in range(n):
            at = at * z
            total = total + at * (i + 0.5)
            if i % 7 == 0:
                at = tanh(at)
        return total

    return f


# Not the functions that a program calls when it runs.
WRITERS = ("arrays", "emit", "operands", "exponentials", "guards")
MAKERS = ("autograd.compiler.vector.", *(f"autograd.compiler.numpy_backend.{name}" for name in WRITERS))
PROGRAMS = {each.__name__: each for each in (loop, tower, sequence, heads)}


def _numbers(x: object) -> int:
    if isinstance(x, list):
        return sum(map(_numbers, x))
    return np.size(x) if isinstance(x, np.ndarray) else 1


class Counted:
    """A function of NumPy that counts the numbers that it takes and gives."""

    def __init__(self, function: Any, count: Callable[[int], None]) -> None:
        self._function, self._count = function, count

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        result = self._function(*arguments, **options)
        self._count(sum(map(_numbers, (*arguments, result))))
        return result

    def __getattr__(self, name: str) -> Any:
        return Counted(getattr(self._function, name), self._count)


class CountedNumPy:
    """NumPy for a module of the compiler, counting."""

    def __init__(self) -> None:
        self.numbers = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name)
        return found if isinstance(found, type) or not callable(found) else Counted(found, self._add)

    def _add(self, numbers: int) -> None:
        self.numbers += numbers


@contextmanager
def lines_of_the_compiler() -> Iterator[list[int]]:
    """The number of lines of the compiler that this thread runs in the block."""
    count = [0]

    def line(_frame: FrameType, event: str, _argument: object) -> Any:
        count[0] += event == "line"
        return line

    def call(frame: FrameType, _event: str, _argument: object) -> Any:
        return line if "compiler" in frame.f_code.co_filename or "derivative" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        yield count
    finally:
        sys.settrace(before)


def steps_to_build(f: Callable[..., Any], backend: str, patch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Lines of the compiler, and numbers that went through NumPy, for the program of f and its derivatives."""
    numpy = CountedNumPy()
    with patch.context() as patched, lines_of_the_compiler() as lines:
        for name, module in list(sys.modules.items()):
            if name.startswith(MAKERS) and hasattr(module, "np"):
                patched.setattr(module, "np", numpy)
        autograd.compile(f, backend=backend).value_and_grad(0.3, 0.4)
    return lines[0], numpy.numbers


@pytest.mark.parametrize("backend", ["python", "numpy", "llvm"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_f15_twice_the_program_takes_twice_the_steps(name: str, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step more for each step before it would make the second half of them three times as long as the first."""
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    steps_to_build(PROGRAMS[name](2), backend, monkeypatch)  # what is done once in a process
    small, large, larger = [steps_to_build(PROGRAMS[name](n), backend, monkeypatch) for n in (28, 56, 112)]
    for few, more, most in zip(small, large, larger, strict=True):
        assert most - more <= 2.2 * (more - few) + 100


def test_f15_a_long_sum_is_differentiated_without_comparing_its_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    class Operand(symbols._Unknown):
        __hash__ = object.__hash__

        def __eq__(self, other: object) -> bool:
            compared.append(other)
            return self is other

    monkeypatch.setattr(symbols, "_Unknown", Operand)
    count = 2 * 307 + 1  # a length that nothing else asks for: answers are kept
    assert symbols.returned_operands(rules.dot, count) == (*range(307, 614), *range(307), 1.0)
    assert not compared


def cells(code: CodeType) -> Iterator[str]:
    """The variables of functions that functions in them look at."""
    yield from code.co_cellvars
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from cells(each)


def test_f15_buffers_are_no_cells() -> None:
    """CPython's compiler takes time for each cell of a function in proportion to the length of that function."""
    fast = autograd.compile(loop(20), backend="numpy")
    fast.value_and_grad(0.3, 0.4)
    assert list(cells(compile(fast.source, "<test>", "exec"))) == []


def test_f15_equal_labels_give_short_names() -> None:
    names = identifiers(["w"] * 1000)
    assert len(set(names)) == 1000
    assert max(map(len, names)) == len("w_999")


def test_f15_derivatives_of_one_array_in_many_steps_have_short_names() -> None:
    weights = [Value(0.1 * i, label=f"w{i}") for i in range(60)]

    def loss(x: Any) -> Any:
        z = x
        for w in weights:
            z = tanh(z * w)
        return z

    fast = autograd.compile(loss, parameters=weights, backend="numpy")
    fast(0.5)
    assert "__" not in fast.source
