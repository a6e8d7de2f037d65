"""A race: sides that compute the same value and gradient, each proven right, then measured in turns."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograd import CheckError
from autograd.check.report import aligned
from tests.benchmark.contest import TOLERANCE, Answer, Side, difference
from tests.benchmark.measure import CALLS, Figures, take_turns, time_text

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
    """What is promised of a side: to be `at_least` times as fast as `rival`, or to need `at_most` so many seconds."""

    rival: str | None = None
    at_least: float = 0.0
    at_most: float = 0.0
    side: str = JUDGED


@dataclass(frozen=True, slots=True)
class Race:
    """One row: the task (tiny if quick), who runs, and what is promised. The entrant `reference` is taken as right."""

    name: str
    title: str
    task: Callable[[bool], Any]
    entrants: tuple[Entrant, ...]
    reference: str
    goals: tuple[Goal, ...] = ()


def run(race: Race, quick: bool, repeat: int) -> bool:
    """Check, measure and report; False when a side failed or computed something else. The right ones are timed."""
    print(f"\n{race.name}: {race.title}")
    present = [each for each in race.entrants if not (each.missing or (quick and each.peer))]
    sides, failures = made(present, race.task(quick))
    answers, wrong = checked(sides, race.reference)
    failures |= wrong
    right = [side for side in sides if side.name in answers]
    lines = [check_line(race, answers)] if len(answers) > 1 else []
    lines += [f"check   FAILED: {name}: {reason}" for name, reason in failures.items()]
    figures = {each.name: each for each in take_turns(right, CALLS, repeat)}
    lines += table(figures, {side.name: side.remark() for side in right})
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


def checked(sides: Sequence[Side], reference: str) -> tuple[dict[str, tuple[Answer, float]], dict[str, str]]:
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
        if worst <= TOLERANCE:
            right[name] = answer, worst
        else:
            wrong[name] = f"differs from {reference} by {worst:.3g} (at most {TOLERANCE:g} is rounding)"
    return right, wrong


# --- text -------------------------------------------------------------------------------------------------------------


def check_line(race: Race, answers: Mapping[str, tuple[Answer, float]]) -> str:
    """The proof that the figures below compare like with like."""
    answer, _ = answers[race.reference]
    worst = max(worst for _, worst in answers.values())
    return (
        f"check   {len(answers)} sides agree: value {answer.loss:.12g} and {len(answer.gradients)} derivatives, "
        f"worst difference {worst:.1e} (limit {TOLERANCE:g})"
    )


def table(figures: Mapping[str, Figures], remarks: Mapping[str, str]) -> list[str]:
    """Best and median of each side, and how many times the median of the judged side the latter is."""
    judged = figures.get(JUDGED)
    rows = [["", "best", "median", "/ auto", ""]]
    for name, each in figures.items():
        ratio = f"{each.median / judged.median:.2f}" if judged else ""
        rows.append([name, time_text(each.best), time_text(each.median), ratio, remarks[name]])
    return [line.rstrip() for line in aligned(rows).splitlines()]


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
        wanted = f"{goal.rival} / {goal.side} >= {goal.at_least:.4g}"
    absent = [name for name in (goal.side, goal.rival) if name is not None and name not in figures]
    if absent:
        return f"target  {wanted}: not judged, {' and '.join(absent)} did not run"
    ours = figures[goal.side].median
    if goal.rival is None:
        return f"target  {wanted}: {time_text(ours)}, {verdict(ours <= goal.at_most)}"
    ratio = figures[goal.rival].median / ours
    return f"target  {wanted}: {ratio:.3g}, {verdict(ratio >= goal.at_least)}"


def verdict(met: bool) -> str:
    """How a goal ended."""
    return "met" if met else "MISSED"


def skipped_line(entrant: Entrant) -> str:
    """What did not run for want of a package."""
    return f"skipped {entrant.name}: {entrant.needs} is not installed; --help has the command that installs all peers"
