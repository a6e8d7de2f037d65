"""Definitions of numbers and arrays: which have a line of their own, and the names that they have there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from autograd.compiler.latex.parts import at
from autograd.compiler.latex.spelling import Equational, Named, Written, simple
from autograd.notation.boxes import Box, Name
from autograd.notation.terms import Operand, Term

WIDEST = 12  # operands of a term that is written where it is used
Key = Hashable
T = Name("t")  # the index of time


@dataclass(frozen=True)
class Row:
    """left = right, and what is said beside it; a tag stands for the number of the equation."""

    left: Box
    right: Box
    note: Box | None = None
    tag: str = ""


@dataclass(frozen=True)
class Definition:
    """What `key` is, at an index of time if it has one.

    is_kept  whether it has a line of its own even if it is used once
    """

    key: Key
    term: Operand
    at: Box | None = None
    note: Box | None = None
    tag: str = ""
    is_kept: bool = False


@dataclass
class Definitions:
    """Definitions in order, the names that some have, and the results: a name each, and what it is.

    fresh    gives the next name for what has none
    derived  names that follow from those of others, where these have one: of adjoints
    first    what may have the name of a result
    """

    fresh: Callable[[Definition], Box]
    all: list[Definition] = field(default_factory=list)
    names: dict[Key, Box] = field(default_factory=dict)
    results: list[tuple[Box, Operand]] = field(default_factory=list)
    derived: dict[Key, Callable[[Mapping[Key, Box]], Box | None]] = field(default_factory=dict)
    first: frozenset[Key] = frozenset()

    def add(self, definition: Definition) -> None:
        """Append one."""
        self.all.append(definition)

    def rows(self) -> Iterator[Row]:
        """A line for each definition that is needed and not written in place, then the results that have none."""
        uses = self._uses()
        self._name_by_results()
        inner: dict[Key, Operand] = {}
        spelt = Equational()
        for each in self.all:
            if not uses[each.key]:
                continue
            term = self._resolved(each.term, inner)
            if not each.is_kept and each.key not in self.names and uses[each.key] == 1 and _size(term) <= WIDEST:
                inner[each.key] = term
                continue
            if each.key not in self.names:
                derived = self.derived.get(each.key)
                self.names[each.key] = (derived and derived(self.names)) or self.fresh(each)
            yield Row(at(self.names[each.key], each.at), spelt(self._shown(term)), each.note, each.tag)
        for name, operand in self.results:
            box = spelt(self._shown(self._resolved(operand, inner)))
            if box != name:
                yield Row(name, box)

    def _uses(self) -> Counter[Key]:
        """How often each is needed; what is used other than as a whole counts twice."""
        defined: dict[Key, list[Operand]] = {}
        for each in self.all:
            defined.setdefault(each.key, []).append(each.term)
        uses: Counter[Key] = Counter()
        todo = [operand for _, operand in self.results]
        while todo:
            for key, times in _references(todo.pop()):
                if not uses[key]:
                    todo += defined[key]
                uses[key] += times
        return uses

    def _name_by_results(self) -> None:
        """Results that are what an equation defines have no line of their own: they name it."""
        for name, operand in self.results:
            if isinstance(operand, Named) and operand.key in self.first and operand.at is None:
                self.names.setdefault(operand.key, name)

    def _resolved(self, x: Operand, inner: Mapping[Key, Operand]) -> Operand:
        """A term in which others are written in place."""
        if isinstance(x, Named):
            return inner.get(x.key, x) if x.key is not None else x
        return _rebuilt(x, [self._resolved(each, inner) for each in x.operands]) if isinstance(x, Term) else x

    def _shown(self, x: Operand) -> Operand:
        """A term with the names that keys have now."""
        if isinstance(x, Named):
            box = x.box if x.key is None else self.names[x.key]
            assert box is not None
            return Named(None, at(box, x.at), is_array=x.is_array)
        return _rebuilt(x, [self._shown(each) for each in x.operands]) if isinstance(x, Term) else x


def _rebuilt(x: Term, operands: Sequence[Operand]) -> Operand:
    if isinstance(x, Written):
        return Written(x.writer, operands, x.is_array, x.is_plain, x.what)
    return x if x.row is None else simple(x.row, operands)


def _references(x: Operand, times: int = 1) -> Iterator[tuple[Key, int]]:
    if isinstance(x, Named):
        if x.key is not None:
            yield x.key, 2 if x.at is not None and x.at != T else times
    elif isinstance(x, Term):
        for each in x.operands:
            yield from _references(each, 2 if isinstance(x, Written) and x.is_plain else times)


def _size(x: Operand) -> int:
    return sum(map(_size, x.operands)) if isinstance(x, Term) and x.operands else 1
