"""The benchmark's text: the machine, and what each workload gave."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from tests.benchmark.contest import TOLERANCE, Answer, Contest
from tests.benchmark.measure import Figures, Measure
from tests.benchmark.workloads import Target, Workload

PACKAGES = ("scalar-autograd", "numpy", "llvmlite", "micrograd", "torch", "jax", "casadi", "names")


def machine_lines() -> Iterator[str]:
    """What the figures depend on: processor, cores and their load, Python, packages."""
    yield f"machine   {processor()}, {os.cpu_count()} cores{load()}, {platform.system()} {platform.machine()}"
    yield f"python    {platform.python_implementation()} {platform.python_version()}"
    yield f"packages  {', '.join(f'{name} {version(name)}' for name in PACKAGES)}"


def processor(listing: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name; what the platform module knows where there is no such listing."""
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


def load() -> str:
    """The load of the last minute where the system keeps it: above 1 or so, the medians are not to be trusted."""
    return f" (load {os.getloadavg()[0]:.1f})" if hasattr(os, "getloadavg") else ""


def version(distribution: str) -> str:
    """The installed version; a source tree that is only on the path has none."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "(not installed)"


def heading(workload: Workload, contest: Contest) -> str:
    """The workload and the collector's state, which is part of it."""
    states = {side.collector for side in contest.sides()}
    each = [f"{side.collector} for {side.name}" for side in contest.sides()]
    return f"{workload.name}: {workload.title}; collector {states.pop() if len(states) == 1 else ', '.join(each)}"


def check_line(answer: Answer, worst: float) -> str:
    """The proof that the figures below compare like with like."""
    count = len(answer.gradients)
    plural = "gradient agrees" if count == 1 else "gradients agree"
    return f"  check   loss {answer.loss:.12g} and {count} {plural}, worst difference {worst:.1e} (limit {TOLERANCE:g})"


def figure_lines(figures: Sequence[Figures], measure: Measure) -> Iterator[str]:
    """Best and median of each side, and the ratios of both."""
    width = max(len("peer / ours"), *(len(side.name) for side in figures))
    yield f"  {'':{width}}  {'best':>10}  {'median':>10}"
    for side in figures:
        yield f"  {side.name:{width}}  {measure.text(side.best):>10}  {measure.text(side.median):>10}"
    if len(figures) > 1:
        best, median = ratios(figures)
        yield f"  {'peer / ours':{width}}  {best:>10.2f}  {median:>10.2f}"
        yield f"  {'ours / peer':{width}}  {1 / best:>10.3f}  {1 / median:>10.3f}"


def ratios(figures: Sequence[Figures]) -> tuple[float, float]:
    """peer / ours, of the bests and of the medians: above 1 means that we need less.

    >>> ratios([Figures("ours", (1.0, 2.0, 3.0)), Figures("peer", (4.0, 4.0, 4.0))])
    (4.0, 2.0)
    """
    ours, peer = figures
    return peer.best / ours.best, peer.median / ours.median


def target_line(target: Target, figures: Sequence[Figures], measure: Measure) -> str:
    """Whether the promise holds, judged by the medians."""
    if target.kind == "at least":
        wanted = f"peer / ours >= {target.bound:g} (ours / peer <= {1 / target.bound:.3g})"
    else:
        wanted = f"ours <= {measure.text(target.bound)}"
    return f"  target  {wanted}: {'met' if meets(target, figures) else 'MISSED'}"


def meets(target: Target, figures: Sequence[Figures]) -> bool:
    """True when the median fulfils the target.

    >>> meets(Target("at most", 2.0), [Figures("ours", (1.0, 2.0, 9.0))])
    True
    """
    if target.kind == "at least":
        return ratios(figures)[1] >= target.bound
    return figures[0].median <= target.bound
