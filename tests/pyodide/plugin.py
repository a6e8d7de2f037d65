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

from autograd._numpy import HAS_NUMPY, NDArray

_import = builtins.__import__


def _skip(reason: str) -> NoReturn:
    pytest.skip(reason, allow_module_level=True)


def _skipping(reason: str) -> Callable[..., NoReturn]:
    return lambda *_, **__: _skip(reason)


def _run(coroutine: Coroutine[Any, Any, Any], **_: Any) -> NoReturn:
    coroutine.close()
    _skip("runs an event loop")


class Missing(ModuleType):
    """What tests get for a package that is not here: a test that uses it is skipped."""

    NDArray = NDArray  # only annotations name it

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        _skip(f"needs {self.__name__}")


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    """An error that names NumPy as the remedy is what a user gets here, and not a fault."""
    try:
        yield
    except Exception as error:
        if "needs NumPy, which is not installed" in str(error):
            _skip("needs numpy")
        raise


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many tests, or modules, were skipped for which reason."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count:6} skipped: {reason}")
