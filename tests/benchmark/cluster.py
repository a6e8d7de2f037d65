"""Training on worker processes: throughput, overhead of a step, and bits. ``python -m tests.benchmark.cluster``."""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd
import nn
from nn.cluster import Batch, Objective, connect, sources_of
from nn.cluster.sources import SHARDS
from tests.benchmark import report
from tests.benchmark.measure import time_text

Array = NDArray[Any]

JITTER = 0.05  # standard deviation of the noise on pixels between 0 and 1
N_IN, N_OUTS = 64, [64, 10]
SAMPLES, REPEAT, STEPS = 200_000, 15, 50
IN_A_ROW = 3  # steps that are timed together, as in a training, after one that warms the caches
THROUGHPUT, OVERHEAD = 1.6, 0.015  # what is promised: two processes against one, and seconds for a step of no work
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Nothing:
    """A loss that takes no time: what remains of a step is its overhead."""

    def flat(self, theta: Array, x: Array, y: Array) -> tuple[float, Array]:
        return 0.0, np.zeros_like(theta)


def jittered_digits(count: int, seed: int = 0) -> tuple[Array, Array]:
    """Digits drawn with replacement, each pixel moved by normal noise and clipped to [0, 1] again."""
    digits, rng = nn.tabular.datasets.load("digits"), np.random.RandomState(seed)
    rows = rng.randint(len(digits.x), size=count)
    return np.clip(digits.x[rows] + rng.normal(scale=JITTER, size=(count, N_IN)), 0.0, 1.0), digits.y[rows]


