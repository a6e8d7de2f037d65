"""Check a recorded graph: its rules one by one, the whole graph, second derivatives if asked for, then f itself."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product

from autograd.check import failures
from autograd.check.accuracy import correct_digits
from autograd.check.backward_passes import as_float
from autograd.check.formatting import expression
from autograd.check.kinks import Kink, is_on_kink, kinks_of
from autograd.check.local_partials import Finding, check_line
from autograd.check.one_sided_limits import other_derivative
from autograd.check.opaque_nodes import fault_with_opaque_nodes, with_slopes_of_f
from autograd.check.oracle import OK, UNDECIDED, WRONG, Judgement, chain
from autograd.check.reevaluation import Reevaluation, Sides
from autograd.check.report import NOT_USED, CheckReport, Failure, KinkFound, Row
from autograd.check.second_order import Entry, gradient_tapes, hessian_entries, values_of_gradients
from autograd.check.stale_graph import changed_nodes
from autograd.check.subject import Again, Subject
from autograd.check.tape import Line, Tape
from autograd.check.whole_graph import Result, Slopes, WholeGraph
from autograd.value import Value

LINES = 2_000  # nodes whose rules are checked; of a larger graph, a sample with every primitive in it
SHOWN = 20  # rows about single nodes


class GraphCheck:
    """One check in progress, with its findings so far."""

    def __init__(self, on: Subject, oracle: str, kinks: str, detached: str) -> None:
        self.oracles = chain(oracle)
        self.policy, self.detached = kinks, detached
        self.again = on.again
        self.inputs = on.inputs
        self.tape = Tape(on.root)
        self.names = {leaf: name for name, leaf in on.inputs.items()}
        self.rows: list[Row] = []
        self.failures: list[Failure] = []
        self.kinks: list[KinkFound] = []
        self.hessian: dict[tuple[Value, Value], float] = {}
        self.known: dict[Value, list[Finding]] = {}  # by node: gradient graphs share nodes with the graph itself

    def report(self, order: int) -> CheckReport:
        """Everything, in order: rules, graph, second derivatives."""
        self._rules(self.tape)
        root, digits = self.tape.nodes[-1].data, None
        if not self._stale():
            whole = self._whole()
            digits = whole.value_digits()
            if order == 2 and not self.failures:
                self._second(whole)
            if self.again is not None and not self.failures:
                self._f_itself(self.again, whole, order)
        checked = f"{_count(len(self.known), 'node')}, {_count(len(self.inputs), 'input')}"
        found = tuple(self.rows), tuple(self.failures), tuple(self.kinks)
        return CheckReport(*found, self.oracles[0].name, checked, root, digits)

    # --- rules --------------------------------------------------------------------------------------------------------

    def _rules(self, tape: Tape) -> None:
        for line in _sample(tape.lines):
            if line.node not in self.known:
                self.known[line.node] = self._findings(tape, line)
                self._kinks(line)
            if self.policy == "onesided" and is_on_kink(line):
                tape.held.add(line.slot)
        self._show([finding for line in tape.lines for finding in self.known.get(line.node, ())])

    def _stale(self) -> bool:
        """Whether numbers changed after they were recorded; if so, that is the only failure."""
        changed = changed_nodes(self.tape, self.known)
        if changed:
            self.rows, self.failures = [], [failures.stale_graph(self.tape, node) for node in changed]
        return bool(changed)

    def _findings(self, tape: Tape, line: Line) -> list[Finding]:
        if self.policy == "onesided" and is_on_kink(line):
            return []
        return list(check_line(line, self.oracles))

    def _show(self, findings: Iterable[Finding]) -> None:
        """Add a row for each finding that is not ok, without repetition, and a failure for each that is wrong."""
        seen = {row.input for row in self.rows}
        for finding in findings:
            row = _row_of(finding)
            if row.verdict != OK and row.input not in seen:
                seen.add(row.input)
                if len(self.rows) < SHOWN:
                    self.rows.append(row)
                if row.verdict == WRONG:
                    self.failures.append(failures.rule_failure(finding))

    def _kinks(self, line: Line) -> None:
        if not is_on_kink(line):
            return
        for kink in kinks_of(line, self.oracles):
            self.kinks.append(_found(kink))
            if self.policy == "raise":
                self.failures.append(failures.kink_failure(kink, f"{line.primitive.name} is on a kink"))
            elif self.policy == "onesided" and not kink.between:
                title = f"the derivative of {line.primitive.name} is not between the slopes"
                self.failures.append(failures.kink_failure(kink, title))

    # --- the whole graph ----------------------------------------------------------------------------------------------

    def _whole(self) -> WholeGraph:
        whole = WholeGraph(self.tape, [*self.inputs.values()], self.oracles[0], self._slopes(self.tape))
        results = list(whole.results())
        by_slot = {result.slot: result for result in results}
        trusting = self._trusting(whole)
        for name, leaf in self.inputs.items():
            slot = self.tape.slot.get(leaf, -1)
            row = _row_of_input(name, whole, by_slot.get(slot), leaf)
            if row.verdict == OK and slot in trusting:
                row = replace(row, difference=None, verdict=UNDECIDED, reason=f"with {trusting[slot]}")
            self.rows.append(row)
        together = [result for result in results if result.slot is None]
        self.rows += [_row(f"all inputs, direction {k}", r.judgement) for k, r in enumerate(together, start=1)]
        wrong = next((result for result in results if result.judgement.verdict == WRONG), None)
        if wrong and not self.failures:  # otherwise a wrong rule explains it
            self.failures.append(failures.graph_failure(whole, wrong))
        return whole

    def _slopes(self, tape: Tape) -> Slopes:
        """The oracle's local derivatives, for an oracle that cannot replay the whole graph."""
        found = {}
        for line in tape.lines:
            for finding in self.known.get(line.node, ()):
                if finding.operand is not None and finding.judgement.verdict == OK:
                    found[line.slot, finding.operand] = as_float(finding.judgement.numerical)
        return found

    def _trusting(self, whole: WholeGraph) -> dict[int, str]:
        """By slot, an undecided partial that the derivative depends on, where the replay used the recorded one."""
        found: dict[int, str] = {}
        for line in reversed(self.tape.lines):
            if line.slot in self.tape.held or not whole.exact:
                findings = [] if line.opaque or not whole.sizes[line.slot] else self.known.get(line.node, [])
                unsure = {each.operand for each in findings if each.judgement.verdict == UNDECIDED}
                found |= {edge.slot: _name(line, edge.operand) for edge in line.edges if edge.operand in unsure}
            if line.slot in found:
                found |= {edge.slot: found[line.slot] for edge in line.edges if edge.recorded}
        return found

    # --- second derivatives -------------------------------------------------------------------------------------------

    def _second(self, whole: WholeGraph) -> None:
        gradients = gradient_tapes(self.tape, [*self.inputs.values()])
        for tape in gradients.values():
            self._rules(tape)
        slopes = {leaf: self._slopes(tape) for leaf, tape in gradients.items()}
        entries = list(hessian_entries(self.tape, gradients, self.oracles[0], slopes))
        for row, column, judgement in entries:
            self.hessian[row, column] = self.hessian[column, row] = as_float(judgement.analytic)
        found = [(f"∂f/∂{self.names[leaf]} by grad", each) for leaf, each in values_of_gradients(whole, gradients)]
        found += [
            (_second_name(self.names[each.row], self.names[each.column]), _at_kinks(each, gradients[each.row]))
            for each in entries
        ]
        self.rows += [_row(name, judgement) for name, judgement in found]
        wrong = next(((name, each) for name, each in found if each.verdict == WRONG), None)
        if wrong and not self.failures:
            self.failures.append(failures.second_failure(self.tape, *wrong))

    # --- f itself -----------------------------------------------------------------------------------------------------

    def _f_itself(self, again: Again, whole: WholeGraph, order: int) -> None:
        """Whether the recorded graph is f: call f again, at a single other point if that is enough."""
        on = Reevaluation(again, self.tape, [*self.inputs.values()], self.detached)
        gradient = [whole.gradient(leaf) for leaf in self.inputs.values()]
        if any(line.opaque for line in self.tape.lines):
            fault, self.rows = fault_with_opaque_nodes(on, gradient, self.rows, [*self.inputs])
        else:
            fault = on.fault()
            if fault is not None:
                self.rows = with_slopes_of_f(on, gradient, self.rows, [*self.inputs])
        if fault is not None:
            self.failures.append(failures.fault_of_f(fault))
        elif on.sides is not None:
            self._beside(on, on.sides, gradient, order)

    def _beside(self, on: Reevaluation, sides: Sides, gradient: Sequence[float], order: int) -> None:
        """Compare with f on both sides, where a branch is taken at one point only."""
        leaves = [*self.inputs.values()]
        ours = math.fsum(map(operator.mul, gradient, sides.direction))
        expected = other_derivative(on, sides, 1, ours) if sides.chosen else None
        if expected is None and order == 2:
            pairs = product(zip(leaves, sides.direction, strict=True), repeat=2)
            ours = math.fsum([self.hessian.get((x, y), 0.0) * dx * dy for (x, dx), (y, dy) in pairs])
            expected = other_derivative(on, sides, 2, ours)
        if expected is None:
            return
        if len(leaves) == 1:
            ours, expected = [x / sides.direction[0] ** order for x in (ours, expected)]
        if sides.chosen:
            self.failures.append(failures.lonely_branch(sides, ours, expected, [*self.inputs]))
        else:
            reason = f"on a kink: on both sides, the second derivative of f is {expected:.6g} where this branch has"
            self.rows = [
                replace(row, verdict=UNDECIDED, reason=f"{reason} {ours:.6g}") if row.input.startswith("∂²") else row
                for row in self.rows
            ]


