"""The kernel of a loop: what it computes of the lanes of each row, and folds over all rows, with states in registers.

After the tables of streams, its descriptor says where the rows of results are, then where the numbers of folds are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from autograd import rules
from autograd.compiler.llvm.engine import has_fma
from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.library import Kind, Library
from autograd.compiler.llvm.loop_rows import fold_of
from autograd.compiler.llvm.loop_text import FOLDED, LoopText, Node, Stream, Text, finished
from autograd.compiler.llvm.views import CONSTANT


class _LoopKernel(LoopText):
    # --- writing ------------------------------------------------------------------------------------------------------

    def target(self, place: int, frame: str, is_table: bool, row: str) -> str:
        """Where the numbers of a row are written to, or the table that says so."""
        f, table = self.f, self.f.given("ptr", "%d", self.first_store + place)
        if is_table:
            return f.at("i64", table, f.do(f"mul i64 {row}, {self.length}"))
        return f.at(self.kind.number, f"%{frame}", f.given("i64", table, row))

    def store(self, node: int, frame: str, is_table: bool, target: str, i: str) -> None:
        """Write a node's numbers to their row of a frame."""
        f, kind, value = self.f, self.kind, self.values[~node]
        if not is_table:
            f.add(f"store {kind.type} {value}, ptr {f.at(kind.number, target, i)}, align {kind.bytes}")
            return
        places = f.at("i64", target, i)
        for lane in range(kind.lanes):
            one = value if kind.lanes == 1 else f.do(f"extractelement {kind.type} {value}, i32 {lane}")
            f.store(kind.number, one, f"%{frame}", f.load("i64", places, lane))

    # --- folds over all rows ------------------------------------------------------------------------------------------

    def folded(self, node: Node, states: Sequence[str], i: str, live: str) -> list[str]:
        """The states of a fold after one more vector; lanes that are not live change nothing."""
        words = [self.values[x] if x < 0 else self.stream(x, i) for x in node.operands]
        (step,) = fold_of(node.row).passes
        neutral = (step.neutral, 0.0)  # the product of both sides changes nothing: −0
        if live:
            words = [self.body.select(live, word, number) for word, number in zip(words, neutral, strict=False)]
        if node.row is None:
            return [self.body.fma(words[0], words[1], states[0])]
        return list(step.step(self, states, words[0], ()))


@lru_cache(maxsize=1024)
def loop_text(
    kind: Kind,
    streams: tuple[Stream, ...],
    nodes: tuple[Node, ...],
    stores: tuple[tuple[int, str, bool], ...],
    is_whole: bool = False,
    is_long: bool = False,
) -> Text:
    """The text of a loop; `stores` are (node, frame, whether it is a table of places), and folds follow them.

    In one that `is_long`, functions are written out. If rows are not `is_whole` vectors, the last one of a row begins
    where it ends with the row: some of its numbers are computed twice, none is missing.
    """
    terms = [i for i, node in enumerate(nodes) if node.form in FOLDED]
    text = _LoopKernel(kind, Library(), streams, len(terms))
    text.writes_out = is_long and not kind.single
    text.divisors = dict.fromkeys(_divisors(kind, streams, nodes))
    f = text.f
    folds = {i: fold_of(node.row) for i, node in enumerate(nodes) if node.form == "fold"}
    starts = {i: [text.body.word(x) for x in fold.passes[0].start] for i, fold in folds.items()}
    with f.loop(text.rows) as row:
        outer = {number: [f.carry(kind.type, x) for x in start] for number, start in starts.items()}
        text.at_row(row)
        targets = [text.target(place, frame, is_table, row) for place, (_, frame, is_table) in enumerate(stores)]
        with f.loop(text.length) as begin:
            states = {number: [f.carry(kind.type, x) for x in start] for number, start in outer.items()}
            i = begin
            if not is_whole:
                late = f.do(f"icmp sgt i64 {begin}, {text.last}")
                i = f.do(f"select i1 {late}, i64 {text.last}, i64 {begin}")
            # Lanes before `begin` have been there already.
            live = text.numbered("sge", f.do(f"sub i64 {begin}, {i}")) if folds and not is_whole else ""
            for number, node in enumerate(nodes):
                if number not in folds:
                    text.node(node, number, row, i, text.terms[terms.index(number)] if number in terms else "")
            new = {number: text.folded(nodes[number], states[number], i, live) for number in folds}
            for (number, frame, is_table), target in zip(stores, targets, strict=True):
                text.store(number, frame, is_table, target, i)
            f.pass_on(begin, f.do(f"add i64 {begin}, {kind.lanes}"))
            _pass_on(f, states, new)
        _pass_on(f, outer, new)
    for place, (number, fold) in enumerate(folds.items(), text.first_store + len(stores)):
        joined = [text.joined([x], fold.passes[0]) for x in new[number]]
        f.store(kind.number, text.result(fold, joined), "%s", f.given("i64", "%d", place))
    return finished(text)


def _pass_on(f: FunctionText, states: Mapping[int, Sequence[str]], new: Mapping[int, Sequence[str]]) -> None:
    for number, carried in states.items():
        for state, result in zip(carried, new[number], strict=True):
            f.pass_on(state, result)


def _divisors(kind: Kind, streams: Sequence[Stream], nodes: Sequence[Node]) -> list[int]:
    """Streams that are the same along a row and that something is divided by."""
    if kind.lanes == 1 or not has_fma():
        return []
    by = [node.operands[1] for node in nodes if node.form == "map" and node.row is rules.div]
    return [x for x in by if x >= 0 and streams[x].walk == CONSTANT and not streams[x].deep]
