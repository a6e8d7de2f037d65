"""The chain rule: reverse topological order, one product per edge."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import isfinite
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.graph import topological
from autograd.recording import alone
from autograd.scopes import Scope, active, hooks, open_blocks

if TYPE_CHECKING:
    from autograd.value import Value


class Step(NamedTuple):
    """One edge of the backward pass: `parent` receives `contribution = local * upstream` from `node`.

    index          the number of the step, from 0
    node           where the gradient comes from
    parent         an operand of it, where the gradient goes to
    local          ∂node/∂parent
    upstream       the gradient of the node
    contribution   their product
    before, after  the parent's gradient around the step

    >>> from autograd import Value
    >>> [step] = backward_steps(Value(2.0) * 3.0)
    >>> step.local, step.upstream, step.contribution, step.before, step.after
    (3.0, 1.0, 3.0, 0.0, 3.0)
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which has no use on a step
    node: Value
    parent: Value
    local: float
    upstream: float
    contribution: float
    before: float
    after: float


Pass = Callable[[Any], None]

# Set by debugging, as attributes of this module: read once for each pass, they cost nothing.
callbacks: set[Any] = set()  # weak references to those of all nodes: see callbacks.py
breakpoints: tuple[Any, ...] = ()  # see debugging/hooks.py
debug_backward: Callable[[Any, bool], None] | None = None  # makes the pass with breakpoints, or with debug=True

_lock = RLock()
_one_at_a_time = alone(_lock)  # leaves may be shared between threads, and `+=` is not one step


def _unlock() -> None:
    """New locks in a fork: a pass that another thread was making does not continue here."""
    global _lock, _one_at_a_time  # noqa: PLW0603 (the lock is one for the process)
    _lock = RLock()
    _one_at_a_time = alone(_lock)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)


def backward(root: Any, debug: bool = False) -> None:
    """`root.backward()`: see `Value.backward`. A debugger may replace the plain pass by its own."""
    if (debug or breakpoints) and debug_backward is not None:
        debug_backward(root, debug)
    elif not open_blocks or active() is None:
        plain_pass(root)
    else:
        (hooks().chosen_pass or plain_pass)(root)


def plain_pass(root: Any) -> None:
    """The pass without hooks or callbacks, in the fewest instructions."""
    if callbacks:
        deque(backward_steps(root), maxlen=0)
        return
    with _one_at_a_time:
        for node in reversed(start(root)):
            upstream, dx, dy = node._grad, node._dx, node._dy
            if type(dx) is tuple:
                if upstream == 0.0 and isfinite(sum(dx)):  # a dead unit: every product would be 0 (but 0 · inf is nan)
                    continue
                for parent, local in zip(node._x, dx):  # noqa: B905 (as long, by construction)
                    parent._grad += local * upstream
                continue
            if dx is not None:
                node._x._grad += dx * upstream
            if dy is not None:
                node._y._grad += dy * upstream


class use_backward(Scope):  # noqa: N801 (used like a function)
    """Let `backward()` of this thread (or asyncio task) make the pass `chosen(root)` in the block.

    >>> from autograd import Value
    >>> with use_backward(print):
    ...     Value(3.0).backward()
    Value(data=3.0, grad=0.0)
    """

    __slots__ = ()

    def __init__(self, chosen: Pass) -> None:
        super().__init__(lambda now: replace(now, chosen_pass=chosen))


def backward_steps(root: Value) -> Iterator[Step]:
    """The same pass one edge at a time: the gradients change as the steps are taken.

    A pass that is not finished leaves the gradients as they are by then; a finished one has done what `root.backward()`
    does.

    >>> from autograd import Value
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> for step in backward_steps(a * b):
    ...     print(f"∂/∂{step.parent.label}: {step.local} × {step.upstream} = {step.contribution}")
    ∂/∂a: -3.0 × 1.0 = -3.0
    ∂/∂b: 2.0 × 1.0 = 2.0
    """
    index = 0
    order = topological(root)
    with _one_at_a_time:
        _reset(order)
    # The adjoints belong to this pass: another one over the same nodes may run between two steps.
    adjoints = dict.fromkeys((node for node in order if node.primitive is not None), 0.0)
    adjoints[root] = root._grad
    for node in reversed(order):
        interior = node.primitive is not None
        if interior:
            node._grad = adjoints[node]
        if callbacks:
            reached(node)
        upstream = node._grad
        for parent, local in zip(node.parents, node.partials, strict=True):
            contribution = local * upstream
            with _one_at_a_time:
                before = adjoints.get(parent, parent._grad)
                parent._grad = after = before + contribution
            if parent in adjoints:
                adjoints[parent] = after
            yield Step(index, node, parent, local, upstream, contribution, before, after)
            index += 1


def reached(node: Any) -> None:
    """Call the callbacks of a node whose gradient is complete; every pass does this while there are any."""
    for callback in getattr(node, "_callbacks", ()):
        if callback.function is not None:
            callback.function(node)


def start(root: Any) -> list[Any]:
    """Begin a pass: reset interior gradients, seed the root with 1, and return the nodes in topological order."""
    order = topological(root)
    _reset(order)
    return order


def _reset(order: Sequence[Any]) -> None:
    for node in order:
        if node.primitive is not None:
            node._grad = 0.0
    order[-1]._grad += 1.0
