"""The workloads, as data. To add one: write a function ``quick -> Contest`` and add a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.benchmark import gpt, graphs, moons
from tests.benchmark.contest import Contest
from tests.benchmark.measure import BYTES, SECONDS, Measure


@dataclass(frozen=True, slots=True)
class Target:
    """A bound that the project promises: peer / ours ``at least``, or our own figure ``at most``."""

    kind: Literal["at least", "at most"]
    bound: float


@dataclass(frozen=True, slots=True)
class Workload:
    """One row: what is run, how it is measured, what is promised, and the distribution that its peer comes from."""

    name: str
    title: str
    build: Callable[[bool], Contest]
    target: Target | None = None
    measure: Measure = SECONDS
    needs: str | None = None


WORKLOADS = (
    Workload(
        "moons-operators",
        "micrograd's demo step (100 moons, MLP 2-16-16-1, hinge and L2) in plain operators",
        moons.operators,
        Target("at least", 6.0),
        needs="micrograd",
    ),
    Workload(
        "moons-nn",
        "the same step with nn.MLP, from the same weights, ours as nn.fit runs it",
        moons.networks,
        Target("at least", 30.0),
        needs="micrograd",
    ),
    Workload(
        "gpt",
        "a small GPT in plain operators, one document",
        gpt.gpt,
        Target("at least", 1 / 0.8),
    ),
    Workload(
        "gpt-paused",
        "the same GPT, ours inside autograd.paused_gc()",
        gpt.gpt_paused,
        Target("at least", 1 / 0.5),
    ),
    Workload(
        "node-bytes",
        "memory of a binary node, 100 000 times x * y",
        graphs.binary_nodes,
        Target("at most", 260.0),
        measure=BYTES,
    ),
    Workload(
        "deep-chain",
        "backward pass of a chain of 1 000 000 nodes, per node",
        graphs.deep_chain,
    ),
)
