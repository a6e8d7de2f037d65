"""A Python identifier for every node of a graph, for generated code."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Sequence
from typing import Any

from autograd.node_names import kind_of, known_names, unique

RESERVED = frozenset({"inf", "nan", "backward"})  # what generated code uses itself


def identifiers(nodes: Sequence[Any]) -> dict[Any, str]:
    """A valid and unique Python name for each node: its label, else its name in the program, else its primitive's.

    Of several nodes with one name, the last in `nodes` has it and the earlier ones are x_1, x_2, …; those named by a
    primitive are mul, mul_2, …. Nodes that are named by a label or the program come before the others.

    >>> from autograd import Value
    >>> w, x = Value(2.0, label="w2[1,0]"), Value(3.0, label="x")
    >>> list(identifiers([w, x, w * x, w + x, Value(1.0, label="x"), Value(1.0, label="lambda")]).values())
    ['w2_1_0', 'x_1', 'x', 'lambda_', 'mul', 'add']
    """
    known = known_names(nodes)
    named = {node: identifier(known[node]) for node in nodes if node in known}
    unnamed = {node: identifier(kind_of(node)) for node in nodes if node not in known}
    return unique(named, unnamed, RESERVED)


def identifier(text: str) -> str:
    """A Python name as close to the text as possible.

    >>> [identifier(text) for text in ("w2[1,0]", "self.h", "δ", "x²", "2 apples", "class", "+")]
    ['w2_1_0', 'self_h', 'δ', 'x2', 'n2_apples', 'class_', 'node']
    """
    normal = unicodedata.normalize("NFKC", text)  # as Python reads its names
    words = "".join([char if f"a{char}".isidentifier() else " " for char in normal]).split()
    name = "_".join(words) or "node"
    if not name.isidentifier():
        name = unicodedata.normalize("NFKC", f"n{name}")  # a combining accent at the beginning goes onto the n
    return f"{name}_" if keyword.iskeyword(name) else name
