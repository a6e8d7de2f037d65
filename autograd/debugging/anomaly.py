"""Anomaly detection: stop at the node that first goes wrong, and say where it is and what to do.

Infinities and nan flow through the engine as IEEE 754 has them flow (decision 3 in DESIGN.md), so that the loss is
nan long after the line that made it so. Checked as it is made, that line is still known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite, isnan
from typing import Any

from autograd.backward import Step, backward_steps
from autograd.debugging.advice import OVERFLOW, advice_for, advice_on_operands
from autograd.errors import NonFiniteError
from autograd.node_names import kind_of, known_names
from autograd.origin import caret, position
from autograd.recording import paused_gc

SHOWN = 8  # operands in a message; a neuron may have a thousand


def check_node(node: Any) -> None:
    """Raise NonFiniteError for a node that is the first to have a value or partial that is not finite.

    It is the first if all its operands are finite, or if there is a nan: an infinity among the operands has been named
    where it was made, unless it was meant, and may pass; a nan never does.
    """
    results = (node.data, *node.partials)
    if all(map(isfinite, results)):
        return
    if any(map(isnan, results)) or all(isfinite(float(x)) for x in node.operands):
        raise _error(node, node, _what_it_made(node), f"operands: {_listed(node)}", _way_out(node))


def checked_pass(root: Any) -> None:
    """`root.backward()`, edge by edge; raise NonFiniteError at the first gradient that is not finite.

    The gradients stay as they were at that moment.
    """
    with paused_gc():
        for step in backward_steps(root):
            _check_step(step)


def check_products(node: Any) -> None:
    """The same for the products of one node, before they are added: for passes that do not go by steps."""
    gradients: dict[Any, float] = {}
    for index, (parent, local) in enumerate(zip(node.parents, node.partials, strict=True)):
        contribution, before = local * node.grad, gradients.get(parent, parent.grad)
        gradients[parent] = after = before + contribution
        _check_step(Step(index, node, parent, local, node.grad, contribution, before, after))


def _check_step(step: Step) -> None:
    if not isfinite(step.after):
        raise _error(step.parent, step.node, _what_it_got(step), _product(step), _way_back(step))


def _error(culprit: Any, node: Any, headline: str, detail: str, advice: str) -> NonFiniteError:
    """The error about `culprit`, with the place of `node`, where it happened."""
    lines = [headline, *[f"  {line}" for line in _place(node)], f"  {detail}", f"  way out: {advice}"]
    error = NonFiniteError("\n".join(line for line in lines if line.strip()))
    error.node = culprit
    return error


def _place(node: Any) -> list[str]:
    place = position(node)
    if place is None:
        return ["at a place that is not known: it was made outside the debug block"]
    return [f"at {place}", *[f"  {line}" for line in caret(place).splitlines()]]


# --- forward ----------------------------------------------------------------------------------------------------------


def _what_it_made(node: Any) -> str:
    if node.primitive is None:
        return f"a leaf was made with the value {node.data!r} (or computed, inside no_graph())"
    called = _called(node)
    wrong = [] if isfinite(node.data) else [f"a value of {node.data!r}"]
    for parent, partial in zip(node.parents, node.partials, strict=True):
        if not isfinite(partial) and len(wrong) < 2:
            wrong.append(f"a derivative of {partial!r} with respect to {called(parent)}")
    return f"{node.op or 'a node'} made {' and '.join(wrong)}"


def _way_out(node: Any) -> str:
    if node.primitive is None:
        return (
            "check the number where it comes from: data, a file, a step of the optimiser; an infinity that is meant "
            "can be made inside `with autograd.debug(anomaly=False):`"
        )
    operands = [float(x) for x in node.operands]
    return advice_for(node.primitive, operands) if all(map(isfinite, operands)) else advice_on_operands(node.operands)


def _listed(node: Any) -> str:
    """`p = 0.0, 2.0`: the operands, those that are not finite first if there are too many."""
    operands: Sequence[Any] = node.operands
    if len(operands) > SHOWN:
        operands = sorted(operands, key=lambda x: isfinite(float(x)))
    called = _called(node)
    shown = [repr(x) if isinstance(x, float) else f"{called(x)} = {x.data!r}" for x in operands[:SHOWN]]
    return ", ".join([*shown, *([f"and {len(operands) - SHOWN} more"] if len(operands) > SHOWN else [])])


def _called(*nodes: Any) -> Callable[[Any], str]:
    """What to call the nodes and their parents: by label, by name, as they are written, or by what they are."""
    known = known_names(_with_parents(nodes))

    def called(node: Any) -> str:
        return known.get(node) or _written(node, nodes) or f"a {kind_of(node)}"

    return called


def _with_parents(nodes: Iterable[Any]) -> list[Any]:
    return [each for node in nodes for each in (node, *node.parents)]


def _written(node: Any, others: Iterable[Any]) -> str:
    """Its text, if that is short and does not stand for one of the others too."""
    place = position(node)
    if place is None or "\n" in place.text or len(place.text) > 40:
        return ""
    return "" if any(position(other) == place for other in others if other is not node) else place.text


# --- backward ---------------------------------------------------------------------------------------------------------


def _what_it_got(step: Step) -> str:
    called = _called(step.node)
    return f"backward() made the gradient of {called(step.parent)} {step.after!r}, coming from {called(step.node)}"


def _product(step: Step) -> str:
    called = _called(step.node)
    return (
        f"gradient: {step.before!r} + ∂{step.node.op or 'node'}/∂({called(step.parent)}) × upstream = "
        f"{step.before!r} + {step.local!r} × {step.upstream!r} = {step.after!r}\n  operands: {_listed(step.node)}"
    )


def _way_back(step: Step) -> str:
    if not isfinite(step.before):
        return (
            f"the gradient was {step.before!r} before this contribution: after a pass that went wrong set the "
            "gradients to 0 (zero_grad)"
        )
    if not isfinite(step.local):
        return f"the node was made outside the block, where nothing was checked; {_way_out(step.node)}"
    return f"the gradient overflows; {OVERFLOW}"
