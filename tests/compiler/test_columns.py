"""Large programs are kept in arrays: every pass gives what it gives equation by equation."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import rules
from autograd._numpy import np
from autograd.compiler import sharing, transcribe
from autograd.compiler.backends import operations
from autograd.compiler.columns import Columns, depth
from autograd.compiler.loops.find import find
from autograd.compiler.lower import GRADIENT, Call, lower
from autograd.compiler.passes import shared, without_dead
from autograd.compiler.program import Atom, Equation, Guard, Program
from autograd.compiler.reassociate import sums
from autograd.structure import key_of

ROWS = [
    *(rules.add, rules.sub, rules.mul, rules.div, rules.neg, rules.exp, rules.dot, rules.total, rules.pivot),
    *(rules.where, rules.pow_, rules.square),
]
NUMBERS = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, float("inf"), float("nan")]


def some_program(rng: Random) -> Program:
    """Few rows and near operands, so that equations are equal, nested and folded; guards, adjoints and dead ends."""
    first, size = rng.randrange(1, 4), rng.randrange(1, 60)
    rows, constants, back = rng.sample(ROWS, rng.randrange(2, 8)), rng.choice([0.0, 0.1, 0.3]), rng.choice([6, 60])

    def atom(end: int) -> Atom:
        return rng.choice(NUMBERS) if rng.random() < constants else rng.randrange(max(0, end - back), end)

    equations = []
    for place in range(first, first + size):
        row = rng.choice(rows)
        count = row.arity or (2 * rng.randrange(1, 4) + 1 if row is rules.dot else rng.randrange(1, 5))
        equations.append(Equation(row, tuple([atom(place) for _ in range(count)])))
    end = first + size
    guards = [Guard(">", atom(end), atom(end), True, f"a:{rng.randrange(2)}") for _ in range(rng.randrange(3))]
    adjoints = [(rng.randrange(end), rng.randrange(end)) for _ in range(rng.randrange(3))]
    names, outputs = [f"x_{i}" for i in range(first)], [atom(end) for _ in range(rng.randrange(1, 4))]
    return Program(tuple(names), tuple(equations), tuple(guards), tuple(outputs), adjoints=tuple(adjoints))


def in_columns(program: Program) -> Program:
    return replace(program, equations=Columns.of(len(program.names), program.equations))


def written(program: Program) -> str:
    """All of a program as text, which tells 0 from −0, and says nan for every nan."""
    return f"{program} {program.guards} {program.outputs} {program.adjoints}"


PASSES: Sequence[Callable[[Program], Program]] = (
    shared,
    lambda program: shared(program, keeps_detached=True),
    without_dead,
    sums,
    lambda program: sums(shared(program)),
)


@given(st.randoms(use_true_random=False))
def test_a_pass_gives_the_same_program(rng: Random) -> None:
    program = some_program(rng)
    assert written(in_columns(program)) == written(program)
    for each in PASSES:
        assert written(each(in_columns(program))) == written(each(program))
    assert operations(in_columns(program)) == operations(program)


def test_what_is_recorded_is_the_same_in_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    """With nodes that nothing needs before, between and behind the others, a leaf, and a primitive of many operands."""

    def f(x: float, y: float) -> Any:
        unused, leaf = [x * i for i in (2.0, 3.0)], autograd.Value(0.5)
        z = autograd.sin(y) * leaf + autograd.maximum(x, y, 0.25)
        unused.append(unused[0] + z)
        return autograd.exp(z - 1.0) if z > -5.0 else unused[2]

    call = Call(f, (key_of(1.0),) * 2, ("x", "y"), None, [1.0, 2.0])
    in_tuples = lower(call, GRADIENT)
    monkeypatch.setattr(transcribe, "LARGE", 1)
    in_arrays = lower(call, GRADIENT)
    assert isinstance(in_arrays.recorded.equations, Columns)
    assert not isinstance(in_tuples.recorded.equations, Columns)
    assert written(in_arrays.recorded) == written(in_tuples.recorded)
    assert [row.name for row, _ in in_tuples.recorded.equations] == ["sin", "mul", "largest", "add", "sub", "exp"]
    assert in_arrays.slopes == in_tuples.slopes


def test_they_are_equations_to_whoever_asks() -> None:
    equations = (Equation(rules.mul, (0, 2.0)), Equation(rules.total, (1, 0, 1)), Equation(rules.exp, (2,)))
    columns = Columns.of(1, equations)
    assert columns[1:] == equations[1:]
    assert columns[::-1] == equations[::-1]
    assert list(columns) == list(equations)
    assert list(reversed(columns)) == list(equations[::-1])
    assert columns[-1] == equations[-1]
    assert columns == equations
    assert hash(columns) == hash(equations)
    assert pickle.loads(pickle.dumps(columns)) == equations
    assert depth(in_columns(Program(("x",), equations, (), (3,)))) == 3


def trips(count: int) -> Program:
    """What computes 0.1 · pull again in each trip, and something that nobody needs."""
    equations: list[Equation] = []
    last = 1
    for _ in range(count):
        place = 2 + len(equations)
        equations += [Equation(rules.mul, (0.1, 0)), Equation(rules.mul, (place, last))]
        equations += [Equation(rules.exp, (place + 1,)), Equation(rules.sin, (place + 1,))]
        last = place + 3
    return Program(("pull", "x"), tuple(equations), (), (last,))


def test_what_is_computed_again_in_each_trip_needs_few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "ROUNDS", 3)
    made = shared(in_columns(trips(500)))
    assert isinstance(made.equations, Columns)
    assert len(made.equations) == 1001
    assert written(made) == written(shared(trips(500)))
    assert find(made) == find(shared(trips(500)))


def test_equal_hashes_are_not_equal_equations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sharing.Sharing, "_hashes", lambda self, places, bits: np.zeros(len(self.columns), np.uint64)
    )  # fmt: skip
    equations = [Equation(rules.mul, (0, x)) for x in (1, 1, 2.0, 2.0, 0)]
    program = Program(("x", "y"), tuple(equations), (), tuple(range(2, 7)))
    made = shared(in_columns(program))
    assert made.outputs[0] == made.outputs[1] != made.outputs[2]
