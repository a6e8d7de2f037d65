"""Loops over time: found in recorded programs, written out again, differentiated, printed and run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import rules
from autograd.compiler import program as programs
from autograd.compiler.bounds import UNIT
from autograd.compiler.columns import Columns, Flags
from autograd.compiler.llvm.time_loops import LoopRunner
from autograd.compiler.loops import backward_body
from autograd.compiler.loops.derivative import with_gradient
from autograd.compiler.loops.emitted import emitted
from autograd.compiler.loops.find import find
from autograd.compiler.loops.formulas import formulas
from autograd.compiler.loops.loop import Loop, Looped, atom_in, atoms_in, check, interpret, unrolled
from autograd.compiler.loops.parts import Part, parts
from autograd.compiler.loops.printing import printed
from autograd.compiler.loops.python import source
from autograd.compiler.loops.vectors import VectorRunner
from autograd.compiler.lower import GRADIENT
from autograd.compiler.numpy_backend.runner import build
from autograd.compiler.options import Options
from autograd.compiler.program import Equation, Guard, Program
from autograd.compiler.python import function
from autograd.compiler.reassociate import sums
from autograd.compiler.vector.program import check as check_vectors
from autograd.compiler.vector.recover import recover
from autograd.errors import CompileError
from autograd.primitive import Primitive
from tests.compiler.loop_programs import (
    EXAMPLES,
    Written,
    characters,
    gated,
    horner,
    newton,
    pendulum,
    recorded,
    replayed,
    rnn,
    samples,
)
from tests.compiler.references import running_errors
from tests.support.examples import examples

pytestmark = pytest.mark.slow

seeds = st.integers(0, 2**32)
every_example = pytest.mark.parametrize("name", EXAMPLES)


def loops(looped: Looped) -> list[Loop]:
    return list(looped.loops.values())


def depth(looped: Looped) -> int:
    """How far loops are nested."""
    return max([1 + depth(each.body) for each in loops(looped)], default=0)


def outputs(program: Program | Looped, numbers: Sequence[float]) -> list[float]:
    return [each if type(each) is float else numbers[int(each)] for each in program.outputs]


# --- found, and written out again -------------------------------------------------------------------------------------


@given(seeds, st.sampled_from([3, 8]))
def test_unrolled_is_the_program_that_loops_were_found_in(seed: int, trips: int) -> None:
    program = programs.check(Written(Random(seed), 14).program())
    looped = check(find(program, trips))
    assert unrolled(looped) == program
    assert all(loop.count >= trips for loop in loops(looped))


@every_example
@pytest.mark.parametrize("flattened", [False, True])
def test_examples_are_loops(name: str, flattened: bool) -> None:
    program, _ = recorded(EXAMPLES[name])
    program = sums(program) if flattened else program
    looped = check(find(program))
    assert unrolled(looped) == program
    assert loops(looped)


def test_pendulum_is_one_loop_of_five_equations() -> None:
    program, _ = recorded(pendulum(1000))
    looped = find(program)
    (loop,) = loops(looped)
    assert (loop.count, loop.body.size, loop.carried, loop.moving) == (1000, 5, (1, 0), ())
    assert len(looped.items) == 3  # dt * g before it, the square behind it
    assert printed(looped) == (
        """program(theta, omega, g, dt):
    t4 = mul(dt, g)
    omega_, theta_ = omega, theta
    for i in range(1000):
        t5 = sin(theta_)
        t6 = mul(t4, t5)
        t7 = sub(omega_, t6)
        t8 = mul(dt, t7)
        t9 = add(theta_, t8)
        omega_, theta_ = t7, t9
    t5005 = mul(theta_, theta_)
    return t5005"""
    )


def test_moving_operands_are_ranges_of_inputs() -> None:
    program, _ = recorded(horner(60))
    (loop,) = loops(find(program))
    assert (loop.count, loop.carried, loop.invariant, loop.moving) == (59, (1,), (0,), (range(2, 61),))


def test_moving_operands_need_not_be_even() -> None:
    program, _ = recorded(characters(30, 3, 5))
    (loop,) = loops(find(program))
    assert len(loop.moving) == 3
    assert all(type(atoms) is tuple for atoms in loop.moving)


def test_numbers_of_two_trips_ago_are_carried_on() -> None:
    equations = [Equation(rules.sin, (0,)), Equation(rules.sin, (1,))]
    equations += [Equation(rules.add, (place - 1, place - 2)) for place in range(3, 60)]
    program = Program(("x",), tuple(equations), (), (59,))
    (loop,) = loops(find(program))
    assert (loop.count, loop.body.outputs) == (57, (2, 0))  # the new one, and what was the last one


def test_loops_in_loops() -> None:
    program, _ = recorded(newton(30, 10))
    (outer,) = loops(find(program))
    (inner,) = loops(outer.body)
    assert (outer.count, inner.count, outer.body.size) == (30, 10, 94)


def test_loops_one_after_the_other() -> None:
    program, _ = recorded(samples(5, 40))
    assert [loop.count for loop in loops(find(sums(program)))] == [40] * 5


@pytest.mark.parametrize("name", ["pendulum", "rnn", "lstm", "newton", "runge_kutta"])
def test_the_scalar_gradient_has_a_loop_backwards(name: str) -> None:
    """Found in the equations of the gradient, as well as made from the loop: behind one that hides it on the path."""
    program, _ = recorded(EXAMPLES[name], GRADIENT)
    looped = check(find(program))
    assert unrolled(looped) == program
    forward, back = sorted(loops(looped), key=lambda each: -each.size)[:2]
    assert abs(forward.count - back.count) <= 3


def test_what_is_parallel_is_left_as_it_is() -> None:
    """A hundred samples that go through a loop each: their loops would make the program no less deep."""
    program, _ = recorded(samples(100, 10))
    assert find(sums(program)).items == sums(program).equations


@given(seeds)
def test_what_an_atom_is_in_all_trips_is_what_it_is_in_each(seed: int) -> None:
    looped = find(Written(Random(seed), 12).program(), 3)
    for start, loop in looped.loops.items():
        for atom in (0.5, *range(len(loop.body.names) + loop.body.size)):
            wanted = [atom_in(loop, start, trip, atom) for trip in range(loop.count)]
            assert [*atoms_in(loop, start, atom)] == wanted


@given(seeds)
def test_programs_without_repetition_stay_as_they_are(seed: int) -> None:
    """A chain of random rows: that some of them follow each other eight times is one chance in 4¹⁴ for each place."""
    rng = Random(seed)
    rows: list[Primitive] = []
    while len(rows) < 200:
        row = rng.choice((rules.sin, rules.tanh, rules.exp, rules.sigmoid))
        if rows[-2:] != [row, row]:
            rows.append(row)
    program = Program(("x",), tuple([Equation(row, (place,)) for place, row in enumerate(rows)]), (), (200,))
    assert find(program) == Looped(replace(program, equations=()), program.equations)


def test_constants_are_told_apart_to_the_bit() -> None:
    """0 and −0, carried at first or moving, are not the same."""
    equations = []
    for place in range(1, 41, 2):
        equations.append(Equation(rules.add, (place - 1, -0.0 if place % 4 == 1 else 0.0)))
        equations.append(Equation(rules.sin, (place,)))
    program = Program(("x",), tuple(equations), (), (40,))
    looped = find(program)
    assert loops(looped)
    assert list(map(repr, unrolled(looped).equations)) == list(map(repr, program.equations))


def test_guards_inside_a_loop_look_at_the_numbers_of_their_trips() -> None:
    program, numbers = recorded(pendulum(20))
    guards = tuple([Guard("<", place, 3.0, True, f"a:{place}") for place in range(9, 104, 5)])
    program = replace(program, guards=guards)
    looped = check(find(program))
    assert unrolled(looped) == program
    assert emitted(looped) == {5: {4: True}}
    run = function(source(looped))
    assert run(numbers) == outputs(program, programs.interpret(program, numbers))
    assert run([4.0, *numbers[1:]]) == 0  # the first that does not hold


@pytest.mark.parametrize("wanted", [1, 4])
def test_looking_takes_time_in_proportion(wanted: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The equations that are compared, all paths and extents together, in proportion to those there are."""
    compared = [0]
    repeats = Columns.repeats

    def counted(self: Columns, start: int, end: int, period: int) -> Flags:
        compared[0] += end - start
        return repeats(self, start, end, period)

    monkeypatch.setattr(Columns, "repeats", counted)
    for example in (pendulum(200 * wanted), samples(10, 25 * wanted), newton(20 * wanted, 8)):
        program, _ = recorded(example)
        compared[0] = 0
        find(sums(program))
        assert compared[0] <= 8 * len(program.equations)


