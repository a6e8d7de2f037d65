"""Call a recorded function again on the nodes of its recording, to see whether it does the same."""

from __future__ import annotations

from typing import Any

from autograd import rules
from autograd.compiler.program import same
from autograd.compiler.record import Observed, Recorder
from autograd.compiler.traced import Condition
from autograd.primitive import Primitive
from autograd.value import Value, as_float


def is_same(kept: Any, given: Any) -> bool:
    """Whether an operand is the one that was recorded: the same object, or as a constant the same number.

    >>> is_same(2.0, 2), is_same(0.0, -0.0), is_same(float("nan"), float("nan"))
    (True, False, True)
    """
    if kept is given or type(kept) is not float or type(given) not in _CONSTANTS:
        return kept is given
    if kept == given:
        return kept != 0.0 or same(kept, given)
    return bool(kept != kept and given != given)


_CONSTANTS = frozenset([float, int])


class Replay(Recorder):
    """A recorder that gives back the nodes of an earlier recording, as long as it is asked for them in their order.

    It is complete when all of them, and all guards, were asked for. No number is computed and no node made, which takes
    a third of the time of a recording, and a comparison of two. Whatever is not known is recorded as usual, so that the
    function comes to an end; the replay is then not complete.

    >>> recorder = Recorder({})
    >>> x = recorder.argument(3.0)
    >>> y = recorder.run(lambda: x * x + 1.0)
    >>> again = Replay(recorder)
    >>> again.run(lambda: x * x + 1.0) is y, again.is_complete
    (True, True)
    >>> again = Replay(recorder)
    >>> again.run(lambda: x * x + 2.0) is y, again.is_complete
    (False, False)
    """

    def __init__(self, earlier: Recorder) -> None:
        super().__init__(dict(earlier.numbers), guards_indices=earlier.guards_indices, gated=earlier.gated)
        self._earlier = earlier.nodes
        self._answers = earlier.guards
        self._at = self._answered = 0

    @property
    def is_complete(self) -> bool:
        """Whether the function has done what it did in the earlier recording, and nothing else."""
        nothing_else = not self.nodes and not self.guards
        return nothing_else and self._at == len(self._earlier) and self._answered == len(self._answers)

    def _own_block(self) -> None:
        """None, so that operators ask `known`."""

    # --- operations ---------------------------------------------------------------------------------------------------

    def known(self, row: Primitive, left: Any, right: Any) -> Any:
        """The node of an operator, if it is the next one."""
        at = self._at
        if at < len(self._earlier):  # written out, since a recording consists of operators
            node = self._earlier[at]
            if node.primitive is row:
                x, y = node._x, node._y
                if (x is left or is_same(x, left)) and (y is right or is_same(y, right)):
                    self._at = at + 1
                    return node
        return None

    def apply(self, primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        """The node of a primitive, the next one or a new one."""
        node = self._next()
        if node is not None and node.primitive is primitive:
            kept = node._y if type(node._dx) is tuple else (node._x, node._y)[: primitive.arity]
            if len(kept) == len(operands) and all(map(is_same, kept, operands)):
                self._at += 1
                return node
        return super().apply(primitive, operands)

    def _held(self, kind: type, value: Value, number: float) -> Any:
        node = self._next()
        if _holds(node, value) and type(node) is kind:
            self._at += 1
            return node
        return super()._held(kind, value, number)

    def _next(self) -> Any:
        return self._earlier[self._at] if self._at < len(self._earlier) else None

    # --- questions ----------------------------------------------------------------------------------------------------

    def compare(self, relation: str, left: Value, right: Any) -> Any:
        """The Condition of a comparison, the next node or a new one."""
        right = right if isinstance(right, Value) else as_float(right)
        node = self._next()
        asked = vars(node).get("asked") if type(node) is Condition else None
        if asked is not None and asked.relation == relation and asked.left is left and is_same(asked.right, right):
            self._at += 1
            return node
        return super().compare(relation, left, right)

    def observe(self, relation: str, left: Any, right: Any, outcome: bool) -> None:
        """Pass over the guard if it is the next one, else keep it."""
        kept = self._next_answer()
        known = kept is not None and (kept.relation, kept.outcome) == (relation, outcome) and kept.left is left
        if known and kept is not None and is_same(kept.right, right):
            self._answered += 1
        else:
            super().observe(relation, left, right, outcome)

    def decide(self, condition: Any) -> bool:
        """The outcome of a comparison, as it was."""
        kept = self._next_answer()
        if kept is not None and vars(condition).get("asked") is kept:
            self._answered += 1
            return kept.outcome
        return super().decide(condition)

    def _next_answer(self) -> Observed | None:
        return self._answers[self._answered] if self._answered < len(self._answers) else None


def _holds(node: Any, value: Value) -> bool:
    """Whether it is a node that holds this Value constant."""
    return node is not None and node.primitive is rules.pivot and len(node._y) == 1 and node._y[0] is value
