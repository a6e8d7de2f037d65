"""The back end llvm: machine code gives the numbers of `interpret`, to the bit where that is required."""

from __future__ import annotations

import ctypes
import itertools
import math
import random
import struct
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import PRIMITIVES, rules
from autograd.compiler.llvm import build, engine, library
from autograd.compiler.llvm.rows import FUNCTIONS
from autograd.compiler.lower import GRADIENT, Call, lower
from autograd.compiler.options import Options
from autograd.compiler.program import RELATIONS, Equation, Guard, Program, interpret
from autograd.errors import CompileError
from autograd.primitive import Primitive
from autograd.strategies import graphs
from autograd.strategies.graph_data import Graph
from autograd.structure import key_of
from autograd.testing import table
from tests.support.examples import examples
from tests.support.forks import in_a_child

pytestmark = pytest.mark.slow

pytest.importorskip("llvmlite", reason="the back end llvm is optional")

AWKWARD = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e308, 5e-324, 0.5, 2.0, -3.7, 0.3, 40.0, -720.0]
EXACT, FAST = Options(exact=True), Options()
# A value within 4 ulp in the table, within 4 here; an ulp is at most 2⁻⁵² of it. Below 2⁻¹⁰²² errors are absolute.
NEAR, TINY = 8 * 2.0**-52, 1e-307


def bits(numbers: Sequence[float]) -> list[bytes]:
    """Equal exactly for equal floats; all nan are one."""
    return [struct.pack("d", math.nan if x != x else x) for x in numbers]


def one_row(row: Primitive, count: int) -> Program:
    return Program(tuple(f"x{i}" for i in range(count)), (Equation(row, tuple(range(count))),), (), (count,))


def outputs(program: Program, inputs: Sequence[float]) -> list[float]:
    numbers = interpret(program, inputs)
    return [atom if type(atom) is float else numbers[int(atom)] for atom in program.outputs]


def run(program: Program, shared: Sequence[float], samples: Sequence[Any] = (), options: Options = FAST) -> Any:
    return build(program, options).run(np.array(shared, dtype=np.float64), samples)


def of_graph(graph: Graph) -> Program:
    keys = (key_of(0.0),) * len(graph.point)
    return lower(Call(graph, keys, graph.names, None, graph.point), GRADIENT).program


def counts(row: Primitive) -> tuple[int, ...]:
    return (row.arity,) if row.arity is not None else (3, 5, 9)


ROWS = [(row.name, count) for row in table() for count in counts(row)]


# --- every row --------------------------------------------------------------------------------------------------------


def points(name: str, count: int) -> list[list[float]]:
    rng = random.Random(name)
    moderate = [[rng.uniform(-4.0, 4.0) for _ in range(count)] for _ in range(10)]
    return [rng.choices(AWKWARD, k=count) for _ in range(40)] + moderate


@pytest.mark.parametrize(("name", "count"), ROWS)
def test_every_row_to_the_bit(name: str, count: int) -> None:
    program = one_row(PRIMITIVES[name], count)
    xs = points(name, count)
    expected = [outputs(program, x) for x in xs]
    machine = build(program, EXACT)
    assert [bits(machine.run(np.array(x), ())) for x in xs] == list(map(bits, expected))
    batch = replace(program, batched=tuple(range(count)), per_sample=True)
    assert list(map(bits, run(batch, [], [np.array(xs)], EXACT))) == list(map(bits, expected))


@pytest.mark.parametrize(("name", "count"), ROWS)
def test_every_row_nearly(name: str, count: int) -> None:
    """Vectors and single numbers; sums of terms that cancel have an error in proportion to the terms."""
    program = one_row(PRIMITIVES[name], count)
    xs = points(name, count)
    batch = replace(program, batched=tuple(range(count)), per_sample=True)
    machine = build(program, FAST)
    for x, in_batch in zip(xs, run(batch, [], [np.array(xs)]), strict=True):
        (expected,) = outputs(program, x)
        for found in (in_batch[0], machine.run(np.array(x), ())[0]):
            assert nearly(expected, found, terms(name, x)), (x, expected, found)


