"""Assemble one self-contained HTML page: template, style, program and data."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from hashlib import sha256
from html import escape
from importlib.resources import files
from os import PathLike
from pathlib import Path
from string import Template
from typing import Any

from autograd.drawing.render.theme import Theme, variables
from autograd.io.files import write_bytes

SUFFIXES = (".html", ".htm")
FRAME_HEIGHT = 640  # pixels of the page in a notebook
PROGRAM = (
    *("numbers.js", "graph.js", "words.js", "layout.js", "routes.js", "marks.js"),
    *("picture.js", "view.js", "details.js", "clock.js", "search.js", "compare.js", "main.js"),
)


class Page:
    """A page that can be saved, and shown in a notebook."""

    def __init__(self, data: Mapping[str, Any], title: str, theme: Theme) -> None:
        self._data, self.title, self._theme = data, title, theme

    def __bool__(self) -> bool:
        return True  # also without products

    @cached_property
    def html(self) -> str:
        """The page: one self-contained document."""
        return page_of(self._data, self.title, self._theme)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the page atomically. A fragment behind its name opens a place: `#w1` a value, of a replay `#9`.

        ValueError for a name that does not end in .html; OSError if the file cannot be written.
        """
        if Path(path).suffix.lower() not in SUFFIXES:
            raise ValueError(f"cannot write {os.fspath(path)!r}: the name must end in .html")
        write_bytes(path, self.html.encode())

    def _repr_html_(self) -> str:
        """The page in a frame, which isolates its style and keys from the notebook."""
        return (
            f'<iframe srcdoc="{escape(self.html)}" sandbox="allow-scripts" title="{escape(self.title)}" '
            f'style="width:100%;height:{FRAME_HEIGHT}px;border:0"></iframe>'
        )


def page_of(data: Mapping[str, Any], title: str, theme: Theme) -> str:
    """The page that shows the films in `data`.

    The user's strings are escaped: those of the data are JSON that cannot contain a tag, and the page's program inserts
    them as text. The content security policy allows that program and nothing else, not even requests.
    """
    program = _parts(PROGRAM)
    return Template(_parts(["page.html"])).substitute(
        title=escape(title),
        policy=f"default-src 'none'; script-src 'sha256-{_hash(program)}'; style-src 'unsafe-inline'",
        schemes="light dark" if theme == "auto" else theme,
        style=variables(theme) + _parts(["page.css"]),
        data=as_json(data),
        program=program,
    )


def as_json(data: Any) -> str:
    r"""JSON that can stand in a `<script>`: without `<`, `>` and `&`, and in ASCII.

    >>> as_json(["</script>", "δ", -0.0])
    '["\\u003c/script\\u003e","\\u03b4",-0.0]'
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")


def _hash(program: str) -> str:
    return b64encode(sha256(program.encode()).digest()).decode()


def _parts(names: Sequence[str]) -> str:
    return "".join(map(_part, names))


@cache
def _part(name: str) -> str:
    """A file of the page, without indentation and comment lines, to keep the page small."""
    text = files("autograd.exploring").joinpath("static", name).read_text("utf-8")
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*"))) + "\n"
