"""pytest where there is one process, one thread and no NumPy: what a test needs besides, it is skipped for, by name."""

from __future__ import annotations

import asyncio
import builtins
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from types import ModuleType
from typing import Any, NoReturn

import pytest
from hypothesis import settings

from autograd._numpy import HAS_NUMPY

_import = builtins.__import__
NOT_HERE = "which is not installed"  # as autograd._numpy says, too


def _skip(reason: str) -> NoReturn:
    pytest.skip(reason, allow_module_level=True)


def _skipping(reason: str) -> Callable[..., NoReturn]:
    return lambda *_, **__: _skip(reason)


def _run(coroutine: Coroutine[Any, Any, Any], **_: Any) -> NoReturn:
    coroutine.close()
    _skip("runs an event loop")


class Missing(ModuleType):
    """What tests get for a package that is not here: a test that uses it, or anything made of it, is skipped.

    While modules are imported, whatever is taken from it is another one, for parameters and constants.
    """

    running = False

    def _part(self, *_: Any, **__: Any) -> Any:
        return _skip(f"needs {self.__name__}") if Missing.running else Missing(self.__name__)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._part()

    def __repr__(self) -> str:
        return f"<{self.__name__}, {NOT_HERE}>"

    __call__ = __getitem__ = __or__ = __ror__ = __add__ = __mul__ = __rmul__ = __iter__ = __len__ = __float__ = _part


def _uses_missing(x: Any) -> str | None:
    """The package that a parameter of a test, or a part of it, is of."""
    if isinstance(x, Missing):
        return x.__name__
    parts = x.values() if isinstance(x, dict) else x if isinstance(x, list | tuple) else ()
    return next(filter(None, map(_uses_missing, parts)), None)


def _import_for_tests(
    name: str,
    globals: Mapping[str, Any] | None = None,
    locals: Mapping[str, Any] | None = None,
    fromlist: Sequence[str] = (),
    level: int = 0,
) -> Any:
    try:
        return _import(name, globals, locals, fromlist, level)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        by = str((globals or {}).get("__name__", ""))
        if missing in ("autograd", "nn", "tests") or not by.startswith("tests."):
            raise
        return Missing(missing)


@pytest.hookimpl(trylast=True)  # after the profile of conftest.py
def pytest_configure(config: pytest.Config) -> None:
    assert not HAS_NUMPY, "this plugin is for the tests without NumPy"
    settings.register_profile("pyodide", settings.default, max_examples=5, derandomize=True)
    settings.load_profile("pyodide")
    # Hypothesis counts references to its own generator, which on Python 3.14 are fewer than it expects.
    config.addinivalue_line("filterwarnings", "ignore:It looks like `register_random`")
    builtins.__import__ = _import_for_tests
    for owner, name, reason in (
        (subprocess.Popen, "__init__", "starts a process"),
        (threading.Thread, "start", "starts a thread"),
        (socket.socket, "__init__", "opens a socket"),
    ):
        setattr(owner, name, _skipping(reason))
    asyncio.run = _run


def pytest_collection_finish() -> None:
    Missing.running = True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """An error that says what is not installed is what a user gets here, and not a fault."""
    if missing := _uses_missing(getattr(getattr(item, "callspec", None), "params", {})):
        _skip(f"needs {missing}")
    try:
        yield
    except Exception as error:
        if NOT_HERE in str(error):
            _skip("needs numpy")
        raise


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many tests, or modules, were skipped for which reason."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count:6} skipped: {reason}")
