"""The rows of the table as functions of C or JavaScript, from the formulas that machine code has: see `llvm/rows.py`.

The formulas write instructions through a `Body`. The one here writes statements of a language instead, so there is no
second set of formulas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from autograd.compiler.llvm.body import Body, Word
from autograd.compiler.llvm.rows import FUNCTIONS, Builder
from autograd.exporting.language import Language

_RELATIONS = {"olt": "<", "ole": "<=", "ogt": ">", "oge": ">=", "oeq": "==", "une": "!="}
_OPPOSITE = {"ult": "oge", "ule": "ogt", "ugt": "ole", "uge": "olt"}
PREFIX = "row_"


class Formulas(Body):
    """The statements of one function; see `Body` for the methods that compute. What is there already is not repeated.

    used     helpers that the language needs
    library  names of results of the C library's functions: what takes time
    """

    def __init__(self, language: Language) -> None:
        super().__init__(1, exact=True)
        self.language = language
        self.used: dict[str, None] = {}
        self.library: set[str] = set()
        self._found: dict[str, str] = {}

    def do(self, text: str) -> str:
        """Append a declaration of what an expression gives."""
        return self._declared(self.language.constant, text)

    def _declared(self, kind: str, text: str) -> str:
        if text not in self._found:
            self._count += 1
            name = self._found[text] = f"v{self._count}"
            self.lines.append(f"{kind} {name} = {text};")
        return self._found[text]

    def word(self, x: Word) -> str:
        """An operand as text."""
        return x if isinstance(x, str) else self.language.literal(x)

    def _two(self, operation: str, x: Word, y: Word) -> str:
        sign = {"fadd": "+", "fsub": "-", "fmul": "*", "fdiv": "/"}[operation]
        return self.do(f"{self.word(x)} {sign} {self.word(y)}")

    def neg(self, x: Word) -> str:
        """−x, also of zeros."""
        return self.do(f"-{self.word(x)}")

    def fma(self, x: Word, y: Word, z: Word) -> str:
        """x y + z, in two roundings."""
        return self.do(f"{self.word(x)} * {self.word(y)} + {self.word(z)}")

    def call(self, name: str, *operands: Word) -> str:
        """A function of the language: sqrt, fabs, copysign, trunc, floor, ceil."""
        return self.each(name, *operands)

    def each(self, symbol: str, *operands: Word) -> str:
        """A function of the C library, or what the language has instead."""
        name = self.language.functions[symbol]
        if name in self.language.helpers:
            self.used[name] = None
        found = self.do(f"{name}({', '.join(map(self.word, operands))})")
        if symbol.startswith("libm_"):
            self.library.add(found)
        return found

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
    formulas: Mapping[str, tuple[int, Builder]] = FUNCTIONS,
) -> list[str]:
    """The functions of these names as lines, after the helpers that they, or other code, need.

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
    for name in names:
        count, builder = formulas[name]
        body = Formulas(wide(language))
        operands = [f"x{i}" for i in range(count)]
        result = builder(body, *operands)
        head = f"static double {PREFIX}{name}({', '.join(f'double {x}' for x in operands)})"
        if language.name != "C":
            head = f"function {PREFIX}{name}({', '.join(operands)})"
        lines += [f"{head} {{", *[f"    {line}" for line in body.lines], f"    return {result};", "}"]
        used |= body.used
    helpers = dict.fromkeys(language.helpers[name] for name in used if name in language.helpers)
    return [*[line for text in helpers for line in text.splitlines()], *lines]


def wide(language: Language) -> Language:
    """The language with doubles, in which formulas compute also where results are floats."""
    return replace(language, constant="const double", single=False) if language.single else language
