"""The NumPy back end computes what the program means, on awkward numbers too, for batches of every shape."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import PRIMITIVES, rules
from autograd.compiler.lower import Call, Lowered, lower
from autograd.compiler.numpy_backend import runner as runner_module
from autograd.compiler.numpy_backend.runner import NumpyRunner, build
from autograd.compiler.options import Options
from autograd.compiler.program import Equation, Guard, Program, check, interpret
from autograd.compiler.specialization import forms_of
from autograd.compiler.vector.program import check as check_vectors
from autograd.compiler.verify import Reference
from autograd.strategies import graphs
from autograd.strategies.graph_data import Graph
from autograd.strategies.graphs import DEFAULT
from autograd.structure import key_of
from autograd.testing import table
from tests.compiler.references import JUMPS, is_differentiated

pytestmark = pytest.mark.slow

AWKWARD = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e308, -1e308, 5e-324, 0.5, -2.5, 700.0, 3.0]
FIXED = [row.name for row in table() if row.arity is not None]
VARIADIC = [row.name for row in table() if row.arity is None]
ROWS = [row.name for row in DEFAULT]
# In float32 two numbers that differ may be equal, and a comparison comes out differently: nothing bounds that.
CONTINUOUS = [row.name for row in DEFAULT if row not in JUMPS]
OPTIONS = {name: Options(backend="numpy", dtype=name) for name in ("float64", "float32")}


def per_sample(row: Any, count: int) -> NumpyRunner:
    """A runner that applies a row to the columns of its samples."""
    names = tuple(f"x_{i}" for i in range(count))
    equations = (Equation(row, tuple(range(count))),)
    batched = tuple(range(count))
    return build(check(Program(names, equations, (), (count,), batched, per_sample=True)), OPTIONS["float64"])


def assert_close(row: Any, points: Sequence[Sequence[float]], found: Any) -> None:
    """Equal where the value is not finite; else 16 units in the last place, or what the rounding of a difference
    of operands makes of an exponential (`exp_shift`: |x − y| of them)."""
    for point, got in zip(points, found, strict=True):
        wanted = float(row.value(*point))
        if not math.isfinite(wanted):
            assert got == wanted or (got != got and wanted != wanted), (row.name, point, wanted, got)
            continue
        spread = abs(point[0] - point[1]) if row is rules.exp_shift and wanted not in (0.0, 1.0) else 0.0
        # Underflow may come early where e^|x| overflows on the way: 1 / 1e308 is the least that sigmoid has to know.
        assert abs(got - wanted) <= (16.0 + spread) * 2.0**-52 * abs(wanted) + 1e-307, (row.name, point, wanted, got)


@pytest.mark.parametrize("name", FIXED)
def test_every_row_at_awkward_points(name: str) -> None:
    row = PRIMITIVES[name]
    assert row.arity is not None
    numbers = AWKWARD if row.arity < 3 else AWKWARD[:8]
    points = list(itertools.product(numbers, repeat=row.arity))
    if row is rules.round_:
        points = [(x, float(digits)) for x in AWKWARD for digits in (0, 1, 2)]
    if row is rules.exp_shift:  # the shift is the largest
        points = [(x, shift) for x, shift in points if not x > shift]
    found = per_sample(row, row.arity).run(np.zeros(0), (np.array(points),))
    assert_close(row, points, found[:, 0])


@pytest.mark.parametrize("name", VARIADIC)
@pytest.mark.parametrize("count", [1, 3, 5])
def test_every_row_of_any_number_of_operands(name: str, count: int) -> None:
    row = PRIMITIVES[name]
    rng = np.random.default_rng(count)
    points = [[float(x) for x in rng.choice(AWKWARD, count)] for _ in range(60)]
    if row is rules.pick:
        points = [[float(i % (count + 1)), *point[1:]] for i, point in enumerate(points)]
    if row is rules.dot:  # the order of additions is free, so that infinities may meet elsewhere
        points = [[x if abs(x) < 1e3 else 2.0 for x in point] for point in points]
    found = per_sample(row, count).run(np.zeros(0), (np.array(points),))
    assert_close(row, points, found[:, 0])


@pytest.mark.parametrize("constants", list(itertools.product([0.0, 1.0, math.nan, -2.0, 2.0], repeat=2)))
@pytest.mark.parametrize("name", ["pow", "step", "mul", "maximum", "leaky_relu"])
def test_rows_with_constants_that_have_a_spelling_of_their_own(name: str, constants: tuple[float, float]) -> None:
    row = PRIMITIVES[name]
    operands = (0, *constants)[: row.arity]
    program = Program(("x",), (Equation(row, operands),), (), (1,), (0,), per_sample=True)
    points = [(x, *operands[1:]) for x in AWKWARD]
    found = build(program, OPTIONS["float64"]).run(np.zeros(0), (np.array(AWKWARD)[:, None],))
    assert_close(row, points, found[:, 0])


def test_a_row_of_a_user() -> None:
    cube = autograd.define("cube_for_numpy", lambda x: x**3, lambda out, x: 3.0 * x * x)
    found = per_sample(cube, 1).run(np.zeros(0), (np.array([[2.0], [-3.0]]),))
    assert found.tolist() == [[8.0], [-27.0]]


def test_relu_and_its_derivative_at_awkward_points() -> None:
    """σ′ is read off the sign of relu(z)."""
    program = Program(
        ("x",), (Equation(rules.relu, (0,)), Equation(rules.step, (0, 0.0, 0.0))), (), (1, 2), (0,), per_sample=True
    )
    found = build(program, OPTIONS["float64"]).run(np.zeros(0), (np.array(AWKWARD)[:, None],))
    wanted = [[rules.relu.value(x), rules.step.value(x, 0.0, 0.0)] for x in AWKWARD]
    assert np.array_equal(found, wanted, equal_nan=True)


# --- random graphs ----------------------------------------------------------------------------------------------------


def lowered(graph: Graph, batch: Sequence[str], outputs: str = "gradient") -> Lowered:
    names = tuple(f"x{i}" for i in range(len(graph.point)))
    keys = tuple(key_of(x) for x in graph.point)
    return lower(Call(graph, keys, names, None, graph.point, frozenset(batch)), outputs)


def differs(recorded: Lowered, point: Sequence[float], samples: Sequence[Any], dtype: str = "float64") -> str:
    options = OPTIONS[dtype]
    runner = NumpyRunner(check_vectors(forms_of(recorded, options).vectors), dtype)
    assert not is_differentiated(recorded), "a vector program is differentiated as one"
    return Reference(recorded, point, samples).disagreement(runner, options)


@given(graphs(max_size=10, primitives=ROWS))
def test_random_graphs(graph: Graph) -> None:
    assert differs(lowered(graph, ()), graph.point, ()) == ""


@given(graphs(max_size=10, primitives=ROWS), st.data())
def test_random_graphs_with_a_batch(graph: Graph, data: st.DataObject) -> None:
    """Any of the inputs differ from sample to sample; values and gradients, their means, or one for each sample."""
    count = data.draw(st.integers(1, len(graph.point)))
    batch = [f"x{i}" for i in range(count)]
    recorded = lowered(graph, batch, data.draw(st.sampled_from(["gradient", "value", "samples"])))
    drawn = np.array([[x * (1.0 + 0.1 * i) for x in graph.point[:count]] for i in range(3)])
    widths = data.draw(st.sampled_from([(count,), (1,) * count]))
    samples = tuple(np.split(drawn, np.cumsum(widths)[:-1], axis=1))
    assert differs(recorded, graph.point[count:], samples) == ""


@given(graphs(max_size=8, primitives=CONTINUOUS, kinks=False, elements=st.floats(-2.0, 2.0)))
def test_random_graphs_in_float32(graph: Graph) -> None:
    recorded = lowered(graph, ())
    if told_apart(lowered(graph, ()).program, graph.point):
        assert differs(recorded, graph.point, (), "float32") == ""


def told_apart(program: Program, point: Sequence[float]) -> bool:
    """Whether no number overflows, vanishes or becomes equal to another in float32, also after some roundings."""
    constants = [x for equation in program.equations for x in equation.operands if type(x) is float and x == x]
    numbers = sorted({*interpret(program, point), *constants, 0.0})
    gaps = [(y - x) / max(abs(x), abs(y)) for x, y in itertools.pairwise(numbers)]
    return all(gap > 1e-4 for gap in gaps) and all(not x or 1e-4 < abs(x) < 1e4 for x in numbers)


def dense(sizes: Sequence[int], hidden: Callable[[Any], Any] = autograd.tanh) -> Program:
    """Value and gradient of ½ ‖ŷ − y‖² for a net with a batch, its neurons written term by term."""

    def loss(x: list[Any], y: list[Any], p: list[Any]) -> Any:
        weights = iter(p)
        a = x
        for n in sizes[1:]:
            z = [sum([next(weights) * each for each in a]) + next(weights) for _ in range(n)]
            a = [hidden(each) for each in z]
        return sum([(q - t) * (q - t) for q, t in zip(a, y, strict=True)]) / 2.0

    count = sum(n * (m + 1) for m, n in itertools.pairwise(sizes))
    keys = (key_of([0.0] * sizes[0]), key_of([0.0] * sizes[-1]), key_of([0.0] * count))
    numbers = [0.1 * math.sin(i) for i in range(sizes[0] + sizes[-1] + count)]
    call = Call(loss, keys, ("x", "y", "p"), None, numbers, frozenset(("x", "y")))
    return lower(call, "gradient").program


def data_for(program: Program, sizes: Sequence[int], samples: int) -> tuple[Any, tuple[Any, Any]]:
    rng = np.random.default_rng(0)
    shared = rng.normal(size=len(program.shared))
    return shared, (rng.normal(size=(samples, sizes[0])), rng.normal(size=(samples, sizes[-1])))


def means(program: Program, shared: Any, samples: Sequence[Any]) -> list[float]:
    rows = []
    for sample in np.hstack(samples):
        inputs = [0.0] * len(program.names)
        for place, x in [*zip(program.shared, shared, strict=True), *zip(program.batched, sample, strict=True)]:
            inputs[place] = float(x)
        numbers = interpret(program, inputs)
        rows.append([atom if type(atom) is float else numbers[int(atom)] for atom in program.outputs])
    return [math.fsum(column) / len(rows) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("samples", [1, 2, 7])
@pytest.mark.parametrize("hidden", [autograd.tanh, autograd.relu, autograd.sigmoid])
def test_a_network_with_a_batch(samples: int, hidden: Any) -> None:
    program = dense((3, 4, 2), hidden)
    shared, data = data_for(program, (3, 4, 2), samples)
    # Sums of fewer than a hundred terms of size one, three layers deep: 1e-13 is a thousand roundings.
    assert build(program, OPTIONS["float64"]).run(shared, data) == pytest.approx(
        means(program, shared, data), abs=1e-13
    )
    found = build(program, OPTIONS["float32"]).run(shared, data)
    assert found.dtype == np.float64
    assert found == pytest.approx(means(program, shared, data), abs=1e-13 * 2.0**29)


def test_any_memory_layout_of_the_samples() -> None:
    program = dense((3, 4, 2))
    shared, (x, y) = data_for(program, (3, 4, 2), 6)
    runner = build(program, OPTIONS["float64"])
    expected = runner.run(shared, (x, y)).tolist()
    wide = np.zeros((12, 9))
    wide[::2, ::3] = x
    for other in (np.asfortranarray(x), wide[::2, ::3], x[::-1].copy()[::-1]):
        assert runner.run(shared, (other, y)) == pytest.approx(expected, abs=1e-15 * 16)
    for pieces in ((x[:, :1], x[:, 1:], y), (np.hstack([x, y]),), (x, y[:, :1], y[:, 1:])):
        assert runner.run(shared, pieces) == pytest.approx(expected, abs=1e-15 * 16)


def test_results_are_fresh_and_batch_sizes_may_change() -> None:
    program = dense((3, 4, 2))
    shared, (x, y) = data_for(program, (3, 4, 2), 6)
    runner = build(program, OPTIONS["float64"])
    first = runner.run(shared, (x, y))
    kept = first.copy()
    for count in (1, 2, 3, 6):
        again = runner.run(shared, (x[:count], y[:count]))
    assert (first == kept).all()
    assert (again == kept).all()
    assert not np.shares_memory(first, again)


@pytest.mark.parametrize("samples", [6, 7, 8, 20])
def test_many_samples_are_taken_in_blocks(samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    program = dense((3, 4, 2))
    shared, data = data_for(program, (3, 4, 2), samples)
    monkeypatch.setattr(runner_module, "WORKSPACE", 0)
    monkeypatch.setattr(runner_module, "FEWEST", 7)
    runner = build(program, OPTIONS["float64"])
    assert runner.run(shared, data) == pytest.approx(means(program, shared, data), abs=1e-13)  # as above

    each = build(replace(program, per_sample=True), OPTIONS["float64"])
    one_by_one = [each.run(shared, [column[i : i + 1] for column in data])[0] for i in range(samples)]
    assert each.run(shared, data) == pytest.approx(np.array(one_by_one), abs=1e-13)

    guarded = build(replace(program, guards=(Guard(">", 0, 0.0, shared[0] <= 0.0, "a:1"),)), OPTIONS["float64"])
    assert guarded.run(shared, data) == 0


def test_threads_do_not_share_buffers() -> None:
    program = dense((3, 8, 2))
    shared, (x, y) = data_for(program, (3, 8, 2), 50)
    runner = build(program, OPTIONS["float64"])
    expected = [runner.run(shared + i, (x, y)).tolist() for i in range(4)]
    wrong: list[int] = []
    barrier = threading.Barrier(4)

    def work(i: int) -> None:
        barrier.wait()
        wrong.extend(i for _ in range(100) if runner.run(shared + i, (x, y)).tolist() != expected[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# --- guards, results, padding -----------------------------------------------------------------------------------------


def test_the_first_guard_that_does_not_hold() -> None:
    guards = (
        Guard(">", 0, 1.0, True, "a:1"),
        Guard("same", 1, 2.0, True, "a:2"),
        Guard("truth", 2, 0.0, True, "a:3"),
    )
    program = Program(("x", "y"), (Equation(rules.sub, (0, 1)),), guards, (2,))
    runner = build(program, OPTIONS["float64"])
    assert runner.run(np.array([3.0, 2.0]), ()).tolist() == [1.0]
    assert runner.run(np.array([1.0, 5.0]), ()) == 0
    assert runner.run(np.array([3.0, 5.0]), ()) == 1
    assert runner.run(np.array([2.0, 2.0]), ()) == 2
    assert runner.run(np.array([math.nan, 2.0]), ()) == 0


def test_outputs_may_be_inputs_constants_and_the_same_twice() -> None:
    program = Program(("x", "y", "w"), (Equation(rules.mul, (0, 2)),), (), (3, 3, 0, 2, 1.5, -0.0, 1), (0, 1))
    samples = np.array([[1.0, 5.0], [3.0, 7.0]])
    runner = build(program, OPTIONS["float64"])
    assert runner.run(np.array([10.0]), (samples,)).tolist() == [20.0, 20.0, 2.0, 10.0, 1.5, -0.0, 6.0]
    each = build(replace(program, per_sample=True), OPTIONS["float64"]).run(np.array([10.0]), (samples,))
    assert each.tolist() == [[10.0, 10.0, 1.0, 10.0, 1.5, -0.0, 5.0], [30.0, 30.0, 3.0, 10.0, 1.5, -0.0, 7.0]]


@pytest.mark.parametrize("x", [math.inf, -math.inf, math.nan, 1e308])
def test_padding_of_ragged_sums_is_inert(x: float) -> None:
    """Dots of two to five pairs are computed together; what they are padded with must not meet an infinity."""
    names = tuple(f"x_{i}" for i in range(10))
    equations = [Equation(rules.dot, (*range(k), *range(5, 5 + k), 0.0)) for k in (2, 3, 4, 5)]
    equations += [Equation(rules.total, tuple(range(k))) for k in (2, 3, 4, 5)]
    equations += [Equation(rules.exp, (place,)) for place in range(10, 18)]
    program = Program(names, tuple(equations), (), tuple(range(10, 26)))
    for place in range(10):
        inputs = [1.0 + i for i in range(10)]
        inputs[place] = x
        numbers = interpret(program, inputs)
        found = build(program, OPTIONS["float64"]).run(np.array(inputs), ())
        assert np.allclose(found, numbers[10:], rtol=1e-14, atol=0.0, equal_nan=True)


@pytest.mark.parametrize("count", [2, 5])
def test_a_softmax_and_its_logsumexp_share_exponentials(count: int) -> None:
    """At infinities and ties too; the value near 0 keeps its digits."""
    xs = tuple(range(count))
    equations = [Equation(rules.logsumexp, xs), Equation(rules.pivot, xs)]
    equations += [Equation(rules.exp_shift, (x, count + 1)) for x in xs]
    equations += [Equation(rules.total, tuple(range(count + 2, 2 * count + 2)))]
    names = tuple(f"x_{x}" for x in xs)
    program = Program(names, tuple(equations), (), tuple(range(count, 2 * count + 3)), xs, per_sample=True)
    rng = np.random.default_rng(0)
    points = [[float(x) for x in rng.choice(AWKWARD, count)] for _ in range(60)] + [[0.0, *[-40.0] * (count - 1)]]
    found = build(program, OPTIONS["float64"]).run(np.zeros(0), (np.array(points),))
    for point, outputs in zip(points, found, strict=True):
        wanted = interpret(program, point)[count:]
        # The differences are rounded: exp(−700 (1 + u)) is off by 700 u of itself.
        assert np.allclose(outputs, wanted, rtol=1e3 * 2.0**-52, atol=1e-307, equal_nan=True), (point, outputs, wanted)


@pytest.mark.parametrize("batched", [(), (0, 1)])
def test_a_sigmoid_and_its_derivative_share_exponentials(batched: tuple[int, ...]) -> None:
    """σ(x) and σ′(x), at numbers whose exponential overflows too."""
    equations = [Equation(row, (i,)) for row in (rules.sigmoid, rules.sigmoid_slope) for i in (0, 1)]
    equations += [Equation(rules.mul, (2 + i, 4 + i)) for i in (0, 1)]
    program = Program(("x_0", "x_1"), tuple(equations), (), tuple(range(2, 8)), batched, per_sample=bool(batched))
    runner = build(program, OPTIONS["float64"])
    assert "power=" in runner.source
    for x, y in itertools.product([0.0, 0.3, -37.0, 700.0, -720.0, 1e300, math.inf, -math.inf, math.nan], repeat=2):
        point = np.array([x, y])
        found = runner.run(point[2 * bool(batched) :], (point[None],) if batched else ())
        # Four factors of at most 3 ulp each; below 1e-307, where subnormal numbers have fewer digits, anything.
        assert np.allclose(found, interpret(program, [x, y])[2:], rtol=12 * 2.0**-52, atol=1e-307, equal_nan=True)


SATURATING: dict[str, Callable[[Any], Any]] = {
    **{name: PRIMITIVES[name] for name in ("exp", "expm1", "tanh", "sigmoid", "log_sigmoid", "softplus", "silu")},
    **{name: PRIMITIVES[name] for name in ("gelu", "sech_square", "cosh", "sinh", "exp2", "erf", "log1mexp")},
    "softmax": lambda x: autograd.softmax([x, 1.0])[0],
    "log_softmax": lambda x: autograd.log_softmax([x, 1.0])[0],
    "logsumexp": lambda x: autograd.logsumexp([x, 1.0]),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("name", SATURATING)
def test_a_derivative_that_shares_an_exponential_changes_no_value_far_out(name: str, backend: str, dtype: str) -> None:
    """Only what is not an output by itself shares. Nothing is added up here, so no order differs."""
    f = SATURATING[name]
    value, both = (autograd.compile(lambda x: 2.0 * f(x), backend=backend, dtype=dtype) for _ in range(2))
    value(1.5)
    both.value_and_grad(1.5)
    for x in (88.0, 104.0, 710.0, 746.0, 1e30, 1e308, math.inf):
        for at in (x, -x):
            found = value(at), both.value_and_grad(at)[0]
            assert found[0] == found[1] or all(map(math.isnan, found)), (at, *found)
    if name == "sigmoid":
        assert both.value_and_grad(-1e308) == (0.0, 0.0)


def test_exponentials_are_not_shared_between_files() -> None:
    """Shared and batched lanes are both numbered from 0: w is not the x of the same number."""
    x, w = 0, 1
    equations = [Equation(rules.sigmoid, (x,)), Equation(rules.sigmoid_slope, (x,))]
    equations += [Equation(rules.sigmoid, (w,)), Equation(rules.sigmoid_slope, (w,))]
    equations += [Equation(rules.mul, (2, 3)), Equation(rules.mul, (4, 5))]
    program = Program(("x", "w"), tuple(equations), (), (6, 7), (x,), per_sample=True)
    (found,) = build(program, OPTIONS["float64"]).run(np.array([0.7]), (np.array([[0.3]]),))
    assert found == pytest.approx(interpret(program, [0.3, 0.7])[6:], rel=12 * 2.0**-52)  # as above


def test_what_a_logsumexp_shares_is_not_computed_later_for_it() -> None:
    """Here only the result looks at the logsumexp, so that it comes last; the sum of the exponentials does not."""
    equations = [Equation(rules.logsumexp, (0, 1)), Equation(rules.pivot, (0, 1))]
    equations += [Equation(rules.exp_shift, (0, 3)), Equation(rules.exp_shift, (1, 3)), Equation(rules.total, (4, 5))]
    equations += [Equation(rules.div, (4, 6)), Equation(rules.div, (5, 6))]
    program = Program(("x", "y"), tuple(equations), (), (2, 7, 8))
    found = build(program, OPTIONS["float64"]).run(np.array([1.0, 1.0]), ())
    assert found == pytest.approx([1.0 + math.log(2.0), 0.5, 0.5], rel=1e-15)


def test_a_row_of_a_shared_table_for_each_sample() -> None:
    """An embedding: `pick` with an index that differs from sample to sample; its gradient adds up equal indices."""
    size, width = 4, 3

    def loss(token: Any, table: list[list[Any]]) -> Any:
        row = [autograd.pick([each[d] for each in table], token) for d in range(width)]
        return autograd.dot(row, row)

    keys = (key_of(0), key_of([[0.0] * width] * size))
    numbers = [1.0, *(0.1 * i for i in range(size * width))]
    program = lower(
        Call(loss, keys, ("token", "table"), None, numbers, frozenset(("token",)), frozenset((0,))), "gradient"
    )
    runner = build(program.program, OPTIONS["float64"])
    table = np.arange(12.0)
    tokens = np.array([[2.0], [0.0], [2.0], [3.0]])
    found = runner.run(table, (tokens,))
    rows = table.reshape(size, width)[tokens[:, 0].astype(int)]
    by_row = [2.0 * table.reshape(size, width)[i] * (tokens == i).sum() / len(tokens) for i in range(size)]
    assert found[0] == (rows * rows).sum() / len(tokens)
    assert found[-size * width :].tolist() == np.concatenate(by_row).tolist()


def test_overflow_and_nan_flow_without_warnings() -> None:
    program = Program(("x",), (Equation(rules.exp, (0,)), Equation(rules.log, (0,))), (), (1, 2), (0,))
    found = build(program, OPTIONS["float64"]).run(np.zeros(0), (np.array([[1000.0], [-1.0]]),))
    assert found[0] == math.inf
    assert math.isnan(found[1])


def test_a_program_without_inputs_and_one_without_equations() -> None:
    assert build(Program((), (), (), (2.0,)), OPTIONS["float64"]).run(np.zeros(0), ()).tolist() == [2.0]
    assert build(Program(("x",), (), (), (0,)), OPTIONS["float64"]).run(np.array([3.0]), ()).tolist() == [3.0]


def test_a_large_program_is_built_and_run() -> None:
    """100 000 equations: one neuron after the other, each with its own weight."""
    count = 50_000
    names = ("x", *(f"p{i}" for i in range(count)))
    equations = [Equation(rules.mul, (1 + i, 0)) for i in range(count)]
    equations += [Equation(rules.tanh, (1 + count + i,)) for i in range(count)]
    program = Program(names, tuple(equations), (), tuple(range(1 + 2 * count, 1 + 3 * count)))
    runner = build(program, OPTIONS["float64"])
    assert runner.vectors.equations == 2
    weights = np.linspace(-1.0, 1.0, count)
    assert runner.run(np.array([2.0, *weights]), ()) == pytest.approx(np.tanh(2.0 * weights), rel=1e-15 * 8)
