"""The result of grading: points by item, what is wrong and where, and the smallest graph that shows it."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import Any, NamedTuple

from autograd.drawing import Drawing
from autograd.grading.picture import drawn
from autograd.grading.program import Program
from autograd.grading.rubric import ITEMS
from autograd.io.plural import counted

WIDTH = 78


class Item(NamedTuple):
    """One item of the rubric: its points, and the parts of it that are wrong."""

    name: str
    title: str
    points: float
    most: float
    wrong: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it has all its points."""
        return self.points >= self.most


class Row(NamedTuple):
    """A number that is wrong: what it is, the submission's, and the right one."""

    name: str
    yours: float
    right: float


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One fault: a sentence, the line of the file, and the smallest program that shows it, with the wrong numbers.

    fault    its name in the family of known faults; '' for one that is none of them
    line     0 where it could not be found
    error    what the submission raised, '' where it gave numbers
    """

    fault: str
    sentence: str
    line: int
    code: str
    program: Program
    rows: tuple[Row, ...]
    error: str = ""

    @property
    def picture(self) -> Drawing:
        """The program's graph with the right numbers, and the submission's beside them where they differ."""
        return drawn(self.program, {row.name: row.yours for row in self.rows})

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON can hold it: numbers that are not finite are text."""
        rows = [{"name": row.name, "yours": _plain(row.yours), "right": _plain(row.right)} for row in self.rows]
        return {
            "fault": self.fault,
            "sentence": self.sentence,
            "line": self.line,
            "code": self.code,
            "program": self.program.to_dict(),
            "python": str(self.program),
            "wrong": rows,
            "error": self.error,
        }

    def __str__(self) -> str:
        lines = textwrap.wrap(self.sentence, WIDTH - 3)
        if self.line:
            lines += [f"line {self.line}: {self.code}"[: WIDTH - 3] if self.code else f"line {self.line}"]
        lines += ["", *[f"    {line}" for line in str(self.program).splitlines()]]
        if self.error:
            lines += textwrap.wrap(f"raises {self.error}", WIDTH - 3, initial_indent="    ", subsequent_indent="    ")
        elif self.rows:
            width = max(len(row.name) for row in self.rows)
            lines += [f"    {'':{width}}  {'yours':<22}  right"]
            lines += [f"    {row.name:{width}}  {_shown(row.yours):<22}  {_shown(row.right)}" for row in self.rows[:6]]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What `grade` returns: `ok`, `score` of `total`, `items`, `findings`; as text, and in other programs' formats.

    name         the file or class
    items        the rubric's, with the points reached
    findings     the faults, each with the smallest graph that shows it
    notes        what was not graded, and why
    seed, tried  of the random graphs, and how many programs were run
    problem      why nothing could be graded; '' otherwise
    """

    name: str
    items: tuple[Item, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    seed: int
    tried: int
    problem: str = ""

    @property
    def score(self) -> float:
        """The points reached."""
        return round(sum(item.points for item in self.items), 2)

    @property
    def total(self) -> float:
        """The points that can be reached."""
        return round(sum(item.most for item in self.items), 2)

    @property
    def ok(self) -> bool:
        """Whether everything that was graded is right."""
        return not self.problem and all(item.ok for item in self.items)

    def wrong(self, item: str) -> str:
        """What is wrong with an item, '' if nothing is, or it is not graded: what a test prints.

        ValueError for an unknown item.
        """
        if item not in ITEMS:
            raise ValueError(f"unknown item {item!r}; known are {', '.join(ITEMS)}")
        return "" if all(each.ok for each in self.items if each.name == item) else str(self)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON can hold it."""
        return {
            "name": self.name,
            "ok": self.ok,
            "score": self.score,
            "total": self.total,
            "items": [{**item._asdict(), "wrong": list(item.wrong)} for item in self.items],
            "findings": [finding.to_dict() for finding in self.findings],
            "notes": list(self.notes),
            "problem": self.problem,
            "seed": self.seed,
            "programs": self.tried,
        }

    def __str__(self) -> str:
        head = f"{self.name}: {self.score:g} of {self.total:g} points"
        lines = [head, "", *map(_item_line, self.items)]
        if self.problem:
            lines += ["", *textwrap.wrap(f"Nothing could be graded: {self.problem}", WIDTH)]
        for number, finding in enumerate(self.findings, 1):
            first, *rest = str(finding).splitlines()
            lines += ["", f"{number}. {first}", *[f"   {line}" if line else "" for line in rest]]
        lines += ["", *[line for note in self.notes for line in textwrap.wrap(note, WIDTH)]]
        return "\n".join([*lines, f"{counted(self.tried, 'program')} run, seed {self.seed}"])


def _item_line(item: Item) -> str:
    wrong = f"  wrong: {', '.join(item.wrong)}" if any(item.wrong) else ""
    mark = "✓" if item.ok else "✗"
    return f"  {mark} {item.title:<44} {item.points:>5g} / {item.most:<3g}{wrong}"[:WIDTH]


def _shown(x: float) -> str:
    return f"{x:.12g}"


def _plain(x: float) -> float | str:
    return x if math.isfinite(x) else str(x)
