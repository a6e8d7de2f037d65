"""Workers killed at random moments of a training (row F3): `python -m tests.kills --times 100`.

Every run must return, with the bits of the undisturbed one or a ClusterError; the longest time without an epoch is
printed. The suite does it a few times.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import time
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


def disturbed(client: Any, after: float, rng: random.Random) -> Ending:
    """The same with a worker killed so many seconds after the beginning."""
    pid = rng.choice(sorted(client.run(os.getpid).values()))
    with_kill = Timer(after, os.kill, (pid, signal.SIGKILL))
    with_kill.start()
    try:
        return train(client)
    finally:
        with_kill.cancel()


def main() -> int:
    """Kill as often as asked for, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng, endings = random.Random(args.seed), []
    while len(endings) < args.times:
        # A cluster of its own for a few: Dask does not always start a worker again that died while it was starting.
        with nn.cluster.connect(WORKERS) as client:
            expected = [train(client), train(client)][-1]  # the first also starts up
            for _ in range(min(5, args.times - len(endings))):
                ending = disturbed(client, rng.uniform(0.0, expected.seconds), rng)
                endings.append(ending)
                print(f"{len(endings)}: {ending.seconds:.1f} s, stall {ending.stall:.1f} s {ending.error}", flush=True)
                if len(client.nthreads()) < WORKERS:
                    break
    wrong = sum(not ending.error and ending.bits != expected.bits for ending in endings)
    errors = sum(bool(ending.error) for ending in endings)
    print(
        f"{len(endings)} returned, {wrong} with other bits, {errors} with an error;"
        f" longest stall {max(ending.stall for ending in endings):.1f} s"
    )
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