def terms(name: str, x: Sequence[float]) -> float:
    """What a sum adds up, in absolute value; an ulp of it is what re-association may change."""
    if name == "dot":
        n = len(x) // 2
        return sum(abs(w * y) for w, y in zip(x[:n], x[n:-1], strict=True)) + abs(x[-1])
    return sum(map(abs, x)) if name == "total" else 0.0


def nearly(expected: float, found: float, scale: float = 0.0) -> bool:
    if not math.isfinite(expected) or not math.isfinite(scale):
        # Where infinities meet in a sum its order decides between ∞ and nan, and which overflows.
        return (math.isnan(expected) == math.isnan(found) and (expected != expected or expected == found)) or (
            not math.isfinite(scale)
        )
    return abs(expected - found) <= NEAR * max(abs(expected), scale) + TINY


@pytest.mark.parametrize("name", ["exp", "exp_shift"])
def test_a_machine_that_scales_gives_the_bits_of_one_that_multiplies(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not engine.has_scaling():
        pytest.skip("this machine has no instruction for it")
    operands = FUNCTIONS[name][0]
    found = []
    for scales in (True, False):
        monkeypatch.setattr(library, "has_scaling", lambda scales=scales: scales)
        kind = library.Kind(1)
        text = library._text("either", library.Wanted(kind, name, None, operands))
        assert ("scalef" in text) is scales
        machine = engine.Machine([text], engine.LOOPS)
        function = machine.function("either", ctypes.c_double, *[ctypes.c_double] * operands)
        points = [*AWKWARD, -708.5, -744.9, -745.2, 709.7, 709.8, -1e300, *np.linspace(-760.0, 720.0, 50).tolist()]
        found.append(bits([function(x, *[0.25] * (operands - 1)) for x in points]))
    assert found[0] == found[1]


def test_rows_of_a_user() -> None:
    row = Primitive("llvm_user_row", "llvm_user_row", lambda x, y: int(x) + y, (None, None), None, (), (), "", 2)
    program = one_row(row, 2)
    assert run(program, [2.5, 0.25]).tolist() == [2.25]
    batch = replace(program, batched=(1,), per_sample=True)
    assert run(batch, [2.5], [np.arange(5.0)[:, None]]).tolist() == [[2.0], [3.0], [4.0], [5.0], [6.0]]
    assert run(batch, [2.5], [np.arange(50.0)[:, None]], Options(threads=2))[:, 0].tolist() == list(np.arange(50.0) + 2)


@pytest.mark.parametrize("threads", [None, 2])
def test_what_a_row_raises_is_raised_by_run(threads: int | None) -> None:
    def picky(x: float) -> float:
        if x > 20.0:
            raise ArithmeticError(f"{x} is too large")
        return x

    program = replace(one_row(Primitive("picky", "picky", picky, (None,), None, (), (), "", 1), 1), batched=(0,))
    machine = build(program, Options(threads=threads))
    with pytest.raises(ArithmeticError, match="is too large"):
        machine.run(np.array([]), [np.arange(40.0)[:, None]])
    assert machine.run(np.array([]), [np.arange(3.0)[:, None]]).tolist() == [1.0]


# --- whole programs ---------------------------------------------------------------------------------------------------


@examples(35)
@given(graphs(max_size=10), st.data())
def test_random_graphs_to_the_bit(graph: Graph, data: st.DataObject) -> None:
    program = replace(of_graph(graph), guards=())
    machine = build(program, EXACT)
    anywhere = st.sampled_from(AWKWARD) | st.floats(-4.0, 4.0)
    elsewhere = [data.draw(st.tuples(*[anywhere] * len(graph.point))) for _ in range(2)]
    for point in (graph.point, *elsewhere):
        assert bits(machine.run(np.array(point), ())) == bits(outputs(program, point))


@examples(35)
@given(graphs(max_size=8, kinks=False, elements=st.floats(0.25, 4.0)), st.integers(1, 9), st.data())
def test_random_graphs_with_a_batch(graph: Graph, count: int, data: st.DataObject) -> None:
    """Some inputs shared, some not; exact programs add the samples in their order."""
    program = replace(of_graph(graph), guards=())
    batched = data.draw(st.sets(st.sampled_from(range(len(graph.point))), min_size=1))
    program = replace(program, batched=tuple(sorted(batched)))
    rng = np.random.default_rng(count)
    samples = rng.uniform(-2.0, 2.0, (count, len(batched)))
    samples[0] = [graph.point[place] for place in program.batched]
    shared = [graph.point[place] for place in program.shared]
    rows = []
    for sample in samples:
        point = np.array(graph.point)
        point[list(program.batched)] = sample
        rows.append(outputs(program, point.tolist()))
    by_sample = run(replace(program, per_sample=True), shared, [samples], EXACT)
    assert list(map(bits, by_sample)) == list(map(bits, rows))
    means = [in_order(column) / count for column in zip(*rows, strict=True)]
    assert bits(run(program, shared, [samples], EXACT)) == bits(means)
    loose = run(replace(program, per_sample=True), shared, [samples[:1]])[0]
    for found, expected, bound in zip(loose, rows[0], error_bounds(program, graph.point), strict=True):
        assert abs(found - expected) <= bound or found == expected or (found != found and expected != expected)


def in_order(numbers: Sequence[float]) -> float:
    total = 0.0
    for number in numbers:
        total += number
    return total


def error_bounds(program: Program, point: Sequence[float]) -> list[float]:
    """To first order: each equation is off by 8 ulp of the numbers in it, and its partials pass that on to the outputs.

    Twice that, for the higher orders; infinite where a partial is.
    """
    numbers = interpret(program, point)
    first = len(program.names)
    bounds = [0.0] * len(numbers)
    for place, (row, operands) in enumerate(program.equations, first):
        xs = [atom if type(atom) is float else numbers[int(atom)] for atom in operands]
        own = NEAR * max(abs(numbers[place]), terms(row.name, xs)) + TINY
        for atom, partial in zip(operands, row.partials_at(numbers[place], xs), strict=True):
            if type(atom) is int and partial is not None and bounds[atom]:
                own += abs(float(partial)) * bounds[atom]
        bounds[place] = 2.0 * own if math.isfinite(own) else math.inf
    return [0.0 if type(atom) is float else bounds[int(atom)] for atom in program.outputs]


@pytest.mark.parametrize("options", [EXACT, FAST])
def test_programs_that_are_cut_into_many_functions(options: Options) -> None:
    """6 000 equations, each of which uses the two before it and one a thousand before; frames stay small."""
    equations = [Equation(rules.add, (0, 1)), Equation(rules.sin, (2,))]
    for place in range(4, 6_000):
        far = max(place - 1000, 0)
        equations.append(Equation(rules.dot, (place - 1, far, 0.5, 0.25, place - 2)))
        if place % 7 == 0:
            equations[-1] = Equation(rules.sin, (place - 1,))
    program = Program(("x", "y"), tuple(equations), (), (2, 500, 5_000, len(equations) + 1))
    expected = outputs(program, [0.3, 0.4])
    machine = build(program, options)
    found = machine.run(np.array([0.3, 0.4]), ())
    if options.exact:
        assert bits(found) == bits(expected)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert machine._size < 3000


def test_outputs_that_are_inputs_constants_or_named_twice() -> None:
    program = Program(("x", "y"), (Equation(rules.mul, (0, 1)),), (), (2, 0, 1.5, 2, -0.0, 1))
    assert bits(run(program, [2.0, -0.0])) == bits([-0.0, 2.0, 1.5, -0.0, -0.0, -0.0])
    batch = replace(program, batched=(1,), per_sample=True)
    assert run(batch, [2.0], [np.array([[1.0], [3.0]])]).tolist() == [
        [2.0, 2.0, 1.5, 2.0, 0.0, 1.0],
        [6.0, 2.0, 1.5, 6.0, 0.0, 3.0],
    ]
    assert run(replace(batch, per_sample=False), [2.0], [np.array([[1.0], [3.0]])]).tolist() == [
        4.0, 2.0, 1.5, 4.0, 0.0, 2.0,
    ]  # fmt: skip


def test_the_result_is_the_callers_own() -> None:
    machine = build(Program(("x",), (), (), (0,)), FAST)
    first = machine.run(np.array([1.0]), ())
    machine.run(np.array([2.0]), ())
    assert first.tolist() == [1.0]


# --- guards -----------------------------------------------------------------------------------------------------------

GUARDS = (
    Guard("<", 0, 1, True, "a:1"),
    Guard(">=", 2, 0.0, True, "a:2"),
    Guard("same", 1, 0.0, False, "a:3"),
    Guard("truth", 0, 0.0, True, "a:4"),
)


@pytest.mark.parametrize(
    ("x", "y", "answer"),
    [
        (1.0, 2.0, None),
        (2.0, 1.0, 0),
        (math.nan, 1.0, 0),
        (-1.0, 2.0, 1),
        (-1.0, 0.0, 2),
        (-1.0, -0.0, None),
        (0.0, 1.0, 3),
    ],
)
@pytest.mark.parametrize("batched", [(), (2,)])
def test_guards(x: float, y: float, answer: int | None, batched: tuple[int, ...]) -> None:
    program = Program(("x", "y", "z"), (Equation(rules.mul, (0, 1)), Equation(rules.mul, (3, 2))), (), (4,), batched)
    guards = [guard._replace(left=3 if guard.left == 2 else guard.left) for guard in GUARDS]
    machine = build(replace(program, guards=tuple(guards)), FAST)
    samples = [np.ones((3, 1))] if batched else []
    found = machine.run(np.array([x, y] if batched else [x, y, 1.0]), samples)
    assert found == answer if answer is not None else bits(found) == bits([x * y])


@pytest.mark.parametrize("relation", ["<", "<=", ">", ">=", "==", "same", "truth"])
def test_relations(relation: str) -> None:
    """A run answers with the first guard that fails: one wants what the other rules out."""
    guards = tuple(Guard(relation, 0, 1, outcome, "a:1") for outcome in (True, False))
    machine = build(Program(("x", "y"), (), guards, (1.0,)), FAST)
    pairs = list(itertools.product(AWKWARD, repeat=2))
    assert [machine.run(np.array(pair), []) for pair in pairs] == [int(RELATIONS[relation](*pair)) for pair in pairs]


# --- samples ----------------------------------------------------------------------------------------------------------


def weighted(per_sample: bool) -> Program:
    equations = Equation(rules.dot, (0, 1, 2, 3, 4)), Equation(rules.tanh, (5,)), Equation(rules.mul, (6, 2))
    names = ("w", "v", "x", "y", "b")
    return Program(names, equations, (), (6, 7), batched=(2, 3), per_sample=per_sample)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 31])
