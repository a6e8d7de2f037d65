"""A recorded graph as lines over numbered slots, to be replayed in any arithmetic."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple

from autograd.check.arithmetic import UNDEFINED, Arithmetic
from autograd.check.extended_math import in_digits
from autograd.check.replayed_number import NotReplayableError, Replayed, evaluate, is_spelled
from autograd.check.selection import SELECTING
from autograd.errors import AutogradError
from autograd.graph import topological
from autograd.primitive import PRIMITIVES, Primitive
from autograd.rules import pivot, where
from autograd.value import Value


class Edge(NamedTuple):
    """The recorded partial for one operand of a line, its slot, and what the rule gives on the same floats."""

    operand: int
    slot: int
    recorded: float
    rule: float


class Line(NamedTuple):
    """One recorded node: its primitive and, per operand, the slot and the recorded float.

    The slot is None for a plain number, and for an operand that nothing flows to: that is held at what was recorded.
    """

    slot: int
    node: Value
    primitive: Primitive
    slots: tuple[int | None, ...]
    operands: tuple[float, ...]
    edges: tuple[Edge, ...]
    lost: tuple[int, ...]  # operands the rule sends something to, without being parents
    opaque: bool

    @property
    def finite(self) -> bool:
        """Whether the value and all operands are neither infinite nor nan, but for the branch that `where` left."""
        operands = self.operands
        if self.primitive is where:
            operands = (operands[0], operands[1 if operands[0] else 2])
        return all(map(math.isfinite, (self.node.data, *operands)))


class Tape:
    """The nodes above a root in topological order; slot i is node i, lines are the interior ones.

    `held` names slots that a replay does not compute but continues along the recorded partials: black boxes,
    opaque nodes, and kinks whose derivative is a convention.
    """

    def __init__(self, root: Value) -> None:
        self.nodes: list[Value] = topological(root)
        self.slot = {node: i for i, node in enumerate(self.nodes)}
        self.numbers = [
            node.data for node in self.nodes
        ]  # as they are now: a model's parameters are moved and set back
        self.lines = [self._line(i, node) for i, node in enumerate(self.nodes) if node.primitive is not None]
        self.leaves = [i for i, node in enumerate(self.nodes) if node.primitive is None]
        self.held: set[int] = {line.slot for line in self.lines if line.opaque}
        self._base: dict[int, list[Any]] = {}
        self._partials: dict[tuple[int, int], list[Any]] = {}

    def _line(self, slot: int, node: Value) -> Line:
        primitive, operands = node.primitive, node.operands
        assert primitive is not None  # lines are made of interior nodes
        floats = tuple([x.data if isinstance(x, Value) else float(x) for x in operands])
        try:
            flows, opaque = primitive.partials_at(node.data, floats), False
        except AutogradError:
            flows, opaque = node.partials, True
        edges, lost = self._aligned(node, operands, flows)
        flowing = {edge.operand: edge.slot for edge in edges}
        slots = tuple([flowing.get(i) for i in range(len(operands))])
        return Line(slot, node, primitive, slots, floats, edges, lost, opaque)

    def _aligned(
        self, node: Value, operands: Sequence[Any], flows: Sequence[Any]
    ) -> tuple[tuple[Edge, ...], tuple[int, ...]]:
        """The recorded parents and partials matched with the operands that the rule sends something to."""
        recorded = deque(zip(node.parents, node.partials, strict=False))
        edges, lost = [], []
        for i, (operand, flow) in enumerate(zip(operands, flows, strict=True)):
            if isinstance(operand, Value) and flow is not None:
                if recorded and recorded[0][0] is operand:
                    edges.append(Edge(i, self.slot[operand], recorded.popleft()[1], float(flow)))
                else:
                    lost.append(i)
        return tuple(edges), tuple(lost)

    def base(self, m: Arithmetic) -> list[Any]:
        """Every slot's number in an arithmetic, from the leaves' floats."""
        if m.digits not in self._base:
            numbers = [m.lift(x) for x in self.numbers]
            for line in self.lines:
                if line.slot not in self.held:
                    self._compute(m, line, numbers)
            self._base[m.digits] = numbers
        return self._base[m.digits]

    def _compute(self, m: Arithmetic, line: Line, numbers: list[Any]) -> None:
        try:
            number = evaluate(m, *self._call(m, line, numbers), line.operands, line.node.data)
            numbers[line.slot] = number if m.is_finite(number) else m.lift(math.nan)
        except NotReplayableError:
            self.held.add(line.slot)
        except UNDEFINED:
            numbers[line.slot] = m.lift(math.nan)

    def replay(self, m: Arithmetic, moved: Mapping[int, Any]) -> Any:
        """The root's number with some leaves' numbers replaced; only what depends on them is computed again."""
        base = self.base(m)
        numbers, changed = list(base), set(moved)
        for slot, number in moved.items():
            numbers[slot] = number
        for line in self.lines:
            if not changed.isdisjoint(line.slots):
                changed.add(line.slot)
                numbers[line.slot] = self._again(m, line, numbers, base)
        return numbers[-1]

    def holding(self, other: Tape) -> Tape:
        """This graph with the operands that rows hold constant, as the shift of `exp_shift`, held at those of another.

        The same graph where it has none, or where the two have not the same lines.
        """
        if len(self.lines) != len(other.lines) or not any(map(_held_operands, other.lines)):
            return self
        found = copy(self)
        found.lines, found._base, found._partials, found.held = [], {}, {}, set(self.held)
        for line, like in zip(self.lines, other.lines, strict=True):
            places = _held_operands(like) if line.primitive is like.primitive else ()
            operands = [like.operands[i] if i in places else x for i, x in enumerate(line.operands)]
            found.lines.append(line._replace(node=like.node, operands=tuple(operands)) if places else line)
        return found

    def computed(self, m: Arithmetic, moved: Mapping[int, Any]) -> list[Any]:
        """Every slot's number with some leaves' replaced; what no arithmetic can replay is computed on floats."""
        numbers, changed = list(self.base(m)), set(moved)
        for slot, number in moved.items():
            numbers[slot] = number
        for line in self.lines:
            if changed.isdisjoint(line.slots):
                continue
            changed.add(line.slot)
            primitive, found = self._call(m, line, numbers)
            if line.slot in self.held:
                numbers[line.slot] = m.lift(float(primitive.value(*[float(x.real) for x in found])))
            else:
                numbers[line.slot] = evaluate(m, primitive, found, line.operands, line.node.data)
        return numbers

    def _again(self, m: Arithmetic, line: Line, numbers: Sequence[Any], base: Sequence[Any]) -> Any:
        if line.slot not in self.held:
            return evaluate(m, *self._call(m, line, numbers), line.operands, line.node.data)
        moves = [m.lift(edge.recorded) * (numbers[edge.slot] - base[edge.slot]) for edge in line.edges]
        return base[line.slot] + sum(moves, m.lift(0.0))

    def _call(self, m: Arithmetic, line: Line, numbers: Sequence[Any]) -> tuple[Primitive, list[Any]]:
        found = [m.lift(x) if s is None else numbers[s] for s, x in zip(line.slots, line.operands, strict=True)]
        return line.primitive, found

    def partials(self, m: Arithmetic, line: Line) -> list[Any]:
        """The rule's partial for every edge of a line at the numbers of the base replay."""
        key = m.digits, line.slot
        if key not in self._partials:
            self._partials[key] = self._evaluated(m, line, self.base(m))
        return self._partials[key]

    def _evaluated(self, m: Arithmetic, line: Line, base: Sequence[Any]) -> list[Any]:
        if line.slot in self.held:
            return [m.lift(edge.recorded) for edge in line.edges]
        _, numbers = self._call(m, line, base)
        return partials_in(m, line, numbers, base[line.slot])[0]


