r"""Boxes as LaTeX: for amsmath, MathJax and KaTeX.

Names are a user's, so every character that means something to LaTeX, to Markdown or to HTML around it is replaced by
the command that prints it; `<` is followed by a space, as no tag is.
"""

from __future__ import annotations

from autograd.notation import boxes
from autograd.notation.boxes import Box, Cases, Fenced, Fraction, Line, Mark, Matrix, Name, Number, Root, Script

SIGNS = {
    "+": "+",
    "−": "-",
    "·": r"\cdot",
    "⊙": r"\odot",
    "=": "=",
    "≈": r"\approx",
    ">": ">",
    "≥": r"\geq",
    "∂": r"\partial",
    "∞": r"\infty",
    "⋯": r"\cdots",
    "…": r"\ldots",
    "⋮": r"\vdots",
    "⋱": r"\ddots",
    ",": ",",
    "′": r"\prime",
    "Σ": r"\sum",
    "∈": r"\in",
}
FENCES = {"(": "(", ")": ")", "[": "[", "]": "]", "|": "|"} | {
    "⌊": r"\lfloor",
    "⌋": r"\rfloor",
    "⌈": r"\lceil",
    "⌉": r"\rceil",
}
FUNCTIONS = frozenset(
    {"sin", "cos", "tan", "sinh", "cosh", "tanh", "ln", "log", "max", "min", "arcsin", "arccos", "arctan"}
)
_VARIANTS = {"epsilon": "varepsilon", "phi": "varphi"}  # what looks as the letters do in Unicode
COMMANDS = {letter: rf"\{_VARIANTS.get(name, name)}" for name, letter in boxes.GREEK.items()}
SPECIAL = {
    "\\": r"\backslash ",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "#": r"\#",
    "%": r"\%",
    "&": r"\&",
    "_": r"\_",
    "^": r"\wedge ",
    "~": r"\sim ",
    "<": "{<} ",
    ">": "{>} ",
    "`": "{}'",
    '"': "{}''",
    "*": r"\ast ",
    "|": r"\vert ",
    " ": r"\ ",
}


def latex(box: Box) -> str:
    r"""A formula as LaTeX, for math mode.

    >>> from autograd.notation.boxes import line
    >>> latex(Fraction(line("∂", Name("L")), line("∂", Name("my_w"))))
    '\\frac{\\partial L}{\\partial \\mathit{my\\_w}}'
    >>> latex(Name("}$ \\input{x}"))
    '\\mathit{\\}\\$\\ \\backslash input\\{x\\}}'
    """
    match box:
        case Name():
            return _name(box)
        case Number(text):
            return text
        case Mark(sign):
            return SIGNS[sign]
        case Line(parts):
            return " ".join(map(latex, parts))
        case Fraction(above, below):
            return rf"\frac{{{latex(above)}}}{{{latex(below)}}}"
        case Script():
            return _script(box)
        case Root(inner, degree):
            return rf"\sqrt{'' if degree is None else f'[{latex(degree)}]'}{{{latex(inner)}}}"
        case Fenced(inner, left):
            if not boxes.is_tall(inner):
                return f"{FENCES[left]} {latex(inner)} {FENCES[box.right]}"
            return rf"\left{FENCES[left]} {latex(inner)} \right{FENCES[box.right]}"
        case Matrix(rows):
            lines = [" & ".join(map(latex, row)) for row in rows]
            return rf"\begin{{bmatrix}} {_rows(lines)} \end{{bmatrix}}"
        case Cases(cases):
            lines = [f"{latex(each)} & {_condition(condition)}" for each, condition in cases]
            return rf"\begin{{cases}} {_rows(lines)} \end{{cases}}"


def _rows(lines: list[str]) -> str:
    return r" \\ ".join(lines)


def _condition(condition: Box | None) -> str:
    return r"\text{else}" if condition is None else rf"\text{{if }} {latex(condition)}"


def _script(box: Script) -> str:
    base = latex(box.base)
    if not isinstance(box.base, Name | Fenced | Number):
        base = f"{{{base}}}"
    lower = "" if box.lower is None else f"_{{{latex(box.lower)}}}"
    upper = "" if box.upper is None else f"^{{{latex(box.upper)}}}"
    return base + lower + upper


def _name(box: Name) -> str:
    text, style = box.text, box.style
    if style == "function" and text in FUNCTIONS:
        return rf"\{text}"
    if text in COMMANDS:
        return COMMANDS[text]
    if style == "italic" and len(text) == 1 and text.isascii() and text.isalpha():
        return text
    command = {"italic": r"\mathit", "upright": r"\mathrm", "function": r"\operatorname"}[style]
    return f"{command}{{{''.join(map(_character, text)) or '?'}}}"


def _character(c: str) -> str:
    if c in SPECIAL:
        return SPECIAL[c]
    if c in COMMANDS:
        return COMMANDS[c] + " "
    if c.isascii():
        return c if c.isprintable() else "?"
    return rf"\text{{{c}}}" if c.isalnum() else "?"
