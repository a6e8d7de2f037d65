"""The playground as a part of the site, with links to it: below each complete program, and on each notebook's page."""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from programs import link_of, of_block, of_notebook
from sphinx.application import Sphinx

from autograd.playground.build import build

OF_BLOCK = "Run in the playground"
OF_NOTEBOOK = "Run in the browser: the cells that need no NumPy"
PAGES = ("guide/", "index")


def add_links(app: Sphinx, document: nodes.document, name: str) -> None:
    """Add the links of a page, if the site has the playground."""
    if not app.config.playground_packages or app.builder.format != "html":
        return
    root = "../" * app.builder.get_target_uri(name).count("/")
    path = Path(app.env.doc2path(name))
    if path.suffix == ".ipynb":
        title = next(iter(document.findall(nodes.title)), None)
        if title and (program := of_notebook(path)):
            title.parent.insert(title.parent.index(title) + 1, _link(OF_NOTEBOOK, link_of(program, root)))
    elif name.startswith(PAGES):
        for block in list(document.findall(nodes.literal_block)):
            if block.get("language") == "python" and (program := of_block(block.astext())):
                block.parent.insert(block.parent.index(block) + 1, _link(OF_BLOCK, link_of(program, root)))


def _link(text: str, address: str) -> nodes.paragraph:
    return nodes.paragraph("", "", nodes.reference("", text, refuri=address), classes=["playground-link"])


def write_page(app: Sphinx, error: Exception | None) -> None:
    """Build the playground into the finished site."""
    packages = app.config.playground_packages
    if packages and error is None and app.builder.format == "html":
        build(Path(app.outdir, "playground"), None if packages == "npm" else Path(packages))


def setup(app: Sphinx) -> dict[str, bool]:
    """An extension of Sphinx."""
    app.add_config_value("playground_packages", "", "html", str)
    app.connect("doctree-resolved", add_links)
    app.connect("build-finished", write_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
