"""The names of a program as boxes: `x1` is x with an index, `w2[1,0]` the weight of a layer, as in the article."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from autograd.notation.boxes import GREEK, Box, Fenced, Name, Number, Script, joined

T = TypeVar("T")
_PARTS = re.compile(r"(?P<base>[^\W\d_]+)_?(?P<digits>\d+)?(?:\[(?P<places>\w+(?:,\s*\w+)*)\])?")
ARTICLE = frozenset({*"wbzaWδ", "slope"})  # what has the number of its layer as an upper index


def named(text: str) -> Box:
    """The boxes of a name; what has no usual form is shown as it stands.

    >>> from autograd.notation.latex import latex
    >>> [latex(named(name)) for name in ("x", "x1", "loss", "alpha", "w2[1,0]", "x[3]", "x_t")]
    ['x', 'x_{1}', '\\\\mathit{loss}', '\\\\alpha', 'w_{1 , 0}^{( 2 )}', 'x_{3}', '\\\\mathit{x\\\\_t}']
    """
    match = _PARTS.fullmatch(text)
    if match is None:
        return Name(text)
    base, digits, places = match["base"], match["digits"], match["places"]
    letter = Name(GREEK.get(base, base))
    indices: list[Box] = [_index(each.strip()) for each in places.split(",")] if places else []
    if digits and indices and base not in ARTICLE:
        return Name(text)
    if digits and indices:
        return Script(letter, Fenced(Number(digits)), joined_indices(indices))
    lower = joined_indices([Number(digits)] if digits else indices)
    return letter if lower is None else Script(letter, lower=lower)


def joined_indices(indices: list[Box]) -> Box | None:
    """Indices with commas between them; None if there are none."""
    return joined(indices, ",") if indices else None


def _index(text: str) -> Box:
    return Number(text) if text.isdigit() else Name(text)


def distinct(names: Mapping[T, str]) -> dict[T, Box]:
    """A box for each name; names of which the boxes would be the same are shown as they stand.

    >>> list(distinct({0: "x1", 1: "x_1", 2: "y"}).values())
    [Name(text='x1', style='italic'), Name(text='x_1', style='italic'), Name(text='y', style='italic')]
    """
    boxes = {key: named(name) for key, name in names.items()}
    often = _repeated(boxes.values())
    return {key: Name(names[key]) if box in often else box for key, box in boxes.items()}


def _repeated(boxes: Iterable[Box]) -> set[Box]:
    seen: set[Box] = set()
    found: set[Box] = set()
    for box in boxes:
        (found if box in seen else seen).add(box)
    return found
