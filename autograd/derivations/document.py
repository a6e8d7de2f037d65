"""A derivation as a document: equations in blocks, written as LaTeX, Markdown, MathML and files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from os import PathLike, fspath
from pathlib import Path
from string import Template
from typing import Any

from autograd.io.files import write_text
from autograd.notation.boxes import Box, Mark
from autograd.notation.latex import latex
from autograd.notation.mathml import mathml

SUFFIXES = ".tex, .md or .html"


@dataclass(frozen=True)
class Equation:
    """left = right; without a left side, it goes on with the equation before it. `note` is its name, as BP2."""

    left: Box | None
    relation: Mark
    right: Box
    note: str = ""

    @property
    def latex(self) -> str:
        """A row of `aligned`."""
        left = "" if self.left is None else latex(self.left)
        note = rf" && \text{{({self.note})}}" if self.note else ""
        return f"{left} & {latex(self.relation)} {latex(self.right)}{note}"

    @property
    def mathml(self) -> str:
        """A row of a `<mtable>`."""
        left = "" if self.left is None else mathml(self.left)
        note = f"<mtd><mtext>({escape(self.note)})</mtext></mtd>" if self.note else ""
        cells = f'<mtd style="text-align:right">{left}</mtd><mtd>{mathml(self.relation)}</mtd>'
        return f'<mtr>{cells}<mtd style="text-align:left">{mathml(self.right)}</mtd>{note}</mtr>'


@dataclass(frozen=True)
class Block:
    """Equations that belong together.

    title      a heading that opens a part of the derivation; '' goes on with the part before
    name       the node, layer or neuron whose derivative it derives; '' for others
    value      the number that it arrives at, if it is one
    equations  at least one
    text       what is said instead of equations, where some are left out
    """

    title: str = ""
    name: str = ""
    value: float | None = None
    equations: tuple[Equation, ...] = ()
    text: str = ""

    @property
    def latex(self) -> str:
        """Its equations, aligned at their relations, for math mode."""
        return "\\begin{aligned}\n" + " \\\\\n".join([each.latex for each in self.equations]) + "\n\\end{aligned}"

    @property
    def mathml(self) -> str:
        """Its equations as a `<mtable>`."""
        return f'<mtable displaystyle="true">{"".join([each.mathml for each in self.equations])}</mtable>'


class Derivation:
    """The chain rule over a graph, written down: what `autograd.derivation` returns.

    name    what is differentiated
    blocks  its steps, each with the name and the value of what it derives

    A notebook shows it as formulas; `save` writes a file.

    >>> from autograd import Value, derivation
    >>> x = Value(3.0, label="x")
    >>> derivation(x * x).blocks[-1].value
    6.0
    """

    def __init__(self, name: str, box: Box, blocks: Sequence[Block]) -> None:
        self.name = name
        self.blocks = tuple(blocks)
        self._box = box

    def __repr__(self) -> str:
        steps = sum(bool(block.name) for block in self.blocks)
        return f"<derivatives of {self.name}: {steps} step{'s' * (steps != 1)}>"

    # --- as text ------------------------------------------------------------------------------------------------------

    @property
    def latex(self) -> str:
        r"""LaTeX with amsmath: a display for each step, and its headings as comments.

        >>> from autograd import Value, derivation
        >>> derivation(Value(3.0, label="x")).latex.splitlines()[4]
        'x & = 3'
        """
        return "\n\n".join(self._latex("% {}"))

    @property
    def markdown(self) -> str:
        """Markdown with formulas between `$$`.

        >>> from autograd import Value, derivation
        >>> derivation(Value(3.0, label="x")).markdown.splitlines()[0]
        '## Derivatives of $x$'
        """
        parts = [f"## Derivatives of ${latex(self._box)}$"]
        for block in self.blocks:
            parts += [f"### {block.title}"] if block.title else []
            parts += [f"$$\n{block.latex}\n$$"] if block.equations else []
            parts += [block.text] if block.text else []
        return "\n\n".join(parts) + "\n"

    @property
    def mathml(self) -> str:
        """One `<math>` element with all steps, one below the other.

        >>> from autograd import Value, derivation
        >>> derivation(Value(3.0, label="x")).mathml.startswith("<math ")
        True
        """
        rows = "".join([f"<mtr><mtd>{cell}</mtd></mtr>" for cell in self._mathml_rows()])
        return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"><mtable>{rows}</mtable></math>'

    def save(self, path: str | PathLike[str]) -> None:
        """Write a document, by the suffix of its name: .tex, .md or .html.

        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from autograd import Value, derivation
        >>> with TemporaryDirectory() as folder:
        ...     derivation(Value(3.0, label="x")).save(Path(folder, "x.md"))
        ...     Path(folder, "x.md").read_text("utf-8")[:16]
        '## Derivatives o'

        ValueError for another suffix; OSError where the file cannot be written.
        """
        suffix = Path(path).suffix.lower()
        writer = {".tex": self._document, ".md": lambda: self.markdown, ".html": self._page}.get(suffix)
        if writer is None:
            raise ValueError(f"save({fspath(path)!r}): the name must end in {SUFFIXES}")
        write_text(path, writer())

    # --- in notebooks -------------------------------------------------------------------------------------------------

    def _repr_latex_(self) -> str:
        return self.latex

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {
            "text/html": f"<div>{''.join(self._html('h4'))}</div>",
            "text/markdown": self.markdown,
            "text/latex": self.latex,
            "text/plain": repr(self),
        }

    # --- parts --------------------------------------------------------------------------------------------------------

    def _latex(self, heading: str) -> Iterator[str]:
        for block in self.blocks:
            if block.title:
                yield heading.format(block.title)
            if block.equations:
                yield f"\\[\n{block.latex}\n\\]"
            if block.text:
                yield heading.format(block.text) if heading.startswith("%") else block.text

    def _mathml_rows(self) -> Iterator[str]:
        for block in self.blocks:
            if block.title:
                yield f"<mtext>{escape(block.title)}</mtext>"
            if block.equations:
                yield block.mathml
            if block.text:
                yield f"<mtext>{escape(block.text)}</mtext>"

    def _html(self, heading: str) -> Iterator[str]:
        for block in self.blocks:
            if block.title:
                yield f"<{heading}>{escape(block.title)}</{heading}>"
            if block.equations:
                yield f'<div class="step"><math>{block.mathml}</math></div>'
            if block.text:
                yield f"<p>{escape(block.text)}</p>"

    def _page(self) -> str:
        return Template(_template("page.html")).substitute(
            title=escape(f"Derivatives of {self.name}"), body="\n".join(self._html("h2"))
        )

    def _document(self) -> str:
        return Template(_template("document.tex")).substitute(
            title=f"Derivatives of ${latex(self._box)}$", body="\n\n".join(self._latex(r"\subsection*{{{}}}"))
        )


@cache
def _template(name: str) -> str:
    return files("autograd.derivations").joinpath(name).read_text("utf-8")
