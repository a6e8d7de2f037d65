"""The options that say which samples are held out, and how much each class counts."""

from __future__ import annotations

import argparse

from autograd.errors import UsageError
from nn.lookup import look_up
from nn.tabular.datasets import HELD_OUT
from nn.tabular.preprocessing import Recipe
from nn.train.weights import ClassWeight


def add_split_options(group: argparse._ArgumentGroup) -> None:
    """Which samples are held out."""
    add = group.add_argument
    help_of_size = f"held-out fraction of the samples, the same of each class (default {HELD_OUT:g})"
    add("--test-size", metavar="FRACTION", type=fraction, default=HELD_OUT, help=help_of_size)
    add("--split-seed", metavar="N", type=int, default=0, help="seed that draws the held-out samples (default 0)")
    help_of_groups = "hold out whole groups: rows with the same entry, such as a patient, stay together"
    add("--groups", metavar="COLUMN", default=None, help=help_of_groups)
    add("--time", metavar="COLUMN", default=None, help="hold out the last rows, by a column of dates or numbers")
    help_of_folds = "also cross-validate: train K models, each scored on another part of the samples"
    add("--folds", metavar="K", type=folds, default=None, help=help_of_folds)


def add_class_weight(group: argparse._ArgumentGroup) -> None:
    """How much each class counts."""
    group.add_argument(
        "--class-weight",
        "--class-weights",
        metavar="WEIGHTS",
        default=None,
        help="balanced, which makes rare classes count as much as others, or weights such as yes=5,no=1",
    )


def fraction(text: str) -> float:
    """A number between 0 and 1.

    >>> fraction("0.25")
    0.25
    """
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.0 < number < 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a fraction between 0 and 1, such as 0.2")
    return number


def folds(text: str) -> int:
    """A number of folds, at least 2."""
    if not text.strip().isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of at least 2")
    return int(text)


def class_weight(text: str | None, recipe: Recipe) -> ClassWeight:
    """What `nn.fit` takes as `class_weight`: the weights of the encoded targets, or "balanced".

    UsageError for a name that is not a class, and for what is not a positive number.
    """
    if text is None:
        return None
    if recipe.task == "regression":
        raise UsageError(f"--class-weight: {recipe.target!r} is a number and has no classes")
    if text.strip() == "balanced":
        return "balanced"
    places = {name: k for k, name in enumerate(recipe.class_names)}
    found: dict[float, float] = {}
    for part in text.split(","):
        name, mark, number = part.rpartition("=")
        try:
            k = look_up(places, name.strip(), "class")
        except ValueError as error:
            remedy = "" if mark else "; write --class-weight balanced, or weights such as yes=5,no=1"
            raise UsageError(f"--class-weight: {error}{remedy}") from None
        found[recipe.class_as_target(k)] = _weight(number)
    return found


def _weight(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.0 < number < float("inf"):
        raise UsageError(f"--class-weight: {text!r} is not a positive number")
    return number
