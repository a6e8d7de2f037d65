"""Sums of a large program as dots, in arrays: what reassociate.py opens term by term.

A sum, and the sums and differences that it alone looks at, are a tree. Where each term stands is counted along the
paths to the root, which are halved in every round. Trees with anything else in them are left to be opened one by one.
"""

from __future__ import annotations

from typing import NamedTuple

from autograd import rules
from autograd._numpy import np
from autograd.compiler.columns import CONSTANT, Columns, Flags, Floats, Ints
from autograd.compiler.silent import silently

NONE = -0.0  # the bias of a dot that has none: −0 + x is x for every float


class Opened(NamedTuple):
    """The sums that are dots now, in order, and these; which equations are part of one, and which are left."""

    sums: Ints
    dots: Columns
    absorbed: Flags
    left: Flags


class Terms(NamedTuple):
    """Terms w·x of all trees, in order: of each the root, and both factors as places or, for CONSTANT, numbers.

    `of` is the equation of a product that the term is, −1 for none.
    """

    root: Ints
    w: Ints
    factor: Floats
    x: Ints
    number: Floats
    of: Ints

    def chosen(self, which: Flags | Ints) -> Terms:
        root, w, factor, x, number, of = self
        return Terms(root[which], w[which], factor[which], x[which], number[which], of[which])

    @property
    def is_single(self) -> Flags:
        """Whether it is a place, or minus a place."""
        found: Flags = (self.w == CONSTANT) & (np.abs(self.factor) == 1.0) & (self.x != CONSTANT)
        return found


def opened(columns: Columns, single: Flags) -> Opened:
    """The dots of a program; `single` are the equations, of those a sum may open, that are looked at once.

    >>> from autograd.compiler.program import Equation
    >>> columns = Columns.of(2, [Equation(rules.mul, (0, 1)), Equation(rules.add, (2, 1)), Equation(rules.sub, (3, 0))])
    >>> found = opened(columns, np.array([True, True, False]))
    >>> found.dots[0].operands, found.absorbed.tolist()
    ((0, -1.0, 1, 0, 1), [True, True, False])
    """
    trees = _Trees(columns, single)
    terms = trees.terms()
    is_dot = np.zeros(len(columns), np.bool_)
    is_dot[terms.root[terms.of >= 0]] = True
    is_dot[trees.root_of_nodes[trees.is_inner & ~trees.left[trees.nodes]]] = True
    is_dot &= ~_cancel(columns, terms)
    terms = terms.chosen(is_dot[terms.root])
    absorbed: Flags = np.zeros(len(columns), np.bool_)
    absorbed[trees.nodes] = trees.is_inner & is_dot[trees.root_of_nodes]
    absorbed[terms.of[terms.of >= 0]] = True
    sums = np.flatnonzero(is_dot)
    return Opened(sums, _dots(columns.first, sums, terms), absorbed, trees.left)


class _Trees:
    """The trees of a program, in arrays over its sums of two and differences, the nodes."""

    def __init__(self, columns: Columns, single: Flags) -> None:
        self.columns, self.single = columns, single
        minus = columns.has_row([rules.sub])
        self.is_node = columns.has_row([rules.add]) | minus
        self.products, self.scaled = _products(columns)
        self.nodes: Ints = np.flatnonzero(self.is_node)
        self.lanes: Ints = columns.starts[self.nodes][:, None] + np.arange(2)
        self.below: Ints = columns.equation_of[self.lanes]
        self.signs: Floats = np.stack([np.ones(len(self.nodes)), np.where(minus[self.nodes], -1.0, 1.0)], axis=1)
        is_single = (self.below >= 0) & single[self.below]
        self.is_edge = is_single & self.is_node[self.below]
        number = np.cumsum(self.is_node) - 1
        self.edges = [(np.flatnonzero(edge), number[self.below[edge, i]]) for i, edge in enumerate(self.is_edge.T)]
        self.parent: Ints = np.arange(len(self.nodes))
        for above, inner in self.edges:
            self.parent[inner] = above
        self.is_inner = self.parent != np.arange(len(self.nodes))
        self.begins, self.sign, root = self._along_paths()
        self.root_of_nodes = self.nodes[root]
        known = self.is_node | self.products | self.scaled
        odd = (is_single & ~known[self.below]).any(axis=1) | self._is_opened_by_others()[self.nodes]
        in_odd_trees = np.zeros(len(self.nodes), np.bool_)
        in_odd_trees[root[odd]] = True
        self.left: Flags = ~self.is_node
        self.left[self.nodes] = in_odd_trees[root]

    def _is_opened_by_others(self) -> Flags:
        """Whether what looks at an equation opens it, and is not a node."""
        columns = self.columns
        by: Ints = np.full(len(columns), -1, np.int64)
        is_equation = columns.equation_of >= 0
        by[columns.equation_of[is_equation]] = columns.owners[is_equation]
        passes_on = self.single & columns.has_row([rules.neg, rules.mul]) & ~(self.products | self.scaled)
        opens = columns.has_row([rules.dot, rules.total])
        opens |= passes_on & np.append(opens | passes_on | self.is_node, False)[by]
        found: Flags = self.single & np.append(opens, False)[by]
        return found

    def _counts(self) -> Ints:
        """The terms below each node: those at distance 1, 2, 4, … are added."""
        count = len(self.nodes)
        terms = 2.0 - self.is_edge.sum(axis=1)
        above = np.where(self.is_inner, self.parent, -1)
        while len(inner := np.flatnonzero(above >= 0)):
            terms = terms + np.bincount(above[inner], terms[inner], count)
            further: Ints = np.full(count, -1, np.int64)
            further[inner] = above[above[inner]]
            above = further
        found: Ints = terms.astype(np.int64)
        return found

    def _along_paths(self) -> tuple[Ints, Floats, Ints]:
        """For each node where its terms begin among those of all trees, its sign, and the root."""
        terms, above = self._counts(), self.parent
        self.on_left: Ints = np.ones(len(self.nodes), np.int64)
        self.on_left[self.edges[0][0]] = terms[self.edges[0][1]]
        roots = ~self.is_inner
        begins, sign = np.zeros(len(self.nodes), np.int64), np.ones(len(self.nodes))
        on_right = self.edges[1][1]
        begins[on_right], sign[on_right] = self.on_left[above[on_right]], self.signs[above[on_right], 1]
        while True:
            begins, sign, further = begins + begins[above], sign * sign[above], above[above]
            if np.array_equal(further, above):
                ends = np.cumsum(np.where(roots, terms, 0))
                return begins + (ends - terms)[above], sign, above
            above = further

    def terms(self) -> Terms:
        """Those of all trees that are not left, in order."""
        columns = self.columns
        node, side = np.nonzero(~self.is_edge & ~self.left[self.nodes][:, None])
        order = np.argsort(self.begins[node] + side * self.on_left[node])
        node, side = node[order], side[order]
        lane, below, sign = self.lanes[node, side], self.below[node, side], self.sign[node] * self.signs[node, side]
        is_product = (below >= 0) & self.single[below] & (self.scaled[below] | (self.products[below] & (sign > 0.0)))
        made = Terms(
            self.root_of_nodes[node], np.full(len(node), CONSTANT), sign, columns.places[lane], columns.numbers[lane],
            np.where(is_product, below, -1),
        )  # fmt: skip
        left = columns.starts[below[is_product]]
        right = left + 1
        swapped = columns.places[right] == CONSTANT
        left, right = np.where(swapped, right, left), np.where(swapped, left, right)
        made.w[is_product], made.x[is_product] = columns.places[left], columns.places[right]
        made.factor[is_product] *= columns.numbers[left]
        return made


