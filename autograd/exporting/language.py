"""C and JavaScript as far as generated code uses them: one table of elementary operations for each language."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_UNSAFE = re.compile(r"[^A-Za-z0-9_ .,:;=+@()\[\]<>'*/-]")


@dataclass(frozen=True)
class Language:
    """How a language spells declarations, numbers and elementary operations.

    constant    what declares a number that does not change; `variable` one that does; `flag` a comparison; `index` that
                of a loop
    functions   operations of `Body`, and those of the C library as `libm_…`, by the name of the function
    helpers     functions of those that the language does not have, as text
    """

    name: str
    constant: str
    variable: str
    flag: str
    index: str
    infinity: str
    nan: str
    functions: Mapping[str, str]
    helpers: Mapping[str, str]
    single: bool = False

    def literal(self, x: float) -> str:
        """A constant, to the bit; in parentheses if it is negative.

        >>> DOUBLE.literal(0.1), DOUBLE.literal(-0.0), SINGLE.literal(0.5), DOUBLE.literal(float("inf"))
        ('0.1', '(-0.0)', '0.5f', 'INFINITY')
        """
        if x != x:
            return self.nan
        if self.single:
            x = _rounded(x)
        if math.isinf(x):
            return self.infinity if x > 0.0 else f"(-{self.infinity})"
        text = f"{x!r}{'f' * self.single}"
        return f"({text})" if text.startswith("-") else text

    def table(self, name: str, numbers: Sequence[float] | Sequence[int]) -> list[str]:
        """The declaration of an array of constants, or of indices, as lines."""
        is_index = all(type(x) is int for x in numbers)
        words = [str(x) if type(x) is int else self.literal(x).strip("()") for x in numbers]
        lines = filled(words)
        if self.name == "C":
            of = "int" if is_index else self.variable
            return [f"static const {of} {name}[{len(words)}] = {{", *lines, "};"]
        kind = "Int32Array" if is_index else "Float64Array"
        return [f"const {name} = new {kind}([", *lines, "]);"]


def _rounded(x: float) -> float:
    try:
        found: float = struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)
    return found


def filled(words: Sequence[str], width: int = 112) -> list[str]:
    """Words with commas, on lines that are not too long.

    >>> filled(["1.0", "2.0"])
    ['    1.0, 2.0,']
    """
    lines: list[str] = []
    line = ""
    for word in words:
        if line and len(line) + len(word) > width:
            lines.append(f"    {line.rstrip()}")
            line = ""
        line += f"{word}, "
    return [*lines, f"    {line.rstrip()}"] if line else lines


def comment(text: str) -> str:
    r"""Text that can stand in a comment of any of the languages, on one line, in ASCII.

    >>> comment("w * x"), comment("a*/ system(1); /*"), comment("β\n")
    ('w * x', 'a* system(1); *', 'u03b2 ')
    """
    plain = text.replace("\n", " ").replace("\r", " ").encode("ascii", "backslashreplace").decode("ascii")
    safe = _UNSAFE.sub("", plain)
    # "</" would end the element of a page that the file stands in.
    while (shorter := safe.replace("*/", "*").replace("/*", "*").replace("//", "/").replace("</", "<")) != safe:
        safe = shorter
    return safe


_OF_C = ("sqrt", "fabs", "copysign", "trunc", "floor", "ceil")
_LIBM = {
    *("exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "cbrt", "pow", "fmod", "erf", "erfc"),
}
_C = {**{name: name for name in _OF_C}, **{f"libm_{name}": name for name in _LIBM}}
DOUBLE = Language("C", "const double", "double", "const int", "int", "INFINITY", "NAN", _C, {})
SINGLE = Language("C", "const float", "float", "const int", "int", "INFINITY", "NAN", _C, {}, single=True)

_COPYSIGN = """\
function copysign(x, y) {
    const size = Math.abs(x);
    return y < 0.0 || Object.is(y, -0.0) ? -size : size;
}"""
_EXP2 = """\
function exp2(x) {
    return Math.pow(2.0, x);
}"""
_POW = """\
function pow(x, y) {
    return x === 1.0 || (x === -1.0 && Math.abs(y) === Infinity) ? 1.0 : Math.pow(x, y);
}"""
_FMOD = """\
function fmod(x, y) {
    return x % y;
}"""
# erf by its series Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!! · 2 e^−x² / √π, whose terms have one sign; beyond 2 the continued fraction of
# erfc, backwards. Both are within some roundings.
_ERF = """\
function exp_square(x) {
    const head = Math.trunc(x * 256.0) / 256.0;
    return Math.exp(-head * head) * Math.exp(-(x - head) * (x + head));
}
function erf_series(x) {
    let term = x, sum = x;
    for (let n = 1; n < 200 && Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
        term *= 2.0 * x * x / (2 * n + 1);
        sum += term;
    }
    return sum * exp_square(x) * 1.1283791670955126;
}
function erfc_fraction(x) {
    let rest = x;
    for (let n = 120; n > 0; n--) rest = x + 0.5 * n / rest;
    return exp_square(x) * 0.5641895835477563 / rest;
}
function erf(x) {
    const size = Math.abs(x);
    if (size < 2.0) return x === 0.0 ? x : erf_series(x);
    return size > 27.5 ? Math.sign(x) : x !== x ? x : Math.sign(x) * (1.0 - erfc_fraction(size));
}
function erfc(x) {
    if (x !== x) return x;
    if (x < 0.5) return 1.0 - erf(x);
    return x > 27.5 ? 0.0 : x < 2.0 ? 1.0 - erf_series(x) : erfc_fraction(x);
}"""
_OWN = {"copysign": _COPYSIGN, "exp2": _EXP2, "pow": _POW, "fmod": _FMOD, "erf": _ERF, "erfc": _ERF}
_JS = {name: f"Math.{name}" for name in ("sqrt", "trunc", "floor", "ceil")}
_JS |= {"fabs": "Math.abs", "copysign": "copysign"}
_JS |= {f"libm_{name}": name if name in _OWN else f"Math.{name}" for name in _LIBM}
JAVASCRIPT = Language("JavaScript", "const", "let", "const", "let", "Infinity", "NaN", _JS, _OWN)