# --- the derivative ---------------------------------------------------------------------------------------------------


def assert_same_gradient(looped: Looped, program: Program, numbers: Sequence[float]) -> None:
    """Value and gradient of a looped program against the scalar gradient program, within both running-error bounds."""
    found = check(with_gradient(looped, program.derivatives))
    flat = programs.check(unrolled(found))
    bounds, known = [], []
    for each in (program, flat):
        known.append(programs.interpret(each, numbers))
        bounds.append(running_errors(each, known[-1], UNIT["float64"]))
    for mine, yours in zip(flat.outputs, program.outputs, strict=True):
        (x, error), (y, other) = [
            (atom, 0.0) if type(atom) is float else (known[i][int(atom)], bounds[i][int(atom)])
            for i, atom in ((1, mine), (0, yours))
        ]
        assert x == y or abs(x - y) <= error + other or (math.isnan(x) and math.isnan(y))
    assert interpret(found, numbers) == pytest.approx(known[1], abs=0.0, rel=0.0, nan_ok=True)


@given(seeds)
def test_gradients_of_random_loops(seed: int) -> None:
    rng = Random(seed)
    program = Written(rng, 12).program()
    numbers = [rng.uniform(-2.0, 2.0) for _ in program.names]
    gradient, _ = recorded(replayed(program, numbers), GRADIENT)
    assert_same_gradient(find(program, 3), gradient, numbers)


