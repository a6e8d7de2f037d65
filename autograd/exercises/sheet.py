"""`autograd.exercise(seed=…, level=…)`: a sheet of exercises that checks itself."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from functools import cached_property
from os import PathLike
from pathlib import Path

from autograd.exercises.layers import layer, neuron
from autograd.exercises.orders import order
from autograd.exercises.page import page_of
from autograd.exercises.problems import Problem, chain, local, sharing, wrong_edge
from autograd.io.files import write_bytes
from autograd.io.plural import counted

LEVELS: dict[int, Callable[[random.Random], Problem]] = {
    1: local,
    2: chain,
    3: sharing,
    4: neuron,
    5: layer,
    6: wrong_edge,
    7: order,
}
SUFFIXES = (".html", ".htm")


class Exercise:
    """The result of `exercise`: a sheet, `problem`, made for a `seed` and a `level`, and its solution.

    >>> sheet = exercise(seed=7, level=2)
    >>> sheet
    <exercise 7 of level 2, A chain: 8 blanks; .save('sheet.html')>
    >>> sheet.title, sheet.html[:15], len(sheet)
    ('A chain', '<!DOCTYPE html>', 8)
    >>> print(sheet.solution)
    Level 2, sheet 7: A chain
    ...
    """

    def __init__(self, seed: int, level: int, problem: Problem) -> None:
        self.seed, self.level, self._problem = seed, level, problem

    def __len__(self) -> int:
        """The number of blanks."""
        return sum(len(group.questions) for group in self._problem.groups)

    @property
    def title(self) -> str:
        """What the sheet is about."""
        return self._problem.title

    @cached_property
    def html(self) -> str:
        """The sheet: one self-contained page, which checks answers without a network and is made to be printed."""
        return page_of(self._problem, self.seed, self.level)

    @property
    def solution(self) -> str:
        """The worked solution: every step, in the notation of the stepper."""
        heading = f"Level {self.level}, sheet {self.seed}: {self.title}"
        answers = [
            f"{question.label}: {' or '.join(question.answers)}"
            for group in self._problem.groups
            for question in group.questions
        ]
        return "\n".join([heading, "", *self._problem.solution, "", "Answers", *answers, ""])

    def save(self, path: str | PathLike[str]) -> None:
        """Write the sheet, atomically, to `path`.

        >>> exercise(seed=7).save("sheet.pdf")
        Traceback (most recent call last):
            ...
        ValueError: cannot write 'sheet.pdf': the name must end in .html (print the page to a PDF)

        ValueError for a name that does not end in .html; OSError if the file cannot be written.
        """
        if Path(path).suffix.lower() not in SUFFIXES:
            raise ValueError(f"cannot write {os.fspath(path)!r}: the name must end in .html (print the page to a PDF)")
        write_bytes(path, self.html.encode())

    def _repr_html_(self) -> str:
        return self._problem.svg

    def __repr__(self) -> str:
        blanks = counted(len(self), "blank")
        return f"<exercise {self.seed} of level {self.level}, {self.title}: {blanks}; .save('sheet.html')>"


def exercise(*, seed: int, level: int = 1) -> Exercise:
    """A sheet of exercises on back-propagation, to do by hand: a drawn graph with blanks.

    seed   any integer; each gives a sheet of its own, always the same
    level  1 local derivatives, 2 a chain, 3 sharing, 4 a neuron's δ, 5 BP1–BP4 of a layer, 6 find the wrong edge,
           7 the order of the backward pass

    The numbers are multiples of ¼; every answer is the engine's own. The page tells at once whether an answer is right.
    It contains salted hashes of the answers, not the answers: it keeps honest people honest, but there are few small
    numbers, and a program can try them all.

    >>> exercise(seed=7, level=6).title
    'Find the wrong edge'
    >>> exercise(seed=7).html == exercise(seed=7).html != exercise(seed=8).html
    True

    ValueError for another level, TypeError for a seed that is not an integer.
    """
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise TypeError(f"exercise takes an integer as seed, got {seed!r} ({type(seed).__name__})")
    if isinstance(level, bool) or level not in LEVELS:
        raise ValueError(f"level={level!r}: choose one of {', '.join(map(str, LEVELS))}")
    return Exercise(seed, level, LEVELS[level](random.Random(f"{level} {seed}")))
