"""``python -m tests.benchmark names``: the GPT learns the names of the census, compiled, beside a few eager steps."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from tests.benchmark.compiling.race import verdict
from tests.benchmark.gpt import N_EMBD
from tests.benchmark.measure import time_text
from tests.benchmark.names_gpt import FEW_NAMES, GPT, CompiledStep, EagerStep, NoNamesError, census_names, train
from tests.benchmark.report import load

NAME = "names"
TITLE = "a GPT in plain scalar code learns names, compiled for short names and for long ones"
LIMIT = 1e-9
"""Largest relative difference of a loss, compiled against eager: `contest.TOLERANCE`, for its reason.

A gradient entry that is itself rounding does not spoil it: Adam's eps keeps its step small, and the loss is flat there.
"""


SECONDS = 8.0
"""The time that the training may take, recordings included."""


class Sizes(NamedTuple):
    """What a run consists of."""

    width: int
    steps: int
    batch: int
    eager_steps: int
    samples: int


FULL, QUICK = Sizes(N_EMBD, 5_000, 16, 3, 20), Sizes(4, 4, 2, 2, 2)
STRETCHES = 10
"""Points of the loss curve: means over as many equal stretches of the training."""


def run(quick: bool) -> bool:
    """Train and print; False when the compiled losses are not the eager ones, True also without the census."""
    print(f"\n{NAME}: {TITLE}{load()}")
    try:
        names = list(FEW_NAMES) if quick else census_names()
    except NoNamesError as error:
        print(f"  skipped: {error}")
        return True
    passed, lines = trained(names, QUICK if quick else FULL)
    print(*[f"  {line}" for line in lines], sep="\n")
    return passed


def trained(names: Sequence[str], sizes: Sizes) -> tuple[bool, list[str]]:
    """Whether the first losses are right, and what to print."""
    width, steps, batch, eager_steps, samples = sizes
    step = CompiledStep(GPT(width))
    losses, seconds = timed(train(step, names, steps, batch))
    eager, eager_seconds = timed(islice(train(EagerStep(GPT(width)), names, steps, batch), eager_steps))
    worst = max(abs(ours - theirs) / theirs for ours, theirs in zip(losses, eager, strict=False))
    each, eager_each = seconds / steps, eager_seconds / eager_steps
    passed = worst <= LIMIT
    words = f"worst difference {worst:.1e} (limit {LIMIT:g})"
    return passed, [
        f"data    {len(names)} names; {steps} steps of {batch} names of one length",
        f"check   the first {eager_steps} losses as eager, {words}" if passed else f"check   FAILED: {words}",
        f"time    {time_text(seconds)} in all (target <= {time_text(SECONDS)}: {verdict(seconds <= SECONDS)}), "
        f"{time_text(each)} per step with {len(set(step.lengths))} recordings; "
        f"eager {time_text(eager_each)} per step, {eager_each / each:.3g} times as long",
        f"loss    {'  '.join(f'{mean:.3f}' for mean in curve(losses))}",
        *sampled(step.model, set(names), samples),
    ]


def timed(losses: Iterable[float]) -> tuple[list[float], float]:
    """The losses, and the seconds that they took."""
    start = time.perf_counter()
    taken = list(losses)
    return taken, time.perf_counter() - start


def curve(losses: Sequence[float]) -> list[float]:
    """The means of equal stretches of the training, one after the other.

    >>> curve([4.0, 2.0] * 10)
    [3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0]
    """
    width = max(1, len(losses) // STRETCHES)
    return [statistics.fmean(losses[start : start + width]) for start in range(0, len(losses), width)]


def sampled(model: GPT, known: Collection[str], count: int, seed: int = 0) -> Iterator[str]:
    """Names that the model makes up, and how many of them it cannot have seen."""
    rng = random.Random(seed)
    names = [model.sample(rng) for _ in range(count)]
    yield f"names   {', '.join(names)}"
    yield f"        {sum(name not in known for name in names)} of {count} are new"
