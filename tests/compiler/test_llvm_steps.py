"""The back end llvm on vector programs: loops and products give what eager arithmetic gives, whatever their shapes."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd import PRIMITIVES, rules
from autograd.compiler.forms import Forms
from autograd.compiler.llvm import engine
from autograd.compiler.llvm.engine import kernels
from autograd.compiler.llvm.library import Kind
from autograd.compiler.llvm.planned import planned
from autograd.compiler.llvm.steps_runner import StepsRunner
from autograd.compiler.options import Options
from autograd.compiler.program import Atom, Equation, Guard, Program
from autograd.compiler.vector.program import VectorProgram
from autograd.errors import CompileError
from autograd.primitive import Primitive
from autograd.testing import table
from tests.compiler.references import reference
from tests.support.examples import examples
from tests.support.forks import in_a_child

pytest.importorskip("llvmlite", reason="the back end llvm is optional")

# Rows that jump belong to test_llvm.py: a rounding before them may decide which side they take.
SMOOTH = [row for row in table() if row.arity is not None and row.name not in ("mod", "pick", "round", "atan2")]
SMOOTH = [row for row in SMOOTH if not {"step", "greater", "floor", "sign", "equal", "at_least", "ceil"} & {row.name}]
FOLDS = [rules.total, rules.logsumexp, rules.pivot, rules.largest, rules.hypot, rules.prod]


class Arrays:
    """Writes equations as a program on arrays would need them: whole arrays at a time, with operands in any order."""

    def __init__(self, seed: int, batched: bool) -> None:
        self.rng = random.Random(seed)
        self.names: list[str] = []
        self.batched: list[int] = []
        self.equations: list[Equation] = []
        self.arrays: list[list[int]] = []
        for number in range(self.rng.randint(2, 4)):
            size = self.rng.choice([1, 2, 3, 5, 7, 8, 12, 16, 19])
            first = len(self.names)
            self.names += [f"a{number}_{i}" for i in range(size)]
            self.arrays.append(list(range(first, first + size)))
            if batched and number % 2:
                self.batched += self.arrays[-1]

    def program(self, steps: int, per_sample: bool) -> Program:
        """A program of so many array operations; some arrays are outputs."""
        for _ in range(steps):
            self.rng.choice([self.map, self.map, self.dots, self.fold, self.pick])()
        outputs: list[Atom] = [place for array in self.rng.sample(self.arrays, 2) for place in array]
        outputs += self.arrays[-1] + [0.5, outputs[0]]
        return Program(
            tuple(self.names), tuple(self.equations), (), tuple(outputs), tuple(self.batched), per_sample=per_sample
        )

    def write(self, row: Primitive, operands: Sequence[Sequence[Atom]]) -> None:
        first = len(self.names) + len(self.equations)
        self.equations += [Equation(row, tuple(each)) for each in operands]
        self.arrays.append(list(range(first, first + len(operands))))

    def operand(self, size: int) -> list[Atom]:
        """An array of a size: a piece, a stride, a permutation, a broadcast, or constants."""
        array, rng = self.rng.choice(self.arrays), self.rng
        kind = rng.choice(["piece", "stride", "shuffled", "one", "rows", "constants"])
        if kind == "constants":
            return [round(rng.uniform(0.5, 2.0), 3) for _ in range(size)]
        if kind == "one" or len(array) < 2:
            return [array[0]] * size
        if kind == "shuffled":
            return rng.choices(array, k=size)
        step = rng.choice([1, 2, 3]) if kind == "stride" else 1
        if kind == "rows":
            return [array[i // 4 % len(array)] for i in range(size)]
        return [array[i * step % len(array)] for i in range(size)]

    def map(self) -> None:
        row = self.rng.choice(SMOOTH)
        size = self.rng.choice([1, 3, 4, 7, 8, 16, 21])
        assert row.arity is not None
        operands = [self.operand(size) for _ in range(row.arity)]
        operands[0] = [self.arrays[0][0] if type(each) is float else each for each in operands[0]]
        if row is rules.pow_ and self.rng.random() < 0.7:
            operands[1] = [self.rng.choice([-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0])] * size
        self.write(row, list(zip(*operands, strict=True)))

    def dots(self) -> None:
        """A matrix times a matrix, or sums of pairs."""
        rows, inner, columns = (self.rng.choice([1, 2, 3, 4, 5, 7, 9, 17]) for _ in range(3))
        w, x, bias = self.operand(rows * inner), self.operand(inner * columns), self.operand(rows)
        if self.rng.random() < 0.3:
            bias = [0.0] * rows
        found = [
            (*w[r * inner : (r + 1) * inner], *x[c::columns], bias[r]) for r in range(rows) for c in range(columns)
        ]
        self.write(rules.dot, found)

    def fold(self) -> None:
        row, size, terms = self.rng.choice(FOLDS), self.rng.choice([1, 3, 8]), self.rng.choice([2, 5, 20, 33])
        operands = self.operand(size * terms)
        self.write(row, [operands[i * terms : (i + 1) * terms] for i in range(size)])

    def pick(self) -> None:
        terms = self.rng.choice([2, 5, 20])
        self.write(rules.pick, [(float(self.rng.randrange(terms)), *self.operand(terms)) for _ in range(3)])


def numbers(program: Program, count: int, seed: int) -> tuple[Any, list[Any]]:
    rng = np.random.default_rng(seed)
    shared = rng.uniform(0.3, 1.2, len(program.shared))
    return shared, [rng.uniform(0.3, 1.2, (count, len(program.batched)))] if program.batched else []


def runner(vectors: VectorProgram, dtype: str = "float64", threads: int = 1, size: int = 32) -> StepsRunner:
    """With vectors of `size` bytes, which any machine can compute with."""
    return StepsRunner(vectors, Kind(size // (4 if dtype == "float32" else 8), dtype == "float32"), threads)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@examples(35)
@given(
    st.integers(0, 10**6),
    st.integers(1, 12),
    st.sampled_from(["", "means", "samples"]),
    st.sampled_from([1, 5, 16, 67]),
    st.sampled_from([16, 32, 64]),
)
def test_random_programs(dtype: str, seed: int, steps: int, batch: str, count: int, size: int) -> None:
    """Any shapes, orders, batch sizes and registers, within the running-error bound of eager arithmetic."""
    program = Arrays(seed, bool(batch)).program(steps, batch == "samples")
    if not program.batched:
        program = replace(program, per_sample=False)
    shared, samples = numbers(program, count, seed)
    known = reference(program, shared, samples)
    machine = runner(Forms(program).vectors, dtype, size=size)
    wrong = known.disagreement(machine, Options(dtype=dtype))
    assert not wrong or wrong.startswith("rounded to float32"), wrong


def of_arrays(row: Primitive, size: int, count: int, batched: bool) -> Program:
    names = tuple(f"x{i}_{j}" for i in range(count) for j in range(size))
    equations = tuple(Equation(row, tuple(i * size + j for i in range(count))) for j in range(size))
    outputs = tuple(range(len(names), len(names) + size))
    return Program(names, equations, (), outputs, tuple(range(len(names))) if batched else (), per_sample=batched)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("row", table(), ids=lambda row: row.name)
def test_every_row(row: Primitive, dtype: str) -> None:
    """In one vector, in more than one, in a part of one, and for samples; float32 has a kernel for each row too."""
    machines = []  # equal kernels are shared while one of them is in use
    kinds = ((1, False), (3, False), (13, False), (3, True))
    for size, batched in kinds if dtype == "float64" else kinds[2:]:
        program = of_arrays(row, size, row.arity or 5, batched)
        shared, samples = numbers(program, 11, size)
        if row is rules.pick:
            shared, samples = np.floor(shared * 3.0), [np.floor(each * 3.0) for each in samples]
        known = reference(program, shared, samples)
        machines.append(runner(Forms(program).vectors, dtype))
        wrong = known.disagreement(machines[-1], Options(dtype=dtype))
        assert not wrong or wrong.startswith("rounded to float32"), wrong


@pytest.mark.parametrize("terms", [1, 2, 3, 4, 7, 16, 17, 64, 1000])
@pytest.mark.parametrize("row", [*FOLDS, rules.dot], ids=lambda row: row.name)
def test_folds_of_any_length(row: Primitive, terms: int) -> None:
    count = 2 * terms + 1 if row is rules.dot else terms
    program = Program(tuple(f"x_{i}" for i in range(count)), (Equation(row, tuple(range(count))),), (), (count,))
    shared, _ = numbers(program, 1, terms)
    machine = runner(Forms(program).vectors)
    assert not reference(program, shared).disagreement(machine, Options())
    minus_zero = np.full(count, -0.0)
    found = machine.run(minus_zero)
    assert found[0] == row.value(*minus_zero)


@pytest.mark.parametrize("terms", [3, 4, 5, 16, 33, 2000, 2003])
def test_folds_of_what_a_loop_computes(terms: int) -> None:
    """In the registers of that loop, whether its rows are whole vectors or not, and the same fold twice."""
    xs, ys = tuple(range(terms)), tuple(range(terms, 2 * terms))
    folds = [Equation(row, ys) for row in (rules.total, rules.pivot, rules.total, rules.hypot)]
    folds.append(Equation(rules.dot, (*xs, *ys, 0.0)))
    outputs = tuple(range(2 * terms, 2 * terms + len(folds)))
    exps = [Equation(rules.exp, (x,)) for x in xs]
    program = Program(tuple(f"x_{x}" for x in xs), (*exps, *folds), (), outputs)
    shared, _ = numbers(program, 1, terms)
    for dtype in ("float64", "float32"):
        machine = runner(Forms(program).vectors, dtype)
        wrong = reference(program, shared).disagreement(machine, Options(dtype=dtype))
        assert not wrong or wrong.startswith("rounded to float32"), wrong
    assert terms < 16 or "reduce pivot (1,)" in machine.source.splitlines()[0]


EXTREME = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1e-310, 1e308, 2.0**900, 2.0**-900, 2.0**-1000]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_division_by_one_number_has_the_bits_of_a_division(dtype: str) -> None:
    program = Program(
        ("c", *(f"x_{i}" for i in range(8))), tuple(Equation(rules.div, (i, 0)) for i in range(1, 9)), (),
        tuple(range(9, 17)),
    )  # fmt: skip
    machine = runner(Forms(program).vectors, dtype)
    rng = random.Random(0)
    of = np.float32 if dtype == "float32" else np.float64
    for c in [
        *EXTREME,
        3.0,
        -3.0,
        49.0,
        0.1,
        1.0 + 2.0**-23,
        *[rng.uniform(0.5, 2.0) * 2.0 ** rng.randint(-90, 90)] * 9,
    ]:
        for xs in (
            [rng.uniform(-2.0, 2.0) * 2.0 ** rng.randint(-80, 80) for _ in range(8)],
            [c] * 8,
            rng.choices(EXTREME, k=8),
        ):
            with np.errstate(all="ignore"):
                shared = np.array([c, *xs]).astype(of)
                expected = (shared[1:] / shared[0]).astype(np.float64)
            found = machine.run(shared.astype(np.float64))
            assert np.array_equal(found, expected, equal_nan=True), (c, xs)
            assert (np.signbit(found) == np.signbit(expected))[expected == expected].all(), (c, xs)


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("terms", [5, 64])
def test_a_logsumexp_from_the_weights_of_its_derivative(terms: int, batched: bool) -> None:
    """Without a second exponential, and with all digits where one number is far ahead of the others."""
    xs, largest = tuple(range(terms)), terms
    weights = tuple(range(terms + 1, 2 * terms + 1))
    equations = (
        Equation(rules.pivot, xs), *[Equation(rules.exp_shift, (x, largest)) for x in xs],
        Equation(rules.total, weights), Equation(rules.logsumexp, xs),
    )  # fmt: skip
    names = tuple(f"x_{i}" for i in range(terms))
    outputs = (*weights, 2 * terms + 1, 2 * terms + 2)
    program = Program(names, equations, (), outputs, xs if batched else (), per_sample=batched)
    machine = runner(Forms(program).vectors)
    assert "logsumexp" not in machine.source
    rng = random.Random(terms)
    points = [[rng.uniform(-3.0, 3.0) for _ in xs], [0.0] + [-40.0] * (terms - 1), [7.0] * terms]
    points += [rng.choices([0.0, 1.0, 700.0, -math.inf, *each], k=terms) for each in ([], [math.inf], [math.nan])]
    points.append([-math.inf] * terms)
    for point in points:
        if batched:
            (found,) = machine.run(np.zeros(0), [np.array([point])])
        else:
            found = machine.run(np.array(point))
        # A sum of positive numbers, each within 4 ulp, and a logarithm.
        np.testing.assert_allclose(found[-1], rules.logsumexp.value(*point), rtol=(terms + 8) * 2.0**-52, atol=0.0)


@examples(25)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 20), st.booleans())
@example(4, 9, 8, True)
@example(5, 1, 7, False)
def test_products_of_any_shape(rows: int, inner: int, columns: int, transposed: bool) -> None:
    """Blocks at the end of a row or column overlap; the right side may stand in rows or in columns."""
    names = (*(f"w_{i}" for i in range(rows * inner)), *(f"x_{i}" for i in range(inner * columns)))
    base = rows * inner
    equations = []
    for r in range(rows):
        for c in range(columns):
            x = [base + (c * inner + k if transposed else k * columns + c) for k in range(inner)]
            equations.append(Equation(rules.dot, (*range(r * inner, (r + 1) * inner), *x, 0.0)))
    first = len(names)
    program = Program(names, tuple(equations), (), tuple(range(first, first + rows * columns)))
    shared, _ = numbers(program, 1, rows)
    w, x = shared[:base].reshape(rows, inner), shared[base:]
    expected = w @ (x.reshape(columns, inner).T if transposed else x.reshape(inner, columns))
    found = runner(Forms(program).vectors).run(shared)
    # Sums of `inner` positive products: an error of at most inner + 1 roundings each.
    np.testing.assert_allclose(found, expected.ravel(), rtol=(inner + 1) * 2.0**-52)


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 2, 0, 1, 1], [3, 3, 3, 3, 3], [4, 3, 2, 1, 0]])
@pytest.mark.parametrize("is_batched", [False, True])
def test_products_with_a_bias_in_any_order(order: list[int], is_batched: bool) -> None:
    names = (*(f"w_{i}" for i in range(15)), *(f"x_{i}" for i in range(3)), *(f"b_{i}" for i in range(5)))
    equations = tuple(Equation(rules.dot, (*range(3 * r, 3 * r + 3), 15, 16, 17, 18 + b)) for r, b in enumerate(order))
    batched = tuple(range(15, 23 if is_batched else 18))
    program = Program(names, equations, (), tuple(range(23, 28)), batched, per_sample=True)
    shared, samples = numbers(program, 21, 0)
    machine = runner(Forms(program).vectors)
    assert not reference(program, shared, samples).disagreement(machine, Options())


# --- kernels ----------------------------------------------------------------------------------------------------------


def waves(size: int) -> Program:
    """sin(2 x) + x² of `size` numbers, summed up."""
    equations = []
    for i in range(size):
        at = size + len(equations)
        equations += [Equation(rules.mul, (2.0, i)), Equation(rules.sin, (at,)), Equation(rules.square, (i,))]
        equations += [Equation(rules.add, (at + 1, at + 2))]
    total = Equation(rules.total, tuple(size + 4 * i + 3 for i in range(size)))
    return Program(tuple(f"x_{i}" for i in range(size)), (*equations, total), (), (size + len(equations),))


def test_neighbouring_steps_are_one_loop() -> None:
    plan = planned(Forms(waves(32)).vectors, Kind(4))
    assert plan.listing == [
        "; once: map mul (32,); map square (32,); map sin (32,): kernel 0",
        "; once: pairs (1,): kernel 1",
    ]


@pytest.mark.parametrize("batched", [False, True])
def test_what_one_later_loop_reads_is_computed_there(batched: bool) -> None:
    """eˣ is not written before W x² is known, of which it is a factor."""
    n = 16
    names = (*(f"w_{i}" for i in range(n * n)), *(f"x_{i}" for i in range(n)))
    xs, squares = range(n * n, n * n + n), range(n * n + 2 * n, n * n + 3 * n)
    equations = [Equation(rules.exp, (x,)) for x in xs] + [Equation(rules.square, (x,)) for x in xs]
    equations += [Equation(rules.dot, (*range(r * n, r * n + n), *squares, 0.0)) for r in range(n)]
    equations += [Equation(rules.mul, (xs[-1] + 1 + r, squares[-1] + 1 + r)) for r in range(n)]
    outputs = tuple(range(squares[-1] + 1 + n, squares[-1] + 1 + 2 * n))
    program = Program(names, tuple(equations), (), outputs, tuple(xs) if batched else (), per_sample=batched)
    machine = runner(Forms(program).vectors)
    assert any("map exp (16,)" in line and "map mul (16,)" in line for line in machine.source.splitlines()), (
        machine.source[:400]
    )
    shared, samples = numbers(program, 21, 0)
    assert not reference(program, shared, samples).disagreement(machine, Options())


def test_kernels_do_not_depend_on_sizes() -> None:
    """A program of another size compiles nothing."""
    plan = planned(Forms(waves(32)).vectors, Kind(4))
    plan.library.compile()  # kernels are kept: they are linked with these functions once
    first = list(plan.texts)
    second = list(planned(Forms(waves(57)).vectors, Kind(4)).texts)
    assert first == second
    assert [a is b for a, b in zip(kernels(first), kernels(second), strict=True)]


def test_what_python_computes_is_asked_once_for_each_lane() -> None:
    asked: list[float] = []

    def counted(x: float) -> float:
        asked.append(x)
        return 2.0 * x

    row = Primitive("llvm_steps_counted", "llvm_steps_counted", counted, (None,), None, (), (), "", 1)
    program = of_arrays(row, 7, 1, False)
    assert runner(Forms(program).vectors).run(np.arange(7.0)).tolist() == [2.0 * i for i in range(7)]
    assert sorted(asked) == list(np.arange(7.0))


def test_an_angle_does_not_change_its_neighbours() -> None:
    """Large angles are the C library's; others keep their bits, whatever else is in the vector."""
    program = of_arrays(rules.sin, 8, 1, False)
    machine = runner(Forms(program).vectors)
    xs = np.linspace(0.1, 5.0, 8)
    usual = machine.run(xs)
    xs[3] = 1e300
    found = machine.run(xs)
    assert found[3] == PRIMITIVES["sin"](1e300)
    assert np.delete(found, 3).tobytes() == np.delete(usual, 3).tobytes()


