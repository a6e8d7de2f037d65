"""Text of a function in LLVM's intermediate representation, one instruction at a time, on vectors of any width."""

from __future__ import annotations

import struct
from collections.abc import Sequence

Word = str | float  # an operand: the name of a value, or a constant


def literal(x: float) -> str:
    """A float as LLVM reads it, to the bit.

    >>> literal(1.0), literal(-0.0)
    ('0x3FF0000000000000', '0x8000000000000000')
    """
    return f"0x{struct.pack('>d', x).hex().upper()}"


# AVX-512's instruction for 2ⁿ x, by lanes: how its name ends, what follows the operands (all lanes, usual rounding).
_SCALES = {1: ("sd", "i8 -1, i32 4"), 2: ("pd.128", "i8 -1"), 4: ("pd.256", "i8 -1"), 8: ("pd.512", "i8 -1, i32 4")}
_WIDEST = max(_SCALES)


class Body:
    """The instructions of a function on `lanes` numbers; every method that computes returns the name of its result.

    `scales` says that the machine has the instruction for `scaled`.

    >>> body = Body(2)
    >>> body.add("%x", 1.0)
    '%v1'
    >>> print(body)
    %v1 = fadd <2 x double> %x, <double 0x3FF0000000000000, double 0x3FF0000000000000>
    """

    def __init__(self, lanes: int, exact: bool = False, of: str = "double", scales: bool = False) -> None:
        self.lanes, self.exact, self.scales, self._of = lanes, exact, scales, of
        self.number, self.whole, self.flag = (vector(each, lanes) for each in (of, "i64", "i1"))
        self.lines: list[str] = []
        self.declared: dict[str, None] = {}
        self._count = 0

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def do(self, text: str) -> str:
        """Append an instruction that gives a value."""
        self._count += 1
        name = f"%v{self._count}"
        self.lines.append(f"{name} = {text}")
        return name

    def word(self, x: Word) -> str:
        """An operand as text; a constant fills all lanes."""
        return x if isinstance(x, str) else self._filled(self._of, literal(x))

    def whole_word(self, x: str | int) -> str:
        """An operand of 64 bits as text."""
        return x if isinstance(x, str) else self._filled("i64", str(x))

    def _filled(self, of: str, text: str) -> str:
        return text if self.lanes == 1 else f"<{', '.join([f'{of} {text}'] * self.lanes)}>"

    # --- arithmetic ---------------------------------------------------------------------------------------------------

    def _two(self, operation: str, x: Word, y: Word) -> str:
        return self.do(f"{operation} {self.number} {self.word(x)}, {self.word(y)}")

    def add(self, x: Word, y: Word) -> str:
        """x + y."""
        return self._two("fadd", x, y)

    def sub(self, x: Word, y: Word) -> str:
        """x − y."""
        return self._two("fsub", x, y)

    def mul(self, x: Word, y: Word) -> str:
        """x y."""
        return self._two("fmul", x, y)

    def div(self, x: Word, y: Word) -> str:
        """x / y."""
        return self._two("fdiv", x, y)

    def neg(self, x: Word) -> str:
        """−x, also of zeros."""
        return self.sub(-0.0, x)

    def fma(self, x: Word, y: Word, z: Word) -> str:
        """x y + z, in one rounding where the machine has that."""
        return self.call("fmuladd", x, y, z)

    def call(self, name: str, *operands: Word) -> str:
        """A function that LLVM itself knows: sqrt, fabs, copysign, trunc, floor, ceil."""
        suffix = ("" if self.lanes == 1 else f"v{self.lanes}") + ("f64" if self._of == "double" else "f32")
        return self._call(f"llvm.{name}.{suffix}", self.number, [self.word(x) for x in operands])

    def _call(self, symbol: str, kind: str, words: Sequence[str]) -> str:
        self.declared[f"declare {kind} @{symbol}({', '.join([kind] * len(words))})"] = None
        return self.do(f"call {kind} @{symbol}({', '.join([f'{kind} {word}' for word in words])})")

    def each(self, symbol: str, *operands: Word) -> str:
        """A function of doubles in memory, called for each lane."""
        words = [self.word(x) for x in operands]
        if self.lanes == 1:
            return self._call(symbol, "double", words)
        result = "poison"
        for lane in range(self.lanes):
            parts = [self.do(f"extractelement {self.number} {word}, i32 {lane}") for word in words]
            part = self._call(symbol, "double", parts)
            result = self.do(f"insertelement {self.number} {result}, double {part}, i32 {lane}")
        return result

    def polynomial(self, x: str, coefficients: Sequence[float]) -> str:
        """c₀ + c₁ x + c₂ x² + … by Estrin's scheme (1960): few steps wait for each other."""
        terms: list[Word] = list(coefficients)
        while len(terms) > 1:
            pairs = [self.fma(x, terms[i + 1], terms[i]) for i in range(0, len(terms) - 1, 2)]
            terms = [*pairs, *terms[len(pairs) * 2 :]]
            x = self.mul(x, x) if len(terms) > 1 else x
        return self.word(terms[0])

    def scaled(self, x: str, n: str) -> str:
        """2ⁿ x of doubles for integers n, rounded once, also where 2ⁿ is not a float or the result is subnormal."""
        if self.lanes > _WIDEST:
            half = self.lanes // 2
            of = self.number
            sides = [", ".join([f"i32 {i + begin}" for i in range(half)]) for begin in (0, half)]
            parts = []
            for side in sides:
                mask = f"<{half} x i32> <{side}>"
                words = [self.do(f"shufflevector {of} {word}, {of} poison, {mask}") for word in (x, n)]
                parts.append(self._scaled(half, *words))
            both = f"{vector('double', half)} {parts[0]}, {vector('double', half)} {parts[1]}"
            return self.do(f"shufflevector {both}, <{self.lanes} x i32> <{', '.join(sides)}>")
        if self.lanes == 1:
            words = [self.do(f"insertelement <2 x double> poison, double {word}, i32 0") for word in (x, n)]
            return self.do(f"extractelement <2 x double> {self._scaled(1, *words)}, i32 0")
        return self._scaled(self.lanes, x, n)

    def _scaled(self, lanes: int, x: str, n: str) -> str:
        end, rest = _SCALES[lanes]
        of = vector("double", max(lanes, 2))
        kinds = [each.split()[0] for each in rest.split(", ")]
        self.declared[f"declare {of} @llvm.x86.avx512.mask.scalef.{end}({of}, {of}, {of}, {', '.join(kinds)})"] = None
        words = f"{of} {x}, {of} {n}, {of} zeroinitializer"
        return self.do(f"call {of} @llvm.x86.avx512.mask.scalef.{end}({words}, {rest})")

    # --- choices ------------------------------------------------------------------------------------------------------

    def compare(self, relation: str, x: Word, y: Word) -> str:
        """A flag for each lane; `relation` as LLVM writes it: olt is <, uno "either is nan", ugt "not <="."""
        return self.do(f"fcmp {relation} {self.number} {self.word(x)}, {self.word(y)}")

    def either(self, x: str, y: str) -> str:
        """Both flags' disjunction."""
        return self.do(f"or {self.flag} {x}, {y}")

    def both(self, x: str, y: str) -> str:
        """Both flags' conjunction."""
        return self.do(f"and {self.flag} {x}, {y}")

    def all(self, flag: str) -> str:
        """Whether the flags of all lanes are set: one flag."""
        if self.lanes == 1:
            return flag
        self.declared[f"declare i1 @llvm.vector.reduce.and.v{self.lanes}i1({self.flag})"] = None
        return self.do(f"call i1 @llvm.vector.reduce.and.v{self.lanes}i1({self.flag} {flag})")

    def select(self, flag: str, x: Word, y: Word) -> str:
        """x where the flag is set, else y."""
        return self.do(f"select {self.flag} {flag}, {self.number} {self.word(x)}, {self.number} {self.word(y)}")

    # --- bits ---------------------------------------------------------------------------------------------------------

    def bits(self, x: str) -> str:
        """The 64 bits of a number."""
        return self.do(f"bitcast {self.number} {x} to {self.whole}")

    def from_bits(self, x: str) -> str:
        """The number that has these 64 bits."""
        return self.do(f"bitcast {self.whole} {x} to {self.number}")

    def integer(self, operation: str, x: str, y: str | int) -> str:
        """An operation on 64 bits: add, sub, and, or, xor, shl, lshr."""
        return self.do(f"{operation} {self.whole} {x}, {self.whole_word(y)}")


def vector(of: str, lanes: int) -> str:
    """The type of `lanes` of something.

    >>> vector("double", 4), vector("double", 1)
    ('<4 x double>', 'double')
    """
    return of if lanes == 1 else f"<{lanes} x {of}>"