@pytest.mark.parametrize("options", [FAST, EXACT, Options(threads=3), Options(dtype="float32")])
def test_any_number_of_samples_in_any_layout(count: int, options: Options) -> None:
    rng = np.random.default_rng(count)
    wide = rng.normal(size=(count, 9))
    layouts = [
        [np.ascontiguousarray(wide[:, :2])],
        [np.asfortranarray(wide[:, :2])],
        [wide[:, 0:1], wide[:, 1:2]],
        [wide[::-1, :2]],
        [np.ascontiguousarray(wide[:, :2].T).T],
    ]
    shared = np.array([0.5, -1.5, 0.25])
    tolerance = 1e-5 if options.dtype == "float32" else 1e-13
    for samples in layouts:
        columns = np.hstack(samples)
        a = np.tanh(columns @ shared[:2] + shared[2])
        expected = np.stack([a, a * columns[:, 0]], axis=1)
        found = build(weighted(per_sample=True), options).run(shared, samples)
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
        means = build(weighted(per_sample=False), options).run(shared, samples)
        np.testing.assert_allclose(means, expected.mean(axis=0), rtol=tolerance, atol=tolerance)
        assert found.dtype == means.dtype == np.float64


@pytest.mark.parametrize("count", [1, 3, 5, 6])
def test_a_bad_sample_stays_by_itself(count: int) -> None:
    samples = np.ones((count, 2))
    samples[-1] = math.nan, math.inf
    found = build(weighted(per_sample=True), FAST).run(np.array([0.5, -1.5, 0.25]), [samples])
    assert np.isnan(found).all(axis=1).tolist() == [False] * (count - 1) + [True]


