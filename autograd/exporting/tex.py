"""Write the equations of a program as a LaTeX document."""

from __future__ import annotations

from autograd.compiler.latex import latex_of
from autograd.exporting.language import comment
from autograd.exporting.request import Request


def source(request: Request) -> str:
    """The text of the file: the equations of the last function of the request, which contain those of the others."""
    equations = latex_of(request.functions[-1].forms, "align*")
    return "\n".join(
        [
            f"% {comment(request.name)}, exported by autograd.",
            r"\documentclass{article}",
            r"\usepackage{amsmath,amssymb}",
            r"\allowdisplaybreaks",
            r"\begin{document}",
            equations,
            r"\end{document}",
            "",
        ]
    )
