"""Anomaly detection: raise at the first node that is not finite, and say where it is and what to do.

Infinities and nan propagate through the engine as in IEEE 754 (decision 3 in DESIGN.md), so that a loss becomes nan
long after the line that caused it. Here each node is checked as it is made, when that line is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite, isnan
from typing import Any

from autograd.backward import Step, backward_steps
from autograd.debugging.advice import OVERFLOW, advice_for, advice_on_operands
from autograd.errors import NonFiniteError
from autograd.graph import number_of
from autograd.node_names import kind_of, known_names
from autograd.notation.chain_rule import DOT, partial
from autograd.origin import caret, position
from autograd.recording import paused_gc

SHOWN = 8  # operands in a message; a neuron may have a thousand


def check_node(node: Any) -> None:
    """Raise NonFiniteError for a node that is the first to have a value or partial that is not finite.

    It is the first if all its operands are finite, or if its value or a partial is nan: an infinite operand was
    reported where it was made, unless it was intended, and may propagate; a nan may not.
    """
    results = (number_of(node), *node.partials)
    if all(map(isfinite, results)):
        return
    if any(map(isnan, results)) or all(isfinite(number_of(x)) for x in node.operands):
        raise _error(node, node, _forward_headline(node), f"operands: {_operands(node)}", _forward_advice(node))


def checked_pass(root: Any) -> None:
    """`root.backward()`, edge by edge; raise NonFiniteError at the first gradient that is not finite.

    The gradients are left as they were at that moment.
    """
    with paused_gc():
        for step in backward_steps(root):
            _check_step(step)


def check_products(node: Any) -> None:
    """As `checked_pass`, for the products of one node before they are added: for passes in mirror mode."""
    gradients: dict[Any, float] = {}
    for index, (parent, local) in enumerate(zip(node.parents, node.partials, strict=True)):
        contribution, before = local * node.grad, gradients.get(parent, parent.grad)
        gradients[parent] = after = before + contribution
        _check_step(Step(index, node, parent, local, node.grad, contribution, before, after))


def _check_step(step: Step) -> None:
    if not isfinite(step.after):
        raise _error(step.parent, step.node, _backward_headline(step), _product(step), _backward_advice(step))


def _error(culprit: Any, node: Any, headline: str, detail: str, advice: str) -> NonFiniteError:
    """The error for `culprit`, with the place of `node`, where it arose."""
    lines = [headline, *[f"  {line}" for line in _place(node)], f"  {detail}", f"  hint: {advice}"]
    error = NonFiniteError("\n".join(line for line in lines if line.strip()))
    error.node = culprit
    return error


def _place(node: Any) -> list[str]:
    place = position(node)
    if place is None:
        return ["at an unknown place: the node was made outside the debug block"]
    return [f"at {place}", *[f"  {line}" for line in caret(place).splitlines()]]


# --- forward ----------------------------------------------------------------------------------------------------------


def _forward_headline(node: Any) -> str:
    if node.primitive is None:
        return f"a leaf was made with the value {number_of(node)!r} (or computed inside no_graph())"
    called = _called(node)
    number = number_of(node)
    wrong = [] if isfinite(number) else [f"a value of {number!r}"]
    for parent, local in zip(node.parents, node.partials, strict=True):
        if not isfinite(local) and len(wrong) < 2:
            wrong.append(f"a derivative of {local!r} with respect to {called(parent)}")
    return f"{node.op or 'a node'} made {' and '.join(wrong)}"


def _forward_advice(node: Any) -> str:
    if node.primitive is None:
        return (
            "check where the number comes from: data, a file, a step of the optimiser; an intended infinity can be "
            "made inside `with autograd.debug(anomaly=False):`"
        )
    operands = [number_of(x) for x in node.operands]
    return advice_for(node.primitive, operands) if all(map(isfinite, operands)) else advice_on_operands(node.operands)


def _operands(node: Any) -> str:
    """`p = 0.0, 2.0`: the operands; if there are too many, those that are not finite come first."""
    operands: Sequence[Any] = node.operands
    if len(operands) > SHOWN:
        operands = sorted(operands, key=lambda x: isfinite(number_of(x)))
    called = _called(node)
    shown = [repr(x) if isinstance(x, float) else f"{called(x)} = {number_of(x)!r}" for x in operands[:SHOWN]]
    return ", ".join([*shown, *([f"and {len(operands) - SHOWN} more"] if len(operands) > SHOWN else [])])


def _called(*nodes: Any) -> Callable[[Any], str]:
    """Names for the nodes and their parents: the label, the name in the program, the source text, or the kind."""
    known = known_names(_with_parents(nodes))

    def called(node: Any) -> str:
        return known.get(node) or _written(node, nodes) or f"a {kind_of(node)}"

    return called


def _with_parents(nodes: Iterable[Any]) -> list[Any]:
    return [each for node in nodes for each in (node, *node.parents)]


def _written(node: Any, others: Iterable[Any]) -> str:
    """The node's source text, if that is short and not also that of one of the others."""
    place = position(node)
    if place is None or "\n" in place.text or len(place.text) > 40:
        return ""
    return "" if any(position(other) == place for other in others if other is not node) else place.text


# --- backward ---------------------------------------------------------------------------------------------------------


def _backward_headline(step: Step) -> str:
    called = _called(step.node)
    return f"backward() made the gradient of {called(step.parent)} {step.after!r}, coming from {called(step.node)}"


def _product(step: Step) -> str:
    called = _called(step.node)
    local = partial(step.node.op or "node", f"({called(step.parent)})")
    return (
        f"gradient: {step.before!r} + {local}{DOT}upstream = "
        f"{step.before!r} + {step.local!r} × {step.upstream!r} = {step.after!r}\n  operands: {_operands(step.node)}"
    )


def _backward_advice(step: Step) -> str:
    if not isfinite(step.before):
        return (
            f"the gradient was {step.before!r} before this contribution: set the gradients to 0 (zero_grad) after a "
            "pass that failed"
        )
    if not isfinite(step.local):
        return f"the node was made outside the block, where nothing was checked; {_forward_advice(step.node)}"
    return f"the gradient overflows; {OVERFLOW}"
