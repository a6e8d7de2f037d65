"""A derivation node by node: what each is computed from, and how its derivative comes from those of its consumers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autograd import rules
from autograd.derivations.document import Block, Equation
from autograd.derivations.numbers import adjoints_of
from autograd.notation.boxes import Box, Fraction, Mark, Number, is_shown_exactly, line, shortened
from autograd.notation.names import distinct
from autograd.notation.spelling import MOST, NEGATIVE, PRODUCT, Spelling
from autograd.notation.terms import Operand, Term, partials
from autograd.value import Value

EQUAL, ABOUT = Mark("="), Mark("≈")
IN_ONE_LINE = 3  # operands of a node of which names and numbers stand in one line


class Graph:
    """A graph in topological order with a box for each node, its adjoints, and who uses what."""

    def __init__(self, order: Sequence[Value], names: Mapping[Value, str], digits: int) -> None:
        self.order, self.names, self.digits = order, names, digits
        self.boxes: dict[Value, Box] = distinct(names)
        self.root = order[-1]
        self.adjoints = adjoints_of(order)
        self.consumers: dict[Value, list[Value]] = {node: [] for node in order}
        for node in reversed(order):  # as a backward pass reaches them
            for parent in dict.fromkeys(node.parents):
                self.consumers[parent].append(node)
        self.symbols, self.in_numbers = Spelling(digits=digits), Spelling(numbers=True, digits=digits)
        self._partials: dict[Value, Sequence[Operand | None] | None] = {}

    # --- terms --------------------------------------------------------------------------------------------------------

    def term(self, operand: Value | float) -> Operand:
        """A node as a name with its number; a constant is itself, and so is what no gradient flows to."""
        if not isinstance(operand, Value):
            return operand
        return Term(self.boxes[operand], data=operand.data) if operand in self.boxes else operand.data

    def formula(self, node: Value) -> Term:
        """What a node is computed by."""
        return Term(row=node.primitive, operands=list(map(self.term, node.operands)), data=node.data)

    def partial(self, node: Value, parent: Value) -> Operand | None:
        """∂node/∂parent by the rules of its row, over all of its operands that are this parent; None without rules."""
        if node not in self._partials:
            assert node.primitive is not None
            out, operands = Term(self.boxes[node], data=node.data), list(map(self.term, node.operands))
            self._partials[node] = partials(node.primitive, out, operands)
        found = self._partials[node]
        if found is None:
            return None
        each: list[Any] = [d for x, d in zip(node.operands, found, strict=True) if x is parent and d is not None]
        names = [d.box if isinstance(d, Term) and d.row is None else None for d in each]
        if len(each) > 1 and names[0] is not None and set(names) == {names[0]}:
            return rules.mul(float(len(each)), each[0])  # type: ignore[no-any-return]  # 2 x for x * x
        return sum(each[1:], each[0]) if each else 0.0

    def local(self, node: Value, parent: Value) -> float:
        """The number of ∂node/∂parent, as it was recorded."""
        edges = zip(node.parents, node.partials, strict=True)
        return sum([local for each, local in edges if each is parent], 0.0)

    # --- boxes --------------------------------------------------------------------------------------------------------

    def by(self, node: Value) -> Box:
        """∂L/∂node."""
        return derivative(self.boxes[self.root], self.boxes[node])

    def number(self, x: float) -> tuple[Mark, Box]:
        """A number behind = or, where digits are left out, ≈."""
        return self.relation(x), self.symbols.number(x)[0]

    def relation(self, *shown: float) -> Mark:
        """What stands before these numbers: = or ≈."""
        return EQUAL if all(is_shown_exactly(x, self.digits) for x in shown) else ABOUT

    # --- blocks -------------------------------------------------------------------------------------------------------

    def forward(self, node: Value) -> Block:
        """node = formula = formula in numbers = number; of a leaf or an opaque node the number."""
        return Block(equations=tuple(self.equations(node)))

    def equations(self, node: Value) -> list[Equation]:
        """Those of `forward`: one, or two if the node has many operands."""
        relation, result = self.number(node.data)
        if node.primitive is None or node.primitive.formula == "opaque":
            return [Equation(self.boxes[node], relation, result)]
        term = self.formula(node)
        symbols, numbers = self.symbols(term), self.in_numbers(term)
        before = self.relation(*[x.data if isinstance(x, Value) else x for x in node.operands])
        if numbers in (symbols, result):
            return [Equation(self.boxes[node], EQUAL, line(symbols, relation, result))]
        if len(node.operands) <= IN_ONE_LINE:
            return [Equation(self.boxes[node], EQUAL, line(symbols, before, numbers, relation, result))]
        return [Equation(self.boxes[node], EQUAL, symbols), Equation(None, before, line(numbers, relation, result))]

    def backward(self, node: Value) -> Block:
        """∂L/∂node: by its consumers, with their partials, in numbers."""
        value = self.adjoints[node]
        if node is self.root:
            return Block(name=self.names[node], value=value, equations=(Equation(self.by(node), EQUAL, Number("1")),))
        users = self.consumers[node]
        relation, result = self.number(value)
        sums = [
            line_of_sum([self._chain(user, node) for user in users]),
            line_of_sum([self._applied(user, node, PRODUCT if i else NEGATIVE) for i, user in enumerate(users)]),
            line_of_sum([self._in_numbers(user, node) for user in users]),
        ]
        equations = [Equation(self.by(node), EQUAL, sums[0])]
        equations += [Equation(None, EQUAL, each) for each in sums[1:2] if each != sums[0]]
        shown = [x for user in users for x in (self.local(user, node), self.adjoints[user])]
        equations += [Equation(None, self.relation(*shown), line(sums[2], relation, result))]
        return Block(name=self.names[node], value=value, equations=tuple(equations))

    def _chain(self, user: Value, node: Value) -> Box:
        return line(derivative(self.boxes[user], self.boxes[node]), "·", self.by(user))

    def _applied(self, user: Value, node: Value, least: int) -> Box:
        found = self.partial(user, node)
        return self._chain(user, node) if found is None else line(self.symbols(found, least), "·", self.by(user))

    def _in_numbers(self, user: Value, node: Value) -> Box:
        upstream = self.symbols(self.adjoints[user], PRODUCT)
        return line(self.symbols(self.local(user, node), PRODUCT), "·", upstream)


def derivative(above: Box, below: Box) -> Box:
    """∂above/∂below.

    >>> from autograd.notation.boxes import Name
    >>> from autograd.notation.latex import latex
    >>> latex(derivative(Name("L"), Name("w")))
    '\\\\frac{\\\\partial L}{\\\\partial w}'
    """
    return Fraction(line("∂", above), line("∂", below))


def line_of_sum(parts: Sequence[Box]) -> Box:
    """A sum of products; of many, the first ones and the last."""
    found: list[Box | str] = []
    for part in shortened(parts, MOST):
        found += ["+", part] if found else [part]
    return line(*found) if found else Number("0")
