"""The workloads of ``python -m tests.benchmark compile`` and their goals, as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from tests.benchmark.compiling import documents, frameworks, network, points, survey
from tests.benchmark.compiling.ours import PUBLIC, builders, entrants
from tests.benchmark.compiling.race import Entrant, Goal, Race
from tests.benchmark.compiling.survey import Survey

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

EAGER = Entrant("eager", documents.eager_side, peer=False)
PAUSED = Entrant("eager, collector paused", documents.paused_side, peer=False)

VECTOR_BACKENDS = ("numpy", "llvm", "auto")
NARROW_BACKENDS = ("python", "llvm", "auto")  # NumPy needs 10 s to build what has nothing to do at the same time


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
    return Race(
        name,
        f"MLP {'-'.join(map(str, sizes))}, {samples} samples, {loss}",
        partial(network.network, sizes, samples, loss),
        (*entrants(backends), PUBLIC, *rivals, *others),
        NUMPY.name,
        tuple([Goal(rival.name, at_least=factor) for rival, factor in rivals.items()]),
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
    goal: Goal,
) -> Race:
    """A race of builds."""
    theirs = [replace(peer, make=points.builder(peer.name, peer.make)) for peer in peers]
    title = "the same: record, differentiate, compile, run once"
    return Race(name, title, task, (*builders(backends), *theirs), f"ours, {backends[0]}", (goal,))


ROSENBROCK = (points.rosenbrock_point, 1000, 10)
PENDULUM = (points.pendulum_point, 1000, 10)

ROWS: tuple[Race | Survey, ...] = (
    networks(
        "mlp-100",
        [2, 16, 16, 1],
        100,
        "hinge",
        {TORCH: 5.0, JAX: 2.0, NUMPY: 1.5, MICROGRAD: 10_000.0},
        (CASADI,),
        ("python", *VECTOR_BACKENDS),
    ),
    networks("mlp-10000", [2, 16, 16, 1], 10_000, "hinge", {TORCH: 3.0, JAX: 1.2, NUMPY: 4.0}, (CASADI,)),
    networks("mlp-64", [64, 32, 10], 128, "cross-entropy", {TORCH: 3.0, JAX: 1.0, NUMPY: 1.0}),
    networks("mlp-784", [784, 30, 10], 128, "cross-entropy", {TORCH: 1.0, NUMPY: 0.9}, (JAX,)),
    Race(
        "gpt-compiled",
        "scalar GPT (n_embd 16, 1 layer, 4 heads) in plain operators, one document",
        lambda quick: documents.document("a", 4) if quick else documents.document("tamara"),
        (*entrants(), EAGER, PAUSED),
        EAGER.name,
        (Goal(PAUSED.name, at_least=300.0), Goal(EAGER.name, at_least=700.0)),
    ),
    Survey("gpt-equations", "the same GPT, value and gradient", "vector equations", survey.document_equations),
    Race(
        "rosenbrock",
        "Rosenbrock's function, n = 1000, one point",
        point(*ROSENBROCK),
        (*entrants(), BY_HAND, *POINT_PEERS, SCALAR_CASADI, VECTOR_CASADI),
        BY_HAND.name,
        (Goal(SCALAR_CASADI.name, at_least=1.0),),
    ),
    builds(
        "rosenbrock-build",
        growing(*ROSENBROCK),
        ("python", *VECTOR_BACKENDS),
        (SCALAR_CASADI, VECTOR_CASADI),
        Goal(SCALAR_CASADI.name, at_least=1 / 3),
    ),
    Race(
        "pendulum",
        "pendulum, 1000 steps one after the other, one point",
        point(*PENDULUM),
        (*entrants(NARROW_BACKENDS), BY_HAND, *POINT_PEERS, SCALAR_CASADI),
        BY_HAND.name,
        (Goal(SCALAR_CASADI.name, at_least=1.3),),
    ),
    builds("pendulum-build", growing(*PENDULUM), NARROW_BACKENDS, (SCALAR_CASADI,), Goal(at_most=2.0)),
    Survey("compile-time", "to compile, beyond recording", "us per node", survey.compile_times),
)
