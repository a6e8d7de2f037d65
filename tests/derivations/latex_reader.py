"""Read the LaTeX of derivations as SymPy expressions: a parser of the commands that they are written in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import sympy as sp

TOKEN = re.compile(r"\s*(\\left|\\right|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|[A-Za-z]|[{}\[\]()^_+\-=><|,&])")
# What stands beside a number that it is multiplied by.
BEGINNING = re.compile(r"[A-Za-z]|\\(mathit|mathrm|operatorname|sin|cos|tan|sinh|cosh|tanh|ln|frac|sqrt|alpha|pi)")
ENVIRONMENTS = re.compile(r"\\(begin|end)\{(\w+\*?)\}")


def _piecewise(condition: Any, x: Any, y: Any) -> Any:
    return sp.Piecewise((x, condition), (y, True))


def _sinc_slope(x: Any, order: Any) -> Any:
    t = sp.Symbol("t")
    return sp.diff(sp.sin(sp.pi * t) / (sp.pi * t), t, int(order)).subs(t, x)


# What the names of functions mean to SymPy; none of these is taken from the table of the engine.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(sp, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "atan2", "sign")},
    **{f"ar{name}": getattr(sp, f"a{name}") for name in ("sinh", "cosh", "tanh")},
    **{f"arc{name}": getattr(sp, f"a{name}") for name in ("sin", "cos", "tan")},
    "ln": sp.log,
    "max": sp.Max,
    "min": sp.Min,
    "σ": lambda x: 1 / (1 + sp.exp(-x)),
    "Φ": lambda x: (1 + sp.erf(x / sp.sqrt(2))) / 2,
    "φ": lambda x: sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi),
    "relu": lambda x: sp.Max(x, 0),
    "leaky_relu": lambda x, slope: _piecewise(x > 0, x, slope * x),
    "elu": lambda x, alpha: _piecewise(x > 0, x, alpha * (sp.exp(x) - 1)),
    "softplus": lambda x: sp.log(1 + sp.exp(x)),
    "log_sigmoid": lambda x: -sp.log(1 + sp.exp(-x)),
    "silu": lambda x: x / (1 + sp.exp(-x)),
    "gelu": lambda x: x * (1 + sp.erf(x / sp.sqrt(2))) / 2,
    "clip": lambda x, low, high: sp.Min(sp.Max(x, low), high),
    "cosm1": lambda x: sp.cos(x) - 1,
    "sinc": lambda x: _sinc_slope(x, 0),
    "sinc_slope": _sinc_slope,
    "log1mexp": lambda x: sp.log(1 - sp.exp(-x)),
    "logaddexp": lambda x, y: sp.log(sp.exp(x) + sp.exp(y)),
    "xlogy": lambda x, y: x * sp.log(y),
}
GREEK = {r"\sigma": "σ", r"\Phi": "Φ", r"\varphi": "φ"}


def symbol(name: str) -> Any:
    """A name in a formula: a real number."""
    return sp.Symbol(name, real=True)


def check_form(text: str) -> None:
    """Braces and environments are closed in order, and no character stands where LaTeX would stop."""
    text = re.sub(r"^% .*$", "", text, flags=re.MULTILINE)
    open_: list[str] = []
    for match in re.finditer(r"\\(?:begin|end)\{\w+\*?\}|\\left\b|\\right\b|\\.|[{}$#%~]", text):
        token = match[0]
        if token.startswith(r"\begin") or token in (r"\left", "{"):
            open_.append(token.replace("begin", "end"))
        elif token.startswith(r"\end") or token in (r"\right", "}"):
            assert open_, text
            assert open_.pop() == {r"\right": r"\left", "}": "{"}.get(token, token), text
        elif token == "$":
            open_ = open_[:-1] if "$" in open_[-1:] else [*open_, "$"]
        else:
            assert token not in ("#", "%", "~"), text
    assert not open_, text


class Reader:
    """One formula, read from left to right, as an expression of SymPy."""

    functions = FUNCTIONS
    symbol = staticmethod(symbol)

    def __init__(self, text: str) -> None:
        self.tokens = [match[1] for match in TOKEN.finditer(text)]
        rest = TOKEN.sub("", text).strip()
        assert not rest, f"{rest!r} in {text}"
        self.place = 0

    def whole(self) -> Any:
        found = self.sum()
        assert self.place == len(self.tokens), self.tokens[self.place :]
        return found

    # --- tokens -------------------------------------------------------------------------------------------------------

    @property
    def next(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        token = self.next
        assert not wanted or token in wanted, (wanted, self.tokens[self.place :])
        self.place += 1
        return token

    def took(self, token: str) -> bool:
        if self.next == token:
            self.place += 1
            return True
        return False

    def group(self) -> list[str]:
        """The tokens between braces."""
        self.take("{")
        start, depth = self.place, 1
        while depth:
            depth += {"{": 1, "}": -1}.get(self.take(), 0)
        return self.tokens[start : self.place - 1]

    def inner(self) -> Any:
        """The expression between braces."""
        self.take("{")
        found = self.sum()
        self.take("}")
        return found

    # --- grammar ------------------------------------------------------------------------------------------------------

    def sum(self) -> Any:
        found = self.product()
        while self.next in ("+", "-"):
            sign = self.take()
            found = found + self.product() if sign == "+" else found - self.product()
        return found

    def product(self) -> Any:
        if self.took("-"):
            return -self.product()
        found = self.power()
        while self.took(r"\cdot") or BEGINNING.fullmatch(self.next):
            found = found * self.power()
        return found

    def power(self) -> Any:
        base = self.atom()
        return base ** self.inner() if self.took("^") else base

    def atom(self) -> Any:
        token = self.take()
        if re.match(r"\d", token):
            return sp.Rational(token)
        if token == r"\frac":
            return self.fraction()
        if token == r"\sqrt":
            degree = 2
            if self.took("["):
                degree = self.sum()
                self.take("]")
            inner = self.inner()
            return sp.sqrt(inner) if degree == 2 else sp.sign(inner) * abs(inner) ** (1 / degree)
        if token in ("(", "[", "|", r"\left"):
            return self.fenced(token)
        if token == r"\begin":
            return self.cases()
        if token == "{":  # the base of a power
            self.place -= 1
            return self.inner()
        return self.name(token)

    def fraction(self) -> Any:
        if self.tokens[self.place + 1] == r"\partial":
            above, below = self.group(), self.group()
            return self.symbol(f"∂{''.join(above[1:])}/∂{''.join(below[1:])}")
        above = self.inner()
        return above / self.inner()

    def fenced(self, token: str) -> Any:
        if token == r"\left":
            return self.fenced(self.take())
        closing = {"(": ")", "[": "]", "|": "|", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil"}[token]
        found = self.sum()
        if token == "[":
            found = sp.Piecewise((1, self.relation(found)), (0, True))
        self.took(r"\right")
        self.take(closing)
        wrapped: dict[str, Callable[[Any], Any]] = {"|": abs, r"\lfloor": sp.floor, r"\lceil": sp.ceiling}
        return wrapped.get(token, lambda x: x)(found)

    def relation(self, left: Any) -> Any:
        compare = {">": sp.Gt, r"\geq": sp.Ge, "=": sp.Eq}[self.take(">", r"\geq", "=")]
        return compare(left, self.sum())

    def cases(self) -> Any:
        assert "".join(self.group()) == "cases"
        rows: list[tuple[Any, Any]] = []
        while self.next != r"\end":
            value = self.sum()
            self.take("&")
            self.take(r"\text")
            rows.append((value, True if "".join(self.group()) == "else" else self.relation(self.sum())))
            self.took("\\\\")
        self.take(r"\end")
        self.group()
        return sp.Piecewise(*rows)

    def name(self, token: str) -> Any:
        if token in (r"\lfloor", r"\lceil"):
            return self.fenced(token)
        if token == r"\pi":
            return sp.pi
        if token == r"\infty":
            return sp.oo
        text = token
        if token in (r"\mathit", r"\mathrm", r"\operatorname"):
            text = "".join(self.group()).replace("\\_", "_")
            if token == r"\mathrm" and text == "e":
                return sp.E
        text = GREEK.get(text, text.removeprefix("\\"))
        if text == "log" and self.took("_"):
            base = self.inner()
            (x,) = self.arguments()
            return sp.log(x) / sp.log(base)
        if text == "ln" and self.next not in ("(", r"\left"):
            return sp.log(self.atom())
        exponent = self.inner() if text in self.functions and self.took("^") else 1
        if self.next in ("(", r"\left") and text in self.functions:
            return self.functions[text](*self.arguments()) ** exponent
        return self.symbol(text + self.indices())

    def arguments(self) -> list[Any]:
        closing = "\\right" if self.took(r"\left") else ""
        self.take("(")
        found = [self.sum()]
        while self.took(","):
            found.append(self.sum())
        if closing:
            self.take(closing)
        self.take(")")
        return found

    def indices(self) -> str:
        """The indices of a name, as they are written."""
        found = ""
        if self.took("_"):
            found += f"_{{{''.join(self.group())}}}"
        if self.next == "^" and self.tokens[self.place + 2 : self.place + 3] == ["("]:
            self.take("^")
            found += f"^{{{''.join(self.group())}}}"
        return found


def read(text: str) -> Any:
    """The SymPy expression of a formula."""
    return Reader(text).whole()


def sides(row: str) -> list[str]:
    """The formulas of a row of `aligned`, between its relations; those inside brackets stay."""
    found, depth, start = [], 0, 0
    text = row.split("&&")[0].removesuffix(r" \\").replace("& =", "=").replace(r"& \approx", r"\approx")
    for match in re.finditer(r"\\left\b|\\right\b|\\begin\{cases\}|\\end\{cases\}|[\[\](){}]|\\approx|=", text):
        token = match[0]
        if token in ("[", "(", "{") or token.startswith(r"\begin"):
            depth += 1
        elif token in ("]", ")", "}") or token.startswith(r"\end"):
            depth -= 1
        elif token in ("=", r"\approx") and depth == 0:
            found.append(text[start : match.start()].strip())
            start = match.end()
    return [*found, text[start:].strip()]