@every_example
@pytest.mark.parametrize(("flattened", "many"), [(False, 0), (True, backward_body.MANY)])
def test_gradients_of_examples(name: str, flattened: bool, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backward_body, "MANY", many)
    program, numbers = recorded(EXAMPLES[name])
    gradient, _ = recorded(EXAMPLES[name], GRADIENT)
    assert_same_gradient(find(sums(program) if flattened else program), gradient, numbers)
    assert all(map(math.isfinite, outputs(gradient, programs.interpret(gradient, numbers))))


def test_the_derivative_is_a_loop_of_as_many_trips() -> None:
    program, _ = recorded(pendulum(1000))
    forward, back = loops(with_gradient(find(program), range(4)))
    assert (forward.count, back.count) == (1000, 1000)
    assert back.body.size <= 2 * forward.body.size
    assert range(5000, 0, -5) in back.moving  # sin θ, from the last trip to the first


def test_a_body_with_loops_is_computed_again() -> None:
    """The numbers of inner trips are no inputs of the backward loop, but in the body that is there again."""
    program, _ = recorded(newton(30, 10))
    _, back = loops(with_gradient(find(program), range(3)))
    assert [each.count for each in loops(back.body)] == [10, 10]
    assert len(back.moving) == 1


def test_branches_that_are_not_taken_give_nothing() -> None:
    """0 · ∞ where log y has no part in the result: not in this trip, nor through what is carried."""
    program, numbers = recorded(gated(40))
    looped = with_gradient(find(program), range(2))
    assert loops(looped)
    assert all(map(math.isfinite, outputs(looped, interpret(looped, numbers))))


@hypothesis.example(476)
@hypothesis.example(519)
@hypothesis.example(4115206032)  # a `where` of a constant: nothing flows on to the next trip
@given(seeds)
def test_zero_times_infinity_in_loops_is_what_it_is_in_eager_code(seed: int) -> None:
    """nan where something flows, though the adjoint is 0 by accident, and nothing behind a gate that is shut."""
    rng = Random(seed)
    program = Written(rng, 12, (rules.where, rules.where, rules.cbrt, rules.mul, rules.sub, rules.tanh)).program()
    numbers = [rng.choice([-1.0, 0.0, 0.5, 1.0]) for _ in program.names]
    gradient, _ = recorded(replayed(program, numbers), GRADIENT)
    found = check(with_gradient(find(program, 3), gradient.derivatives))
    wanted = outputs(gradient, programs.interpret(gradient, numbers))
    assert outputs(found, interpret(found, numbers)) == pytest.approx(wanted, rel=1e-9, nan_ok=True)


def test_what_flows_is_carried_only_where_something_asks() -> None:
    """Behind a `where` in each trip: for a product nothing, for a logarithm an indicator beside each adjoint."""

    def loop(row: Callable[[Any], Any]) -> Loop:
        def f(x: Any, w: Any) -> Any:
            for _ in range(20):
                x = rules.where(x > 0.5, row(x), x + 1.0) * w
            return x

        program, _ = recorded((f, {"x": 0.4, "w": 0.9}))
        return loops(with_gradient(find(program), range(2)))[-1]

    assert (len(loop(lambda x: x * x).carried), len(loop(rules.log).carried)) == (2, 3)


