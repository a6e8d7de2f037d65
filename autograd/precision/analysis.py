"""`digits`: compare the floats of a function and its gradient with a replay of both with at least 60 digits."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from autograd import origin, rules
from autograd.check.accuracy import correct_digits
from autograd.check.formatting import call
from autograd.check.subject import Subject, subject
from autograd.check.tape import Line, Tape
from autograd.debugging.recorded_expression import recorded
from autograd.debugging.switch import debug
from autograd.expressions.expression import Expression
from autograd.precision.culprit import Culprit, culprit, maker
from autograd.precision.derivative import Gradient
from autograd.precision.exact import Exact
from autograd.precision.remedies import remedy
from autograd.precision.report import ENOUGH, Digits, DigitsReport, Loss
from autograd.recording import paused_gc
from autograd.recording import recorded as recording
from autograd.value import Value, as_float

SHOWN = 25  # digits of exact numbers
TERMS = 4  # of a sum
FORMULA = 30  # operations of a derivative that a remedy is looked for around


def digits(f: Any, *at: Any, loss: Any = None) -> DigitsReport:
    """How many digits of f and of its gradient are right at a point, and the sub-expression that lost the others.

    f     a function of numbers, lists and dicts of numbers; a recorded Value; or a model
    at    the numbers at which a function is taken; of a model a sample x, y
    loss  for a model: a function of (prediction, target), as for `check_gradients`

    The recorded graph is computed again with 60 digits or more (mpmath), on the branches that were taken: what floats
    made of it has −log₁₀ of the relative error as correct digits, of 15.95 that a float can have. Numbers that go in
    are exact. Where digits are missing, the operation is named at which the relative error jumps, its line (of a graph
    recorded inside `autograd.debug()`, of a function always), and what to write instead, if that is known. For a
    gradient, it is an operation of the derivative, and the line is that of the expression whose derivative it is.

    >>> from autograd import sin
    >>> report = digits(lambda x: sin(x) / x, 1e-8)
    >>> round(report.value.digits), report.gradient[0].digits
    (16, 0.0)
    >>> report.gradient[0].loss.expression, report.gradient[0].loss.remedy
    ('sin(x) / x', 'sinc(x/pi)')

    ImportError without mpmath, TypeError when f cannot be recorded, GraphError for an opaque node and inside
    `no_graph()`. Where a primitive's own value insists on floats, that is taken to be exact: see `report.unknown`.
    """
    with paused_gc():
        asked = origin.asking()
        on = _subject(f, at, loss)
        return _Analysis(on, asked).report()


def _subject(f: Any, at: Sequence[Any], loss: Any) -> Subject:
    if isinstance(f, Expression):
        leaves = {name: Value(as_float(x), label=name) for name, x in zip(f.names, at, strict=True)}
        root = recorded(f, leaves)
        return Subject(root if isinstance(root, Value) else Value(root), leaves)
    with debug():
        return subject(f, at, loss)


class _Analysis:
    """A function and its gradient as one graph, replayed."""

    def __init__(self, on: Subject, asked: origin.Instruction | None) -> None:
        self.root, self.asked = on.root, asked
        self.known: dict[Value, Loss] = {}
        before = Tape(on.root)
        self.nodes = before.nodes
        self.inputs = on.inputs
        used = [leaf for leaf in on.inputs.values() if leaf in before.slot]
        with recording():
            self.gradient = Gradient(on.root, used)
            self.slopes = dict(zip(used, self.gradient.slopes, strict=True))
            everything = rules.total(on.root, *self.gradient.slopes)
        self.exact = Exact(Tape(everything), [on.root, *self.gradient.slopes])

    def report(self) -> DigitsReport:
        """A row for the value, and one for each input."""
        rows = [
            self._row(f"∂f/∂{name}", self.slopes[leaf]) if leaf in self.slopes else _not_used(name)
            for name, leaf in self.inputs.items()
        ]
        return DigitsReport(self._row("value", self.root), tuple(rows), self.exact.unknown)

    def _row(self, name: str, node: Value) -> Digits:
        number = self.exact.number(node)
        if number is None:
            made = maker(self.exact, node) if not isfinite(node.data) else None
            return Digits(name, node.data, "unknown", None, self._loss(made) if made is not None else None)
        count = correct_digits(node.data, number)
        found = culprit(self.exact, node) if count < ENOUGH else None
        shown = str(number.context.nstr(number, SHOWN))
        return Digits(name, node.data, shown, count, self._loss(found) if found is not None else None)

    def _loss(self, found: Culprit) -> Loss:
        if found.node not in self.known:
            self.known[found.node] = self._described(found)
        return self.known[found.node]

    def _described(self, found: Culprit) -> Loss:
        line = self.exact.lines[self.exact.tape.slot[found.node]]
        owners = self._owners(line)
        owner = owners[0]
        place = origin.position(owner)
        text = " ".join(place.text.split()) if place else ""
        return Loss(
            expression=text or call(owner.op, list(map(_short, owner.operands))),
            place=str(place) if place else "",
            source=origin.caret(place) if place else "",
            in_gradient=owner is not found.node,
            operation=_operation(line),
            error_in=found.error_in,
            error_out=found.error_out,
            condition=found.condition,
            remedy=self._remedy(found.node, owners),
        )

    def _owners(self, line: Line) -> list[Value]:
        """The node of the program that a node belongs to, itself or by its derivative; others that do come after it.

        Where f takes derivatives itself, what it makes has no place but the call of `digits`: then it is the nearest
        node with a place that it was computed from.
        """
        node = line.node
        owners = [self.gradient.of.get(node, node)]
        if node in self.gradient.consumers:
            owners = _large_consumers(line, self.gradient.consumers[node])
        made_from = [each for owner in owners for each in _ancestors(owner)]
        first = next(filter(self._is_placed, [*owners, *made_from]), owners[0])
        return [first, *owners]

    def _is_placed(self, node: Value) -> bool:
        """Whether a node has a place in the user's program other than the call of `digits`."""
        instruction = getattr(node, "_origin", None)
        return instruction is not None and instruction != self.asked

    def _remedy(self, node: Value, owners: Sequence[Value]) -> str:
        """A remedy around an owner; for what is part of no program, around whatever it was computed from."""
        looked_at = list(owners)
        if node is not owners[0] and node not in self.gradient.consumers and node not in self.gradient.of:
            looked_at += _ancestors(node)
        return next((text for each in looked_at if (text := remedy(each, self.nodes))), "")


