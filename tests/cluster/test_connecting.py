"""Connecting to a cluster: which workers are accepted, and what messages say when there are none."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest

from nn.cluster import ClusterError, Objective, connect, sources_of
from nn.cluster.worker import fingerprint
from tests.cluster.losses import samples

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

distributed = pytest.importorskip("distributed", reason="no Dask: pip install 'scalar-autograd[cluster]'")


def test_workers_of_another_version_are_refused(client: Any) -> None:
    def pretend(version: dict[str, str] | None) -> None:
        from nn.cluster import worker

        worker.fingerprint = worker.original if version is None else _pretender(worker, version)  # type: ignore[attr-defined]

    def _pretender(worker: Any, version: dict[str, str]) -> Callable[[], dict[str, str]]:
        worker.original = worker.fingerprint
        return lambda: version

    client.run(pretend, {**fingerprint(), "numpy": "1.0", "source": "abc"})
    try:
        with pytest.raises(
            ClusterError, match=r"worker tcp://.* has numpy 1\.0 \(here .*\), source abc \(here .*1 more"
        ):
            Objective(client, sources_of(*samples()))
    finally:
        client.run(pretend, None)


def test_without_a_scheduler_the_message_says_what_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nn.cluster.connecting.CONNECT_SECONDS", 0.3)
    with (
        pytest.raises(ClusterError, match=r"no scheduler answers at 'tcp://127.0.0.1:1'.*`dask scheduler`"),
        connect("tcp://127.0.0.1:1"),
    ):
        pass


@pytest.mark.parametrize("cluster", [0, -1, True, 1.5, None])
def test_an_invalid_cluster_is_rejected(cluster: Any) -> None:
    with pytest.raises(ValueError, match="a number of workers, a scheduler's address or a Client"), connect(cluster):
        pass


def test_without_dask_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install 'scalar-autograd\[cluster\]'"), connect(2):
        pass


def test_ctrl_c_does_not_reach_the_workers(client: Any) -> None:
    """A terminal sends it to every process; only the main process may act on it."""
    before = client.run(os.getpid)
    client.run(lambda: os.kill(os.getpid(), signal.SIGINT))
    assert client.run(os.getpid) == before
