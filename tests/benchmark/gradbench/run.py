"""``gradbench``: a row for each eval and size, each in a process of its own with a limit of time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path

from tests.benchmark.gradbench import EVALS
from tests.benchmark.gradbench.row import OURS, PEERS, Row, measured, sites
from tests.benchmark.measure import time_text

NAME = "gradbench"
ROOT = Path(__file__).parents[3]
TINY, USUAL, LARGE = "tiny", ("small", "middle"), "large"
SECONDS, LARGE_SECONDS, LARGE_BYTES = 300, 60, 4 << 30
"""Limits of a row; at the large size, which runs without peers, also of memory."""
COMPILE_SECONDS = 3.0
"""Processor time that compiling may take at the usual sizes."""
AHEAD = {"PyTorch": 9, "JAX": 7}
"""In how many evals ours is to be ahead, at the small size."""


def run(quick: bool, repeat: int, peers: Path | None, largest: bool) -> bool:
    """Print the table and what the goals make of it; False when something computed is wrong."""
    packages = sites(peers) if peers else []
    print(f"\n{NAME}: derivatives of GradBench's evals: public calls, arrays in and out")
    print(HEADING)
    found: list[Row] = []
    failed: list[str] = []
    for name, size in planned(quick, largest):
        row = (
            measured(name, size, repeat, ())
            if quick
            else row_of_process(name, size, repeat, [] if largest else packages)
        )
        found.append(row) if isinstance(row, Row) else failed.append(row)
        print(line_of(row) if isinstance(row, Row) else f"  {row}", flush=True)
    if not quick and not largest:
        print(*[f"  {line}" for line in verdicts(found, failed)], sep="\n")
    wrong = [f"  FAILED  {row.name}: {side}: {why}" for row in found for side, why in row.wrong.items()]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return not wrong


def planned(quick: bool, largest: bool) -> list[tuple[str, str]]:
    """The rows: names and sizes."""
    sizes = (TINY,) if quick else (LARGE,) if largest else USUAL
    return [(name, size) for size in sizes for name in EVALS if size in sizes_of(name)]


def sizes_of(name: str) -> Iterable[str]:
    """The sizes that an eval has; `hello` has one."""
    return import_module(f"tests.benchmark.{NAME}.{name}").SIZES


def row_of_process(name: str, size: str, repeat: int, packages: Sequence[str]) -> Row | str:
    """The row from a process of its own; what stopped it, if something did."""
    limit, most = (LARGE_SECONDS, LARGE_BYTES) if size == LARGE else (SECONDS, 0)
    arguments = [sys.executable, "-m", f"tests.benchmark.{NAME}.row", name, size, str(repeat), str(most), *packages]
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=limit, check=False, cwd=ROOT)
    except subprocess.TimeoutExpired:
        return f"{name}, {size}: more than {limit} s"
    if done.returncode:
        return f"{name}, {size}: {(done.stderr.splitlines() or ['stopped'])[-1]}"
    return Row(**json.loads(done.stdout.splitlines()[-1]))


# --- text -------------------------------------------------------------------------------------------------------------


HEADING = f"  {'':9} {'':6} {'valid':>6} {'compile':>8} {OURS:>8}" + "".join(
    [f"{peer + ' / ' + OURS:>15}" for peer in PEERS]
)


def line_of(row: Row) -> str:
    """Our time, and how many times that each peer needs."""
    valid = "no" if OURS in row.wrong else f"{row.worst:.0e}"
    ours = row.seconds[OURS]
    ratios = [f"{row.seconds[peer] / ours:.2f}" if peer in row.seconds else "" for peer in PEERS]
    line = f"  {row.name:9} {row.size:6} {valid:>6} {row.compile:>6.1f} s {time_text(ours):>8}"
    return (line + "".join([f"{ratio:>15}" for ratio in ratios])).rstrip()


def verdicts(rows: Sequence[Row], failed: Sequence[str]) -> list[str]:
    """Whether the goals are met."""
    slow = [f"{row.name} {row.size} {row.compile:.1f} s" for row in rows if row.compile > COMPILE_SECONDS]
    slow += [each.partition(":")[0].replace(",", "") for each in failed]
    lines = [f"target  compile <= {COMPILE_SECONDS:.0f} s: {'MISSED: ' + ', '.join(slow) if slow else 'met'}"]
    small = [row for row in rows if row.size == USUAL[0]]
    for peer, wanted in AHEAD.items():
        ratios = [row.seconds[peer] / row.seconds[OURS] for row in small if peer in row.seconds]
        ahead = sum([ratio > 1.0 for ratio in ratios])
        verdict = "not judged, it did not run" if not ratios else "met" if ahead >= wanted else "MISSED"
        lines.append(f"target  ahead of {peer} in >= {wanted} evals: {ahead} of {len(ratios)} that it has, {verdict}")
    return lines
