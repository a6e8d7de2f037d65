"""A race: sides that compute the same value and gradient, each proven right, then measured in turns."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograd import CheckError
from autograd.check.report import aligned
from tests.benchmark.contest import TOLERANCE, Answer, Side, difference
from tests.benchmark.measure import CALLS, Figures, take_turns, time_text
from tests.benchmark.report import load

JUDGED = "ours, auto"
"""The side whose goals these are: what a user gets who asks for nothing in particular."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """A side that is yet to be made: `make(task)` loads what it needs and takes the numbers in its own arrays.

    `needs` is the package that it imports. A `peer` is left out of quick runs.
    """

    name: str
    make: Callable[[Any], Side]
    needs: str | None = None
    peer: bool = True

    @property
    def missing(self) -> bool:
        """Whether the package that it needs is not there."""
        return self.needs is not None and importlib.util.find_spec(self.needs) is None


@dataclass(frozen=True, slots=True)
class Goal:
    """What is promised of a side: to be `at_least` times as fast as `rival`, or to need at most `at_most` seconds.

    `besides` are seconds that the side may need in addition, for what its rival does not do.
    """

    rival: str | None = None
    at_least: float = 0.0
    at_most: float = 0.0
    side: str = JUDGED
    besides: float = 0.0


@dataclass(frozen=True, slots=True)
class Race:
    """One row: the task (tiny if quick), who runs, and what is promised. The entrant `reference` is taken as right.

    Figures are those of a step divided by `per`, unless quick. `tolerance` is the largest accepted difference.
    """

    name: str
    title: str
    task: Callable[[bool], Any]
    entrants: tuple[Entrant, ...]
    reference: str
    goals: tuple[Goal, ...] = ()
    per: int = 1
    tolerance: float = TOLERANCE


def run(race: Race, quick: bool, repeat: int) -> bool:
    """Check, measure and report; False when a side failed or computed something else. The right ones are timed."""
    print(f"\n{race.name}: {race.title}{load()}")
    present = [each for each in race.entrants if not (each.missing or (quick and each.peer))]
    sides, failures = made(present, race.task(quick))
    answers, wrong = checked(sides, race.reference, race.tolerance)
    failures |= wrong
    right = [side for side in sides if side.name in answers]
    lines = [check_line(race, answers)] if len(answers) > 1 else []
    lines += [f"check   FAILED: {name}: {reason}" for name, reason in failures.items()]
    figures = {each.name: each for each in take_turns(right, CALLS, repeat, 1 if quick else race.per)}
    lines += table(figures, {side.name: side.remark() for side in right}, 1 if quick else race.per)
    lines += [] if quick else [goal_line(goal, figures) for goal in race.goals]
    lines += [] if quick else [skipped_line(each) for each in race.entrants if each.missing]
    print(*[f"  {line}" for line in lines], sep="\n")
    return not failures


def made(entrants: Iterable[Entrant], task: Any) -> tuple[list[Side], dict[str, str]]:
    """The sides, and why the others could not be made."""
    sides, failures = [], {}
    for entrant in entrants:
        try:
            sides.append(entrant.make(task))
        except Exception as error:  # whatever is wrong with one side, the others run
            failures[entrant.name] = f"{type(error).__name__}: {error}"
    return sides, failures


def checked(
    sides: Sequence[Side], reference: str, tolerance: float
) -> tuple[dict[str, tuple[Answer, float]], dict[str, str]]:
    """The answers that agree with the reference, with their differences from it; and what is wrong with the others.

    Without an answer of the reference, nobody is right.
    """
    answers, right, wrong = {}, {}, {}
    for side in sides:
        try:
            answers[side.name] = side.answer()
        except Exception as error:
            wrong[side.name] = f"{type(error).__name__}: {error}"
    for name, answer in answers.items() if reference in answers else ():
        try:
            worst = difference(answer, answers[reference])
        except CheckError as error:
            wrong[name] = str(error)
            continue
        if worst <= tolerance:
            right[name] = answer, worst
        else:
            wrong[name] = f"differs from {reference} by {worst:.3g} (at most {tolerance:g} is rounding)"
    return right, wrong


# --- text -------------------------------------------------------------------------------------------------------------


def check_line(race: Race, answers: Mapping[str, tuple[Answer, float]]) -> str:
    """The proof that the figures below compare like with like."""
    answer, _ = answers[race.reference]
    worst = max(worst for _, worst in answers.values())
    return (
        f"check   {len(answers)} sides agree: value {answer.loss:.12g} and {len(answer.gradients)} derivatives, "
        f"worst difference {worst:.1e} (limit {race.tolerance:g})"
    )


def table(figures: Mapping[str, Figures], remarks: Mapping[str, str], per: int = 1) -> list[str]:
    """Best and median of each side, what was expected of ours, and how often the judged median goes into the median."""
    judged, expected = figures.get(JUDGED), expectations(remarks.get(JUDGED, ""))
    rows = [["", "best", "median", "expected", "/ auto", ""]]
    for name, each in figures.items():
        ratio = f"{each.median / judged.median:.2f}" if judged else ""
        guess = expected.get(backend_of(name, remarks[name]))
        times = [time_text(each.best), time_text(each.median), time_text(guess / per) if guess else ""]
        rows.append([name, *times, ratio, remarks[name].partition(" (expected")[0]])
    return [line.rstrip() for line in aligned(rows).splitlines()]


def expectations(remark: str) -> dict[str, float]:
    """Seconds that each back end was expected to take, from what `explain` says of the choice.

    >>> expectations("llvm (expected for a run: llvm 20.2 us, python 4.12e+03 us)")
    {'llvm': 2.02e-05, 'python': 0.00412}
    """
    found = re.findall(r"(\w+) ([\d.e+-]+) us", remark.partition("expected for a run: ")[2])
    return {name: round(float(figure) * 1e-6, 12) for name, figure in found}


def backend_of(name: str, remark: str) -> str:
    """The back end that a side of ours ran; nothing for a peer.

    >>> backend_of("ours, auto", "llvm (a reason)"), backend_of("PyTorch", "")
    ('llvm', '')
    """
    return remark.split()[0] if name.startswith("ours") and remark else ""


def goal_line(goal: Goal, figures: Mapping[str, Figures]) -> str:
    """Whether a promise holds, judged by the medians; that it cannot be judged when one of the sides did not run.

    >>> figures = {JUDGED: Figures(JUDGED, (2.0,)), "snail": Figures("snail", (5.0,))}
    >>> goal_line(Goal("snail", at_least=3.0), figures)
    'target  snail / ours, auto >= 3: 2.5, MISSED'
    >>> goal_line(Goal(at_most=2.0), figures)
    'target  ours, auto <= 2 s: 2 s, met'
    >>> goal_line(Goal("hare", at_least=0.9), figures)
    'target  hare / ours, auto >= 0.9: not judged, hare did not run'
    """
    wanted = f"{goal.side} <= {time_text(goal.at_most)}"
    if goal.rival is not None:
        side = f"({goal.side} - {time_text(goal.besides)})" if goal.besides else goal.side
        wanted = f"{goal.rival} / {side} >= {goal.at_least:.4g}"
    absent = [name for name in (goal.side, goal.rival) if name is not None and name not in figures]
    if absent:
        return f"target  {wanted}: not judged, {' and '.join(absent)} did not run"
    ours = figures[goal.side].median
    if goal.rival is None:
        return f"target  {wanted}: {time_text(ours)}, {verdict(ours <= goal.at_most)}"
    ratio = figures[goal.rival].median / max(ours - goal.besides, sys.float_info.min)
    return f"target  {wanted}: {ratio:.3g}, {verdict(ratio >= goal.at_least)}"


def verdict(met: bool) -> str:
    """How a goal ended."""
    return "met" if met else "MISSED"


def skipped_line(entrant: Entrant) -> str:
    """What did not run for want of a package."""
    return f"skipped {entrant.name}: {entrant.needs} is not installed; --help has the command that installs all peers"