def test_dead_lanes_are_harmless() -> None:
    """log of a sum over one sample: a lane without a sample must not add its own number, or a nan."""
    program = Program(("x",), (Equation(rules.log, (0,)), Equation(rules.div, (1.0, 0))), (), (1, 2), batched=(0,))
    for count in range(1, 6):
        assert run(program, [], [np.full((count, 1), math.e)]).tolist() == pytest.approx([1.0, 1.0 / math.e])


def test_what_depends_on_parameters_only_is_computed_once() -> None:
    asked: list[float] = []

    def counted(x: float) -> float:
        asked.append(x)
        return 2.0 * x

    row = Primitive("llvm_counted", "llvm_counted", counted, (None,), None, (), (), "", 1)
    program = Program(("w", "x"), (Equation(row, (0,)), Equation(rules.mul, (2, 1))), (), (3,), batched=(1,))
    assert run(program, [3.0], [np.arange(20.0)[:, None]]).tolist() == [57.0]
    assert asked == [3.0]


@pytest.mark.parametrize("threads", [None, 2])
def test_several_threads_may_run_one_program(threads: int | None) -> None:
    machine = build(weighted(per_sample=False), Options(threads=threads))
    rng = np.random.default_rng(0)
    calls = [(rng.normal(size=3), [rng.normal(size=(57, 2))]) for _ in range(40)]
    expected = [machine.run(*call) for call in calls]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda call: machine.run(*call), calls))
    assert [each.tolist() for each in found] == [each.tolist() for each in expected]


