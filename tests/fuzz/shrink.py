"""The smallest program that still fails in the same way: fewer points, fewer lines, simpler numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.fuzz.program import FORMS, Constant, Line, Operand, Program, depends, pruned, renamed, used, walk

SIMPLE = (1.0, 2.0, 0.0, 0.5)
VARIADIC = {
    "total",
    "prod",
    "logsumexp",
    "softmax",
    "log_softmax",
    "hypot",
    "norm",
    "mean",
    "std",
    "largest",
    "fuzz_squares",
}


def shrunk(program: Program, fails: Callable[[Program], bool], tries: int = 600) -> Program:
    """The last of a row of ever simpler programs that all fail; at most `tries` are tried."""
    found = True
    while found:
        found = False
        for candidate in _simpler(program):
            tries -= 1
            if tries < 0:
                return program
            if _is_function(candidate) and fails(candidate):
                program, found = candidate, True
                break
    return program


def _is_function(program: Program) -> bool:
    """Whether there is a result, and it depends on an input, as far as names tell."""
    names = {*program.inputs, *(line.name for line in program.lines)}
    return program.result in names and depends(program)


def _simpler(program: Program) -> Iterator[Program]:
    for i in range(len(program.points)):
        if len(program.points) > 1:
            yield replace(program, points=program.points[:i] + program.points[i + 1 :])
    yield from _without_lines(program)
    yield from _without_inputs(program)
    for line in walk(program.lines):
        for simple in _simpler_lines(line):
            yield pruned(replace(program, lines=_replaced(program.lines, line.name, simple)))
    yield from _simpler_points(program)


def _without_lines(program: Program) -> Iterator[Program]:
    """An earlier result, or an operand in place of a line."""
    for line in program.lines[:-1]:
        yield pruned(replace(program, result=line.name))
    for line in walk(program.lines):
        for operand in dict.fromkeys((*line.operands, *program.inputs, Constant(1.0))):
            result = operand if program.result == line.name else program.result
            if isinstance(result, str):
                lines = renamed(_replaced(program.lines, line.name, None), {line.name: operand})
                yield pruned(replace(program, lines=lines, result=result))


def _without_inputs(program: Program) -> Iterator[Program]:
    names = used(program.lines) | {program.result}
    for i, name in enumerate(program.inputs):
        inputs = program.inputs[:i] + program.inputs[i + 1 :]
        points = tuple(point[:i] + point[i + 1 :] for point in program.points)
        if name not in names and inputs:
            yield replace(program, inputs=inputs, points=points)
        elif inputs and program.result != name:
            for other in (inputs[0], Constant(program.points[0][i])):
                yield replace(program, inputs=inputs, points=points, lines=renamed(program.lines, {name: other}))


def _replaced(lines: tuple[Line, ...], name: str, new: Line | None) -> tuple[Line, ...]:
    """The lines with another one, or none, in place of the one of that name."""
    found: list[Line] = []
    for line in lines:
        if line.name == name:
            found += [new] if new else []
        else:
            body = line.body and replace(line.body, lines=_replaced(line.body.lines, name, new))
            found.append(replace(line, body=body))
    return tuple(found)


def _simpler_lines(line: Line) -> Iterator[Line]:
    if line.op in FORMS and line.op != "grad":
        yield replace(line, op="grad", operands=line.operands[:1])
    if line.body and isinstance(line.body.result, str):
        for result in (line.body.parameter, *(each.name for each in line.body.lines)):
            if result != line.body.result:
                yield replace(line, body=replace(line.body, result=result))
    if line.count > 1:
        yield replace(line, count=1)
    if line.op in VARIADIC and len(line.operands) > 1:
        for i in range(len(line.operands)):
            yield replace(line, operands=line.operands[:i] + line.operands[i + 1 :])
    for i, operand in enumerate(line.operands):
        for simple in _simpler_operands(operand):
            yield replace(line, operands=(*line.operands[:i], simple, *line.operands[i + 1 :]))


def _simpler_operands(operand: Operand) -> Iterator[Operand]:
    if isinstance(operand, Constant):
        if operand.kind != "float":
            yield Constant(operand.number)
        if operand.number not in SIMPLE:
            yield from (Constant(x, operand.kind) for x in SIMPLE)


def _simpler_points(program: Program) -> Iterator[Program]:
    for i, point in enumerate(program.points):
        for j, x in enumerate(point):
            if x not in SIMPLE:
                for simple in (*SIMPLE, round(x, 1) if abs(x) < 1e6 else x):
                    if simple != x:
                        moved = (*point[:j], simple, *point[j + 1 :])
                        yield replace(program, points=(*program.points[:i], moved, *program.points[i + 1 :]))