def _held_operands(line: Line) -> tuple[int, ...]:
    """The Values among a line's operands that its row, one of the engine's own, documents as held constant."""
    row = line.primitive
    if row.name not in SELECTING or PRIMITIVES.get(row.name) is not row:
        return ()
    if row is pivot:
        return tuple(range(len(line.operands)))
    pairs = zip(row.partials, line.node.operands, strict=False)
    return tuple([i for i, (partial, x) in enumerate(pairs) if partial is None and isinstance(x, Value)])


def partials_in(m: Arithmetic, line: Line, numbers: Sequence[Any], out: Any) -> tuple[list[Any], bool]:
    """The rule's partials in another arithmetic, and whether it kept all digits: a black box cannot."""
    strict = not is_spelled(m, line.primitive)
    operands = [Replayed(m, x, at, strict) for x, at in zip(numbers, line.operands, strict=True)]
    try:
        row = in_digits(line.primitive) if strict else line.primitive
        flows = row.partials_at(Replayed(m, out, line.node.data, strict), operands)
        found = [flows[edge.operand] for edge in line.edges]
    except (TypeError, AttributeError):
        return [m.lift(edge.rule) for edge in line.edges], False
    return [each.number if isinstance(each, Replayed) else m.lift(float(each)) for each in found], True
