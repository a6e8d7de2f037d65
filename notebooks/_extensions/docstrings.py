"""Docstrings are written as plain text with Markdown's backticks; here they become reStructuredText.

Parameters are described in one of two forms, an aligned table or a list, and become an argument section:

    name     what it is                 - `name`: what it is
    another  what that is               - `another`: what that is
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

NAMES = r"[A-Za-z_]\w*(?:, [A-Za-z_]\w*)*"
ROW = re.compile(rf"({NAMES})  +(\S.*)")
ITEM = re.compile(r"- ((?:`\w+`(?:, )?)+): (.*)", re.DOTALL)
CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
MARKUP = re.compile(r"[\\*|]|_(?!\w)")  # what reStructuredText would take for emphasis, substitution, reference


def paragraphs(text: str) -> list[str]:
    """The parts between empty lines, without those."""
    return re.split(r"\n(?:[ \t]*\n)+", text.strip("\n"))


def inline(text: str) -> str:
    """Code between double backticks, and everything else as it stands."""
    parts, at = [], 0
    for found in CODE.finditer(text):
        code = " ".join(found[2].split())
        parts += [MARKUP.sub(r"\\\g<0>", text[at : found.start()]), f"\\ ``{code}``\\ "]
        at = found.end()
    return "".join([*parts, MARKUP.sub(r"\\\g<0>", text[at:])])


def rows(paragraph: str) -> list[tuple[list[str], str]]:
    """The names and descriptions of an aligned table or of a list of names; [] if it is neither."""
    return _aligned(paragraph) or _listed(paragraph)


def _aligned(paragraph: str) -> list[tuple[list[str], str]]:
    found: list[tuple[list[str], str]] = []
    for line in paragraph.splitlines():
        if row := ROW.fullmatch(line):
            found.append((row[1].split(", "), row[2]))
        elif found and line.startswith("   "):
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
        else:
            return []
    return found


def _listed(paragraph: str) -> list[tuple[list[str], str]]:
    items = re.split(r"\n(?=- )", paragraph)
    found = [ITEM.fullmatch(item) for item in items]
    return [(re.findall(r"\w+", item[1]), " ".join(item[2].split())) for item in found if item] if all(found) else []


def fields(described: list[tuple[list[str], str]], parameters: Iterable[str]) -> Iterator[str]:
    """One `:param name:` for each name if all are of the signature, else a list of definitions."""
    if {name for names, _ in described for name in names} <= {*parameters}:
        yield from (f":param {name}: {inline(text)}" for names, text in described for name in names)
    else:
        yield from (f"{', '.join(f'``{name}``' for name in names)}\n    {inline(text)}" for names, text in described)


def to_rst(text: str, parameters: Iterable[str] = ()) -> str:
    """The docstring in reStructuredText; what describes `parameters` becomes an argument section."""
    done = []
    for paragraph in paragraphs(text):
        described = rows(paragraph)
        if paragraph.lstrip().startswith(">>>"):
            done.append(paragraph)
        elif described:
            done.append("\n".join(fields(described, parameters)))
        elif paragraph.startswith(" "):
            done.append("::\n\n" + paragraph)
        else:
            done.append(inline(paragraph))
    return "\n\n".join(done)


def _parameters(thing: Any) -> list[str]:
    try:
        return list(inspect.signature(thing).parameters)
    except (TypeError, ValueError):  # an attribute, or an object of C
        return []


def process(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Sphinx hands over each docstring as a list, to be changed in place."""
    lines[:] = to_rst("\n".join(lines), _parameters(thing)).splitlines()


def setup(app: Sphinx) -> dict[str, bool]:
    """An extension of Sphinx."""
    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True}
