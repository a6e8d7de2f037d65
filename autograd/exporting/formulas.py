"""The rows of the table as functions of C or JavaScript, from the formulas that machine code has: see `llvm/rows.py`.

The formulas write instructions through a `Body`. The one here writes statements of a language instead, so there is no
second set of formulas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from autograd.compiler.llvm.body import Body, Word
from autograd.compiler.llvm.rows import FUNCTIONS
from autograd.exporting.language import Language

_RELATIONS = {"olt": "<", "ole": "<=", "ogt": ">", "oge": ">=", "oeq": "==", "une": "!="}
_OPPOSITE = {"ult": "oge", "ule": "ogt", "ugt": "ole", "uge": "olt"}
PREFIX = "row_"

# What C has where bits need not be Python's, by one exp and a division, in a third of the time: within 3 and 5 units of
# rounding, as libm's tanh (2.6) and 1 / cosh² with libm's cosh (5.3). For e ≤ 1/2 the difference 1 − e loses nothing.
_TANH = """\
static double row_tanh(double x0) {
    const double v1 = fabs(x0);
    if (v1 < 0.35) return tanh(x0);
    const double v2 = exp(-2.0 * v1);
    return copysign((1.0 - v2) / (1.0 + v2), x0);
}"""
_SECH_SQUARE = """\
static double row_sech_square(double x0) {
    const double v1 = exp(-2.0 * fabs(x0));
    const double v2 = 1.0 + v1;
    return 4.0 * v1 / (v2 * v2);
}"""
FAST = {"tanh": _TANH, "sech_square": _SECH_SQUARE}


class Formulas(Body):
    """The statements of one function; see `Body` for the methods that compute."""

    def __init__(self, language: Language) -> None:
        super().__init__(1, exact=True)
        self.language = language
        self.used: dict[str, None] = {}  # helpers

    def do(self, text: str) -> str:
        """Append a declaration of what an expression gives."""
        return self._declared(self.language.constant, text)

    def _declared(self, kind: str, text: str) -> str:
        self._count += 1
        name = f"v{self._count}"
        self.lines.append(f"{kind} {name} = {text};")
        return name

    def word(self, x: Word) -> str:
        """An operand as text."""
        return x if isinstance(x, str) else self.language.literal(x)

    def _two(self, operation: str, x: Word, y: Word) -> str:
        sign = {"fadd": "+", "fsub": "-", "fmul": "*", "fdiv": "/"}[operation]
        return self.do(f"{self.word(x)} {sign} {self.word(y)}")

    def neg(self, x: Word) -> str:
        """−x, also of zeros."""
        return self.do(f"-{self.word(x)}")

    def call(self, name: str, *operands: Word) -> str:
        """A function of the language: sqrt, fabs, copysign, trunc, floor, ceil."""
        return self.each(name, *operands)

    def each(self, symbol: str, *operands: Word) -> str:
        """A function of the C library, or what the language has instead."""
        name = self.language.functions[symbol]
        if name in self.language.helpers:
            self.used[name] = None
        return self.do(f"{name}({', '.join(map(self.word, operands))})")

    def compare(self, relation: str, x: Word, y: Word) -> str:
        """A flag; relations are those of LLVM."""
        a, b = self.word(x), self.word(y)
        if relation in _RELATIONS:
            text = f"{a} {_RELATIONS[relation]} {b}"
        elif relation in _OPPOSITE:
            text = f"!({a} {_RELATIONS[_OPPOSITE[relation]]} {b})"
        elif relation == "one":
            text = f"{a} < {b} || {a} > {b}"
        else:
            sign, joint = ("!=", "||") if relation == "uno" else ("==", "&&")
            text = f" {joint} ".join([f"{each} {sign} {each}" for each in dict.fromkeys((a, b))])
        return self._declared(self.language.flag, text)

    def either(self, x: str, y: str) -> str:
        """Both flags' disjunction."""
        return self._declared(self.language.flag, f"{x} || {y}")

    def both(self, x: str, y: str) -> str:
        """Both flags' conjunction."""
        return self._declared(self.language.flag, f"{x} && {y}")

    def select(self, flag: str, x: Word, y: Word) -> str:
        """x where the flag is set, else y."""
        return self.do(f"{flag} ? {self.word(x)} : {self.word(y)}")


def functions(
    language: Language,
    names: Iterable[str],
    also: Iterable[str] = (),
    instead: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """The functions of these names as lines, after the helpers that they, or other code, need.

    `instead` has the texts of those that are not to be written from the table.

    >>> from autograd.exporting.language import DOUBLE
    >>> print("\\n".join(functions(DOUBLE, ["relu"])))
    static double row_relu(double x0) {
        const int v1 = x0 <= 0.0;
        const double v2 = v1 ? 0.0 : x0;
        return v2;
    }
    """
    used = dict.fromkeys(also)
    lines: list[str] = []
    wide = replace(language, constant="const double", single=False) if language.single else language
    for name in names:
        if name in instead:
            lines += instead[name].splitlines()
            continue
        count, builder = FUNCTIONS[name]
        body = Formulas(wide)
        operands = [f"x{i}" for i in range(count)]
        result = builder(body, *operands)
        head = f"static double {PREFIX}{name}({', '.join(f'double {x}' for x in operands)})"
        if language.name != "C":
            head = f"function {PREFIX}{name}({', '.join(operands)})"
        lines += [f"{head} {{", *[f"    {line}" for line in body.lines], f"    return {result};", "}"]
        used |= body.used
    helpers = dict.fromkeys(language.helpers[name] for name in used if name in language.helpers)
    return [*[line for text in helpers for line in text.splitlines()], *lines]
