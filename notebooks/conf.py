"""Configuration of the documentation site: `python -m sphinx -W --keep-going notebooks build/site`.

Sphinx, since it imports what it documents: docstrings of functions are made from the table of primitives when
`autograd` is imported, so a generator that reads source files would not see them. Furo and MyST-NB, since their pages
ask for nothing from the network, follow light and dark, and show notebooks with the outputs that are stored.
"""

import os
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

project = "scalar-autograd"
author = "The scalar-autograd authors"
copyright = author  # no year: nothing to update
release = version = installed_version(project)

extensions = ["sphinx.ext.autodoc", "myst_nb", "docstrings", "notebook_pictures", "playground_links", "public_names"]
exclude_patterns = ["_extensions", "pictures"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}

smartquotes = False  # quotes in docstrings are those of Python
nb_execution_mode = "off"  # the stored outputs are shown: `pytest notebooks` proves that they are those of a run
nb_mime_priority_overrides = [("html", "image/svg+xml", 1)]  # as an image it follows light and dark
myst_heading_anchors = 3

# The site has the playground, and links to it, where its npm packages are: a node_modules folder, or "npm" to ask npm.
playground_packages = os.environ.get("PLAYGROUND_PACKAGES", "")

autodoc_typehints = "description"
autodoc_typehints_description_target = "all"
autodoc_typehints_format = "short"
autodoc_docstring_signature = False  # "log1p(x) = ln(1 + x)" is a formula
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"
add_module_names = False

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False


def adapt(app: Sphinx, name: str, text: list[str]) -> None:
    """The guide is for GitHub as well: it links to the file of the decisions, and doctest needs its empty lines."""
    if name.startswith("guide/"):
        text[0] = text[0].replace("../../autograd/DESIGN.md", "../design.md").replace("\n\n```\n", "\n```\n")


def setup(app: Sphinx) -> None:
    """What is too small for an extension of its own."""
    app.connect("source-read", adapt)
