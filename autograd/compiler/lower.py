"""From a Python function to a program: record it, differentiate it with the engine itself, write the nodes down."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.compiler.passes import simplified
from autograd.compiler.program import RESERVED, Atom, Equation, Guard, Program, check
from autograd.compiler.record import Recorder, refuse_foreign, tracing
from autograd.compiler.structure import NUMBER, Key, flatten, places, rebuild
from autograd.derivative import grad
from autograd.errors import CompileError
from autograd.primitive import PRIMITIVES
from autograd.value import Value, as_float


@dataclass(frozen=True)
class Lowered:
    """A program, the structure of the function's result, and what its outputs were when it was recorded.

    Outputs are the numbers of the result, then, if it was differentiated, the derivatives.
    """

    program: Program
    result: Key
    recorded: tuple[float, ...]


@dataclass(frozen=True)
class Call:
    """What is to be recorded: a function, its arguments by key and name, the parameters, and the numbers of both."""

    function: Callable[..., Any]
    keys: tuple[Key, ...]
    names: tuple[str, ...]
    parameters: Sequence[Value]
    numbers: Sequence[float]


def lower(call: Call, differentiate: bool) -> Lowered:
    """Record `call` and write it down; with `differentiate`, the derivatives by `parameters`, else by all arguments.

    >>> from autograd import tanh
    >>> from autograd.compiler.structure import key_of
    >>> call = Call(lambda x, y: tanh(x) * y, (key_of(1.0),) * 2, ("x", "y"), [], [1.0, 2.0])
    >>> print(lower(call, differentiate=False).program)
    program(x, y):
        t2 = tanh(x)
        t3 = mul(t2, y)
        return t3

    CompileError where the function does what a program cannot repeat, or gives no number to differentiate.
    """
    inputs = [Value(number) for number in call.numbers[: len(call.numbers) - len(call.parameters)]]
    leaves = [*inputs, *call.parameters]
    with tracing(leaves, call.numbers) as recorder:
        remaining = iter(inputs)
        result = call.function(*[rebuild(key, remaining) for key in call.keys])
        outputs: list[Any] = []
        key = flatten(result, outputs, _output)
        if differentiate:
            outputs += _derivatives(outputs, key, call.parameters or inputs)
        recorded = tuple([output.data if isinstance(output, Value) else output for output in outputs])
    program = simplified(_written(_names(call), leaves, recorder, outputs))
    return Lowered(check(program), key, recorded)


def _output(x: Any) -> Any:
    if type(x) is Value:
        refuse_foreign(x)
    try:
        return x if isinstance(x, Value) else as_float(x)
    except TypeError as error:
        raise CompileError(f"the function must return numbers, or lists, tuples and dicts of them: {error}") from error


def _derivatives(outputs: Sequence[Any], key: Key, wanted: Sequence[Value]) -> list[Any]:
    if key is not NUMBER:
        raise CompileError(
            f"the function must return one number to have a gradient, got {len(outputs)} in a structure; "
            "return their total or mean"
        )
    (output,) = outputs
    return grad(output, wanted) if isinstance(output, Value) else [0.0] * len(wanted)


def _written(names: Sequence[str], inputs: Sequence[Any], recorder: Recorder, outputs: Sequence[Any]) -> Program:
    atoms: dict[int, Atom] = {id(leaf): place for place, leaf in enumerate(inputs)}
    equations: list[Equation] = []

    def atom(x: Any) -> Atom:
        return atoms[id(x)] if isinstance(x, Value) else float(x)

    for node in recorder.nodes:
        if node.primitive is None:
            atoms[id(node)] = node.data
            continue
        atoms[id(node)] = len(inputs) + len(equations)
        equations.append(Equation(node.primitive, tuple(map(atom, node.operands))))
    guards = [Guard(relation, atom(x), atom(y), outcome, place) for relation, x, y, outcome, place in recorder.guards]
    return Program(tuple(names), tuple(equations), tuple(guards), tuple(map(atom, outputs)))


def _names(call: Call) -> list[str]:
    arguments = [place for key, name in zip(call.keys, call.names, strict=True) for place in places(key, name)]
    return identifiers([*arguments, *(p.label or f"p{i}" for i, p in enumerate(call.parameters))])


def identifiers(texts: Iterable[str]) -> list[str]:
    """Different names that Python and the source of a program accept, as like `texts` as can be.

    >>> identifiers(["x[0]", "w2[1,0]", "x 0", "if", "exp", "t3", ""])
    ['x_0', 'w2_1_0', 'x_0_', 'if_', 'exp_', 't3_', 'v']
    """
    found: dict[str, None] = {}
    for text in texts:
        name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", text)).strip("_") or "v"
        if not name.isidentifier():
            name = f"v_{name}"
        while name in found or name in RESERVED or name in PRIMITIVES or re.fullmatch(r"t\d+", name):
            name += "_"
        found[name] = None
    return list(found)
