"""Equations as lines of LaTeX that are not wider than a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autograd.compiler.latex.definitions import Row
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
from autograd.notation.latex import FENCES, latex

WIDTH = 74  # characters of a line
ROWS = 40  # equations of one environment: TeX reads each as a whole
_BEFORE = {"+": 2, "−": 2, "·": 1, "⊙": 1}  # how good a place before a sign is; that behind a comma is 2
_FOREIGN = 6.0  # the width of a letter that may have to be written as its code


def lines_of(row: Row, numbered: bool) -> Iterator[str]:
    """The lines of an equation."""
    beside = 0.0 if row.note is None else width(row.note) + 2.0
    *first, last = _broken(row.right, max(WIDTH - beside - width(row.left), 24.0))
    note = f" && {latex(row.note)}" if row.note is not None else ""
    if row.tag:
        note += rf" \tag{{{row.tag}}}" if numbered else rf" && \mathrm{{({row.tag})}}"
    left, unnumbered = f"{latex(row.left)} & = ", r" \notag" if numbered else ""
    for each in first:
        yield left + each + unnumbered
        left = r"& \quad {} "
    yield f"{left}{last}{note}"


def environments(rows: Sequence[Row], environment: str) -> str:
    """The equations in as many environments as they need; `align` numbers them."""
    numbered = environment == "align"
    count = ROWS if numbered else len(rows) or 1
    found = []
    for first in range(0, len(rows), count):
        lines = [each for row in rows[first : first + count] for each in lines_of(row, numbered)]
        found += [f"\\begin{{{environment}}}", " \\\\\n".join(lines), f"\\end{{{environment}}}"]
    return "\n".join(found)


def _broken(box: Box, most: float) -> list[str]:
    """The box as lines; it may be broken at operators and commas, within brackets too."""
    lines: list[str] = []
    line: list[tuple[str, float, int]] = []
    for token in _tokens(box):
        line.append(token)
        while sum([size for _, size, _ in line]) > most:
            best = max([rank for _, _, rank in line[1:]], default=0)
            if not best:
                break
            place = max(i for i, (_, _, rank) in enumerate(line) if i and rank == best)
            lines.append(" ".join([text for text, _, _ in line[:place]]))
            line = line[place:]
    return [*lines, " ".join([text for text, _, _ in line])]


def _tokens(box: Box) -> Iterator[tuple[str, float, int]]:
    """Parts that stay whole, with their widths, and how well a line may be broken before them; 0: not at all."""
    match box:
        case Line(parts):
            rank = 0
            for i, part in enumerate(parts):
                rank = max(rank, _BEFORE.get(part.sign, 0) if isinstance(part, Mark) and i else 0)
                for j, (text, size, inner) in enumerate(_tokens(part)):
                    yield text, size, inner if j else max(rank, inner)
                rank = 2 if isinstance(part, Mark) and part.sign == "," else 0
        case Fenced(inner, left) if not is_tall(inner) or width(inner) > WIDTH / 2:
            big = (r"\Bigl", r"\Bigr") if is_tall(inner) else ("", "")  # \left and \right have to be on one line
            yield big[0] + FENCES[left], 1.0, 0
            yield from _tokens(inner)
            yield big[1] + FENCES[box.right], 1.0, 0
        case _:
            yield latex(box), width(box), 0


def width(box: Box) -> float:
    """About how many characters wide it is.

    >>> width(Name("loss")), width(Fraction(Number("1"), Name("loss")))
    (4.0, 4.5)
    """
    match box:
        case Name(text) | Number(text):
            return sum([1.0 if each.isascii() else _FOREIGN for each in text])
        case Mark(sign):
            return {",": 0.8, "−": 2.4, "+": 2.4, "·": 1.6, "⊙": 2.4, "=": 2.6}.get(sign, 2.0)
        case Line(parts):
            return sum(map(width, parts)) + 0.2 * len(parts)
        case Fraction(above, below):
            return max(width(above), width(below)) + 0.5
        case Script(base, upper, lower):
            return width(base) + 0.75 * max(0.0 if each is None else width(each) for each in (upper, lower))
        case Root(inner):
            return width(inner) + 1.8
        case Fenced(inner):
            return width(inner) + 1.8
        case Matrix(rows):
            return sum(max(map(width, column)) + 2.0 for column in zip(*rows, strict=True)) + 1.0
        case Cases(rows):
            right = max(6.0 if each is None else width(each) + 3.0 for _, each in rows)
            return max(width(each) for each, _ in rows) + right + 3.0