def test_a_constant_is_no_place_of_the_same_number() -> None:
    """What is carried becomes 0.0 after the first trip, which is not input 0 of the body, itself."""
    body = Looped(Program(("s", "x"), (), (), (0.0,)), (Equation(rules.mul, (0, 1)),))
    looped = Looped(Program(("s", "x"), (), (), (4,)), (Loop(body, 3, (), (0,), ((1, 1, 1),)),))
    assert [atom_in(looped.loops[2], 2, trip, 0) for trip in range(3)] == [0, 0.0, 0.0]
    found = with_gradient(looped, [0, 1])
    assert outputs(found, interpret(found, [5.0, 7.0])) == [0.0, 0.0, 0.0]
    assert function(source(found))([5.0, 7.0]) == [0.0, 0.0, 0.0]


def test_numbers_of_a_trip_that_nothing_flows_to_give_nothing() -> None:
    """√x² of every trip is asked for by a guard, and 0 in one of them, but only the last one is the result."""
    equations = []
    for place in range(1, 61, 3):
        equations.append(Equation(rules.add, (max(place - 3, 0), 1.0)))
        equations += [Equation(rules.square, (place,)), Equation(rules.sqrt, (place + 1,))]
    guards = tuple([Guard("<", place, 100.0, True, "a:1") for place in range(3, 61, 3)])
    looped = find(Program(("x",), tuple(equations), guards, (60,)))
    assert [loop.count for loop in loops(looped)] == [20]
    found = with_gradient(looped, [0])
    assert outputs(found, interpret(found, [-10.0])) == [10.0, 1.0]


def test_the_first_of_several_outputs_is_differentiated() -> None:
    program = Program(("x",), (Equation(rules.sin, (0,)),), (), (1, 0))
    found = with_gradient(find(program), [0])
    assert outputs(found, interpret(found, [0.0])) == [0.0, 0.0, 1.0]


def test_a_program_without_outputs_has_no_gradient() -> None:
    with pytest.raises(CompileError, match="without outputs"):
        with_gradient(find(Program(("x",), (), (), ())), [0])


# --- text and source --------------------------------------------------------------------------------------------------


@every_example
def test_source_has_the_bits_of_the_meaning(name: str) -> None:
    program, numbers = recorded(EXAMPLES[name])
    found = find(program)
    for looped in (found, with_gradient(found, range(len(numbers)))):
        assert function(source(looped))(numbers) == outputs(looped, interpret(looped, numbers))
        assert printed(looped).count("for i") == source(looped).count("for i") > 0


@given(seeds)
def test_source_of_random_loops(seed: int) -> None:
    rng = Random(seed)
    program = Written(rng, 12).program()
    numbers = [rng.uniform(-2.0, 2.0) for _ in program.names]
    found = find(program, 3)
    for looped in (found, with_gradient(found, range(len(numbers)))):
        expected = outputs(looped, interpret(looped, numbers))
        assert function(source(looped))(numbers) == pytest.approx(expected, abs=0.0, rel=0.0, nan_ok=True)


def assert_near(found: Any, looped: Looped, numbers: Sequence[float]) -> None:
    """Outputs against the meaning, within running-error bounds: long sums are added in parts."""
    program = unrolled(looped)
    known = programs.interpret(program, numbers)
    errors = running_errors(program, known, UNIT["float64"])
    for atom, x in zip(program.outputs, found.tolist(), strict=True):
        wanted, error = (atom, 0.0) if type(atom) is float else (known[int(atom)], errors[int(atom)])
        assert x == wanted or abs(x - wanted) <= error or (math.isnan(x) and math.isnan(wanted))


# --- arrays -----------------------------------------------------------------------------------------------------------


def test_the_body_of_an_rnn_is_a_product_and_its_derivative_bp2_and_bp3(monkeypatch: pytest.MonkeyPatch) -> None:
    """[W, U] @ [h, x] + b forwards; Wᵀδ and δ [h, x]ᵀ backwards, from trip to trip or, for many weights, after it."""
    program, numbers = recorded(rnn(20, 4, 3))
    looped = find(sums(program))
    assert (
        formulas(looped)
        == """for i in range(20):
    x = x[i]
    v1 = [W, U] @ [h, x] + b  # (4,)
    v2 = tanh(v1)             # (4,)
    h = v2
loss = v @ v  # (1,)"""
    )
    text = formulas(with_gradient(looped, range(len(numbers))))
    assert "    v4 = W.T @ v3                # (4,)\n    v5 = v3 @ [h, x] + [Dw, Du]  # (4, 7)\n" in text
    monkeypatch.setattr(backward_body, "MANY", 0)
    text = formulas(with_gradient(looped, range(len(numbers))))
    assert "    v4 = W.T @ v3         # (4,)\n    dh = v4\nv1 = [h, X, v] @ v[…]  # (7, 4)\n" in text