def _sample(lines: Sequence[Line]) -> list[Line]:
    if len(lines) <= LINES:
        return list(lines)
    first = {line.primitive.name: line for line in reversed(lines)}
    spread = [lines[len(lines) * k // LINES] for k in range(LINES)]
    return [*first.values(), *spread]


def _at_kinks(entry: Entry, gradient: Tape) -> Judgement:
    """The judgement on a second derivative: undecided at a kink of the gradient's rules, where it is a convention."""
    if entry.judgement.verdict == WRONG and any(map(is_on_kink, gradient.lines)):
        return entry.judgement._replace(verdict=UNDECIDED, reason="on a kink: a second derivative there is a choice")
    return entry.judgement


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _second_name(row: str, column: str) -> str:
    return f"∂²f/∂{row}²" if row == column else f"∂²f/∂{row}∂{column}"


def _found(kink: Kink) -> KinkFound:
    operand = failures.operand_name(kink.line, kink.operand)
    return KinkFound(expression(kink.line), operand, kink.chosen, kink.left, kink.right)


def _name(line: Line, operand: int | None) -> str:
    text = expression(line)
    return text if operand is None else f"∂({text})/∂{failures.operand_name(line, operand)}"


def _row_of(finding: Finding) -> Row:
    row = _row(_name(finding.line, finding.operand), finding.judgement)
    return row if row.reason or not finding.fault else _row(f"{row.input}: {finding.fault}", finding.judgement)


def _row_of_input(name: str, whole: WholeGraph, result: Result | None, leaf: Value) -> Row:
    gradient = whole.gradient(leaf)
    if result is not None:
        row = _row(name, result.judgement, gradient, result.fault)
        return replace(row, digits=whole.digits(whole.tape.slot[leaf], result.judgement))
    if leaf in whole.tape.slot:
        return Row(name, gradient, None, None, OK, "together with all others")
    return Row(name, 0.0, 0.0, 0.0, OK, NOT_USED, correct_digits(0.0, 0.0) if whole.exact else None)


def _row(name: str, judgement: Judgement, analytic: float | None = None, reason: str = "") -> Row:
    shown = as_float(judgement.analytic) if analytic is None else analytic
    numerical = as_float(judgement.numerical)
    unknown = judgement.verdict == UNDECIDED
    difference = None if unknown else judgement.difference
    number = None if math.isnan(numerical) and unknown else numerical
    return Row(name, shown, number, difference, judgement.verdict, reason or judgement.reason)
