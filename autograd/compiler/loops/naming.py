"""Names for the inputs of a body, so that arrays are found in it as in the whole program: W_0_0, h_0, x_0, …"""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograd.compiler.lower import identifiers
from autograd.compiler.program import Atom

NUMBER = re.compile(r"\d+")


def body_names(
    names: Sequence[str], invariant: Sequence[Atom], carried: Sequence[Atom], moving: Sequence[Sequence[Atom]]
) -> tuple[str, ...]:
    """The names of invariant, carried and moving inputs, where `names` are those of the program's inputs.

    An input that looks at inputs has their name, without the index that counts trips; others are v, s and m.

    >>> body_names(["h_0", "w", "x_0_0", "x_0_1", "x_1_0", "x_1_1"], [1], [0, 6], [range(2, 6, 2), range(3, 7, 2)])
    ('w', 'h_0', 's_1', 'x_0', 'x_1')
    """

    def name(atom: Atom, otherwise: str) -> str:
        return names[int(atom)] if type(atom) is int and atom < len(names) else otherwise

    found = [name(atom, f"v_{i}") for i, atom in enumerate(invariant)]
    found += [name(atom, f"s_{i}") for i, atom in enumerate(carried)]
    found += [
        _without_trip(name(atoms[0], ""), name(atoms[1], ""), name(atoms[-1], "")) or f"m_{i}"
        for i, atoms in enumerate(moving)
    ]
    return tuple(identifiers(found))


def _without_trip(first: str, second: str, last: str) -> str:
    """The name without the one number in which those of the first, the second and the last trip differ; else ""."""
    texts = {NUMBER.sub("#", each) for each in (first, second, last)}
    numbers = [NUMBER.findall(each) for each in (first, second, last)]
    if not first or len(texts) > 1:
        return ""
    differ = [i for i, each in enumerate(zip(*numbers, strict=True)) if len(set(each)) > 1]
    if len(differ) != 1:
        return ""
    matches = list(NUMBER.finditer(first))
    match = matches[differ[0]]
    return (first[: match.start()].rstrip("_") + first[match.end() :]).strip("_")
