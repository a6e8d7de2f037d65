"""Fixtures of the compiler's tests."""

from __future__ import annotations

import pytest

from autograd.compiler.cache.directory import VARIABLE


@pytest.fixture
def no_cache_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may keep a cache: only those that ask for one have it."""
    monkeypatch.delenv(VARIABLE, raising=False)
