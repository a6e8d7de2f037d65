"""Show a page or a picture to whoever runs the program: in the notebook, in a browser, or by the path of a file."""

from __future__ import annotations

import os
import sys
import tempfile
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

_first: Iterator[bool] = iter([True])


class Page(Protocol):
    """What can be shown: it has a complete HTML page, and notebooks know how to display it."""

    @property
    def html(self) -> str: ...


def show(page: Page) -> None:
    """Display the page in a notebook; elsewhere open it in a browser, or print where it is if there is none."""
    if in_notebook():
        import IPython.display

        display: Any = IPython.display.display
        display(page)
        return
    path = _written(page.html)
    if not (_has_screen() and _opened(path)):
        print(f"the picture is in {path}; open it in a browser")


def in_notebook() -> bool:
    """Whether a notebook displays what this program shows: IPython with a kernel, not in a terminal.

    >>> in_notebook()
    False
    """
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


def first_in_notebook() -> bool:
    """Whether a notebook shows a picture for the first time in this session; from then on it is False."""
    return in_notebook() and next(_first, False)


def _written(html: str) -> Path:
    """A new file in the folder for temporary files, which stays, since a browser reads it later."""
    handle, name = tempfile.mkstemp(prefix="autograd-", suffix=".html")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(html)
    return Path(name)


def _has_screen() -> bool:
    """Whether a window can open. A browser in the terminal would take that over."""
    return sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


def _opened(path: Path) -> bool:
    try:
        return webbrowser.open(path.as_uri())
    except (OSError, webbrowser.Error):
        return False
