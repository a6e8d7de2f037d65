"""The documentation site without its generator: docstrings are converted, every public name has an entry.

`python -m sphinx -W notebooks build/site` builds the site and needs the extra `docs`; `.ci/run` does it.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import autograd

pytestmark = pytest.mark.slow

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture
def plain_docstrings(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(NOTEBOOKS / "_extensions")
    yield importlib.import_module("plain_docstrings")
    sys.modules.pop("plain_docstrings")


def entries() -> set[str]:
    """The full names that the pages of the reference have entries for."""
    found = set()
    for page in (NOTEBOOKS / "reference").glob("*.rst"):
        module = ""
        for directive, name in re.findall(r"^\.\. ([\w:]+):: ([\w.]+)", page.read_text(encoding="utf-8"), re.MULTILINE):
            if directive in {"currentmodule", "module", "py:module", "automodule"}:
                module = name
                found.add(name)
            else:
                found.add(f"{module}.{name}")
    return found


def names(package: str) -> set[str]:
    """The names in `__all__` that `autograd` itself does not have too."""
    module = importlib.import_module(package)
    return {
        f"{package}.{name}"
        for name in module.__all__
        if package == "autograd" or getattr(autograd, name, None) is not getattr(module, name)
    }


PACKAGES = ("autograd", "nn", "autograd.check", "autograd.strategies", "autograd.testing", "nn.cluster")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_has_an_entry(package: str) -> None:
    assert names(package) - entries() == set()


@pytest.mark.parametrize(
    ("text", "parameters", "converted"),
    [
        ("Half of `x`.", (), "Half of \\ ``x``\\ ."),
        ("x**2 and |x| and x_", (), r"x\*\*2 and \|x\| and x\_"),
        ("low   a\nhigh  b,\n      c", ("low", "high"), ":param low: a\n:param high: b, c"),
        ("- `low`: x\n  y\n- `a`, `b`: z", ("low", "a", "b"), ":param low: x y\n:param a: z\n:param b: see \\ ``a``\\"),
        ("data  a number\ngrad  another", (), "``data``\n    a number\n``grad``\n    another"),
        (">>> f(`x`) * 2\n1", (), ">>> f(`x`) * 2\n1"),
        ("As in\n\n    f(x) * 2", (), "As in\n\n::\n\n    f(x) * 2"),
        ("- not `low`: a list\n- of words", ("low",), "- not \\ ``low``\\ : a list\n- of words"),
    ],
)
def test_docstrings_become_restructured_text(
    plain_docstrings: ModuleType, text: str, parameters: tuple[str, ...], converted: str
) -> None:
    assert plain_docstrings.to_rst(text, parameters) == converted


def test_every_notebook_and_page_is_in_the_navigation() -> None:
    index = (NOTEBOOKS / "index.md").read_text(encoding="utf-8")
    pages = [path.relative_to(NOTEBOOKS).with_suffix("").as_posix() for path in NOTEBOOKS.rglob("*.[mr][ds]*")]
    assert [page for page in pages if page != "index" and f"\n{page}\n" not in index] == []