def compiled_loss(rows: int) -> tuple[Any, Array]:
    """The mean cross-entropy of an MLP 64-64-10 and its gradient, recorded with so many samples, and a start."""
    model = nn.MLP(N_IN, N_OUTS, seed=0)
    fast = autograd.compile(lambda x, y: nn.cross_entropy(model(x), y), parameters=model.parameters(), batch=("x", "y"))
    theta = np.array([parameter.data for parameter in model.parameters()])
    fast.flat(theta, np.zeros((rows, N_IN)), np.zeros(rows, dtype=np.int64))
    return fast, theta


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and check; 1 when bits differ, 0 otherwise: a missed target of time is only reported."""
    options = _parse(arguments)
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        command = [sys.executable, "-m", "tests.benchmark.cluster", *sys.argv[1:]]
        return subprocess.run(command, env={**os.environ, **ONE_THREAD}, check=False).returncode
    print(*report.machine_lines(), sep="\n")
    x, y = jittered_digits(2_000 if options.quick else SAMPLES)
    repeat = 2 if options.quick else REPEAT
    with connect(2) as client:
        print(*overhead(client, x, y, 20 if options.quick else 200), sep="\n")
        print(*throughput(client, x, y, repeat), sep="\n")
    print("\nbits after 50 mini-batch steps of Adam")
    same = [_told(*line) for line in bits(*jittered_digits(4_000))]
    return 0 if all(same) else 1


def overhead(client: Any, x: Array, y: Array, repeat: int) -> Iterator[str]:
    """Seconds of a step in which nothing is computed, by the number of parameters."""
    objective = Objective(client, sources_of(x[:160], y[:160]))
    objective.use(Nothing())
    sizes = {4_810: OVERHEAD, 100_000: None, 1_000_000: None}
    yield f"\noverhead of a step, 2 worker processes, {SHARDS} shards (best, median, 90 %)"
    for size, bound in sizes.items():
        theta = np.zeros(size)
        taken = sorted(_seconds(lambda theta=theta: objective(theta)) for _ in range(repeat))
        figures = [time_text(figure) for figure in (taken[0], statistics.median(taken), taken[9 * repeat // 10])]
        yield f"  {size:>9,} parameters  {'  '.join(figures)}" + _verdict(bound, statistics.median(taken))


def throughput(client: Any, x: Array, y: Array, repeat: int) -> Iterator[str]:
    """A full-batch step in one process, at once and by shards, and on two worker processes."""
    shards = sources_of(x, y)
    fast, theta = compiled_loss(len(x) // len(shards))
    pieces = [shard.read() for shard in shards]
    objective = Objective(client, shards)
    objective.use(fast)
    sides: dict[str, Callable[[], Any]] = {
        "one process, all at once": lambda: fast.flat(theta, x, y),
        f"one process, {len(shards)} shards": lambda: [fast.flat(theta, *piece) for piece in pieces],
        "two worker processes": lambda: objective(theta),
    }
    loss, gradient = sides["two worker processes"]()
    expected_loss, expected = fast.flat(theta, x, y)
    worst = max(abs(loss - expected_loss), float(np.max(np.abs(gradient - expected))))
    yield f"\nthroughput: MLP 64-64-10, {len(x):,} samples, one thread each; {fast.explain().splitlines()[0]}"
    yield f"  loss and gradient as in one process: worst difference {worst:.1e}"
    taken = {name: [] for name in sides}  # type: dict[str, list[float]]
    for _ in range(repeat):
        for name, side in sides.items():
            side()
            taken[name].append(_seconds(lambda side=side: [side() for _ in range(IN_A_ROW)]) / IN_A_ROW)
    middle = {name: statistics.median(figures) for name, figures in taken.items()}
    for name, figures in taken.items():
        yield f"  {name:28} best {time_text(min(figures)):>8}  median {time_text(middle[name]):>8}"
    *alone, together = middle.values()
    ratio = min(alone) / together
    met = "met" if ratio >= THROUGHPUT else "MISSED"
    yield f"  faster of the one-process runs / two workers: {ratio:.2f} (target >= {THROUGHPUT:g}: {met})"


def bits(x: Array, y: Array) -> Iterator[tuple[str, bytes, bytes]]:
    """What was done to the run, the bits expected, and the bits found."""
    fast, start = compiled_loss(100)
    found = {}
    for workers in (1, 2, 4):
        with connect(workers) as client:
            found[workers] = _train(client, x, y, fast, start)
    yield "2 workers as 1", found[1], found[2]
    yield "4 workers as 1", found[1], found[4]
    with connect(3) as client:
        pids = list(client.run(os.getpid).values())

        def kill(step: int) -> None:
            if step == STEPS // 2:
                os.kill(pids[1], signal.SIGKILL)

        yield "one of 3 workers killed as 1", found[1], _train(client, x, y, fast, start, kill)
    yield "resumed as in one go", *_resumed(x, y)


def _train(
    client: Any, x: Array, y: Array, fast: Any, theta: Array, before: Callable[[int], None] = lambda step: None
) -> bytes:
    objective, adam = Objective(client, sources_of(x, y)), nn.Adam(lr=0.01)
    objective.use(fast)
    for step in range(STEPS):
        before(step)
        _, gradient = objective(theta, Batch(0, step // 10, step % 10, 10))
        theta = adam.update(theta, gradient)
    return theta.tobytes()


def _resumed(x: Array, y: Array) -> tuple[bytes, bytes]:
    """The parameters of five epochs in one go, and of two, then three from the checkpoint."""

    def fit(client: Any, **options: Any) -> bytes:
        model = nn.MLP(N_IN, N_OUTS, seed=0)
        options |= {"loss": "cross_entropy", "batch_size": len(x) // 10, "progress": False, "cluster": client}
        nn.fit(model, x, y, **options)
        return np.array([parameter.data for parameter in model.parameters()]).tobytes()

    with tempfile.TemporaryDirectory() as folder, connect(2) as client:
        whole = fit(client, epochs=5)
        fit(client, epochs=2, checkpoint=Path(folder, "run.npz"))
        return whole, fit(client, epochs=5, checkpoint=Path(folder, "run.npz"))


def _told(what: str, expected: bytes, found: bytes) -> bool:
    print(f"  {what:32} {'identical' if expected == found else 'DIFFERENT'}", flush=True)
    return expected == found


def _seconds(action: Callable[[], Any]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _verdict(bound: float | None, figure: float) -> str:
    if bound is None:
        return ""
    return f"  (target: median <= {time_text(bound)}: {'met' if figure <= bound else 'MISSED'})"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.cluster", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 000 samples: the checks count, the times do not")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
