"""A Python name for every node of a graph, for code that is generated about it."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from autograd.origin import names

RESERVED = frozenset({"inf", "nan", "backward"})  # what generated code uses itself


def identifiers(nodes: Sequence[Any]) -> dict[Any, str]:
    """A valid and unique Python name for each node: its label, its name in the program, or else its primitive's.

    Of several values with one name the first in `nodes` has it bare, the others a number; what the program names goes
    before what it does not.

    >>> from autograd import Value
    >>> w, x = Value(2.0, label="w2[1,0]"), Value(3.0, label="x")
    >>> list(identifiers([w, x, w * x, w + x, Value(1.0, label="x"), Value(1.0, label="lambda")]).values())
    ['w2_1_0', 'x', 'x_2', 'lambda_', 'mul', 'add']
    """
    program = names(nodes)
    known = {node: text for node in nodes if (text := node.label or program.get(node, ""))}
    unknown = {node: node.op or "leaf" for node in nodes if node not in known}
    return _unique({**known, **unknown})


def _unique(texts: dict[Any, str]) -> dict[Any, str]:
    taken = set(RESERVED)
    numbers: dict[str, Iterable[int]] = {}
    found = {}
    for node, text in texts.items():
        name = base = identifier(text)
        following = iter(numbers.setdefault(base, count(2)))
        while name in taken:
            name = f"{base}_{next(following)}"
        taken.add(name)
        found[node] = name
    return found


def identifier(text: str) -> str:
    """The nearest Python name to any text.

    >>> [identifier(text) for text in ("w2[1,0]", "self.h", "δ", "x²", "2 apples", "class", "+")]
    ['w2_1_0', 'self_h', 'δ', 'x2', 'n2_apples', 'class_', 'node']
    """
    normal = unicodedata.normalize("NFKC", text)  # as Python reads its names
    words = "".join([char if f"a{char}".isidentifier() else " " for char in normal]).split()
    name = "_".join(words) or "node"
    if not name.isidentifier():
        name = unicodedata.normalize("NFKC", f"n{name}")  # an accent at the beginning goes on the n
    return f"{name}_" if keyword.iskeyword(name) else name
