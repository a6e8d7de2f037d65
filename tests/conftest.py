"""How the suite runs: Hypothesis profiles, the order of the tests, what the garbage collector looks at, and Ctrl-C."""

import gc
import os
import re
import signal
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

# The same examples in every CI run, new ones on every run at a desk; never a deadline. `.ci/run` draws more of each
# property: `-m hypothesis --hypothesis-profile deep`.
for name, count in {"deep": 100, "full": 25, "fast": 10}.items():
    settings.register_profile(name, derandomize=bool(os.environ.get("CI")), deadline=None, max_examples=count)

# A run in the background starts with Ctrl-C ignored, and every process that a test starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


ALL_SLOW = re.compile(r"^pytestmark = .*\bmark\.slow\b", re.MULTILINE)


def in_fast_lane(config: pytest.Config) -> bool:
    return "not slow" in str(config.option.markexpr)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("hypothesis_profile", None) is None:
        settings.load_profile("fast" if in_fast_lane(config) else "full")


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """One more than there are cores: slow tests wait for browsers, debuggers and processes a tenth of the time."""
    if in_fast_lane(config) or "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # as xdist does it
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """No garbage is collected meanwhile: there is hardly any, and looking for it takes a third of the time."""
    # Processes that tests start read what Hypothesis has found in our sources instead of parsing them all.
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(session.config.rootpath / ".hypothesis"))
    gc.disable()
    try:
        with keeping_bytecode(session):
            return (yield)
    finally:
        gc.enable()


@contextmanager
def keeping_bytecode(session: pytest.Session) -> Iterator[None]:
    """Where no bytecode may lie beside the sources, keep it in pytest's own cache.

    Without any, each worker compiles all tests and rewrites their assertions, half of what collecting them costs; and
    each process that a test starts compiles the packages that it imports: two thirds of what a `python -m nn` costs.
    """
    folder = None
    if sys.dont_write_bytecode and session.config.pluginmanager.has_plugin("cacheprovider"):
        with suppress(OSError):  # a checkout that cannot be written to
            folder = str(session.config.cache.mkdir("bytecode"))
    if folder is None:
        yield
        return
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = folder
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    try:
        yield
    finally:
        sys.dont_write_bytecode = True  # what tests themselves write and import is not worth keeping


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Modules without doctests are not imported, nor does the fast lane import those whose tests are all slow.

    Other modules' slow tests are deselected.
    """
    if collection_path.suffix != ".py" or collection_path.name == "__init__.py":
        return None
    text = collection_path.read_text(encoding="utf-8")
    is_test = collection_path.name.startswith("test_")
    is_out = (in_fast_lane(config) and ALL_SLOW.search(text)) if is_test else ">>> " not in text
    return True if is_out else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests come first, so that short ones are left to fill the workers' last seconds."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """Thousands of collected tests live to the end: no collection of garbage has to walk through them.

    Older releases of Hypothesis make their generator in the first test and ask the collector who refers to it; of what
    is frozen it knows nothing, and they would warn. So there is a first test before that.
    """
    given(st.none())(lambda _: None)()
    gc.freeze()
