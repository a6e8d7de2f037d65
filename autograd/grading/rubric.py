"""What is graded, and for how many points: a built-in rubric, and one's own as TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from autograd.errors import UsageError
from autograd.grading.program import FUNCTIONS

ITEMS: Mapping[str, tuple[float, str]] = {
    "values": (10, "values of all operations"),
    "operators": (20, "local derivatives of + - * / ** and -x"),
    "functions": (10, "local derivatives of tanh, exp, relu, …"),
    "constants": (10, "numbers on either side, and sum()"),
    "sharing": (15, "values that are used several times"),
    "order": (10, "values that are reached by several ways"),
    "random": (10, "random graphs"),
    "passes": (5, "a second backward()"),
    "ties": (5, "relu at 0"),
    "depth": (5, "a chain of 10 000 operations"),
}
SECOND_PASS = ("either", "accumulate", "fresh")
RELU_AT_ZERO = ("zero", "either")
EXAMPLE = """\
second_pass = "accumulate"      # of gradients; or "fresh", or "either" (the default)
relu_at_zero = "zero"           # the slope (the default), or "either"
functions = ["tanh", "exp"]     # that must exist; others are graded where they do
graphs = 200                    # random ones

[points]                        # 0 leaves an item out
sharing = 30
depth = 0
"""


@dataclass(frozen=True, slots=True)
class Rubric:
    """Points per item, and what is required where courses differ.

    points        of each item of `ITEMS`; what has 0 is not graded
    second_pass   what a second `backward()` does: "accumulate" adds to the inputs' gradients, "fresh" starts from 0
    relu_at_zero  the slope of relu at 0: "zero", or "either"
    functions     the functions that must exist
    graphs        how many random graphs are tried

    >>> Rubric().total
    100.0
    """

    points: Mapping[str, float] = field(default_factory=dict)
    second_pass: str = "either"
    relu_at_zero: str = "zero"
    functions: tuple[str, ...] = ()
    graphs: int = 200

    def of(self, item: str) -> float:
        """The points of an item."""
        without = item == "random" and not self.graphs
        return 0.0 if without else float(self.points.get(item, ITEMS[item][0]))

    @property
    def total(self) -> float:
        """The sum of all points."""
        return sum(map(self.of, ITEMS))


def read_rubric(path: Path) -> Rubric:
    """A rubric from a TOML file; UsageError with the key that is wrong."""
    try:
        return parse_rubric(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error


def parse_rubric(text: str) -> Rubric:
    """A rubric from TOML.

    >>> parse_rubric(EXAMPLE).of("sharing")
    30.0

    ValueError for a key or a value that is not known.
    """
    given: dict[str, Any] = tomllib.loads(text)
    known = [each.name for each in fields(Rubric)]
    for key in given:
        if key not in known:
            raise ValueError(f"unknown key {key!r}; known are {', '.join(known)}")
    _check_points(given.get("points", {}))
    _check_choice(given, "second_pass", SECOND_PASS)
    _check_choice(given, "relu_at_zero", RELU_AT_ZERO)
    functions = given.pop("functions", ())
    if not isinstance(functions, list | tuple) or not set(functions) <= set(FUNCTIONS):
        raise ValueError(f"functions must be a list of {', '.join(FUNCTIONS)}, got {functions!r}")
    graphs = given.get("graphs", 0)
    if not isinstance(graphs, int) or isinstance(graphs, bool) or not 0 <= graphs <= 100_000:
        raise ValueError(f"graphs must be an integer from 0 to 100000, got {graphs!r}")
    return Rubric(**given, functions=tuple(functions))


def _check_points(points: Any) -> None:
    if not isinstance(points, dict):
        raise ValueError(f"points must be a table [points], got {points!r}")
    for item, number in points.items():
        if item not in ITEMS:
            raise ValueError(f"unknown item {item!r} in [points]; known are {', '.join(ITEMS)}")
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < float("inf"):
            raise ValueError(f"points.{item} must be a number that is not negative, got {number!r}")


def _check_choice(given: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> None:
    if key in given and given[key] not in choices:
        raise ValueError(f"{key} must be {' or '.join(map(repr, choices))}, got {given[key]!r}")