@every_example
def test_bodies_are_recovered(name: str) -> None:
    """As arrays, bodies and what lies between loops compute the same, within running-error bounds."""
    program, numbers = recorded(EXAMPLES[name])
    looped = find(sums(program))
    rng = Random(0)
    for each in (looped, with_gradient(looped, range(len(numbers)))):
        for part in straight(each):
            assert check_vectors(recover(programs.check(part)))
            at = [rng.uniform(0.5, 1.5) for _ in part.names]
            known = programs.interpret(part, at)
            errors = running_errors(part, known, UNIT["float64"])
            found = build(part, Options()).run(np.array(at), ())
            for atom, x in zip(part.outputs, found.tolist(), strict=True):
                assert x == atom if type(atom) is float else abs(x - known[int(atom)]) <= errors[int(atom)]


def straight(looped: Looped) -> Iterator[Program]:
    """The parts without loops, those of bodies too."""
    for _, part in parts(looped):
        if type(part) is Loop:
            yield from straight(part.body)
        elif type(part) is Part:
            yield part.program


@every_example
def test_loops_run_on_arrays(name: str) -> None:
    """By NumPy, part by part and trip by trip."""
    program, numbers = recorded(EXAMPLES[name])
    found = find(sums(program))
    for looped in (found, with_gradient(found, range(len(numbers)))):
        assert_near(VectorRunner(looped).run(numbers), looped, numbers)


# --- machine code -----------------------------------------------------------------------------------------------------


@every_example
def test_machine_code(name: str) -> None:
    program, numbers = recorded(EXAMPLES[name])
    found = find(program)
    for looped in (found, with_gradient(found, range(len(numbers)))):
        assert_near(LoopRunner(looped).run(numbers), looped, numbers)


@examples(10)
@given(seeds)
def test_machine_code_of_random_loops(seed: int) -> None:
    rng = Random(seed)
    program = Written(rng, 12).program()
    numbers = [rng.uniform(-2.0, 2.0) for _ in program.names]
    looped = with_gradient(find(program, 3), range(len(numbers)))
    assert_near(LoopRunner(looped).run(numbers), looped, numbers)


def test_machine_code_does_not_grow_with_the_count() -> None:
    texts = [LoopRunner(with_gradient(find(recorded(pendulum(count))[0]), range(4))).source for count in (100, 1000)]
    assert len(texts[0].splitlines()) == len(texts[1].splitlines())


def test_machine_code_answers_with_the_first_guard_that_does_not_hold() -> None:
    program, numbers = recorded(pendulum(20))
    guards = tuple([Guard("<", place, 3.0, True, f"a:{place}") for place in range(9, 104, 5)])
    run = LoopRunner(find(replace(program, guards=guards)))
    assert run.run(numbers).tolist() == pytest.approx(outputs(program, programs.interpret(program, numbers)), rel=1e-12)
    assert run.run([2.9, -2.0, *numbers[2:]]).tolist()
    assert run.run([2.9, 20.0, *numbers[2:]]) == 0
    assert run.run([2.9, 2.0, *numbers[2:]]) == 5


# --- the checker ------------------------------------------------------------------------------------------------------

BODY = Looped(Program(("w", "x"), (), (), (2,)), (Equation(rules.mul, (0, 1)),))
GOOD = Loop(BODY, 5, (0,), (1,), ())
WRONG: dict[str, tuple[Loop, str]] = {
    "trips": (replace(GOOD, count=0), "nothing to do"),
    "inputs": (replace(GOOD, invariant=()), "the 2 inputs"),
    "carried": (replace(GOOD, carried=(0, 1), invariant=()), "carries 2 numbers"),
    "moving": (replace(GOOD, invariant=(), moving=((0, 1),)), "2 atoms"),
    "range": (replace(GOOD, invariant=(), moving=(range(0, 10, 2),)), "not defined before"),
    "late": (replace(GOOD, carried=(2,)), "not defined before"),
    "body": (replace(GOOD, body=replace(BODY, items=(Equation(rules.mul, (0, 4)),))), "not defined before"),
    "guards": (
        replace(GOOD, body=replace(BODY, head=replace(BODY.head, guards=(Guard("<", 0, 1.0, True, "a"),)))),
        "guards",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_checker_names_what_is_wrong(name: str) -> None:
    loop, message = WRONG[name]
    head = Program(("x", "w"), (), (), (2,))
    assert check(Looped(head, (GOOD,)))
    with pytest.raises(CompileError, match=message):
        check(Looped(head, (loop,)))


def test_the_head_has_no_equations() -> None:
    with pytest.raises(CompileError, match="of its own"):
        check(Looped(Program(("x",), (Equation(rules.sin, (0,)),), (), (1,)), ()))