# --- pick -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [0.0, -0.0, 1.0, 6.0, 7.0, -1.0, 0.5, 1e300, math.nan, math.inf])
def test_pick_never_reads_beyond_its_operands(index: float) -> None:
    program = Program(
        ("i", *(f"x{k}" for k in range(7))), (Equation(rules.pick, tuple(range(8))),), (), (8,), per_sample=True
    )
    xs = [float(k * k) for k in range(7)]
    expected = bits([rules.pick.value(index, *xs)])
    assert bits(run(replace(program, per_sample=False), [index, *xs])) == expected
    found = run(replace(program, batched=(0,)), xs, [np.array([[index], [2.0], [index]])])
    assert bits(found[0]) == bits(found[2]) == expected
    assert found[1].tolist() == [4.0]


# --- how it is built --------------------------------------------------------------------------------------------------


def test_equal_programs_share_their_machine_code() -> None:
    first, second = build(weighted(False), FAST), build(weighted(False), FAST)
    assert first._machine is second._machine
    assert first.source == second.source
    assert "define void @tile(ptr %f)" in first.source


def test_without_llvmlite_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd.compiler.llvm import engine

    engine.binding.cache_clear()
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    with pytest.raises(CompileError, match=r"pip install 'scalar-autograd\[llvm\]'"):
        build(weighted(False), FAST)
    engine.binding.cache_clear()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_f6_a_fork_has_threads_of_its_own() -> None:
    """The threads of its parent's pool are gone; it compiles as well."""
    call = np.ones(3), [np.arange(114.0).reshape(57, 2)]
    machine = build(weighted(per_sample=True), Options(threads=2))
    wanted = machine.run(*call).tobytes()
    assert in_a_child(lambda: machine.run(*call).tobytes()) == wanted
    assert in_a_child(lambda: build(weighted(per_sample=True), Options(threads=2)).run(*call).tobytes()) == wanted
    assert machine.run(*call).tobytes() == wanted
