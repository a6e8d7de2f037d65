"""Find the numbers of a graph that changed after it was recorded, as by `w.data -= 0.1 * w.grad`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autograd.check.local_partials import STALE, Finding, differs
from autograd.check.tape import Line, Tape
from autograd.value import Value


def changed_nodes(tape: Tape, findings: Mapping[Value, Sequence[Finding]]) -> list[Value]:
    """The fewest nodes whose number must have changed, leaves first, for nodes not to be their operands' value.

    A changed leaf shows in every node computed from it; a changed interior node in itself, too.
    """
    lines = [line for line in tape.lines if any(each.fault == STALE for each in findings.get(line.node, ()))]
    wrong = {line.slot for line in lines if _repeats(line)}
    effects: dict[Value, set[int]] = {}
    for line in tape.lines:
        for operand in line.node.operands:
            if isinstance(operand, Value):
                effects.setdefault(operand, set()).add(line.slot)
    for line in lines:
        effects[line.node] = effects.get(line.node, set()) | {line.slot}
    suspects = {node: slots for node, slots in effects.items() if slots <= wrong}
    suspects = {node: slots for node, slots in suspects.items() if node.primitive is None or tape.slot[node] in wrong}
    changed: list[Value] = []
    while wrong and suspects:
        node = max(suspects, key=lambda each: (len(suspects[each] & wrong), each.primitive is None))
        if not suspects[node] & wrong:
            break
        changed.append(node)
        wrong -= suspects.pop(node)
    return changed


def _repeats(line: Line) -> bool:
    """Whether the same operands, recorded again, give the value of the row: else it is the recording that is broken."""
    again = line.primitive(*[Value(x) for x in line.operands])
    return not differs(again.data, float(line.primitive.value(*line.operands)), lambda: line.node.data)
