"""Loops over time with a batch, in single precision, and for matrices of derivatives, whose seeds are a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest

import autograd
from autograd.compiler.bounds import UNIT
from autograd.compiler.derived import derived
from autograd.compiler.kinds import Derivative
from autograd.compiler.llvm.time_loops import LoopRunner
from autograd.compiler.loops.derivative import with_gradient
from autograd.compiler.loops.divide import Divided, divided
from autograd.compiler.loops.find import find
from autograd.compiler.loops.loop import Loop, Looped, check, interpret, unrolled
from autograd.compiler.loops.vectors import VectorRunner
from autograd.compiler.lower import Call
from autograd.compiler.program import Program
from autograd.compiler.reassociate import sums
from autograd.structure import key_of
from tests.compiler.loop_programs import Example, Written, gated, newton, pendulum, rnn, runge_kutta
from tests.compiler.references import running_errors

pytestmark = pytest.mark.slow

BACKENDS = ["numpy", "llvm"]
everywhere = pytest.mark.parametrize("backend", BACKENDS)
COUNT = 5  # samples: a whole vector of lanes and a part of one
NEAR = {"float64": 1e-11, "float32": 2e-4}  # some hundred operations, with a rounding of 1e-16 or 6e-8 each


def swinging(trips: int) -> Example:
    """A pendulum with friction, and all it has at the end."""

    def f(x: Any, k: Any) -> Any:
        theta, omega = x
        for _ in range(trips):
            omega = omega - k[0] * autograd.sin(theta) - k[1] * omega
            theta = theta + 0.1 * omega
        return theta, omega, theta * omega

    return f, {"x": [1.0, 0.3], "k": [0.2, 0.02, 0.5]}


# --- shared and batched parts of loops --------------------------------------------------------------------------------


def assert_divided(looped: Looped, numbers: Sequence[float]) -> Divided:
    """What is shared comes first, looks at nothing else, and all outputs are as before."""
    made = divided(looped)
    check(made.looped)
    for place, item in made.looped.placed():
        atoms = item.atoms() if type(item) is Loop else item.operands
        if place < made.boundary:
            assert all(made.is_shared(atom) for atom in atoms if type(atom) is int)
    before, after = interpret(looped, numbers), interpret(made.looped, numbers)
    pairs = zip(looped.outputs, made.looped.outputs, strict=True)
    found = [(before[x], after[y]) if type(x) is int and type(y) is int else (x, y) for x, y in pairs]
    np.testing.assert_array_equal(*zip(*found, strict=True))
    return made


@pytest.mark.parametrize("seed", range(20))
def test_random_programs_are_divided(seed: int) -> None:
    rng = Random(seed)
    program = sums(Written(rng, 30).program())
    batched = tuple([i for i in range(len(program.names)) if rng.random() < 0.2])
    looped = find(replace(program, batched=batched))
    numbers = [rng.uniform(-1.0, 1.0) for _ in program.names]
    assert_divided(looped, numbers)
    assert_divided(with_gradient(looped, range(len(program.names))), numbers)


@pytest.mark.parametrize("name", ["jacobian", "hessian"])
def test_a_loop_of_which_a_part_differs_is_two(name: str) -> None:
    """States are computed once, their tangents for each seed."""
    recorded, numbers = seeded(swinging(120) if name == "jacobian" else pendulum(120), name)
    looped = find(sums(recorded))
    made = assert_divided(looped, numbers)
    assert len(made.looped.loops) == 2 * len(looped.loops)
    assert {made.is_shared(place) for place in made.looped.loops} == {True, False}
    assert len(unrolled(made.looped).equations) == looped.size


def seeded(example: Example, name: str) -> tuple[Program, list[float]]:
    """The program of a matrix with a batch of seeds, and numbers for its inputs."""
    f, arguments = example
    numbers = [float(x) for each in arguments.values() for x in np.ravel(each)]
    call = Call(f, tuple(map(key_of, arguments.values())), tuple(arguments), None, numbers)
    argnums = (0,) if name == "jacobian" else tuple(range(len(arguments)))
    made = derived(call, Derivative(name, argnums), (), exact=False)
    assert made.seeds
    return made.recorded, list(made.at)


# --- batches ----------------------------------------------------------------------------------------------------------

SEQUENTIAL = {
    "pendulum": (pendulum(40), ("theta", "omega")),
    "rnn": (rnn(12, 2, 2), ("h", "x")),
    "newton": (newton(10, 8), ("x",)),
    "runge_kutta": (runge_kutta(16), ("v",)),
    "gated": (gated(20), ("w",)),
}


def spread(arguments: dict[str, Any], batch: Sequence[str]) -> list[Any]:
    """The arguments, those of a batch as arrays of samples around them."""
    scale = np.linspace(0.9, 1.0, COUNT)
    return [np.multiply.outer(scale, np.array(each)) if name in batch else each for name, each in arguments.items()]


@cache
def known_of(name: str, batch: tuple[str, ...], method: str, argnums: Any = None) -> Any:
    """The numbers of a method, by the reference."""
    f, arguments = SEQUENTIAL[name][0]
    plain = autograd.compile(f, backend="python", batch=batch)
    given = spread(arguments, batch)
    return getattr(plain, method)(*given, **({} if argnums is None else {"argnums": argnums}))


def flat(results: Any) -> np.ndarray[Any, Any]:
    """All numbers of a result, in order."""
    if isinstance(results, (tuple, list)):
        return np.concatenate([flat(each) for each in results])
    return np.ravel(np.asarray(results, np.float64))


def assert_near(found: Any, wanted: Any, dtype: str = "float64") -> None:
    given, known = flat(found), flat(wanted)
    np.testing.assert_allclose(given, known, 0.0, NEAR[dtype] * np.abs(known).max())


def assert_loops(fast: Any) -> None:
    assert " in range(" in fast.source
    assert "\nloop: " in fast.explain()


@everywhere
@pytest.mark.parametrize(
    ("name", "dtype"), [*[(name, "float64") for name in SEQUENTIAL], ("rnn", "float32"), ("gated", "float32")]
)
def test_batches_run_in_loops(name: str, dtype: Any, backend: Any) -> None:
    """The mean over the samples, adjoints of what they share summed up, and each sample alone."""
    (f, arguments), batch = SEQUENTIAL[name]
    given = spread(arguments, batch)
    shared = tuple([i for i, each in enumerate(arguments) if each not in batch])
    fast = autograd.compile(f, backend=backend, batch=batch, dtype=dtype)
    found, wanted = fast.value_and_grad(*given), known_of(name, batch, "value_and_grad")
    if name == "gated" and dtype == "float32":  # chaotic: roundings grow
        assert found[0] == pytest.approx(wanted[0], rel=1e-2)
    else:
        assert_near(found, wanted, dtype)
    assert_loops(fast)
    if dtype == "float64":
        assert_near(fast.map_grad(*given, argnums=shared), known_of(name, batch, "map_grad", shared))
        assert_loops(fast)


SEEDS = (2, 6, 7, 9, 11, 17, 23, 24)  # whose programs have loops


@everywhere
@pytest.mark.parametrize("per_sample", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_random_programs_of_a_batch(seed: int, per_sample: bool, backend: str) -> None:
    """Against the meaning of the program, sample by sample, within running-error bounds."""
    rng = Random(seed)
    program = sums(Written(rng, 20).program())
    batched = tuple([i for i in range(len(program.names)) if i % 3 == seed % 3])
    head = replace(program, batched=batched, per_sample=per_sample)
    assert find(head, 3).loops
    looped = with_gradient(find(head, 3), range(len(program.names)), rng.choice([0, 20_000]))
    rows = np.random.default_rng(seed).uniform(-1.0, 1.0, (COUNT, len(program.names)))
    rows[:, looped.head.shared] = rows[0, looped.head.shared]
    runner = VectorRunner(looped) if backend == "numpy" else LoopRunner(looped)
    samples = [np.ascontiguousarray(rows[:, batched])] if batched else []
    found = runner.run(rows[0, looped.head.shared], samples)
    wanted, bounds = np.array([meant(looped, row) for row in rows.tolist()]).transpose(1, 0, 2)
    if not per_sample:
        wanted, bounds = wanted.mean(axis=0), bounds.max(axis=0) + COUNT * 2.0**-53 * np.abs(wanted).max(axis=0)
    assert (np.isnan(wanted) | (found == wanted) | (np.abs(found - wanted) <= bounds)).all()


def meant(looped: Looped, row: list[float]) -> list[list[float]]:
    """The outputs, and how far each may be off."""
    program, numbers = unrolled(looped), interpret(looped, row)
    errors = running_errors(program, numbers, UNIT["float64"])
    return [
        [each[x] if type(x) is int else other(x) for x in program.outputs]
        for each, other in ((numbers, float), (errors, lambda _: 0.0))
    ]


# --- derivatives ------------------------------------------------------------------------------------------------------


KNOWN: dict[str, Any] = {}


def known_at(example: Callable[[int], Example], method: str, *given: Any, **options: Any) -> Any:
    """The numbers of a method, by the reference; back ends ask the same."""
    key = repr((method, given, options))
    if key not in KNOWN:
        KNOWN[key] = getattr(autograd.compile(example(120)[0], backend="python"), method)(*given, **options)
    return KNOWN[key]


@everywhere
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_derivatives_of_vectors_run_in_loops(dtype: Any, backend: Any) -> None:
    f, arguments = swinging(120)
    given = tuple(arguments.values())
    fast = autograd.compile(f, backend=backend, dtype=dtype)
    for argnums in (0, 1):  # forward mode, for fewer inputs than outputs; else reverse mode
        found = fast.jacobian(*given, argnums=argnums)
        assert_loops(fast)
        assert_near(found, known_at(swinging, "jacobian", *given, argnums=argnums), dtype)
    tangents, cotangents = ([0.5, -1.0], [1.0, 0.0, 2.0]), (1.0, -0.5, 0.25)
    assert_near(fast.jvp(given, tangents), known_at(swinging, "jvp", given, tangents), dtype)
    assert_loops(fast)
    assert_near(fast.vjp(given, cotangents), known_at(swinging, "vjp", given, cotangents), dtype)
    assert_loops(fast)


@everywhere
def test_second_derivatives_run_in_loops(backend: Any) -> None:
    f, arguments = pendulum(120)
    given = tuple(arguments.values())
    fast = autograd.compile(f, backend=backend)
    found = fast.hessian(*given)
    assert_loops(fast)
    assert_near(found, known_at(pendulum, "hessian", *given))
    np.testing.assert_array_equal(np.shape(found), (4, 4))
    tangents = (1.0, 0.5, -0.2, 0.0)
    assert_near(fast.hvp(given, tangents), known_at(pendulum, "hvp", given, tangents))
    assert_loops(fast)


@everywhere
def test_matrices_of_a_batch_run_in_loops(backend: Any) -> None:
    """They are written out before loops are found."""
    f, arguments = swinging(60)
    given = spread(arguments, ("x",))
    fast = autograd.compile(f, backend=backend, batch=("x",))
    found = fast.jacobian(*given, argnums=1)
    assert_loops(fast)
    assert_near(found, autograd.compile(f, backend="python", batch=("x",)).jacobian(*given, argnums=1))


@everywhere
def test_the_number_of_equations_does_not_grow_with_the_trips(backend: Any) -> None:
    def texts(trips: int) -> tuple[str, str]:
        (f, arguments), (g, others) = pendulum(trips), swinging(trips)
        batch = autograd.compile(f, backend=backend, batch=("theta",))
        batch.map_grad(*spread(arguments, ("theta",)))
        matrix = autograd.compile(g, backend=backend)
        matrix.jacobian(*others.values(), argnums=1)
        return batch.source, matrix.source

    for short, long in zip(texts(120), texts(240), strict=True):
        assert short.count("\n") == long.count("\n")
        assert "range(120)" in short
        assert "range(240)" in long


@everywhere
def test_a_wrong_loop_of_a_thousand_trips_is_found(backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound that doubled with each equation would allow anything."""
    of = VectorRunner if backend == "numpy" else LoopRunner
    right = of.run
    monkeypatch.setattr(of, "run", lambda *args: right(*args) * 1.001)
    f, arguments = pendulum(1000)
    arguments["dt"] = 0.001
    fast = autograd.compile(f, backend=backend, batch=("theta",))
    with pytest.warns(RuntimeWarning, match=f"the back end {backend} does not compute the recorded graph"):
        fast(*spread(arguments, ("theta",)))


@everywhere
def test_what_a_sample_has_not_is_not_read(backend: Any) -> None:
    """A call with fewer samples than the one before, and again with more, as each alone."""
    (f, arguments), batch = SEQUENTIAL["pendulum"]
    fast = autograd.compile(f, backend=backend, batch=batch, threads=2 if backend == "llvm" else None)
    given = spread(arguments, batch)
    rows = [fast.map_grad(*[each[:count] if np.ndim(each) else each for each in given]) for count in (5, 1, 3, 5)]
    for found, count in zip(rows, (5, 1, 3, 5), strict=True):
        assert_near(found, [np.asarray(each)[:count] for each in rows[0]])
