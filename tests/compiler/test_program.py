"""Programs as data: the checker rejects what is wrong, and passes shorten without changing a bit."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import CompileError, rules
from autograd.compiler import passes
from autograd.compiler.lower import Call, lower
from autograd.compiler.program import Equation, Guard, Program, check
from autograd.compiler.python import RESERVED, function, source
from autograd.primitive import PRIMITIVES, Primitive, opaque
from autograd.strategies import graphs
from autograd.strategies.graph_data import Graph, references
from autograd.structure import key_of

mul, add = rules.mul, rules.add


def program(*equations: Equation, guards: tuple[Guard, ...] = (), outputs: tuple[Any, ...] | None = None) -> Program:
    """A program of one input x, with the last equation as its output."""
    return Program(("x",), equations, guards, (len(equations),) if outputs is None else outputs)


def shared(some: Program) -> Program:
    """The program as its recording would have been written: by a `Builder`."""
    builder = passes.Builder(len(some.names))
    moved: list[Any] = list(range(len(some.names)))
    for primitive, operands in some.equations:
        moved.append(builder.apply(primitive, passes.moved_to(operands, moved)))
    return passes.rebuilt(some, builder.equations, moved)


def simplified(some: Program) -> Program:
    return passes.without_dead(shared(some))


def run(some: Program, *inputs: float) -> Any:
    return function(source(some))(inputs)


def exact(numbers: list[float]) -> list[bytes]:
    return [struct.pack("d", math.nan if x != x else x) for x in numbers]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (program(Equation(mul, (0, 1))), r"t1 = mul\(x, t1\) uses t1, which is not defined before"),
        (program(Equation(mul, (0, 2)), Equation(mul, (0, 0))), "uses t2"),
        (program(Equation(mul, (0,))), r"mul takes 2 operand"),
        (program(Equation(opaque("mine"), (0,))), "applies 'mine', but no primitive"),
        (program(Equation(mul, (0, True))), "not defined before"),
        (program(outputs=(1,)), "the result uses t1"),
        (program(outputs=(-1,)), "the result uses"),
        (program(guards=(Guard(">", 3, 0.0, True, "a.py:1"),)), r"guard of a\.py:1 uses t3"),
        (program(guards=(Guard("~", 0, 0.0, True, "a.py:1"),)), r"a\.py:1 has the unknown relation '~'"),
    ],
)
def test_the_checker_rejects(wrong: Program, words: str) -> None:
    with pytest.raises(CompileError, match=words):
        check(wrong)


@pytest.mark.parametrize("row", sorted({row for row, _, _ in passes.IDENTITIES}, key=lambda row: row.name))
@pytest.mark.parametrize("x", [0.0, -0.0, 1.5, -3.0, math.inf, -math.inf, math.nan, 5e-324, 1e308])
def test_identities_hold_for_every_float(row: Primitive, x: float) -> None:
    for _, kept, constant in [each for each in passes.IDENTITIES if each[0] is row]:
        operands = [x, constant] if kept == 0 else [constant, x]
        assert exact([row.value(*operands)]) == exact([x])


@pytest.mark.parametrize(
    ("row", "operands"),
    [(rules.sub, (0, 0)), (mul, (0, 0.0)), (add, (0, 0.0)), (add, (0.0, 0)), (rules.div, (0, 0)), (mul, (-1.0, 0))],
)
def test_nothing_is_folded_that_nan_or_inf_or_a_sign_could_see(row: Primitive, operands: tuple[Any, ...]) -> None:
    assert len(simplified(program(Equation(row, operands))).equations) == 1


@pytest.mark.parametrize(
    ("given_program", "equations", "output"),
    [
        (program(Equation(mul, (2.0, 3.0)), Equation(add, (1, 1))), 0, 12.0),
        (program(Equation(mul, (0, 1.0)), Equation(rules.neg, (1,)), Equation(rules.neg, (2,))), 0, 0),
        (program(Equation(rules.pivot, (0,)), Equation(rules.exp, (1,))), 1, 1),
        (program(Equation(rules.exp, (0,)), Equation(rules.exp, (0,)), Equation(add, (1, 2))), 2, 2),
        (program(Equation(add, (0, 0.0)), Equation(add, (0, -0.0)), Equation(rules.atan2, (1, 2))), 2, 2),
        (program(Equation(rules.exp, (0,)), Equation(rules.sin, (0,))), 1, 1),
    ],
)
def test_passes(given_program: Program, equations: int, output: Any) -> None:
    short = check(simplified(given_program))
    assert (len(short.equations), short.outputs) == (equations, (output,))


def test_a_sum_starts_at_zero() -> None:
    """total(−0, −0) is 0 and not −0, since the row starts from 0."""
    both = program(Equation(rules.total, (0, 0)))
    assert exact(run(both, -0.0)) == exact([rules.total(-0.0, -0.0)]) != exact([-0.0])


def test_zeros_of_different_sign_are_different_constants() -> None:
    both = program(Equation(rules.atan2, (0, 0.0)), Equation(rules.atan2, (0, -0.0)), Equation(rules.sub, (1, 2)))
    assert run(simplified(both), 0.0) == [-math.pi]


def test_guards_move_with_the_program_and_are_kept_once() -> None:
    guard = Guard(">", 2, 0.5, True, "a.py:1")
    constant = Guard("<", 1, 9.0, True, "a.py:2")
    short = simplified(
        program(Equation(mul, (2.0, 3.0)), Equation(rules.exp, (0,)), guards=(guard, guard, constant), outputs=(0,))
    )
    assert short.guards == (Guard(">", 1, 0.5, True, "a.py:1"),)
    assert run(short, 3.0) == [3.0]
    assert run(short, -3.0) == 0


@pytest.mark.parametrize(
    ("relation", "holds", "fails"),
    [
        ("<", 0.5, 1.0),
        ("<=", 1.0, 1.5),
        (">", 1.5, 1.0),
        (">=", 1.0, math.nan),
        ("==", 1.0, 2.0),
        ("same", 1.0, -1.0),
        ("truth", math.nan, -0.0),
    ],
)
@pytest.mark.parametrize("outcome", [True, False])
def test_a_guard_is_asked(relation: str, holds: float, fails: float, outcome: bool) -> None:
    guarded = program(guards=(Guard(relation, 0, 1.0, outcome, "a.py:1"),), outputs=(0,))
    answers = {True: run(guarded, holds), False: run(guarded, fails)}
    assert type(answers[outcome]) is list
    assert answers[not outcome] == 0


def _as_program(graph: Graph) -> Program:
    count = len(graph.inputs)
    equations = []
    for place, line in enumerate(graph.lines, count):
        places = iter(references(line.operands, place))
        operands = tuple([next(places) if isinstance(x, int) else x for x in line.operands])
        equations.append(Equation(PRIMITIVES[line.primitive], operands))
    return Program(graph.names, tuple(equations), (), (count + len(equations) - 1,))


@given(graphs(max_size=15), st.data())
def test_passes_and_spelling_change_no_bit(graph: Graph, data: st.DataObject) -> None:
    before = check(_as_program(graph))
    number = st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan]) | st.floats(-5.0, 5.0)
    point = data.draw(st.tuples(*[number] * len(graph.inputs)))
    expected = exact([graph(*point)])
    for each in (shared, passes.without_dead, simplified):
        after = check(each(before))
        assert exact(run(after, *point)) == expected
        assert simplified(after) == simplified(simplified(after))


def test_it_prints_the_grammar() -> None:
    call = Call(lambda p: p[0] if p[0] > p[1] else p[1], (key_of([1.0, 2.0]),), ("p",), None, [1.0, 2.0])
    text = str(lower(call).program)
    assert text.splitlines()[0] == "program(p_0, p_1):"
    assert text.splitlines()[1].startswith("    guard p_0 > p_1 is False  # ")
    assert text.splitlines()[-1] == "    return p_1"


@pytest.mark.parametrize("word", [*RESERVED[-5:], "if"])
def test_labels_and_arguments_may_have_any_name(word: str) -> None:
    call = Call(lambda x: x["t3"] * x[word], (key_of({"t3": 1.0, word: 2.0}),), (word,), None, [3.0, 4.0])
    assert run(lower(call).program, 5.0, 6.0) == [30.0]


def test_a_primitive_whose_name_programs_use_themselves_is_refused() -> None:
    clashing = Primitive("t3", "t3", float, (1.0,), None, ((0.0, 1.0),), (), "", 1)
    with pytest.raises(CompileError, match=r"'t3' .*rename"):
        source(program(Equation(clashing, (0,))))


def test_no_line_is_too_long() -> None:
    names = tuple(f"an_input_with_a_long_name_{i}" for i in range(40))
    wide = Equation(rules.total, tuple(range(40)))
    text = source(Program(names, (wide, Equation(rules.logsumexp, tuple(range(40)))), (), tuple(range(42))))
    assert max(map(len, text.splitlines())) <= 120
    assert function(text)([1.0] * 40)[40] == 40.0
