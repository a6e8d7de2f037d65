"""One row of the table: an eval at one size, checked, timed beside its peers. A process of its own runs it.

    python -m tests.benchmark.gradbench.row EVAL SIZE REPEAT BYTES [SITE-PACKAGES ...]

prints the row as JSON; BYTES limits the memory, if it is not 0.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module, util
from pathlib import Path
from typing import Any

import numpy as np

import autograd
from tests.benchmark.contest import Answer, Side
from tests.benchmark.gradbench import validity
from tests.benchmark.measure import CALLS, take_turns

OURS = "ours"
PEERS = {"NumPy": "numpy", "PyTorch": "torch", "JAX": "jax", "CasADi": "casadi"}
"""The peers, and the package that each imports."""


@dataclass
class Row:
    """What was found.

    seconds  of each side: the median
    compile  seconds of processor time to record, differentiate and compile
    worst    our difference from the reference
    wrong    why a side is not right, or could not run
    """

    name: str
    size: str
    seconds: dict[str, float] = field(default_factory=dict)
    compile: float = 0.0
    worst: float = 0.0
    wrong: dict[str, str] = field(default_factory=dict)


SLOW = 2.0
"""A side that needs more seconds than this for a run is timed once, by itself."""


def input_of(name: str, size: str) -> Any:
    """The input of an eval."""
    module = import_module(f"tests.benchmark.gradbench.{name}")
    return module.generate(**module.SIZES[size])


def measured(name: str, size: str, repeat: int, peers: Iterable[str] = PEERS) -> Row:
    """Check and time one eval; what a peer gets wrong is said, and that peer not timed."""
    row, at = Row(name, size), input_of(name, size)
    functions = import_module(f"tests.benchmark.gradbench.{name}").FUNCTIONS
    _ = autograd.compile  # loads the compiler, so that this is not counted below
    start = time.process_time()
    run = functions[validity.DERIVATIVES[name]](at).run
    result = run()
    once = time.process_time()
    run()
    row.compile = max(0.0, (once - start) - (time.process_time() - once))
    row.worst = validity.difference(name, at, result)
    if not validity.is_valid(name, row.worst):
        row.wrong[OURS] = f"differs from the reference by {row.worst:.1e}"
    sides = {OURS: run, **peer_sides(name, at, flattened(name, result), peers, row.wrong)}
    row.seconds = timed(sides, repeat)
    return row


def timed(sides: dict[str, Callable[[], Any]], repeat: int) -> dict[str, float]:
    """The median seconds of each: taken in turns, but those of slow ones."""
    once = {name: CALLS.take(side(name, run)) for name, run in sides.items()}
    fast = [side(name, run) for name, run in sides.items() if once[name] <= SLOW]
    return once | {figures.name: figures.median for figures in take_turns(fast, CALLS, repeat)}


def peer_sides(
    name: str, at: Any, right: Any, peers: Iterable[str], wrong: dict[str, str]
) -> dict[str, Callable[[], Any]]:
    """The sides of the peers that have the eval and compute the same."""
    found = {}
    for peer in peers:
        package = PEERS[peer]
        make = import_module(f"tests.benchmark.gradbench.{package}_sides").SIDES.get(name)
        if make is None or util.find_spec(package) is None:
            continue
        try:
            run = make(at)
            worst = validity.relative(flattened("", run()), right)
        except Exception as error:  # whatever is wrong with one peer, the others run
            wrong[peer] = f"{type(error).__name__}: {error}"
            continue
        if validity.is_valid(name, worst):
            found[peer] = run
        else:
            wrong[peer] = f"differs from ours by {worst:.1e}"
    return found


def flattened(name: str, result: Any) -> Any:
    """All numbers of a result, in one array; of the sparse matrix of `ba` the values."""
    if name == "ba":
        return flattened("", result[2])
    if isinstance(result, dict):
        return flattened(name, list(result.values()))
    if isinstance(result, list | tuple):
        return np.concatenate([flattened(name, each) for each in result])
    return np.ravel(np.asarray(result, dtype=np.float64))


def side(name: str, run: Callable[[], Any]) -> Side:
    """A side to be timed; it has been checked."""
    return Side(name, run, lambda: Answer(0.0, flattened("", run()).tolist()))


def main(arguments: Sequence[str]) -> int:
    """Print the row."""
    name, size, repeat, most, *sites = arguments
    if int(most):
        resource = import_module("resource")  # which Windows has not
        resource.setrlimit(resource.RLIMIT_AS, (int(most), int(most)))
    sys.path.extend(sites)  # after what is there: a peer's NumPy does not replace ours
    print(json.dumps(asdict(measured(name, size, int(repeat), PEERS if sites else ("NumPy",)))))
    return 0


def sites(peers: Path) -> list[str]:
    """Where the environments in that folder have their packages."""
    return [str(each) for each in sorted(peers.resolve().glob("*/lib/python3*/site-packages"))]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