def _not_used(name: str) -> Digits:
    return Digits(f"∂f/∂{name}", 0.0, "0.0", correct_digits(0.0, 0.0))


def _large_consumers(line: Line, consumers: Sequence[Value]) -> list[Value]:
    """Those that sent large contributions, the last in the program first: that is the whole expression that cancels."""
    contributions = _products(line)[1:]
    if len(contributions) != len(consumers):
        return list(consumers)
    largest = max(map(abs, contributions))
    pairs = zip(contributions, consumers, strict=True)
    return [each for sent, each in pairs if abs(sent) >= 0.1 * largest] or list(consumers)


def _products(line: Line) -> list[float]:
    """The terms of a `dot`, the bias first."""
    half = len(line.operands) // 2
    pairs = zip(line.operands[:half], line.operands[half:-1], strict=True)
    return [line.operands[-1], *[w * x for w, x in pairs]]


def _operation(line: Line) -> str:
    """The operation with its numbers."""
    if line.primitive is rules.dot:
        products = [x for x in _products(line) if x]
        shown = [f"{x:.6g}" for x in products[:TERMS]] + ["…"] * (len(products) > TERMS)
        return f"the sum {' + '.join(shown)}"
    return call(line.primitive.name, [repr(x) for x in line.operands])


def _ancestors(node: Value) -> list[Value]:
    """The nodes that a node was computed from, nearest first."""
    found: dict[Value, None] = {}
    edge = [node]
    while edge and len(found) < FORMULA:
        edge = [x for each in edge for x in each.operands if isinstance(x, Value) and x not in found]
        found |= dict.fromkeys(edge)
    return [each for each in found if each.primitive is not None]


def _short(x: Any) -> str:
    return (x.label or repr(x.data)) if isinstance(x, Value) else repr(x)
