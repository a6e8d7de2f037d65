"""Pictures among the stored outputs are `<img>` elements; their alternative text is the title of the SVG."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)


def describe(app: Sphinx, document: nodes.document) -> None:
    """An image that says nothing for those who cannot see it says its title, or that it is a plot."""
    for image in document.findall(nodes.image):
        path = Path(app.srcdir, image["uri"])
        if "alt" not in image and path.suffix == ".svg" and path.is_file():
            title = TITLE.search(path.read_text(encoding="utf-8"))
            image["alt"] = unescape(title[1]) if title else "plot"


def setup(app: Sphinx) -> dict[str, bool]:
    """An extension of Sphinx."""
    app.connect("doctree-read", describe)
    return {"parallel_read_safe": True}
