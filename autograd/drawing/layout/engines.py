"""Select a layout engine: the first of a chain that is installed and answers.

graphviz-pure comes first because it is installed with the package on all common platforms, and gives the same picture
on each; the last one is built in. $AUTOGRAD_DOT selects another: the path of a program that understands `-Tjson0` as
Graphviz does, or `builtin`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from autograd.drawing.layout.clusters import nested
from autograd.drawing.layout.geometry import Layout
from autograd.drawing.layout.graphviz import layout_request, read_layout
from autograd.drawing.scene import Scene

VARIABLE, BUILT_IN = "AUTOGRAD_DOT", "builtin"
CROWDED = 3.0  # edges per box; the built-in layout keeps such layers in columns, Graphviz scatters them
MANY = 300  # boxes; with more, edge labels are placed here: they slow engines down too much
TIMEOUT = 120.0  # seconds, after which the built-in layout is used
Engine = tuple[str, Callable[[str], str]]


def lay_out(scene: Scene) -> Layout:
    """Lay out the scene with the first engine that answers; the built-in one always does.

    RuntimeWarning if $AUTOGRAD_DOT names a program that cannot be used.
    """
    chosen = os.environ.get(VARIABLE, "")
    if chosen == BUILT_IN or len(scene.edges) > CROWDED * len(scene.boxes):
        return nested(scene)
    source = layout_request(scene, labels=len(scene.boxes) <= MANY)
    for name, engine in _chain(chosen):
        try:
            return read_layout(engine(source), scene, name)
        except Exception as error:  # after any error of an engine, the next one is tried
            if name == chosen:
                warnings.warn(
                    f"{VARIABLE}={chosen!r} cannot lay out a graph ({error}); another engine is used. Set it to the "
                    f"path of a Graphviz `dot` or to {BUILT_IN!r}, or unset it",
                    RuntimeWarning,
                    stacklevel=2,
                )
    return nested(scene)


def _chain(chosen: str) -> Iterator[Engine]:
    if chosen:
        yield chosen, _program(chosen)
    for name in ("graphviz-pure", "dot"):
        if path := find_program(name):
            yield name, _program(path)
    yield "pygraphviz", _pygraphviz


def find_program(name: str) -> str | None:
    """The path of a program on PATH or among the scripts of this Python, whose environment may not be active."""
    return shutil.which(name) or shutil.which(name, path=os.path.dirname(sys.executable or "")) or _script(name)


def _script(name: str) -> str | None:
    """The path where pip installs it. A Python in a browser has no scheme for users."""
    schemes = {sysconfig.get_default_scheme(), f"{os.name}_user"} & {*sysconfig.get_scheme_names()}
    return shutil.which(name, path=os.pathsep.join(sysconfig.get_path("scripts", each) for each in sorted(schemes)))


def _program(path: str) -> Callable[[str], str]:
    def run(source: str) -> str:
        done = subprocess.run(
            [path, "-Kdot", "-Tjson0"], input=source.encode(), capture_output=True, check=True, timeout=TIMEOUT
        )
        return done.stdout.decode()

    return run


def _pygraphviz(source: str) -> str:
    import pygraphviz  # type: ignore[import-not-found, import-untyped, unused-ignore]

    graph: Any = pygraphviz.AGraph(string=source)
    answer: bytes = graph.draw(format="json0", prog="dot")
    return answer.decode()
