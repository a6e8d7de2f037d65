"""Public names: each is documented, and each that is mentioned as code is a link to its documentation."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any, TypeVar

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

import autograd

LOGGER = logging.getLogger(__name__)
PACKAGES = (
    "autograd",
    "nn",
    "autograd.check",
    "autograd.functional",
    "autograd.strategies",
    "autograd.testing",
    "nn.cluster",
    "nn.datasets",
)
MENTIONED = re.compile(r"((?:autograd|nn)(?:\.(?!py\b)[A-Za-z_]\w*)+)(?:\(.*\))?", re.DOTALL)
CHECKED = ("guide/", "index")  # elsewhere, as in the decisions, private modules are mentioned too


def public_names() -> Iterator[str]:
    """Every name in an `__all__`; of a module without one, the functions that it defines."""
    for package in PACKAGES:
        module = importlib.import_module(package)
        defined = {name: thing for name, thing in vars(module).items() if getattr(thing, "__module__", "") == package}
        own = [name for name, thing in defined.items() if not isinstance(thing, TypeVar)]
        names = getattr(module, "__all__", None) or [name for name in own if not name.startswith("_")]
        yield from (f"{package}.{name}" for name in names if package == "autograd" or not _is_exported(module, name))


def _is_exported(module: ModuleType, name: str) -> bool:
    """Whether `autograd` itself has it too: one entry is enough."""
    return getattr(autograd, name, None) is getattr(module, name)


def undocumented(documented: set[str]) -> list[str]:
    """The public names that are not among those."""
    return sorted(set(public_names()) - documented)


class LinkCode(SphinxPostTransform):
    """`nn.fit` and `nn.fit(model, x, y)` as code are links to the reference."""

    default_priority = 5  # before references are resolved

    def run(self, **kwargs: Any) -> None:
        """Replace the code by a reference that contains it."""
        objects = self.env.get_domain("py").objects  # type: ignore[attr-defined]
        for literal in list(self.document.findall(nodes.literal)):
            found = MENTIONED.fullmatch(literal.astext())
            if found is None or isinstance(literal.parent, nodes.reference | addnodes.pending_xref):
                continue
            if found[1] in objects:
                self._link(literal, found[1])
            elif self.env.docname.startswith(CHECKED):
                LOGGER.warning("%s is not in the reference", found[1], location=literal)

    def _link(self, literal: nodes.literal, target: str) -> None:
        link = addnodes.pending_xref(
            "", refdomain="py", reftype="obj", reftarget=target, refexplicit=True, refdoc=self.env.docname
        )
        literal.replace_self(link)
        link += literal


def link_private_path(app: Sphinx, env: BuildEnvironment, node: Any, content: Any) -> Any:
    """A type is annotated by the module that defines it and documented by its public name."""
    name = node.get("reftarget", "").split(".")[-1]
    domain = env.get_domain("py")
    for package in PACKAGES:
        if node.get("refdomain") == "py" and f"{package}.{name}" in domain.objects:  # type: ignore[attr-defined]
            target = f"{package}.{name}"
            return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, content)
    return None


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """A public name without an entry in the reference is a warning, and so fails a strict build."""
    for name in undocumented(set(env.get_domain("py").objects)):  # type: ignore[attr-defined]
        LOGGER.warning("public name %s is not in notebooks/reference", name)


def setup(app: Sphinx) -> dict[str, bool]:
    """An extension of Sphinx."""
    app.add_post_transform(LinkCode)
    app.connect("missing-reference", link_private_path)
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
