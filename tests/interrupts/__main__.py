"""`python -m tests.interrupts --times 1000 --seed 0`: Ctrl-C at random bytecodes; everything must be as it was."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate, islice, pairwise
from typing import NamedTuple

from tests.interrupts.jobs import JOBS
from tests.interrupts.trial import Places, State, Task, faults, interrupted


class Trial(NamedTuple):
    """Where a job was interrupted, and what was wrong then; an empty place if it ended before."""

    where: str
    faults: list[str]


def trials(name: str, rng: random.Random) -> Iterator[Trial]:
    """One interrupt of a job after another, without end."""
    job = JOBS[name]
    task = job.make()
    expected = task.run()
    task.run()  # whatever is done once a process has been done
    profiled = job.make() if job.is_fresh else task
    State()  # as before each trial: looking at the hooks drops closed blocks
    profiled.prepare()
    places = Places(profiled.work)
    while True:
        if job.is_fresh:
            task = job.make()
        found = _trial(task, places, expected, rng)
        yield found
        if found.faults:
            task = job.make()


def _trial(task: Task, places: Places, expected: object, rng: random.Random) -> Trial:
    state, place = State(), places.choose(rng)
    interrupted(task, place)
    return Trial(place.where, faults(task, place.where, state, expected))


class Tally:
    """Counts by job, and the faults by place."""

    def __init__(self) -> None:
        self.interrupted: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.seconds: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.found: Counter[tuple[str, str, str]] = Counter()

    def run(self, name: str, times: int, rng: random.Random) -> None:
        """Interrupt a job the given number of times."""
        start = time.monotonic()
        for trial in islice(trials(name, rng), times):
            self.interrupted[name] += bool(trial.where)
            self.missed[name] += not trial.where
            self.faults[name] += bool(trial.faults)
            self.found.update((name, trial.where, fault) for fault in trial.faults)
            self.seconds[name] = time.monotonic() - start  # type: ignore[assignment]

    def table(self) -> str:
        """A line for each job, then each distinct fault with its place."""
        lines = [f"{'job':28} {'interrupts':>10} {'missed':>8} {'faults':>8} {'seconds':>8}"]
        for name in self.seconds:
            counts = f"{self.interrupted[name]:10} {self.missed[name]:8} {self.faults[name]:8}"
            lines.append(f"{name:28} {counts} {self.seconds[name]:8.1f}")
        lines += [f"{count} × {name}, at {where}: {fault}" for (name, where, fault), count in self.found.most_common()]
        total = sum(self.interrupted.values())
        return "\n".join([*lines, f"{total} interrupts, {sum(self.faults.values())} left something behind"])


def main(arguments: list[str]) -> int:
    """Interrupt as often as asked for, each job in proportion to its share; 1 if anything was left behind."""
    parser = argparse.ArgumentParser(prog="python -m tests.interrupts", description=__doc__)
    parser.add_argument("--times", type=int, default=1000, help="how many interrupts (default: 1000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--jobs", nargs="+", choices=tuple(JOBS), default=tuple(JOBS), metavar="JOB", help="default: all"
    )
    given = parser.parse_args(arguments)
    tally, ends = Tally(), list(accumulate([JOBS[name].share for name in given.jobs], initial=0))
    bounds = [given.times * end // ends[-1] for end in ends]
    try:
        for name, (begin, end) in zip(given.jobs, pairwise(bounds), strict=True):
            tally.run(name, end - begin, random.Random(f"{given.seed} {name}"))
    except KeyboardInterrupt:
        print("interrupted; so far:")
    print(tally.table())
    return int(bool(tally.found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
