"""Docstrings are written as plain text with Markdown's backticks; here they become reStructuredText.

Parameters are described in one of two forms, an aligned table or a list, and become an argument section:

    name     what it is                 - `name`: what it is
    another  what that is               - `another`: what that is
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

NAMES = r"[A-Za-z_]\w*(?:, [A-Za-z_]\w*)*"
ROW = re.compile(rf"({NAMES})  +(\S.*)")
ITEM = re.compile(r"((?:`\w+`(?:, )?)+):? (.*)", re.DOTALL)
NEXT = re.compile(r"(?<=\.) (?=`\w+`(?:, `\w+`)*: )")  # where one item goes on with another parameter
CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
Described = list[tuple[list[str], str]]  # names that share a description, and that
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


def rows(paragraph: str) -> Described:
    """The names and descriptions of an aligned table or of a list of names; [] if it is neither."""
    return _aligned(paragraph) or _listed(paragraph)


def _aligned(paragraph: str) -> Described:
    found: Described = []
    for line in paragraph.splitlines():
        if row := ROW.fullmatch(line):
            found.append((row[1].split(", "), row[2]))
        elif found and line.startswith("   "):
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
        else:
            return []
    return found


def _listed(paragraph: str) -> Described:
    if not paragraph.startswith("- "):
        return []
    items = [" ".join(item.split()) for item in re.split(r"(?:^|\n)- ", paragraph)[1:]]
    found = [ITEM.fullmatch(part) for item in items for part in NEXT.split(item)]
    return [(re.findall(r"\w+", item[1]), item[2]) for item in found if item] if all(found) else []


def fields(described: Described, parameters: Sequence[str]) -> Iterator[str]:
    """`:param name:` for each of a signature, in its order, if all names are of it; else a list of definitions."""
    texts = {name: text if name == names[0] else f"see `{names[0]}`" for names, text in described for name in names}
    if texts.keys() <= {*parameters}:
        yield from (f":param {name}: {inline(texts.get(name, ''))}".rstrip() for name in parameters)
    else:
        yield from (f"{', '.join(f'``{name}``' for name in names)}\n    {inline(text)}" for names, text in described)


def to_rst(text: str, parameters: Sequence[str] = ()) -> str:
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
