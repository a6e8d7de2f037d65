"""Ctrl-C while `python -m …` imports what it needs, or is on its way out: it ends by the signal, without a traceback.

It is the first module that is imported, and imports next to nothing itself: `signal` and `typing` take as long as the
start of Python.
"""

from __future__ import annotations

import sys
from _signal import SIG_DFL, SIGINT, default_int_handler, getsignal, signal  # type: ignore[import-not-found]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn


def end_by_signal(*packages: str) -> None:
    """Let Ctrl-C end the process at once, as it ends programs in C, in `python -m` one of the packages, until `run`.

    While `-m` looks for a module, which imports its package, `sys.argv` begins with "-m". Nothing happens where Ctrl-C
    means something else than KeyboardInterrupt, as in a process that runs in the background.
    """
    arguments = len(sys.argv)
    if sys.argv[:1] == ["-m"] and sys.orig_argv[-arguments].removeprefix("-m") in packages:
        _handle(default_int_handler, SIG_DFL)


def run(main: Callable[[], int], interrupted: int = 130) -> NoReturn:
    """Exit with the code of `main`; Ctrl-C is a KeyboardInterrupt in it, and ends the process before and afterwards."""
    try:
        _handle(SIG_DFL, default_int_handler)
        code = main()
    except KeyboardInterrupt:
        code = interrupted
    _handle(default_int_handler, SIG_DFL)
    sys.exit(code)


def _handle(was: object, now: object) -> None:
    if getsignal(SIGINT) == was:
        signal(SIGINT, now)
