"""The report of a run: counts as a table, and each failure as a pytest test that runs by itself."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.fuzz.compiled_ways import in_batches, nan_buffers
from tests.fuzz.eager_ways import _value
from tests.fuzz.program import Program
from tests.fuzz.run import PATHS, Disagreement, Outcome
from tests.fuzz.source import text
from tests.fuzz.user_primitives import user_primitives

HEAD = """from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import PRIMITIVES, Value, functional
from autograd.compiler import derived
from autograd.compiler.numpy_backend import runner, spelling
from autograd.testing import defined
from tests.exporting.running import COMPILERS, in_c, in_python

Points = Sequence[Sequence[float]]
"""
HELPERS = (nan_buffers, in_batches, _value)


@dataclass
class Counts:
    """How many programs of each kind, and how many comparisons on each path."""

    programs: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    disagreed: Counter[str] = field(default_factory=Counter)

    def add(self, program: Program, outcome: Outcome) -> None:
        """One more program."""
        self.programs[program.kind] += 1
        self.verdicts[program.kind] += outcome.has_verdict
        self.compared.update([program.kind] * len(outcome.compared) + list(outcome.compared))
        self.refused.update([program.kind] * len(outcome.refused) + list(outcome.refused))
        names = [each.path for each in outcome.disagreements]
        self.disagreed.update([program.kind] * len(names) + names)

    def table(self) -> str:
        """Kinds, then paths."""
        lines = [f"{'kind':36} {'programs':>9} {'by oracle':>9} {'compared':>9} {'refused':>9} {'disagree':>9}"]
        for kind, count in sorted(self.programs.items()):
            lines.append(f"{kind:36} {count:9} {self.verdicts[kind]:9} {self._counts(kind)}")
        lines.append(f"\n{'path':56} {'compared':>9} {'refused':>9} {'disagree':>9}")
        lines += [f"{name:56} {self._counts(name)}" for name in PATHS if self.compared[name] or self.refused[name]]
        total = sum(self.programs.values())
        compared, disagreed = [sum(each[kind] for kind in self.programs) for each in (self.compared, self.disagreed)]
        return "\n".join([*lines, f"\n{total} programs, {compared} comparisons, {disagreed} disagreements"])

    def _counts(self, name: str) -> str:
        return f"{self.compared[name]:9} {self.refused[name]:9} {self.disagreed[name]:9}"


@dataclass
class Finding:
    """A shrunk program, how it fails, every path on which it does, and how many programs came down to it."""

    program: Program
    disagreement: Disagreement
    paths: list[str]
    count: int = 1


def printed(finding: Finding) -> str:
    """A finding as a test: it fails as long as the fault is there."""
    program, wrong = finding.program, finding.disagreement
    path = PATHS[wrong.path]
    options = "".join(f", {key}={value!r}" for key, value in path.options.items())
    parts, decorator = [HEAD], []
    if any(op.startswith("fuzz_") for op in program.ops):
        parts.append("\n" + inspect.getsource(user_primitives) + "\n")
        decorator = ["@user_primitives()"]
    parts.append("\n" + text(program) + "\n\n")
    source = inspect.getsource(path.function)
    parts += [inspect.getsource(each) + "\n" for each in HELPERS if re.search(rf"\b{each.__name__}\(", source)]
    parts.append(source.replace("f: F, points: Points", "f: Callable[..., Any], points: Points") + "\n")
    parts += decorator
    parts.append(f"def test_{re.sub(r'[^a-z0-9]+', '_', wrong.path.lower())}():")
    parts += [f"    # also wrong: {', '.join(others)}" for others in [finding.paths[1:]] if others]
    parts.append(f"    points = [{', '.join(map(_point, program.points))}]")
    parts.append("    with warnings.catch_warnings():")
    parts.append('        warnings.simplefilter("error")')
    parts.append(f"        given = {path.function.__name__}(f, points{options})")
    parts += _asserted(wrong)
    return "\n".join(parts) + "\n"


def _asserted(wrong: Disagreement) -> list[str]:
    if wrong.problem:
        lines = wrong.problem.splitlines() or [""]
        return [f"    assert given  # it raised {lines[0][:200]}"]
    allowed = "x == y or (x != x and y != y)" if not any(wrong.errors) else "x == y or abs(x - y) <= error"
    return [
        f"    # given:  {_listed(wrong.given)}",
        f"    wanted = [{_listed(wrong.wanted)}]",
        f"    errors = [{_listed(wrong.errors)}]",
        f"    assert all({allowed} for x, y, error in zip(given, wanted, errors, strict=True)), given",
    ]


def _listed(numbers: Iterable[float]) -> str:
    return ", ".join(repr(x) if abs(x) < float("inf") else f'float("{x}")' for x in map(float, numbers))


def _point(point: Sequence[float]) -> str:
    return f"({_listed(point)}{',' * (len(point) == 1)})"


def listing(findings: Sequence[Finding]) -> str:
    """Every finding with its paths, the commonest first."""
    blocks = []
    for i, finding in enumerate(sorted(findings, key=lambda each: -each.count), 1):
        title = f"--- {i}. {finding.disagreement.kind[1]}; seen {finding.count} times on {', '.join(finding.paths)}"
        blocks.append(f"{title}\n\n{printed(finding)}")
    return "\n\n".join(blocks)
