"""Workers killed at random moments of a training (row F3): `python -m tests.kills --times 100`.

Every run must return, with the bits of the undisturbed one or a ClusterError; the longest time without an epoch is
printed. The suite does it a few times. With `--freeze` they are stopped instead (SIGSTOP), and are killed when the
training has returned: a frozen worker keeps its connections, so nothing but its silence tells of it.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import time
from contextlib import suppress
from itertools import pairwise
from threading import Timer
from typing import Any, NamedTuple

import nn
from nn.cluster import ClusterError

MOONS = nn.tabular.datasets.load("moons")
SAMPLES = MOONS.x, 2.0 * MOONS.y - 1.0
EPOCHS, WORKERS = 15, 2


class Ending(NamedTuple):
    """How a run ended: the parameters' bits, or the error; the longest time without a sign of life; all seconds."""

    bits: tuple[str, ...]
    error: str
    stall: float
    seconds: float


def train(client: Any) -> Ending:
    """One training on the cluster of the client."""
    model = nn.MLP(2, [4, 1], hidden="tanh", seed=0)
    signs = [time.monotonic()]
    options: dict[str, Any] = {"loss": "hinge", "lr": 0.05, "batch_size": 100, "shards": 4, "progress": False}
    error = ""
    try:
        nn.fit(
            model, *SAMPLES, cluster=client, epochs=EPOCHS, on_epoch=lambda _: signs.append(time.monotonic()), **options
        )
    except ClusterError as caught:
        error = str(caught)
    signs.append(time.monotonic())
    stall = max(after - before for before, after in pairwise(signs))
    return Ending(tuple(p.data.hex() for p in model.parameters()), error, stall, signs[-1] - signs[0])


def disturbed(client: Any, after: float, rng: random.Random, disturbance: int = signal.SIGKILL) -> Ending:
    """The same with a worker killed so many seconds after the beginning, or given another signal."""
    pid = rng.choice(sorted(client.run(os.getpid).values()))
    timer = Timer(after, os.kill, (pid, disturbance))
    timer.start()
    try:
        return train(client)
    finally:
        timer.cancel()
        timer.join()
        if disturbance != signal.SIGKILL:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)  # also ends what is stopped; its nanny starts another


def main() -> int:
    """Kill as often as asked for, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--freeze", action="store_true", help="stop the workers instead of killing them")
    args = parser.parse_args()
    rng, endings, wrong = random.Random(args.seed), [], 0
    disturbance = signal.SIGSTOP if args.freeze else signal.SIGKILL
    while len(endings) < args.times:
        # A cluster of its own for a few: Dask does not always start a worker again that died while it was starting.
        with nn.cluster.connect(WORKERS) as client:
            expected = [train(client), train(client)][-1]  # the first also starts up
            for _ in range(min(5, args.times - len(endings))):
                ending = disturbed(client, rng.uniform(0.0, expected.seconds), rng, disturbance)
                endings.append(ending)
                wrong += not ending.error and ending.bits != expected.bits
                print(f"{len(endings)}: {ending.seconds:.1f} s, stall {ending.stall:.1f} s {ending.error}", flush=True)
                if args.freeze or len(client.nthreads()) < WORKERS:
                    break
    errors = sum(bool(ending.error) for ending in endings)
    print(
        f"{len(endings)} returned, {wrong} with other bits, {errors} with an error;"
        f" longest stall {max(ending.stall for ending in endings):.1f} s"
    )
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
