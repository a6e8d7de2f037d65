"""A function of a program with loops over time, while it is written: its values, and its memory."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.compiler.llvm.code import FOLLOWS, Atom, Code, constant
from autograd.compiler.llvm.function_text import FunctionText
from autograd.compiler.llvm.library import Kind, Library
from autograd.compiler.llvm.spelling import spell
from autograd.compiler.program import Equation


class Text:
    """A function on a memory, while it is written: what stands for values, and how many slots are taken.

    Its values are of the kind of the function; where they are single numbers, `vector` has several of them.
    """

    def __init__(
        self, function: FunctionText, vector: Kind, library: Library, tables: list[int], size: int = 0
    ) -> None:
        self.function, self.kind, self.tables, self.size = function, function.kind, tables, size
        self.vector = vector
        self.code = Code(self.kind, library)
        self._words: list[str] = []  # of operations, and of values that are none by −1 − their number
        self._others: list[str] = []

    def allot(self, count: int) -> int:
        """The first of so many new slots in memory."""
        self.size += count
        return self.size - count

    def named(self, word: str) -> Atom:
        """What stands in code for a value that it has not computed."""
        self._others.append(word)
        return -len(self._others)

    def word(self, atom: Atom) -> str:
        """A value as text."""
        if type(atom) is float:
            number, kind = constant(atom, self.kind), self.kind
            return number if kind.lanes == 1 else f"<{', '.join([f'{kind.number} {number}'] * kind.lanes)}>"
        return self._words[int(atom)] if atom >= 0 else self._others[-1 - int(atom)]

    def load(self, address: str | int) -> Atom:
        """What is in memory."""
        return self.named(self.function.load(self.kind.type, "%memory", address))

    def store(self, atom: Atom, address: str | int) -> None:
        """Keep a value in memory."""
        self.function.store(self.kind.type, self.word(atom), "%memory", address)

    def spell(self, equation: Equation, operands: Sequence[Atom]) -> Atom:
        """An equation; its value."""
        code = self.code
        found = spell(code, equation.primitive, operands)
        for i in range(len(self._words), len(code.texts)):
            if code.texts[i] != FOLLOWS:
                word = self.function.do(code.texts[i] % tuple(map(self.word, code.operands[i])))
                if i + 1 < len(code.texts) and code.texts[i + 1] == FOLLOWS:
                    pair = f"{{{self.kind.type}, {self.kind.type}}}"
                    self._words += [self.function.do(f"extractvalue {pair} {word}, {j}") for j in (0, 1)]
                else:
                    self._words.append(word)
        return found

    def together(self, name: str, operands: Sequence[Sequence[Atom]]) -> list[list[Atom]]:
        """The results of a function of the library for each of some operands: as many at once as a vector has lanes."""
        f, lanes = self.function, self.vector.lanes
        text = self.code.library.call(self.vector, name)
        found: list[list[Atom]] = []
        for begin in range(0, len(operands), lanes):
            part = operands[begin : begin + lanes]
            vectors = [self._side_by_side(list(map(self.word, each))) for each in zip(*part, strict=True)]
            results = [f.do(text % tuple(vectors))]
            if name == "sin_cos":
                pair = f"{{{self.vector.type}, {self.vector.type}}}"
                results = [f.do(f"extractvalue {pair} {results[0]}, {i}") for i in range(2)]
            for lane in range(len(part)):
                each = [f.do(f"extractelement {self.vector.type} {result}, i32 {lane}") for result in results]
                found.append(list(map(self.named, each)))
        return found

    def _side_by_side(self, words: Sequence[str]) -> str:
        """A vector of numbers; the first is in the lanes that are left."""
        f, kind = self.function, self.vector
        result = f.do(f"insertelement {kind.type} poison, {kind.number} {words[0]}, i32 0")
        if len(words) < kind.lanes:
            result = f.do(
                f"shufflevector {kind.type} {result}, {kind.type} poison, <{kind.lanes} x i32> zeroinitializer"
            )
        for lane, word in enumerate(words[1:], 1):
            result = f.do(f"insertelement {kind.type} {result}, {kind.number} {word}, i32 {lane}")
        return result