def _products(columns: Columns) -> tuple[Flags, Flags]:
    """Products of two places, and those of a place and a number that is more than a sign."""
    is_product = columns.has_row([rules.mul])
    numbers = np.bincount(columns.owners[columns.places == CONSTANT], minlength=len(columns))
    signs = columns.any_operand((columns.places == CONSTANT) & (np.abs(columns.numbers) == 1.0))
    return is_product & (numbers == 0), is_product & (numbers == 1) & ~signs


def _cancel(columns: Columns, terms: Terms) -> Flags:
    """For each equation whether it is the root of a tree in which terms cancel, as in reassociate.py."""
    single = terms.chosen(terms.is_single)
    below = np.maximum(single.x - columns.first, -1)
    is_node = columns.has_row([rules.add, rules.sub])
    is_sum = (below >= 0) & (is_node | columns.has_row([rules.neg]))[below]
    found = [(single.root, single.x, single.factor)]
    for operand in (0, 1):
        looks = is_sum & (columns.arity[below] > operand)
        of = below[looks]
        turned = columns.has_row([rules.sub] if operand else [rules.neg])[of]
        sign = np.where(turned, -1.0, 1.0) * single.factor[looks]
        found.append((single.root[looks], columns.places[columns.starts[of] + operand], sign))
    root, place, sign = map(np.concatenate, zip(*found, strict=True))
    key = root * (columns.first + len(columns) + 1) + place
    both = np.intersect1d(key[(sign > 0.0) & (place != CONSTANT)], key[(sign < 0.0) & (place != CONSTANT)])
    cancel: Flags = np.zeros(len(columns), np.bool_)
    cancel[both // (columns.first + len(columns) + 1)] = True
    return cancel


def _dots(first: int, sums: Ints, terms: Terms) -> Columns:
    """The dot of each root; its bias is the sum of the numbers among its terms, else the first single term."""
    which = np.searchsorted(sums, terms.root)
    is_number = (terms.w == CONSTANT) & (terms.x == CONSTANT)
    place: Ints = np.full(len(sums), CONSTANT, np.int64)
    number = np.full(len(sums), NONE)
    silently(_add_numbers, number, which[is_number], terms.chosen(is_number))
    has_number = np.bincount(which[is_number], minlength=len(sums)) > 0
    single = np.flatnonzero(terms.is_single & (terms.factor == 1.0) & ~has_number[which])
    has_single, first_of = np.unique(which[single], return_index=True)
    place[has_single], number[has_single] = terms.x[single[first_of]], 0.0
    kept = ~is_number
    kept[single[first_of]] = False
    which, terms = which[kept], terms.chosen(kept)
    pairs = np.bincount(which, minlength=len(sums))
    starts = np.cumsum(2 * pairs + 1) - (2 * pairs + 1)
    left = starts[which] + np.arange(len(which)) - (np.cumsum(pairs) - pairs)[which]
    right, last = left + pairs[which], starts + 2 * pairs
    places, numbers = np.empty(2 * len(which) + len(sums), np.int64), np.zeros(2 * len(which) + len(sums))
    places[left], places[right], places[last] = terms.w, terms.x, place
    numbers[left], numbers[last] = np.where(terms.w == CONSTANT, terms.factor, 0.0), number
    rows = np.full(len(sums), id(rules.dot), np.int64)
    return Columns(first, rows, 2 * pairs + 1, places, numbers, {id(rules.dot): rules.dot})


def _add_numbers(sums: Floats, which: Ints, terms: Terms) -> None:
    """Add the numbers of these terms to the sums, one after the other."""
    np.add.at(sums, which, terms.factor * terms.number)
