"""A program as the Python text that a person would write, and the function that this text is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np

import autograd
from autograd import PRIMITIVES, functional
from autograd.rules import INFIX
from autograd.strategies.graph_data import IS_FUNCTION, OF_A_LIST
from tests.fuzz.program import MASKS, Line, Program

LISTS = {*OF_A_LIST, "mean", "norm", "std"}
FIRST_OF_LIST = ("softmax", "log_softmax")
_numbered = count()


def text(program: Program) -> str:
    """The function `f` of the program's inputs.

    >>> print(text(Program("plain", ("x",), ((2.0,),), (Line("t1", "mul", ("x", "x")),), "t1")))
    def f(x):
        t1 = x * x
        return t1
    """
    lines = [f"def f({', '.join(program.inputs)}):", *_written(program.lines, "    "), f"    return {program.result}"]
    return "\n".join(lines)


def function(program: Program) -> Callable[..., Any]:
    """The program as a function."""
    code, name = text(program), f"<program {next(_numbered)}>"
    names: dict[str, Any] = {"autograd": autograd, "functional": functional, "PRIMITIVES": PRIMITIVES, "np": np}
    exec(compile(code, name, "exec"), names)
    return names["f"]  # type: ignore[no-any-return]


def _written(lines: tuple[Line, ...], indent: str) -> Iterator[str]:
    for line in lines:
        if line.body is None:
            yield f"{indent}{line.name} = {_expression(line)}"
            continue
        inner = f"body_of_{line.name}"
        yield f"{indent}def {inner}({line.body.parameter}):"
        yield from _written(line.body.lines, indent + "    ")
        yield f"{indent}    return {line.body.result}"
        if line.op == "loop":
            yield f"{indent}{line.name} = {line.operands[0]}"
            yield f"{indent}for _ in range({line.count}):"
            yield f"{indent}    {line.name} = {inner}({line.name})"
        else:
            yield f"{indent}{line.name} = {_derivative(line, inner)}"


def _derivative(line: Line, inner: str) -> str:
    at, *along = map(str, line.operands)
    if line.op == "jacobian":
        return f"functional.jacobian(lambda p: [{inner}(p)])({at})[0]"
    if line.op in ("jvp", "hvp"):
        return f"autograd.total(functional.{line.op}({inner}, ({at},), ({along[0]},)))"
    call = f"functional.{line.op}({inner})({at})"
    return f"autograd.total({call})" if line.op == "value_and_grad" else call


def _expression(line: Line) -> str:
    xs = [str(x) for x in line.operands]
    if line.op in INFIX:
        return f" {INFIX[line.op]} ".join(f"({x})" if x.startswith("-") else x for x in xs)
    if line.op == "neg":
        return f"-{xs[0]}"
    if line.op == "if":
        return f"{xs[2]} if {xs[0]} > {xs[1]} else {xs[3]}"
    if line.op in MASKS:
        return f"autograd.where(PRIMITIVES['greater']({xs[0]}, 0.0), autograd.{MASKS[line.op]}({xs[0]}), {xs[1]})"
    if line.op == "dot":
        half = len(xs) // 2
        return f"autograd.dot([{', '.join(xs[:half])}], [{', '.join(xs[half:-1])}], {xs[-1]})"
    if line.op in LISTS:
        return f"autograd.{line.op}([{', '.join(xs)}])"
    if line.op in FIRST_OF_LIST:
        return f"autograd.{line.op}([{', '.join(xs)}])[0]"
    owner = f"autograd.{line.op}" if line.op in IS_FUNCTION else f'PRIMITIVES["{line.op}"]'
    return f"{owner}({', '.join(xs)})"
