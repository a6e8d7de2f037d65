"""A page that shows what a trained net answers: one draws an image, or fills in a form."""

from __future__ import annotations

import json
import re
import tempfile
from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import autograd
from autograd.errors import UsageError
from nn.layers.mlp import MLP
from nn.tabular.answers import answers
from nn.tabular.columns import Column
from nn.tabular.preprocessing import Recipe

PEAKS = (1.0, 16.0, 255.0)  # what the numbers of a pixel go up to


def page_of(net: MLP, recipe: Recipe | None, image: tuple[int, int] | None = None) -> str:
    """The page. Its policy allows its own program and styles, and nothing else: no requests, no forms.

    >>> page = page_of(MLP(2, [1], seed=0), None)
    >>> page.count("<script"), "http" in page.replace("http-equiv", "")
    (1, False)

    UsageError, a ValueError, for an image of another size than the features.
    """
    spec = _spec(net, recipe, image)
    program = f"{_module(net, recipe)}\nconst spec = {json.dumps(spec)};\n{_part('page.js')}"
    # Nothing in it may end the element, or begin another; in strings and comments a backslash changes nothing.
    program = re.sub(r"<(?=[!/]|script)", r"<\\", program, flags=re.IGNORECASE)
    style = _part("page.css")
    policy = (
        f"default-src 'none'; script-src {_source(program)}; style-src {_source(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return Template(_part("page.html")).substitute(
        title=escape(f"{spec['target']}: what a net answers"),
        target=escape(spec["target"]),
        policy=policy,
        style=style,
        program=program,
    )


def _module(net: MLP, recipe: Recipe | None) -> str:
    """The program of the net, without the comment at its beginning."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "net.js")
        fast = autograd.compile(answers(net, recipe), parameters=net.parameters())
        fast.export(path, ([0.0] * net.n_in,), functions=["value"], name="net", frozen=True)
        return path.read_text("utf-8").partition(" */\n")[2]


def _spec(net: MLP, recipe: Recipe | None, image: tuple[int, int] | None) -> dict[str, Any]:
    """What the page asks for, and what the numbers of the answer are."""
    columns = recipe.columns if recipe else tuple(Column(f"x{i + 1}") for i in range(net.n_in))
    means = recipe.x_scaling.mean if recipe else (0.0,) * net.n_in
    classes = recipe.class_names if recipe else ()
    has_probabilities = recipe is not None and recipe.scheme.probabilities is not None
    outputs = [f"output {i + 1}" for i in range(net.n_outs[-1])] if net.n_outs[-1] > 1 else ["output"]
    if recipe is not None and recipe.task == "regression":
        outputs = [recipe.target]
    labels = list(classes) if has_probabilities or len(classes) == net.n_outs[-1] else outputs
    return {
        "target": recipe.target if recipe else "Net",
        "columns": _fields(columns, means),
        "image": _checked(image, net.n_in) if image else _image(columns),
        "peak": next((peak for peak in PEAKS if max(means) <= peak), PEAKS[-1]),
        "labels": labels,
        "classes": list(classes),
        "probabilities": has_probabilities,
        "threshold": recipe.scheme.threshold if recipe else 0.0,
    }


def _fields(columns: tuple[Column, ...], means: tuple[float, ...]) -> list[dict[str, Any]]:
    """The columns, each with what it is at first: a usual value."""
    found, first = [], 0
    for column in columns:
        part = means[first : first + len(column.feature_names)]
        first += len(part)
        if column.is_boolean:
            start = float(part[0] > 0.5)
        elif column.categories:
            start = float(part.index(max(part)))
        else:
            start = float(f"{part[0]:.4g}") if column.kind == "number" else part[0]
        found.append(
            {
                "name": column.name,
                "kind": column.kind,
                "categories": list(column.categories),
                "boolean": column.is_boolean,
                "start": start,
            }
        )
    return found


def _image(columns: tuple[Column, ...]) -> tuple[int, int] | None:
    """The size of the image whose pixels the columns are, by their names.

    >>> _image(tuple(Column(f"pixel_{i}_{j}") for i in range(2) for j in range(3)))
    (2, 3)
    """
    found = [re.fullmatch(r"(?:p|px|pixel)_?(\d{1,2})[_x](\d{1,2})", column.name) for column in columns]
    places = [(int(each[1]), int(each[2])) for each in found if each and not columns[0].categories]
    if len(places) < len(columns):
        return None
    (top, left), (bottom, right) = places[0], places[-1]
    if places != [(i, j) for i in range(top, bottom + 1) for j in range(left, right + 1)]:
        return None
    return bottom - top + 1, right - left + 1


def _checked(image: tuple[int, int], n_in: int) -> tuple[int, int]:
    height, width = image
    if height * width != n_in:
        raise UsageError(f"an image of {height} x {width} pixels has {height * width} features, and the net has {n_in}")
    return height, width


def _source(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _part(name: str) -> str:
    return files("nn.interop").joinpath(name).read_text("utf-8")
