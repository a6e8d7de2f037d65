"""How the suite runs: Hypothesis profiles, the order of the tests, what the garbage collector looks at, and Ctrl-C."""

import gc
import os
import signal

import pytest
from hypothesis import settings

# The same examples in every CI run, new ones on every run at a desk; never a deadline. The fast lane draws a quarter.
DERANDOMIZED = bool(os.environ.get("CI"))
settings.register_profile("full", derandomize=DERANDOMIZED, deadline=None)
settings.register_profile("fast", derandomize=DERANDOMIZED, deadline=None, max_examples=25)

# A run in the background starts with Ctrl-C ignored, and every process that a test starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("fast" if "not slow" in config.option.markexpr else "full")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests come first, so that short ones are left to fill the workers' last seconds."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """Thousands of collected tests live to the end: no collection of garbage has to walk through them."""
    gc.freeze()
