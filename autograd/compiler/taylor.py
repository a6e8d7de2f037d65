"""Taylor coefficients of a recorded program: its equations are applied to series of symbols, and become more of them.

The rules are those of `autograd.series`, so every back end computes what eager code would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from autograd.compiler.arguments import Arguments, collect
from autograd.compiler.lower import VALUE, Call, Lowered, lower
from autograd.compiler.passes import rebuilt, without_dead
from autograd.compiler.program import Atom, Program, interpret, moved_to
from autograd.compiler.refusal import where_asked
from autograd.compiler.results import Outputs
from autograd.compiler.symbols import Writer
from autograd.compiler.variants import Variants
from autograd.errors import CompileError
from autograd.series.rows import new_run
from autograd.series.terms import Series
from autograd.structure import Structure, places


class Expansion(Variants):
    """The Taylor coefficients of a function as programs: its arguments are followed by their directions.

    `around` is the compiled function.
    """

    def __init__(self, around: Variants, order: int) -> None:
        batch = around.batch | {_direction_of(name) for name in around.batch}
        super().__init__(around.function, around.parameters, batch, around.options)
        self.order = order

    def _names_of(self, count: int) -> tuple[str, ...]:
        names = super()._names_of(count // 2)
        return (*names, *map(_direction_of, names))

    def _lower(self, call: Call, kind: str) -> Lowered:
        half = len(call.keys) // 2
        n = sum(len([*places(key, "")]) for key in call.keys[:half])
        point = replace(
            call,
            keys=call.keys[:half],
            names=call.names[:half],
            numbers=[*call.numbers[:n], *call.numbers[2 * n :]],
            indices=frozenset([place for place in call.indices if place < n]),
        )
        lowered = lower(point, VALUE, self.options.exact)
        recorded = expanded(_with_directions(lowered.recorded, n), n, self.order, call.numbers)
        known = interpret(recorded, call.numbers)
        return replace(
            lowered,
            recorded=recorded,
            result=Structure((list, None, (lowered.result,) * (self.order + 1))),
            at=tuple(map(float, call.numbers)),
            found=tuple([known[each] if type(each) is int else float(each) for each in recorded.outputs]),
        )

    def _without_batch(self, kind: str, arguments: Arguments) -> Variants:
        single = super()._without_batch(kind, arguments)
        if not isinstance(single, Expansion):
            single = self._single = Expansion(single, self.order)
        return single


def coefficients(
    around: Variants, given: Arguments, args: Sequence[Any], tangents: Sequence[Any], order: int, parameters: Any
) -> list[Any]:
    """The coefficients of a compiled function; `given` are the collected arguments."""
    if isinstance(order, bool) or not isinstance(order, int) or order < 0:
        raise ValueError(f"the order of a Taylor expansion must be a non-negative integer, got {order!r}")
    known: dict[int, Expansion] = vars(around).setdefault("_expansions", {})
    expansion = known.setdefault(order, Expansion(around, order))
    arguments = collect((*args, *tangents), expansion._names_of(2 * len(args)), expansion.batch)
    if len(tangents) != len(args) or arguments.keys[len(args) :] != given.keys:
        raise CompileError(f"the directions must have the structure of the arguments: got {tangents!r} for {args!r}")
    variant, outputs = expansion._run(VALUE, arguments, parameters)
    remaining = Outputs(outputs, given.hold_array)
    return [remaining.take(key) for key in (variant.lowered.result or ((),))[-1]]


def _direction_of(name: str) -> str:
    return f"d{name}"


def _with_directions(program: Program, n: int) -> Program:
    """The program with n more inputs after its first n, which no equation uses yet."""
    first = len(program.names)
    moved: list[Atom] = [place if place < n else place + n for place in range(first + len(program.equations))]
    names = (*program.names[:n], *map(_direction_of, program.names[:n]), *program.names[n:])
    equations = [each._replace(operands=moved_to(each.operands, moved)) for each in program.equations]
    batched = [place for place in program.batched if place < n]
    made = replace(program, names=names, batched=(*batched, *[place + n for place in batched]))
    return rebuilt(made, equations, moved)


def expanded(recorded: Program, n: int, order: int, numbers: Sequence[float]) -> Program:
    """The program with the coefficients 0, …, `order` of all its outputs instead of them.

    Its first n inputs move along the next n; `numbers` are those of all inputs when it was recorded.

    >>> from autograd.compiler.program import Equation
    >>> from autograd.rules import exp
    >>> print(expanded(Program(("x", "dx"), (Equation(exp, (0,)),), (), (2,)), 1, 2, [0.0, 1.0]))
    program(x, dx):
        t2 = exp(x)
        t3 = mul(t2, dx)
        t4 = mul(t3, dx)
        t5 = div(t4, 2.0)
        return t2, t3, t5
    """
    writer = Writer(recorded, numbers, where_asked)
    run = new_run(order)
    first = len(recorded.names)
    known = [run.variable(writer.symbol(i), writer.symbol(n + i)) if i < n else writer.symbol(i) for i in range(first)]
    for place, equation in enumerate(recorded.equations, first):
        operands = [known[each] if type(each) is int else each for each in equation.operands]
        is_moving = any(isinstance(x, Series) for x in operands) and not equation.is_detached
        known.append(equation.primitive(*operands) if is_moving else writer.symbol(place))
    outputs = [known[each] if type(each) is int else each for each in recorded.outputs]
    made = rebuilt(recorded, writer.builder.equations, writer.atoms)
    wanted = tuple([writer.atom(_coefficient(y, k)) for k in range(order + 1) for y in outputs])
    return without_dead(replace(made, guards=(*made.guards, *writer.guards), outputs=wanted))


def _coefficient(y: Any, k: int) -> Any:
    if not isinstance(y, Series):
        return 0.0 if k else y
    return y.coefficients[k] if k <= y.end else 0.0
