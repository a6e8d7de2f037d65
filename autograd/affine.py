"""A whole layer at once: the rows of W x + b as `dot` nodes, with what they share done once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import numerics, rules
from autograd.scopes import Hooks, active, hooks, open_blocks
from autograd.signatures import affine_map
from autograd.value import Value, node

_OFF = Hooks(off=True)
_VALUES = {Value}


@affine_map
def affine(W: Sequence[Sequence[Any]], x: Sequence[Any], b: Sequence[Any]) -> list[Any]:
    """z = W x + b: `[dot(w, x, bias) for w, bias in zip(W, b)]`, a `dot` node per row, with what they share done once.

    W  the rows of weights, one for each z
    x  as many inputs as a row has weights
    b  the biases, one for each row

    >>> W = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
    >>> [z.data for z in affine(W, [10.0, 1.0], [Value(0.5), Value(0.0)])]
    [12.5, 34.0]

    ValueError when the lengths differ.
    """
    if len(W) != len(b) or any(len(w) != len(x) for w in W):
        widths = sorted({len(w) for w in W})
        raise ValueError(f"affine: {len(W)} rows of {widths} weights do not fit {len(x)} inputs and {len(b)} biases")
    kinds = set(map(type, x))
    all_values = all(map({Value}.issuperset, (map(type, parameters) for parameters in (b, *W))))
    hooked = bool(open_blocks) and active() is not None
    off = hooked and hooks() == _OFF
    if not all_values or not (kinds <= {float, int} or kinds == {Value}) or (hooked and not off):
        return [rules.dot(*w, *x, bias) for w, bias in zip(W, b, strict=True)]
    parents: Sequence[Value] = x if kinds == {Value} else ()
    x = x if parents else [float(number) for number in x]
    known = [v._data for v in parents] if parents else x
    if off:
        sums = [numerics.inner([each._data for each in w], known, bias._data) for w, bias in zip(W, b, strict=True)]
        return [Value(z) for z in sums]
    return [_neuron(w, x, bias, known, parents) for w, bias in zip(W, b, strict=True)]


def row(w: Sequence[Any], x: Sequence[Any], bias: Any) -> Any:
    """`affine([w], x, [bias])[0]`; Values times Values plus a number take a shorter path."""
    if type(bias) is not float or open_blocks or not (set(map(type, w)) == _VALUES == set(map(type, x))):
        return affine([w], x, [bias])[0]
    weights, known = [each._data for each in w], [each._data for each in x]
    parents = (*w, *x)
    data = numerics.inner(weights, known, bias)
    return node(rules.dot, data, parents, (*parents, bias), (*known, *weights), None)


def _neuron(
    w: Sequence[Value], x: Sequence[Any], bias: Value, known: Sequence[float], parents: Sequence[Value]
) -> Value:
    """The node of `dot(w, x, bias)`; `known` are the numbers of x, `parents` is x if those are Values, else empty."""
    weights = [each._data for each in w]
    flowing = (*w, *parents, bias)
    operands = flowing if parents else (*w, *x, bias)
    partials = rules.swapped(weights if parents else (), known)
    return node(rules.dot, numerics.inner(weights, known, bias._data), flowing, operands, partials, None)
