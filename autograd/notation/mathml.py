"""Boxes as MathML, which browsers show without a library: elements of MathML Core only."""

from __future__ import annotations

from html import escape

from autograd.notation.boxes import (
    Box,
    Cases,
    Fenced,
    Fraction,
    Line,
    Mark,
    Matrix,
    Name,
    Number,
    Root,
    Script,
    is_tall,
)

RELATIONS = frozenset("=≈>≥∈")


def mathml(box: Box) -> str:
    """A formula as the content of a `<math>` element.

    >>> mathml(Script(Name("w"), lower=Number("1")))
    '<msub><mi>w</mi><mn>1</mn></msub>'
    >>> mathml(Name("<script>"))
    '<mi mathvariant="normal">&lt;script&gt;</mi>'
    """
    match box:
        case Name():
            return _name(box)
        case Number(text):
            sign, digits = ('<mo form="prefix">−</mo>', text[1:]) if text.startswith("-") else ("", text)
            found = f"{sign}<mn>{escape(digits)}</mn>"
            return f"<mrow>{found}</mrow>" if sign else found
        case Mark(sign):
            return _mark(sign)
        case Line(parts):
            return f"<mrow>{''.join(map(mathml, parts))}</mrow>"
        case Fraction(above, below):
            return f"<mfrac>{mathml(above)}{mathml(below)}</mfrac>"
        case Script():
            return _script(box)
        case Root(inner, degree):
            if degree is None:
                return f"<msqrt>{mathml(inner)}</msqrt>"
            return f"<mroot>{mathml(inner)}{mathml(degree)}</mroot>"
        case Fenced(inner, left):
            stretchy = "" if is_tall(inner) else ' stretchy="false"'
            return f"<mrow><mo{stretchy}>{left}</mo>{mathml(inner)}<mo{stretchy}>{box.right}</mo></mrow>"
        case Matrix(rows):
            return f"<mrow><mo>[</mo>{_table(rows)}<mo>]</mo></mrow>"
        case Cases(cases):
            return f"<mrow><mo>{{</mo>{_table([(each, _condition(condition)) for each, condition in cases])}</mrow>"


def _table(rows: object) -> str:
    assert isinstance(rows, list | tuple)
    cells = ["".join([f"<mtd>{mathml(cell)}</mtd>" for cell in row]) for row in rows]
    return f"<mtable>{''.join([f'<mtr>{row}</mtr>' for row in cells])}</mtable>"


def _condition(condition: Box | None) -> Box:
    return Name("else", "upright") if condition is None else Line((Name("if ", "upright"), condition))


def _mark(sign: str) -> str:
    if sign == "−":
        return "<mo>−</mo>"
    if sign in "∂∞":
        return f"<mi>{sign}</mi>"
    return f"<mo>{escape(sign)}</mo>"


def _script(box: Script) -> str:
    base = mathml(box.base)
    if box.upper is None and box.lower is None:
        return base
    if box.upper is None:
        assert box.lower is not None
        return f"<msub>{base}{mathml(box.lower)}</msub>"
    if box.lower is None:
        return f"<msup>{base}{mathml(box.upper)}</msup>"
    return f"<msubsup>{base}{mathml(box.lower)}{mathml(box.upper)}</msubsup>"


def _name(box: Name) -> str:
    text = "".join(c if c.isprintable() else "?" for c in box.text) or "?"
    if box.style == "upright":
        return f"<mtext>{escape(text)}</mtext>"
    variant = ' mathvariant="normal"' if len(text) > 1 and box.style == "italic" and not text.isalnum() else ""
    return f"<mi{variant}>{escape(text)}</mi>"