def test_f8_a_step_out_of_order_is_refused() -> None:
    vectors = Forms(waves(8)).vectors
    with pytest.raises(CompileError, match="uses lanes that are not computed before it"):
        planned(replace(vectors, steps=vectors.steps[::-1]), Kind(4))


def test_a_program_that_reads_what_it_has_not_written_is_refused() -> None:
    """Memory is full of nan at first, and of the last run's numbers afterwards."""
    machine = runner(Forms(waves(8)).vectors)
    table = machine._memory._tables[0]
    table[:] = table[::-1].copy()
    with pytest.raises(CompileError, match="a second run gives other bits"):
        machine.run(np.linspace(0.1, 0.9, 8))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_inputs_in_any_layout(dtype: str) -> None:
    """Machine code reads them where they are; what is not side by side, or not of doubles, is copied first."""
    machine = runner(Forms(waves(19)).vectors, dtype)
    xs = np.linspace(0.0, 1.0, 19)
    wanted = machine.run(xs).tobytes()
    for same in (np.repeat(xs, 3)[::3], xs[::-1].copy()[::-1], xs.astype(object), xs.tolist()):
        assert machine.run(same).tobytes() == wanted
    for count in (1, 18, 20):
        with pytest.raises(ValueError, match=f"19 numbers are needed, got {count}"):
            machine.run(np.ones(count))


