"""Turn findings into failures: the smallest expression, both numbers, the suspect, a program that reproduces it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd.check import formatting
from autograd.check.detached_numbers import described
from autograd.check.kinks import Kink
from autograd.check.local_partials import Finding
from autograd.check.oracle import WRONG, Judgement
from autograd.check.reevaluation import Fault, Sides
from autograd.check.report import Failure
from autograd.check.tape import Line, Tape
from autograd.check.whole_graph import Result, WholeGraph
from autograd.node_names import known_names
from autograd.rules import INFIX
from autograd.value import Value

SEARCHED = 300  # lines of a graph in which the smallest wrong part is looked for
HINTS = ((0.0, "it is 0"), (-1.0, "its sign"), (2.0, "a factor of 2"), (0.5, "a factor of ½"), (1.0, "a small error"))


def rule_failure(finding: Finding) -> Failure:
    """A wrong rule, or a wrong recording of one node."""
    line, judgement, name = finding.line, finding.judgement, finding.line.primitive.name
    partial = _partial(line, finding.operand)
    title = f"the recording of {name} is broken: {finding.fault}" if finding.fault else f"the rule of {name} is wrong"
    facts = [
        ("expression", formatting.expression(line)),
        ("operands", _operands(line)),
        ("made at", formatting.where_made(line.node)),
        (f"{partial} ours", formatting.digits(judgement.analytic)),
        (f"{partial} expected", f"{formatting.digits(judgement.numerical)}{_by(finding)}"),
        ("suspect", "" if finding.fault else f"{suspect(line, finding.operand)}{_hint(judgement)}"),
    ]
    return Failure(title, name, formatting.expression(line), tuple(facts), formatting.check_of_line(line))


def kink_failure(kink: Kink, title: str) -> Failure:
    """A derivative at a kink that was not allowed there, or is not a subgradient."""
    line = kink.line
    facts = [
        ("expression", formatting.expression(line)),
        ("made at", formatting.where_made(line.node)),
        (f"{_partial(line, kink.operand)} chosen", repr(kink.chosen)),
        ("slopes", f"{kink.left!r} and {kink.right!r}"),
    ]
    return Failure(title, line.primitive.name, formatting.expression(line), tuple(facts), "")


def graph_failure(whole: WholeGraph, result: Result) -> Failure:
    """A wrong pass over the graph, although every rule agrees by itself."""
    small = smallest(whole)
    wrong = next((found for found in small.results() if found.judgement.verdict == WRONG), result)
    node = small.tape.nodes[-1]
    expression = node_expression(small.tape)
    facts = [
        ("expression", expression),
        ("made at", formatting.where_made(node)),
        ("input", "all together" if wrong.slot is None else _leaf(small.tape, wrong.slot)),
        ("derivative ours", formatting.digits(wrong.judgement.analytic)),
        ("expected", formatting.digits(wrong.judgement.numerical)),
        ("suspect", wrong.fault or "the order or the accumulation of the backward pass: every rule agrees by itself"),
    ]
    return Failure("backward() is wrong", "", expression, tuple(facts), formatting.check_of_tape(small.tape))


def second_failure(tape: Tape, name: str, judgement: Judgement) -> Failure:
    """A wrong second derivative, although the first derivatives are right."""
    facts = [
        ("derivative", name),
        ("expression", node_expression(tape)),
        ("made at", formatting.where_made(tape.nodes[-1])),
        ("ours", formatting.digits(judgement.analytic)),
        ("expected", formatting.digits(judgement.numerical)),
        ("suspect", judgement.reason or "a rule that is not differentiable itself (math on its operands), or grad()"),
    ]
    return Failure(f"{name} is wrong", "", node_expression(tape), tuple(facts), formatting.check_of_tape(tape, order=2))


def stale_graph(tape: Tape, node: Value) -> Failure:
    """A node whose number changed after the graph was recorded."""
    unnamed = f"leaf[{tape.leaves.index(tape.slot[node])}]" if node.primitive is None else node.op
    name = known_names([node]).get(node, unnamed)
    facts = (
        ("data now", repr(node.data)),
        ("made at", formatting.where_made(node)),
        (
            "instead",
            "record the graph again after an update, or check before it: check_gradients(f, *numbers) does both",
        ),
    )
    return Failure(f"{name}.data changed after the graph was recorded", "", "", facts, "")


def fault_of_f(fault: Fault) -> Failure:
    """f and its recorded graph are not the same function."""
    facts: list[tuple[str, str]] = []
    expression = ""
    for place, how, remedy in {str(found[0]): found for found in map(described, fault.departures)}.values():
        expression = expression or place.text
        facts += [("left at", str(place)), ("by", f"{how} in `{place.text}`"), ("instead", remedy)]
    return Failure(fault.title, "", expression, (*facts, *fault.facts), "")


def lonely_branch(sides: Sides, ours: float, expected: float, names: Sequence[str]) -> Failure:
    """A branch that is taken at one point only, with a derivative that f has on neither side."""
    steps = ", ".join([f"{name}: {step:.3g}" for name, step in zip(names[:8], sides.direction, strict=False)])
    facts = [
        ("along", names[0] if len(names) == 1 else steps),
        ("derivative ours", repr(ours)),
        ("on both sides", repr(expected)),
        ("instead", "a function that is smooth there: a limit written with where() has no derivatives to offer"),
    ]
    return Failure(
        "a branch is taken at this point alone, and its derivative is not that of f", "", "", tuple(facts), ""
    )


def smallest(whole: WholeGraph) -> WholeGraph:
    """The first node in topological order whose own graph fails; the graph itself where none does."""
    if len(whole.tape.lines) <= SEARCHED:
        for line in whole.tape.lines[:-1]:
            tape = Tape(line.node)
            part = WholeGraph(tape, [tape.nodes[slot] for slot in tape.leaves], whole.oracle, {})
            if any(result.judgement.verdict == WRONG for result in part.results()):
                return part
    return whole


def suspect(line: Line, operand: int | None) -> str:
    """Where to find the rule: `PRIMITIVES["tanh"].partials[0]`."""
    row = f'PRIMITIVES["{line.primitive.name}"]'
    return f"{row}.variadic" if line.primitive.variadic else f"{row}.partials[{operand}]"


def node_expression(tape: Tape) -> str:
    """The root with its operands spelled out, as long as that stays readable."""
    texts: dict[int, str] = {slot: _leaf(tape, slot) for slot in tape.leaves}
    for line in tape.lines:
        operands = zip(line.slots, line.operands, strict=True)
        parts = [repr(x) if slot is None else texts[slot] for slot, x in operands]
        if line.primitive.name in INFIX:
            parts = [f"({part})" if " " in part else part for part in parts]
        text = formatting.call(line.primitive.name, parts)
        texts[line.slot] = text if len(text) <= 120 else f"{line.primitive.name}(…)"
    return texts[len(tape.nodes) - 1]


def _leaf(tape: Tape, slot: int) -> str:
    leaf = tape.nodes[slot]
    return leaf.label or repr(leaf.data)


def operand_name(line: Line, operand: int | None) -> str:
    """The letter of an operand in the primitive's signature: x, y, z, or x0, x1, … of many."""
    return "all operands" if operand is None else formatting.letters(len(line.operands))[operand]


def _partial(line: Line, operand: int | None) -> str:
    return "∂" if operand is None else f"∂/∂{operand_name(line, operand)}"


def _operands(line: Line) -> str:
    named = zip(formatting.letters(len(line.operands)), line.operands, strict=True)
    shown: Sequence[str] = [f"{name} = {x!r}" for name, x in named]
    return ", ".join(shown if len(shown) <= 8 else [*shown[:8], f"… ({len(shown)} in all)"])


def _by(finding: Finding) -> str:
    return f" (by {finding.oracle}; relative difference {finding.judgement.difference:.1e})" if finding.oracle else ""


def _hint(judgement: Judgement) -> str:
    """The likely mistake, from the ratio of the two numbers."""
    ours, expected = _number(judgement.analytic), _number(judgement.numerical)
    ratio = ours / expected if expected else math.nan
    return next((f": {hint}" for value, hint in HINTS if abs(ratio - value) <= 1e-3), "")


def _number(x: Any) -> float:
    return float(x.real)
