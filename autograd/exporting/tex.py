r"""Write the equations of a program as a LaTeX document, for pdfTeX, XeTeX and LuaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterator

from autograd.compiler.latex import latex_of, names_of
from autograd.exporting.language import comment
from autograd.exporting.request import Exported, Request
from autograd.notation.boxes import Name
from autograd.notation.latex import latex

_RESULTS = {
    "value": "the result ${}$",
    "gradient": "the value ${}$ and its derivatives",
    "jvp": r"the result ${0}$ and its derivative ${0}'$ along the direction (names with $d$)",
    "vjp": r"the result ${0}$, $s = \bar{{y}} \cdot {0}$ ($\bar{{y}}$ is \textit{{ybar}}), and the derivatives of $s$",
    "hvp": r"the value ${0}$, its derivative ${0}'$ along the direction (names with $d$), and those of ${0}'$",
}
_SIGNS = {
    r"\odot": r"$\odot$ multiplies element by element",
    r"\sum": r"$\sum$ adds up all elements",
    r"\begin{bmatrix}": "brackets put arrays above each other",
    r"\operatorname{mean}": r"$\operatorname{mean}$ is that over the samples",
    r"\sigma (": r"$\sigma(z) = 1 / (1 + \mathrm{e}^{-z})$",
    r"\operatorname{Φ}": r"$\operatorname{\Phi}$ is the distribution function of the standard normal distribution",
}


def source(request: Request) -> str:
    """The text of the file: the equations of the last function of the request, which contain those of the others."""
    last = request.functions[-1]
    equations = latex_of(last.forms, last.lowered, "align")
    text = "\n".join(
        [
            f"% {comment(request.name)}, exported by autograd.",
            r"\documentclass{article}",
            r"\usepackage[margin=25mm]{geometry}",
            r"\usepackage{amsmath,amssymb}",
            r"\allowdisplaybreaks",
            r"\begin{document}",
            rf"\section*{{${latex(Name(request.name, 'upright'))}$}}",
            *_introduction(last, equations),
            *_texts(request),
            equations,
            r"\end{document}",
            "",
        ]
    )
    return re.sub(r"[^\x00-\x7f]", _character, text)


def _introduction(exported: Exported, equations: str) -> Iterator[str]:
    """What is computed, of what, and how to read it."""
    inputs, value = names_of(exported.forms, exported.lowered)
    given = [f"${latex(box)}{_space(shape)}$" for box, shape in inputs]
    yield rf"\noindent Input: {', '.join(given) or 'none'}."
    yield rf"Output: {_RESULTS[exported.kind].format(latex(value))}."
    signs = [words for sign, words in _SIGNS.items() if sign in equations]
    if any(max(shape, default=1) > 1 for _, shape in inputs):
        signs.insert(0, "indices begin at 0")
    if signs:
        yield f"Notation: {'; '.join(signs)}."


def _texts(request: Request) -> Iterator[str]:
    """What the file is to say besides, such as the names of classes."""
    for key, texts in request.texts:
        shown = [f"{i} is ${latex(Name(text, 'upright'))}$" for i, text in enumerate(texts)]
        yield rf"\par\noindent {key.capitalize()}: {', '.join(shown)}."


def _space(shape: tuple[int, ...]) -> str:
    sizes = r" \times ".join([str(n) for n in shape if n > 1])
    return rf" \in \mathbb{{R}}^{{{sizes}}}" if sizes else ""


def _character(match: re.Match[str]) -> str:
    """Letters with accents are known to every TeX; of others the code is shown."""
    c = match[0]
    return c if "\u00c0" <= c <= "\u017f" and c not in "×÷" else f"U+{ord(c):04X}"
