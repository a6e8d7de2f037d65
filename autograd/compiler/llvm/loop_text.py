"""Loops over the lanes of steps, as text: neighbouring steps of one size are one loop, whose values stay in registers.

A kernel is `void (ptr %s, ptr %f, ptr %g, ptr %d, i64 %n)`: the shared numbers, the samples of a block, sums over
samples, a descriptor, and how many samples there are. The descriptor says how many rows there are and how long they are
(0: as the samples), how many terms each sum has, and where the tables of rows are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from autograd import rules
from autograd.compiler.llvm.body import Body, literal, vector
from autograd.compiler.llvm.division import Divisor, divisor, quotient
from autograd.compiler.llvm.engine import has_gathering, has_scaling
from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.library import Kind, Library
from autograd.compiler.llvm.loop_rows import FOLDS, PLAIN, Fold, Pass, Sides, applied
from autograd.compiler.llvm.views import CONSTANT, CONTIGUOUS, TABLE
from autograd.primitive import Primitive

ARGUMENTS = "ptr %s, ptr %f, ptr %g, ptr %d, i64 %n"
FOLDED = ("pairs", "reduce")  # forms of nodes that go over terms: the descriptor says how many
NAME = "kernel"  # in texts; machine code is found by its text


@dataclass(frozen=True)
class Stream:
    """An operand that a loop reads: of which frame, how it walks along a row, and whether it has many terms."""

    frame: str  # "s" or "f"
    walk: str
    deep: bool = False


@dataclass(frozen=True)
class Node:
    """What is computed of the streams (0, 1, …) and of earlier nodes (~0, ~1, …).

    form    "map", "dot" (of pairs w, x and maybe a bias), "pairs", "reduce", or "fold": one number, of all that a node
            or stream (`row`) or the products of two (no row) give along all rows
    """

    form: str
    row: Primitive | None
    power: float | None  # of a map: the exponent, where it is a constant that needs no logarithm
    operands: tuple[int, ...]
    terms: int = 0  # of a row that Python computes of many operands
    sides: Sides = PLAIN


class LoopText:
    """The text of one loop, while it is being written."""

    def __init__(self, kind: Kind, library: Library, streams: Sequence[Stream], terms: int) -> None:
        self.kind, self.library, self.streams = kind, library, streams
        self.f = f = FunctionText(kind, NAME, ARGUMENTS, linkage="")
        self.body = Body(kind.lanes, of=kind.number, scales=has_scaling())
        self.writes_out = False
        self.body.lines = f.lines
        self.rows, given = f.given("i64", "%d", 0), f.given("i64", "%d", 1)
        self.length = f.do(f"select i1 {f.do(f'icmp eq i64 {given}, 0')}, i64 %n, i64 {given}")
        self.last = f.do(f"sub i64 {self.length}, {kind.lanes}")
        self.terms = [f.given("i64", "%d", 2 + i) for i in range(terms)]
        self.tables = [f.given("ptr", "%d", 2 + terms + i) for i in range(len(streams))]
        self.first_store = 2 + terms + len(streams)
        self.values: dict[int, str] = {}  # of streams and nodes, in this round
        self.divisors: dict[int, Divisor | None] = {}  # of streams that something is divided by, in this row

    # --- reading ------------------------------------------------------------------------------------------------------

    def at_row(self, row: str) -> None:
        """Where this row of each stream begins; what is constant in it is read."""
        f = self.f
        self.values = {}
        self.starts: list[str] = []
        for i, (stream, table) in enumerate(zip(self.streams, self.tables, strict=True)):
            if stream.deep:
                self.starts.append("")
            elif stream.walk in (CONSTANT, CONTIGUOUS):
                start = f.at(self.kind.number, f"%{stream.frame}", f.given("i64", table, row))
                self.starts.append(start)
                if stream.walk == CONSTANT:
                    number = f.do(f"load {self.kind.number}, ptr {start}")
                    self.values[i] = self.spread(number)
                    if i in self.divisors:
                        self.divisors[i] = divisor(self, number)
            else:
                self.starts.append(f.at("i64", table, f.do(f"mul i64 {row}, {self.length}")))

    def stream(self, number: int, i: str) -> str:
        """The numbers of a stream from place i of its row on."""
        if number not in self.values:
            stream, start = self.streams[number], self.starts[number]
            if stream.walk == CONTIGUOUS:
                self.values[number] = self.vector(start, i)
            else:
                self.values[number] = self.gathered(stream.frame, self.f.at("i64", start, i))
        return self.values[number]

    def term(self, number: int, row: str, count: str, k: str, i: str) -> str:
        """The numbers of term k of a stream that has many."""
        f, stream = self.f, self.streams[number]
        place = f.do(f"add i64 {f.do(f'mul i64 {row}, {count}')}, {k}")
        if stream.walk not in (CONSTANT, CONTIGUOUS):
            place = f.do(f"add i64 {f.do(f'mul i64 {place}, {self.length}')}, {i}")
            return self.gathered(stream.frame, f.at("i64", self.tables[number], place))
        start = f.at(self.kind.number, f"%{stream.frame}", f.given("i64", self.tables[number], place))
        if stream.walk == CONTIGUOUS:
            return self.vector(start, i)
        return self.spread(f.do(f"load {self.kind.number}, ptr {start}"))

    def spread(self, x: str) -> str:
        """A number in all lanes."""
        return x if self.kind.lanes == 1 else self.f.splat(x)

    def numbered(self, relation: str, x: str) -> str:
        """A flag for each lane: whether its number, 0, 1, …, has this relation to an integer."""
        f, lanes = self.f, self.kind.lanes
        if lanes == 1:
            return f.do(f"icmp {relation} i64 0, {x}")
        wide = vector("i64", lanes)
        one = f.do(f"insertelement {wide} poison, i64 {x}, i32 0")
        every = f.do(f"shufflevector {wide} {one}, {wide} poison, <{lanes} x i32> zeroinitializer")
        return f.do(f"icmp {relation} {wide} <{', '.join([f'i64 {lane}' for lane in range(lanes)])}>, {every}")

    def vector(self, start: str, i: str) -> str:
        """Numbers that follow each other."""
        place = self.f.at(self.kind.number, start, i)
        return self.f.do(f"load {self.kind.type}, ptr {place}, align {self.kind.bytes}")

    def gathered(self, frame: str, places: str) -> str:
        """Numbers at places that a table gives."""
        f, kind = self.f, self.kind
        if kind.lanes == 1:
            return f.load(kind.number, f"%{frame}", f.load("i64", places, 0))
        if has_gathering():
            return self._gathered_at_once(frame, places)
        symbol = self.library.gather(kind)
        self.body.declared[f"declare {kind.type} @{symbol}(ptr, ptr)"] = None
        return f.do(f"call {kind.type} @{symbol}(ptr %{frame}, ptr {places})")

    def _gathered_at_once(self, frame: str, places: str) -> str:
        """The same in one instruction."""
        f, kind, bits = self.f, self.kind, 8 * self.kind.bytes
        numbers, pointers, flags = (vector(of, kind.lanes) for of in ("i64", "ptr", "i1"))
        name = f"@llvm.masked.gather.v{kind.lanes}f{bits}.v{kind.lanes}p0"
        self.body.declared[f"declare {kind.type} {name}({pointers}, i32, {flags}, {kind.type})"] = None
        found = f.do(f"load {numbers}, ptr {places}, align 8")
        at = f.do(f"getelementptr {kind.number}, ptr %{frame}, {numbers} {found}")
        every = f"<{', '.join(['i1 1'] * kind.lanes)}>"
        return f.do(f"call {kind.type} {name}({pointers} {at}, i32 {kind.bytes}, {flags} {every}, {kind.type} poison)")

    # --- computing ----------------------------------------------------------------------------------------------------

    def call(self, of: str | Primitive, words: Sequence[str]) -> str:
        """The result of a function of the library by name, or of a row that Python computes."""
        kind = self.kind.type
        if isinstance(of, str):
            symbol = self.library.function(self.kind, of)
        else:
            symbol = self.library.row(self.kind, of, len(words))
        self.body.declared[f"declare {kind} @{symbol}({', '.join([kind] * len(words))})"] = None
        return self.f.do(f"call {kind} @{symbol}({', '.join([f'{kind} {word}' for word in words])})")

    def node(self, node: Node, number: int, row: str, i: str, count: str) -> None:
        """Compute a node; `count` is how many terms it has."""
        deep = [x for x in node.operands if x >= 0 and self.streams[x].deep]
        words = [self.values[x] if x < 0 else self.stream(x, i) for x in node.operands if x not in deep]
        row_ = node.row
        if node.form == "dot":
            result = self._dot(words)
        elif node.form == "pairs":
            result = self._pairs(node.sides, deep, words, row, i, count)
        elif node.form == "map" and row_ is rules.div and (by := self.divisors.get(node.operands[1])) is not None:
            result = quotient(self, words[0], by)
        elif node.form == "map":
            result = words[0] if row_ is None else applied(self, row_, node.power, words)
        elif row_ is rules.pick:
            result = self._picked(deep[0], words[0], row, i, count)
        elif row_ is not None and (fold := FOLDS.get(row_)) is not None:
            result = self._folded(fold, count, lambda k: self.term(deep[0], row, count, k, i))
        else:
            assert row_ is not None
            result = self.call(row_, [*words, *[self.term(deep[0], row, count, str(k), i) for k in range(node.terms)]])
        self.values[~number] = result

    def _dot(self, words: Sequence[str]) -> str:
        """Σ w x of words w, x, w, x … and maybe a last one to begin with."""
        pairs = len(words) // 2
        result = words[-1] if len(words) % 2 else self.body.mul(words[0], words[1])
        for i in range(0 if len(words) % 2 else 1, pairs):
            result = self.body.fma(words[2 * i], words[2 * i + 1], result)
        return result

    def factors(self, sides: Sides, words: Sequence[str]) -> list[str]:
        """Both factors of a product, from what is read for them."""
        found: dict[tuple[Primitive | None, tuple[str, ...]], str] = {}
        rest = iter(words)
        keys = [(row, tuple(islice(rest, count))) for row, count in sides]
        for row, of in keys:
            if (row, of) not in found:
                found[row, of] = of[0] if row is None else applied(self, row, None, of)
        return [found[key] for key in keys]

    def _pairs(self, sides: Sides, deep: Sequence[int], bias: Sequence[str], row: str, i: str, count: str) -> str:
        kind, f = self.kind, self.f
        with f.loop(count) as k:
            sum_ = f.carry(kind.type, bias[0] if bias else self.body.word(-0.0))
            terms = {each: self.term(each, row, count, k, i) for each in deep}
            w, x = self.factors(sides, [terms[each] for each in deep])
            result = self.body.fma(w, x, sum_)
            f.pass_on(sum_, result)
        return result

    def _folded(self, fold: Fold, count: str, term: Callable[[str], str]) -> str:
        results: list[str] = []
        for each in fold.passes:
            with self.f.loop(count) as k:
                states = [self.f.carry(self.kind.type, self.body.word(x)) for x in each.start]
                found = each.step(self, states, term(k), results)
                for state, new in zip(states, found, strict=True):
                    self.f.pass_on(state, new)
            results += found
        return fold.finish(self, results)

    def _picked(self, xs: int, index: str, row: str, i: str, count: str) -> str:
        """For each lane the term that the index says; nan where there is none."""
        f, kind, stream = self.f, self.kind, self.streams[xs]
        of, result = kind.number, "poison"
        saturated = f"llvm.fptosi.sat.i64.f{8 * kind.bytes}"
        self.body.declared[f"declare i64 @{saturated}({of})"] = None
        for lane in range(kind.lanes):
            number = index if kind.lanes == 1 else f.do(f"extractelement {kind.type} {index}, i32 {lane}")
            place = f.do(f"call i64 @{saturated}({of} {number})")
            is_whole = f.do(f"fcmp oeq {of} {f.do(f'sitofp i64 {place} to {of}')}, {number}")
            is_there = f.do(f"and i1 {is_whole}, {f.do(f'icmp ult i64 {place}, {count}')}")
            k = f.do(f"select i1 {is_there}, i64 {place}, i64 0")
            at = f.do(f"add i64 {f.do(f'mul i64 {row}, {count}')}, {k}")
            beyond = f.do(f"add i64 {i}, {lane}")
            if stream.walk == TABLE:
                at = f.do(f"add i64 {f.do(f'mul i64 {at}, {self.length}')}, {beyond}")
            where = f.given("i64", self.tables[xs], at)
            where = f.do(f"add i64 {where}, {beyond}") if stream.walk == CONTIGUOUS else where
            found = f.load(of, f"%{stream.frame}", where)
            found = f.do(f"select i1 {is_there}, {of} {found}, {of} {literal(math.nan)}")
            if kind.lanes == 1:
                return found
            result = f.do(f"insertelement {kind.type} {result}, {of} {found}, i32 {lane}")
        return result

    # --- folds --------------------------------------------------------------------------------------------------------

    def joined(self, vectors: Sequence[str], each: Pass) -> str:
        """All lanes of some vectors put together, in all lanes."""
        left = list(vectors)
        while len(left) > 1:
            left = [each.join(self.body, x, y) for x, y in zip(left[::2], left[1::2], strict=True)]
        whole, half = left[0], self.kind.lanes // 2
        while half:
            order = ", ".join([f"i32 {(i + half) % self.kind.lanes}" for i in range(self.kind.lanes)])
            of = self.kind.type
            turned = self.f.do(f"shufflevector {of} {whole}, {of} poison, <{self.kind.lanes} x i32> <{order}>")
            whole = each.join(self.body, whole, turned)
            half //= 2
        return whole

    def result(self, fold: Fold, states: Sequence[str]) -> str:
        """The number that joined states amount to."""
        whole, kind = fold.finish(self, states), self.kind
        return whole if kind.lanes == 1 else self.f.do(f"extractelement {kind.type} {whole}, i32 0")


class Text(NamedTuple):
    """The text of a kernel, and the functions that it calls."""

    text: str
    library: Library


def finished(text: LoopText) -> Text:
    """The whole text, with the declarations of what it calls."""
    return Text("\n".join([*text.body.declared, str(text.f)]), text.library)
