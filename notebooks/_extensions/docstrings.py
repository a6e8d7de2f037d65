"""What Sphinx shows of a docstring: its text, converted, and what the signature adds to its argument section."""

from __future__ import annotations

import inspect
from typing import Any

from docutils import nodes
from plain_docstrings import to_rst
from sphinx.application import Sphinx

ROW = ("function", "operands")


def _parameters(thing: Any) -> list[str]:
    try:
        return list(inspect.signature(thing).parameters)
    except (TypeError, ValueError):  # an attribute, or an object of C
        return []


def process(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Sphinx hands over each docstring as a list, to be changed in place."""
    lines[:] = to_rst("\n".join(lines), _parameters(thing)).splitlines()


def tidy(app: Sphinx, domain: str, kind: str, content: nodes.Element) -> None:
    """Leave out what says nothing: that None or Any is returned, private parameters, the `*operands` of a row."""
    for field in list(content.findall(nodes.field)):
        name, returned = field[0].astext().split()[-1], field[1].astext().removeprefix("~typing.")
        if name.startswith("_") or (kind, name) == ROW or (name == "rtype" and returned in {"None", "Any"}):
            field.parent.remove(field)


def setup(app: Sphinx) -> dict[str, bool]:
    """An extension of Sphinx."""
    app.connect("autodoc-process-docstring", process)
    app.connect("object-description-transform", tidy, priority=900)  # when types have been added
    return {"parallel_read_safe": True}