def test_arrays_that_c_would_not_find_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "are_as_in_c", lambda: False)
    with pytest.raises(CompileError, match="choose another backend="):
        engine.binding.__wrapped__()


def test_guards_on_arrays() -> None:
    program = of_arrays(rules.exp, 8, 1, False)
    guards = (Guard(">", 8, 1.5, True, "a:1"), Guard("same", 15, 1.0, True, "a:2"))
    machine = runner(Forms(replace(program, guards=guards)).vectors)
    xs = np.zeros(8)
    assert machine.run(xs) == 0
    xs[0] = 1.0
    np.testing.assert_allclose(machine.run(xs), np.exp(xs), rtol=4 * 2.0**-52)
    xs[7] = 0.25
    assert machine.run(xs) == 1


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_f6_loops_run_and_compile_in_a_fork() -> None:
    program = replace(of_arrays(rules.tanh, 5, 1, True), per_sample=False)
    vectors, (_, samples) = Forms(program).vectors, numbers(program, 100, 0)
    machine = runner(vectors, threads=2)
    wanted = machine.run(np.zeros(0), samples).tobytes()
    assert in_a_child(lambda: machine.run(np.zeros(0), samples).tobytes()) == wanted
    assert in_a_child(lambda: runner(vectors, "float32").run(np.zeros(0), samples).tobytes()) != wanted


def test_several_threads_may_run_one_program() -> None:
    machine = runner(Forms(waves(40)).vectors)
    points = [np.linspace(0.0, 1.0 + i, 40) for i in range(30)]
    expected = [machine.run(point).tolist() for point in points]
    with ThreadPoolExecutor(4) as pool:
        assert [each.tolist() for each in pool.map(machine.run, points)] == expected


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_share_the_blocks(threads: int) -> None:
    program = replace(of_arrays(rules.tanh, 5, 1, True), per_sample=False)
    _, samples = numbers(program, 1001, 0)
    found = runner(Forms(program).vectors, threads=threads).run(np.zeros(0), samples)
    # Means of numbers in (0, 1): an error of at most 1001 roundings of 1.
    np.testing.assert_allclose(found, np.tanh(samples[0]).mean(axis=0), atol=1001 * 2.0**-52)
