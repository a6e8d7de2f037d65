"""What a program could not repeat is refused at the first call, with its line."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import CompileError, Value


def baked(v: Any) -> Any:
    return v * math.exp(-v.data)


def written(v: Any) -> Any:
    v.data = 1.0
    return v


def graded(v: Any) -> Any:
    (v * v).backward()
    return v


def grad_read(v: Any) -> Any:
    return v * v.grad


def copied(v: Any) -> Any:
    return copy.copy(v) * v


def deeply_copied(v: Any) -> Any:
    return copy.deepcopy(v) * v


def unrecorded(v: Any) -> Any:
    with autograd.no_graph():
        return v * v


def opaque(v: Any) -> Any:
    return Value(4.0, (v,), (2.0,), op="mine")


def called_back(v: Any) -> Any:
    v.on_backward(print)
    return v


def nested(v: Any) -> Any:
    return v * autograd.compile(math.exp)(2.0)


OUTSIDE = Value(3.0, label="outside")
COMPUTED = OUTSIDE * 2.0


class Own(Value):
    __slots__ = ()


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (baked, r"a read of \.data: .*baked.*detach\(\)"),
        (written, r"an assignment to \.data: .*side effects"),
        (graded, r"backward\(\): .*value_and_grad"),
        (grad_read, r"a read of \.grad: .*value_and_grad"),
        (copied, r"copying v .*detach"),
        (deeply_copied, r"copying v .*detach"),
        (unrecorded, r"no_graph\(\): .*detach"),
        (opaque, r"opaque node 'mine': .*define"),
        (called_back, r"a callback: .*side effects"),
        (lambda v: v * OUTSIDE, r"label='outside'.*made outside.*parameters="),
        (lambda v: OUTSIDE * v, r"label='outside'.*made outside.*parameters="),
        (lambda v: v + COMPUTED, r"made outside.*inside the function"),
        (lambda v: v if v > OUTSIDE else -v, r"made outside.*parameters="),
        (lambda v: OUTSIDE, r"made outside.*parameters="),
        (lambda v: v * Own(2.0), r"class Own.*autograd\.Value"),
    ],
)
def test_what_a_program_cannot_repeat_is_refused_with_its_line(f: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(CompileError, match=rf"^[^\n]*test_refusals\.py:\d+: .*{words}"):
        autograd.compile(f)(2.0)
    assert OUTSIDE.data == 3.0


def test_the_line_is_that_of_the_function() -> None:
    line = baked.__code__.co_firstlineno + 1
    with pytest.raises(CompileError, match=rf"test_refusals\.py:{line}: "):
        autograd.compile(baked)(2.0)


def test_a_compiled_function_does_not_call_another_while_it_is_recorded() -> None:
    with pytest.raises(CompileError, match=r"is being recorded.*fast\.function"):
        autograd.compile(nested)(2.0)


@pytest.mark.parametrize("result", [None, "text", [1.0, None]])
def test_results_are_numbers(result: Any) -> None:
    with pytest.raises(CompileError, match="must return numbers"):
        autograd.compile(lambda x: result)(2.0)
