"""Sums and other folds along rows, as text: the lanes of a vector are terms, which are put together at the end.

The descriptor has the number of rows, of walks along each (k), and their length (0: as the samples), then tables: of
each operand where walk (row, k) begins, of the start of each row if there is one, and of the results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.library import Kind, Library
from autograd.compiler.llvm.loop_rows import PLAIN, Pass, Sides, fold_of
from autograd.compiler.llvm.loop_text import LoopText, Stream, Text, finished
from autograd.compiler.llvm.views import CONSTANT, TABLE
from autograd.primitive import Primitive

UNROLLED = 4  # vectors of a short step at once: a fused addition takes four cycles, and two begin in each


@dataclass(frozen=True)
class Folding:
    """What is folded: products of two streams (`row` is None) or the terms of one.

    sides     what both factors are made of: a stream, or a row of some
    is_sum    add the results to the sums over samples, which are doubles, and take whole vectors only
    has_bias  products start from a number of each row
    """

    streams: tuple[Stream, ...]
    row: Primitive | None = None
    sides: Sides = PLAIN
    is_sum: bool = False
    has_bias: bool = False


class _FoldText(LoopText):
    def __init__(self, kind: Kind, library: Library, folding: Folding) -> None:
        super().__init__(kind, library, folding.streams, 1)
        self.folding = folding
        place = self.first_store
        self.bias = self.f.given("ptr", "%d", place) if folding.has_bias else ""
        self.results = self.f.given("ptr", "%d", place + folding.has_bias)
        # Beyond the last sample there is 0, but not where a factor is computed.
        self.is_cleared = folding.is_sum and folding.sides == PLAIN
        self.count = self.length
        if folding.is_sum and not self.is_cleared:
            state = self.f.given("i64", "%d", place + folding.has_bias + 1)
            self.count = self.f.given("i64", self.f.at("double", "%f", state), 1)

    def live(self, i: str) -> str:
        """A flag for each lane: whether there is such a term."""
        return self.numbered("slt", self.f.do(f"sub i64 {self.count}, {i}"))

    def at(self, number: int, place: str, i: str) -> str:
        """The numbers of a stream from place i of a walk on."""
        f, stream = self.f, self.streams[number]
        if stream.walk == TABLE:
            begin = f.do(f"add i64 {f.do(f'mul i64 {place}, {self.length}')}, {i}")
            return self.gathered(stream.frame, f.at("i64", self.tables[number], begin))
        start = f.at(self.kind.number, f"%{stream.frame}", f.given("i64", self.tables[number], place))
        if stream.walk == CONSTANT:
            return self.spread(f.do(f"load {self.kind.number}, ptr {start}"))
        return self.vector(start, i)

    def kept(self, words: list[str], i: str, neutral: Sequence[float]) -> list[str]:
        """What is beyond the last term replaced; only the last vector has such lanes."""
        if self.is_cleared:
            return words
        f = self.f
        is_full = f.do(f"icmp sle i64 {f.do(f'add i64 {i}, {self.kind.lanes}')}, {self.count}")

        def masked() -> list[str]:
            live = self.live(i)
            return [self.body.select(live, word, number) for word, number in zip(words, neutral, strict=False)]

        return f.unless(is_full, self.kind.type, words, masked)

    def walked(self, row: str, each: Pass, earlier: Sequence[str], vectors: int) -> list[str]:
        """The states of a walk over all terms of a row, joined."""
        f, of = self.f, self.kind.type
        starts = [self.body.word(x) for x in each.start for _ in range(vectors)]
        with f.loop(self.terms[0]) as k:
            outer = [f.carry(of, start) for start in starts]
            place = f.do(f"add i64 {f.do(f'mul i64 {row}, {self.terms[0]}')}, {k}")
            with f.loop(self.length) as begin:
                states = [f.carry(of, x) for x in outer]
                found: list[list[str]] = []
                for u in range(vectors):
                    i = f.do(f"add i64 {begin}, {u * self.kind.lanes}") if u else begin
                    found.append(self._stepped(each, states[u::vectors], place, i, earlier))
                new = [found[u][s] for s in range(len(each.start)) for u in range(vectors)]
                for state, result in zip(states, new, strict=True):
                    f.pass_on(state, result)
                f.pass_on(begin, f.do(f"add i64 {begin}, {vectors * self.kind.lanes}"))
            for state, result in zip(outer, new, strict=True):
                f.pass_on(state, result)
        return [self.joined(new[s * vectors : (s + 1) * vectors], each) for s in range(len(each.start))]

    def _stepped(self, each: Pass, states: Sequence[str], place: str, i: str, earlier: Sequence[str]) -> list[str]:
        neutral = (each.neutral, 0.0)  # the product of both sides changes nothing: −0
        words = [self.at(n, place, i) for n in range(len(self.streams))]
        if self.folding.sides != PLAIN:
            words = self.factors(self.folding.sides, words)
        words = self.kept(words, i, neutral)
        if len(words) == 2:
            return [self.body.fma(words[0], words[1], states[0])]
        return list(each.step(self, states, words[0], earlier))


@lru_cache(maxsize=256)
def fold_text(kind: Kind, folding: Folding) -> Text:
    """The text of a fold."""
    text = _FoldText(kind, Library(), folding)
    f = text.f
    fold = fold_of(folding.row)
    is_simple = not folding.is_sum and all(each.walk != TABLE for each in folding.streams)
    with f.loop(text.rows) as row:
        results: list[str] = []
        for each in fold.passes:
            results += text.walked(row, each, results, UNROLLED if is_simple and each.is_short else 1)
        result = text.result(fold, results)
        if folding.has_bias:
            result = f.do(f"fadd {kind.number} {result}, {f.load(kind.number, '%s', f.load('i64', text.bias, row))}")
        _store(f, kind, result, f.given("i64", text.results, row), folding.is_sum)
    return finished(text)


def _store(f: FunctionText, kind: Kind, result: str, place: str, is_sum: bool) -> None:
    if not is_sum:
        f.store(kind.number, result, "%s", place)
        return
    wide = f.do(f"fpext float {result} to double") if kind.single else result
    f.store("double", f.do(f"fadd double {f.load('double', '%g', place)}, {wide}"), "%g", place)
