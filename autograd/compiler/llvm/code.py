"""Lists of operations on numbers or vectors: a program spelled, before it is cut into functions and written."""

from __future__ import annotations

from autograd._numpy import np
from autograd.compiler.llvm.body import literal
from autograd.compiler.llvm.library import Kind, Library
from autograd.compiler.silent import silently
from autograd.primitive import Primitive

Atom = int | float
"""An operand: the number of an operation, −1 − s for slot s of the frame, or a constant."""

FOLLOWS = ""  # the text of an operation whose value the one before it made


class Code:
    """Operations in order, each a text with a gap for every operand; operation i gives the value %v<i>.

    >>> code = Code(Kind(1), Library())
    >>> code.two("fadd", code.two("fmul", -1, -2), 0.5)
    1
    >>> code.texts, code.operands
    (['fmul double %s, %s', 'fadd double %s, %s'], [(-1, -2), (0, 0.5)])
    """

    def __init__(self, kind: Kind, library: Library) -> None:
        self.kind = kind
        self.texts: list[str] = []
        self.operands: list[tuple[Atom, ...]] = []
        self.angles: set[Atom] = set()  # of which both sine and cosine are wanted
        self.library = library
        self._calls: dict[tuple[str | Primitive, int], str] = {}
        self._two = {each: f"{each} {kind.type} %s, %s" for each in ("fadd", "fsub", "fmul", "fdiv")}
        self._pairs: dict[Atom, int] = {}

    def two(self, operation: str, x: Atom, y: Atom) -> int:
        """An instruction with two operands: fadd, fsub, fmul, fdiv."""
        self.texts.append(self._two[operation])
        self.operands.append((x, y))
        return len(self.texts) - 1

    def call(self, name: str | Primitive, *operands: Atom) -> int:
        """A function of the library by name, or a row that Python computes."""
        key = (name, len(operands))
        text = self._calls.get(key)
        if text is None:
            text = self._calls[key] = self._call(name, len(operands))
        self.texts.append(text)
        self.operands.append(operands)
        return len(self.texts) - 1

    def _call(self, name: str | Primitive, count: int) -> str:
        if isinstance(name, Primitive):
            return self.library.row_call(self.kind, name, count)
        return self.library.call(self.kind, name)

    def sine_or_cosine(self, name: str, x: Atom) -> int:
        """One of the two; where both are wanted, they share their work, and the second is already there."""
        if x not in self.angles or self.kind.exact:
            return self.call(name, x)
        if x not in self._pairs:
            self.texts += [self.library.call(self.kind, "sin_cos"), FOLLOWS]
            self.operands += [(x,), ()]
            self._pairs[x] = len(self.texts) - 2
        return self._pairs[x] + (name == "cos")


def constant(x: float, kind: Kind) -> str:
    """A number as LLVM reads it, rounded to single precision if that is what is computed in."""
    if kind.single:
        x = float(silently(np.float32, x))
    return literal(x)
