"""A cluster of two worker processes for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nn.cluster import connect, placement


@pytest.fixture(scope="package")
def client() -> Iterator[Any]:
    """Two workers, for tests that do not kill them."""
    with connect(2) as client:
        yield client


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check the workers before every step, so that tests need not wait for a change to be noticed."""
    monkeypatch.setattr(placement, "REFRESH_SECONDS", 0.0)
