"""What a formula is made of on paper, whatever it is written in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

# Operators and relations, each written in its own way by every writer.
Sign = Literal["+", "−", "·", "⊙", "=", "≈", ">", "≥", "∂", "∞", "⋯", "…", "⋮", "⋱", ",", "′", "Σ", "∈"]
SIGNS = get_args(Sign)
# fmt: off
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ",
    "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}
# fmt: on
Style = Literal["italic", "upright", "function"]


@dataclass(frozen=True)
class Name:
    """Letters: of a variable (italic), a text (upright) or a function."""

    text: str
    style: Style = "italic"


@dataclass(frozen=True)
class Number:
    """Digits, with a sign if need be."""

    text: str


@dataclass(frozen=True)
class Mark:
    """An operator, a relation or another sign."""

    sign: Sign


@dataclass(frozen=True)
class Line:
    """Boxes beside each other."""

    parts: tuple[Box, ...]


@dataclass(frozen=True)
class Fraction:
    """One box over another."""

    above: Box
    below: Box


@dataclass(frozen=True)
class Script:
    """A box with something at its upper or lower right, or both."""

    base: Box
    upper: Box | None = None
    lower: Box | None = None


@dataclass(frozen=True)
class Root:
    """A square root, or one of another degree."""

    inner: Box
    degree: Box | None = None


@dataclass(frozen=True)
class Fenced:
    """A box between brackets that grow with it."""

    inner: Box
    left: Literal["(", "[", "|", "⌊", "⌈"] = "("

    @property
    def right(self) -> str:
        """The closing bracket."""
        return {"(": ")", "[": "]", "|": "|", "⌊": "⌋", "⌈": "⌉"}[self.left]


@dataclass(frozen=True)
class Matrix:
    """Rows of boxes in square brackets."""

    rows: tuple[tuple[Box, ...], ...]


@dataclass(frozen=True)
class Cases:
    """Boxes of which one holds: (box, condition) pairs; the condition of the last may be None, for otherwise."""

    rows: tuple[tuple[Box, Box | None], ...]


Box: TypeAlias = Name | Number | Mark | Line | Fraction | Script | Root | Fenced | Matrix | Cases


def is_tall(box: Box) -> bool:
    """Whether brackets around it have to grow.

    >>> is_tall(Name("x")), is_tall(line(Name("x"), "+", Fraction(Number("1"), Number("2"))))
    (False, True)
    """
    match box:
        case Line(parts):
            return any(map(is_tall, parts))
        case Fenced(inner):
            return is_tall(inner)
        case Script(base):
            return is_tall(base)
        case _:
            return isinstance(box, Fraction | Matrix | Cases | Root)


def line(*parts: Box | str | None) -> Box:
    """Boxes beside each other; a text is a sign, None nothing.

    >>> line(Name("a"), "+", Name("b"))
    Line(parts=(Name(text='a', style='italic'), Mark(sign='+'), Name(text='b', style='italic')))
    """
    found = tuple([mark(part) if isinstance(part, str) else part for part in parts if part is not None])
    return found[0] if len(found) == 1 else Line(found)


def mark(sign: str) -> Mark:
    """A sign; ValueError for one that writers do not know."""
    for known in SIGNS:
        if sign == known:
            return Mark(known)
    raise ValueError(f"unknown sign {sign!r}; known are {' '.join(SIGNS)}")


def joined(parts: Sequence[Box], sign: str) -> Box:
    """Boxes with a sign between them.

    >>> joined([Name("a"), Name("b")], "·") == line(Name("a"), "·", Name("b"))
    True
    """
    found: list[Box | str] = []
    for part in parts:
        found += [sign, part] if found else [part]
    return line(*found)


def number(x: float, digits: int = 6) -> Box:
    """A number with as many significant digits, powers of ten in full.

    >>> number(0.1 + 0.2), number(-3.0)
    (Number(text='0.3'), Number(text='-3'))
    >>> number(1e-07)
    Line(parts=(Number(text='1'), Mark(sign='·'), Script(base=Number(text='10'), upper=Number(text='-7'), lower=None)))
    """
    if x != x:
        return Name("nan", "upright")
    if x in (float("inf"), -float("inf")):
        return line("−" if x < 0.0 else None, "∞")
    digits_, _, exponent = f"{x:.{digits}g}".partition("e")
    if not exponent:
        return Number(digits_)
    return line(Number(digits_), "·", Script(Number("10"), Number(str(int(exponent)))))


def is_shown_exactly(x: float, digits: int = 6) -> bool:
    """Whether `number` shows all of it.

    >>> is_shown_exactly(0.5), is_shown_exactly(1 / 3)
    (True, False)
    """
    return x != x or float(f"{x:.{digits}g}") == x


def shortened(parts: Sequence[Box], most: int, sign: Literal["⋯", "…", "⋮"] = "⋯") -> list[Box]:
    """At most so many boxes: the first ones, dots, and the last.

    >>> len(shortened([Number(str(i)) for i in range(100)], 5))
    5
    """
    if len(parts) <= most:
        return list(parts)
    return [*parts[: most - 2], Mark(sign), parts[-1]]
