"""The workloads of ``python -m tests.benchmark compile`` and their goals, as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Literal

from tests.benchmark import gpt
from tests.benchmark.compiling import documents, frameworks, lstm, network, points, sequences, survey
from tests.benchmark.compiling.ours import PUBLIC, builders, entrants
from tests.benchmark.compiling.race import JUDGED, Entrant, Goal, Race
from tests.benchmark.compiling.survey import Survey
from tests.benchmark.contest import TOLERANCE

SETUP = (
    "python3 -m venv DIR && DIR/bin/pip install -e '.[llvm,check]' torch jax casadi names micrograd",
    "DIR/bin/python -m tests.benchmark compile",
)
"""The commands that install all peers in one environment, and run."""

# What each of them is called in the goals, and what it imports.
NUMPY = Entrant("NumPy by hand", network.numpy_side, peer=False)
TORCH = Entrant("PyTorch", frameworks.torch_side, "torch")
JAX = Entrant("jax.jit", frameworks.jax_side, "jax")
CASADI = Entrant("CasADi", frameworks.casadi_side, "casadi")
MICROGRAD = Entrant("micrograd", frameworks.micrograd_side, "micrograd")

BY_HAND = Entrant("by hand", points.by_hand_side, peer=False)
POINT_PEERS = (Entrant("PyTorch", points.torch_side, "torch"), Entrant("jax.jit", points.jax_side, "jax"))
SCALAR_CASADI = Entrant("CasADi", points.casadi_side, "casadi")
VECTOR_CASADI = Entrant("CasADi, vectors", points.casadi_vectors_side, "casadi")

SEQUENCE_BY_HAND = Entrant("by hand", sequences.by_hand_side, peer=False)
SEQUENCE_JAX = Entrant("jax.jit", sequences.jax_side, "jax")
PRIMAL_BY_HAND = Entrant("by hand", sequences.primal_by_hand_side, peer=False)
PRIMAL_JAX = Entrant("jax.jit", sequences.primal_jax_side, "jax")
TORCH_LOGSUMEXP = Entrant("PyTorch", sequences.torch_logsumexp_side, "torch")
CASADI_LOGSUMEXP = Entrant("CasADi, vectors", sequences.casadi_logsumexp_side, "casadi")

EAGER = Entrant("eager", documents.eager_side, peer=False)
PAUSED = Entrant("eager, collector paused", documents.paused_side, peer=False)
DOCUMENT_TUPLES = Entrant(documents.TUPLES, documents.tuples_document_side, peer=False)
BATCH_TUPLES = Entrant(documents.TUPLES, documents.tuples_side, peer=False)

VECTOR_BACKENDS = ("numpy", "llvm", "auto")
NARROW_BACKENDS = ("python", "llvm", "auto")  # NumPy needs 10 s to build what has nothing to do at the same time

PER_PARAMETER = 15e-9
"""Seconds that the public call may need for each parameter, whose Values it reads."""

FLOAT32_TOLERANCE = 1e-3
"""Rounding of float32: n u of sum|terms| with u = 6e-8 and n = 10**4, a generous count along a path through a GPT."""

WORDS = (
    *("tamara", "deidre", "holley", "marget", "brenda", "joyner", "violet", "sonora"),
    *("ambler", "farrow", "gentry", "hollis", "ingram", "jensen", "keller", "landry"),
)


def networks(
    name: str,
    sizes: Sequence[int],
    samples: int,
    loss: str,
    rivals: dict[Entrant, float],
    others: tuple[Entrant, ...] = (),
    backends: Sequence[str] = VECTOR_BACKENDS,
) -> Race:
    """A race of perceptrons: `rivals` with the factors that are promised, `others` without one.

    Our sides call `flat`, but one, which makes the call of the README.
    """
    parameters = sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))
    public = Goal(JUDGED, at_least=1 / 1.1, side=PUBLIC.name, besides=PER_PARAMETER * parameters)
    return Race(
        name,
        f"MLP {'-'.join(map(str, sizes))}, {samples} samples, {loss}",
        partial(network.network, sizes, samples, loss),
        (*entrants(backends), PUBLIC, *rivals, *others),
        NUMPY.name,
        (*[Goal(rival.name, at_least=factor) for rival, factor in rivals.items()], public),
    )


def point(make: Callable[[int], points.Point], full: int, tiny: int) -> Callable[[bool], points.Point]:
    """The task at one point, in full or in tiny size."""
    return lambda quick: make(tiny if quick else full)


def growing(make: Callable[[int], points.Point], full: int, tiny: int) -> Callable[[bool], points.Growing]:
    """The task of building, in full or in tiny size."""
    return lambda quick: points.Growing(make, tiny if quick else full)


def builds(
    name: str,
    task: Callable[[bool], points.Growing],
    backends: Sequence[str],
    peers: tuple[Entrant, ...],
    *goals: Goal,
) -> Race:
    """A race of builds."""
    theirs = [replace(peer, make=points.builder(peer.name, peer.make)) for peer in peers]
    title = "the same: record, differentiate, compile, run once"
    return Race(name, title, task, (*builders(backends), *theirs), f"ours, {backends[0]}", goals)


def at_least_as_fast(*rivals: Entrant) -> tuple[Goal, ...]:
    """The promise to be no slower than any of them."""
    return tuple([Goal(rival.name, at_least=1.0) for rival in rivals])


def batch(dtype: Literal["float64", "float32"], seconds: float, factor: float, tolerance: float) -> Race:
    """A race of batches of documents, in seconds for each document."""
    return Race(
        f"gpt-batch-{dtype}",
        f"the same GPT, {len(WORDS)} documents of one length in {dtype}, for each document",
        lambda quick: documents.Batch(WORDS[:2], 4, dtype) if quick else documents.Batch(WORDS, gpt.N_EMBD, dtype),
        (*entrants(VECTOR_BACKENDS), PUBLIC, BATCH_TUPLES),
        BATCH_TUPLES.name,
        (Goal(at_most=seconds), Goal(BATCH_TUPLES.name, at_least=factor)),
        len(WORDS),
        tolerance,
    )


ROSENBROCK = (points.rosenbrock_point, 1000, 10)
PENDULUM = (points.pendulum_point, 1000, 10)

ROWS: tuple[Race | Survey, ...] = (
    networks(
        "mlp-100",
        [2, 16, 16, 1],
        100,
        "hinge",
        {TORCH: 2.0, JAX: 2.0, NUMPY: 2.5, MICROGRAD: 10_000.0},
        (CASADI,),
        ("python", *VECTOR_BACKENDS),
    ),
    networks("mlp-10000", [2, 16, 16, 1], 10_000, "hinge", {TORCH: 2.0, JAX: 2.0, NUMPY: 5.0}, (CASADI,)),
    networks("mlp-64", [64, 32, 10], 128, "cross-entropy", {TORCH: 2.0, JAX: 2.0, NUMPY: 1.8}),
    networks("mlp-784", [784, 30, 10], 128, "cross-entropy", {TORCH: 1.3, JAX: 1.3, NUMPY: 1.3}),
    Race(
        "gpt-compiled",
        "scalar GPT (n_embd 16, 1 layer, 4 heads) in plain operators, one document",
        lambda quick: documents.document("a", 4) if quick else documents.document("tamara"),
        (*entrants(), PUBLIC, EAGER, PAUSED, DOCUMENT_TUPLES),
        EAGER.name,
        (Goal(at_most=30e-6), Goal(DOCUMENT_TUPLES.name, at_least=3000.0)),
    ),
    batch("float64", 14e-6, 6500.0, TOLERANCE),
    batch("float32", 8e-6, 11_000.0, FLOAT32_TOLERANCE),
    Survey("gpt-equations", "the same GPT, value and gradient", "vector equations", survey.document_equations),
    Race(
        "rosenbrock",
        "Rosenbrock's function, n = 1000, one point",
        point(*ROSENBROCK),
        (*entrants(), PUBLIC, BY_HAND, *POINT_PEERS, SCALAR_CASADI, VECTOR_CASADI),
        BY_HAND.name,
        at_least_as_fast(BY_HAND, *POINT_PEERS, SCALAR_CASADI, VECTOR_CASADI),
    ),
    builds(
        "rosenbrock-build",
        growing(*ROSENBROCK),
        ("python", *VECTOR_BACKENDS),
        (SCALAR_CASADI, VECTOR_CASADI),
        Goal(SCALAR_CASADI.name, at_least=3.0),
        Goal(VECTOR_CASADI.name, at_least=0.5),
    ),
    Race(
        "pendulum",
        "pendulum, 1000 steps one after the other, one point",
        point(*PENDULUM),
        (*entrants(NARROW_BACKENDS), PUBLIC, BY_HAND, *POINT_PEERS, SCALAR_CASADI),
        BY_HAND.name,
        at_least_as_fast(BY_HAND, *POINT_PEERS, SCALAR_CASADI),
    ),
    builds("pendulum-build", growing(*PENDULUM), NARROW_BACKENDS, (SCALAR_CASADI,), Goal(at_most=2.0)),
    Race(
        "ode-last",
        "200 equations y' = sin(y) - y/2, 100 Runge-Kutta steps: the last y and its gradient",
        lambda quick: sequences.ode(3, 4) if quick else sequences.ode(200, 100),
        (*entrants(NARROW_BACKENDS), PUBLIC, SEQUENCE_BY_HAND, SEQUENCE_JAX),
        SEQUENCE_BY_HAND.name,
        at_least_as_fast(SEQUENCE_BY_HAND, SEQUENCE_JAX),
    ),
    Race(
        "ode-primal",
        "the same: all y, no derivative",
        lambda quick: sequences.ode(3, 4) if quick else sequences.ode(200, 100),
        (*sequences.primal_entrants(("llvm", "auto")), PRIMAL_BY_HAND, PRIMAL_JAX),
        PRIMAL_BY_HAND.name,
        at_least_as_fast(PRIMAL_BY_HAND, PRIMAL_JAX),
    ),
    Race(
        "lstm",
        "LSTM of 4 cells over 1024 characters",
        lambda quick: lstm.lstm(4 if quick else 1024),
        (*entrants(NARROW_BACKENDS), PUBLIC, SEQUENCE_BY_HAND, SEQUENCE_JAX, SCALAR_CASADI),
        SEQUENCE_BY_HAND.name,
        at_least_as_fast(SEQUENCE_BY_HAND, SEQUENCE_JAX, SCALAR_CASADI),
    ),
    Race(
        "logsumexp",
        "log-sum-exp of 20 000 numbers",
        lambda quick: sequences.logsumexp(10 if quick else 20_000),
        (*entrants(), PUBLIC, SEQUENCE_BY_HAND, TORCH_LOGSUMEXP, SEQUENCE_JAX, CASADI_LOGSUMEXP),
        SEQUENCE_BY_HAND.name,
        at_least_as_fast(SEQUENCE_BY_HAND, TORCH_LOGSUMEXP, SEQUENCE_JAX, CASADI_LOGSUMEXP),
    ),
    Survey("compile-passes", "to compile a GPT document, recording included", "eager passes", survey.compile_passes),
    Survey("million", "a loop of 10**6 nodes in a process of its own", "", survey.million),
    Survey("compile-time", "to compile, beyond recording", "us per node", survey.compile_times),
)
