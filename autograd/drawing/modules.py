"""Find the module of each node, from the names of the parameters and the scopes that the user has named.

`w2[1,0]` and `b2[1]` belong to neuron 1 of layer 2, and so do the weighted sum that uses them, z2[1], and its
activation, a2[1]. Dotted names, as `encoder.w`, work in the same way. So networks written neuron by neuron or product
by product are framed and collapsed like those of `nn`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.drawing.text import clean
from autograd.recording import scope_of

Scope = tuple[str, ...]

ARTICLE_NAME = re.compile(r"(w|b|z|a|slope)(\d+)\[(\d+)(?:,\d+)?\]")
INPUTS: Scope = ("inputs",)  # a0[j]: layer 0 of the article, which is not a layer of neurons
ACTIVATIONS = frozenset({"relu", "leaky_relu", "elu", "tanh", "sigmoid", "gelu", "silu", "softplus"})


class Membership(NamedTuple):
    """The module of each node that has one, and the article's names (z, a) of nodes without a label."""

    scopes: dict[Any, Scope]
    names: dict[Any, str]


def scope_of_name(name: str) -> Scope:
    """The clusters, outermost first, of a node with this name.

    >>> scope_of_name("w2[1,0]"), scope_of_name("a0[1]"), scope_of_name("encoder.head.w"), scope_of_name("x")
    (('layer 2', 'neuron 1'), ('inputs',), ('encoder', 'head'), ())
    """
    if match := ARTICLE_NAME.fullmatch(name):
        if match[1] == "a" and match[2] == "0":
            return INPUTS
        return (f"layer {match[2]}", f"neuron {match[3]}")
    if name.startswith("self.") or not all(part.isidentifier() or part.isdigit() for part in name.split(".")[:-1]):
        return ()
    return tuple(name.split(".")[:-1])


def membership(order: Sequence[Any]) -> Membership:
    """The module of every node of a graph, given in topological order.

    >>> from autograd import Value, dot, tanh
    >>> w, b, x = Value(0.5, label="w1[0,0]"), Value(0.0, label="b1[0]"), Value(2.0)
    >>> z = dot([w], [x], b); a = tanh(z)
    >>> found = membership([w, x, b, z, a])
    >>> found.scopes[a], found.names[z], found.names[a], x in found.scopes
    (('layer 1', 'neuron 0'), 'z1[0]', 'a1[0]', False)
    """
    scopes: dict[Any, Scope] = {}
    linear: set[Any] = set()  # z, and the products and sums on the way to it
    users = Counter(parent for node in order for parent in set(node.parents))
    activated: set[Any] = set()
    weighed = {parent for node in order if node.op in ("dot", "mul") for parent in node.parents}
    for node in order:
        named = scope_of_name(node.label) if node.label else ()
        if named:
            scopes[node] = named
        if node.primitive is None:
            continue
        scope = _linear_scope(node, scopes, linear)
        if scope:
            scopes[node] = scope
            linear.add(node)
        elif _activates(node, weighed) and node.parents[0] in linear and users[node.parents[0]] == 1:
            scopes[node] = scopes[node.parents[0]]
            activated.add(node)
    names = _names(order, scopes, linear, activated)
    return Membership(_in_named_scopes(order, scopes), names)


def _in_named_scopes(order: Sequence[Any], modules: dict[Any, Scope]) -> dict[Any, Scope]:
    """The modules inside the scopes that the user has named; a leaf without one is where all its uses are."""
    outer = {node: names for node in order if (names := scope_of(node))}
    if not outer:
        return modules
    uses: dict[Any, list[Scope]] = {}
    for node in order:
        for parent in node.parents:
            if parent.primitive is None and parent not in outer and modules.get(parent) != INPUTS:
                uses.setdefault(parent, []).append(outer.get(node, ()))
    outer |= {leaf: _common(scopes) for leaf, scopes in uses.items()}
    whole = {node: (*outer.get(node, ()), *modules.get(node, ())) for node in order}
    return {node: tuple(map(clean, scope)) for node, scope in whole.items() if scope}


def _common(scopes: Sequence[Scope]) -> Scope:
    """The outer scopes that all of them have.

    >>> _common([("block", "attention"), ("block", "norm")])
    ('block',)
    """
    low, high = min(scopes), max(scopes)
    return low[: next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))]


def _activates(node: Any, weighed: set[Any]) -> bool:
    """Whether it looks like an activation. A softplus that no layer uses is a loss; so is a node with another name."""
    if node.op not in ACTIVATIONS or not node.parents or (node.label and not scope_of_name(node.label)):
        return False
    return node.op != "softplus" or node in weighed


def _linear_scope(node: Any, scopes: dict[Any, Scope], linear: set[Any]) -> Scope:
    """The scope of a weighted sum, a product with a weight, or a sum of those; () for other nodes.

    A product of parameters alone is a penalty on them.
    """
    if node.op not in ("dot", "mul", "add", "total"):
        return ()
    parents = node.parents
    parameters = [p for p in parents if p.primitive is None and scopes.get(p, INPUTS) is not INPUTS]
    if node.op in ("dot", "mul"):
        if len(set(parents)) < len(parents) or (node.op == "mul" and len(parameters) != 1):
            return ()
        members = parameters
    else:
        members = parameters + [p for p in parents if p in linear]
        if not any(p in linear for p in parents):
            return ()
    found = {scopes[p] for p in members}
    return found.pop() if len(found) == 1 else ()


def _names(order: Sequence[Any], scopes: dict[Any, Scope], linear: set[Any], activated: set[Any]) -> dict[Any, str]:
    """The names z and a of nodes in a neuron of a layer; z is the last node of its linear part."""
    names: dict[Any, str] = {}
    inner = {p for node in order if node in linear for p in node.parents if scopes.get(p) == scopes[node]}
    for node in order:
        letter = "a" if node in activated else "z" if node in linear and node not in inner else ""
        scope = scopes.get(node, ())
        if letter and len(scope) == 2 and scope[0].startswith("layer ") and scope[1].startswith("neuron "):
            names[node] = f"{letter}{scope[0][6:]}[{scope[1][7:]}]"
    return names
