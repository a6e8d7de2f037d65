"""Select a layout engine: the built-in one, or Graphviz where the caller or $AUTOGRAD_DOT asks for it.

The built-in layout needs no program, keeps layers in order and takes linear time. Graphviz is stopped after two
seconds: on some graphs, as a long loop over one shared parameter, it needs minutes.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import warnings
from collections.abc import Sequence

from autograd.drawing.layout.clusters import nested
from autograd.drawing.layout.geometry import Layout
from autograd.drawing.layout.graphviz import layout_request, read_layout
from autograd.drawing.scene import Scene

VARIABLE = "AUTOGRAD_DOT"
AUTO, BUILT_IN, DOT, PURE = "auto", "builtin", "dot", "graphviz-pure"
ENGINES = (AUTO, BUILT_IN, DOT, PURE)
MANY = 300  # boxes; with more, edge labels are placed here: they slow Graphviz down too much
DEADLINE = 2.0  # seconds for Graphviz, after which the built-in layout is used
INSTALL = {
    DOT: "install Graphviz, so that `dot` is on PATH",
    PURE: "pip install 'scalar-autograd[graphviz-pure]'",
}
# Run as a program of its own, so that it can be stopped.
PYGRAPHVIZ = (
    "import sys, pygraphviz; graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode()); "
    "sys.stdout.buffer.write(graph.draw(format='json0', prog='dot'))"
)


def check_engine(engine: str) -> None:
    """Raise ValueError unless `engine` is one of `ENGINES`.

    >>> check_engine("neato")
    Traceback (most recent call last):
        ...
    ValueError: engine='neato': choose one of 'auto', 'builtin', 'dot', 'graphviz-pure'
    """
    if engine not in ENGINES:
        raise ValueError(f"engine={engine!r}: choose one of {', '.join(map(repr, ENGINES))}")


def lay_out(scene: Scene, engine: str = AUTO) -> Layout:
    """Lay out the scene; 'auto' is $AUTOGRAD_DOT (an engine, or the path of a program like `dot`) if set, or built in.

    RuntimeWarning, and the built-in layout, if Graphviz is missing, fails, or takes more than two seconds.
    """
    check_engine(engine)
    setting = os.environ.get(VARIABLE, "") if engine == AUTO else ""
    chosen = setting or engine
    if chosen in (AUTO, BUILT_IN):
        return nested(scene)
    try:
        answer = _answer(_command(chosen), layout_request(scene, labels=len(scene.boxes) <= MANY))
        return read_layout(answer, scene, chosen)
    except Exception as error:  # whatever an engine does, there is a picture
        asked = f"{VARIABLE}={chosen!r}" if setting else f"engine={chosen!r}"
        remedy = f"unset {VARIABLE} or set it to {BUILT_IN!r}" if setting else f"use engine={BUILT_IN!r}"
        warnings.warn(
            f"{asked} did not lay out the graph ({_reason(error)}); the built-in layout is used instead. "
            f"To avoid this warning, {remedy}",
            RuntimeWarning,
            stacklevel=2,
        )
    return nested(scene)


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"it was stopped after {DEADLINE:g} s"
    if isinstance(error, subprocess.CalledProcessError):
        return f"it ended with exit code {error.returncode}"
    return str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"


def _command(chosen: str) -> list[str]:
    """The command line of an engine or a path. OSError with the remedy if the engine is not installed."""
    path = find_program(chosen) if chosen in INSTALL else chosen
    if path:
        return [path, "-Kdot", "-Tjson0"]
    if chosen == DOT and importlib.util.find_spec("pygraphviz"):  # its wheels bring Graphviz
        return [sys.executable, "-c", PYGRAPHVIZ]
    raise OSError(f"not found: {INSTALL[chosen]}")


def _answer(command: Sequence[str], source: str) -> str:
    done = subprocess.run(command, input=source.encode(), capture_output=True, check=True, timeout=DEADLINE)
    return done.stdout.decode()


def find_program(name: str) -> str | None:
    """The path of a program on PATH or among the scripts of this Python, whose environment may not be active."""
    return shutil.which(name) or shutil.which(name, path=os.path.dirname(sys.executable or "")) or _script(name)


def _script(name: str) -> str | None:
    """The path where pip installs it. A Python in a browser has no scheme for users."""
    schemes = {sysconfig.get_default_scheme(), f"{os.name}_user"} & {*sysconfig.get_scheme_names()}
    return shutil.which(name, path=os.pathsep.join(sysconfig.get_path("scripts", each) for each in sorted(schemes)))
