"""Assemble one self-contained HTML page: template, style, program, picture and film."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import Any


def page_of(film: Any, svg: str, title: str) -> str:
    """The page that plays `film` in the picture `svg`.

    The user's strings are escaped: those of the film are JSON that cannot contain a tag, and the page's program inserts
    them as text. The content security policy allows that program and nothing else, not even requests.
    """
    program = _part("words.js") + _part("page.js")
    return Template(_part("page.html")).substitute(
        title=escape(title),
        policy=f"default-src 'none'; script-src 'sha256-{_hash(program)}'; style-src 'unsafe-inline'",
        style=_part("page.css"),
        last=len(film["node"]),
        picture=svg,
        film=as_json(film),
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


@cache
def _part(name: str) -> str:
    """A file beside this one, without indentation and comment lines, to keep the page small."""
    lines = [line.strip() for line in files("autograd.replaying").joinpath(name).read_text("utf-8").splitlines()]
    return "\n".join(line for line in lines if not line.startswith(("//", "/*"))) + "\n"
