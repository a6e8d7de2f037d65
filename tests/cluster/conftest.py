"""A cluster of two worker processes for the tests of this folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from nn.cluster import connect, placement

PRELOADED = ["distributed.nanny", "nn.cluster.ignore_sigint", "nn.cluster.worker"]


@pytest.fixture(scope="package", autouse=True)
def _forked_workers() -> Iterator[None]:
    """Worker processes are forked from one that has imported what they need: most of what each costs is imports."""
    if "distributed" not in sys.modules:  # which modules whose tests need it have imported
        yield
        return
    import dask
    from distributed.utils import get_mp_context

    with dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}):
        get_mp_context().set_forkserver_preload(PRELOADED)
        yield


@pytest.fixture(scope="package")
def client(_forked_workers: None) -> Iterator[Any]:
    """Two workers, for tests that do not kill them."""
    with connect(2) as client:
        yield client


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check the workers before every step, so that tests need not wait for a change to be noticed."""
    monkeypatch.setattr(placement, "REFRESH_SECONDS", 0.0)
