"""Waits are bounded when workers die (row F3); `python -m tests.kills` repeats the last of these tests."""

from __future__ import annotations

import os
import random
import signal
from threading import Event
from typing import Any

import pytest

import nn
from nn.cluster import ClusterError, connecting, objective, placement
from nn.cluster.deadlines import within
from nn.cluster.placement import LostWorker, Placement
from nn.cluster.sources import SHARDS
from tests import kills

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

distributed = pytest.importorskip("distributed", reason="no Dask: pip install 'scalar-autograd[cluster]'")


class Silent:
    """A Dask task that never ends."""

    status = "pending"

    def result(self, timeout: float) -> Any:
        raise TimeoutError

    def done(self) -> bool:
        return False


class Scheduler:
    """A client whose scheduler knows these workers."""

    scheduler = None

    def __init__(self, *workers: str) -> None:
        self.workers = workers

    def nthreads(self) -> dict[str, int]:
        return dict.fromkeys(self.workers, 1)


def placed(*workers: str, patience: float) -> Placement:
    return Placement(Scheduler(*workers), [], patience=patience)  # type: ignore[arg-type]


def test_a_task_that_never_ends_is_sent_again_with_twice_the_time() -> None:
    held = placed("a", patience=1e-9)
    with pytest.raises(LostWorker):
        held._result("a", Silent())  # type: ignore[arg-type]
    assert held.patience == 2e-9


def test_a_task_that_takes_longer_than_the_longest_is_an_error() -> None:
    """The time doubles up to the limit set by the user."""
    dask = pytest.importorskip("dask")
    with dask.config.set({"nn.cluster.longest-task": 3e-9}):
        held = placed("a", patience=1e-9)
        for expected in (2e-9, 3e-9):
            with pytest.raises(LostWorker):
                held._result("a", Silent())  # type: ignore[arg-type]
            assert held.patience == expected
        with pytest.raises(ClusterError, match=r"longest-task"):
            held._result("a", Silent())  # type: ignore[arg-type]


def test_a_worker_is_not_used_while_it_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Like a worker stopped by a signal, which the scheduler still knows."""
    monkeypatch.setattr(placement, "SILENT_SECONDS", 1e-3)
    awake = Event()
    client = Scheduler("a", "b")
    monkeypatch.setattr(client, "run", lambda *_arguments, **_options: awake.wait(), raising=False)
    held = Placement(client, [])  # type: ignore[arg-type]
    with pytest.raises(LostWorker):
        held._answer("a", Silent())
    assert list(held.answering()) == ["b"]
    awake.set()
    held.pings["a"].result(timeout=60.0)
    assert list(held.answering()) == ["a", "b"]


def test_a_task_ends_with_its_worker() -> None:
    with pytest.raises(LostWorker):
        placed("b", patience=1e9)._result("a", Silent())  # type: ignore[arg-type]


def test_a_call_that_fails_to_reach_the_worker_is_a_lost_worker() -> None:
    class Lost:
        def result(self, timeout: float) -> Any:
            raise KeyError("the worker has no such actor any more")

    with pytest.raises(LostWorker):
        placed("a", patience=1.0)._answer("a", Lost())


def test_a_call_with_a_deadline_returns_raises_or_times_out() -> None:
    never = Event()
    with pytest.raises(TimeoutError):
        within(1e-3, never.wait)
    never.set()
    assert within(60.0, max, 1, 2) == 2
    with pytest.raises(ZeroDivisionError):
        within(60.0, divmod, 1, 0)


def test_a_scheduler_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "ANSWER_SECONDS", 1e-3)
    never = Event()
    client = Scheduler()
    client.nthreads = never.wait  # type: ignore[method-assign, assignment]
    with pytest.raises(ClusterError, match="has not answered"):
        connecting.workers_of(client)  # type: ignore[arg-type]
    monkeypatch.setattr(client, "run", lambda *_arguments, **_options: never.wait(), raising=False)
    assert connecting.check_versions(client, ["a"]) == []  # type: ignore[arg-type]
    never.set()


def test_the_documentation_quotes_the_limits_of_waits() -> None:
    text = " ".join((nn.cluster.__doc__ or "").split())
    longest = f"{placement.STALL_SECONDS:g} s, then twice as long at each retry, up to {placement.LONGEST_SECONDS:g} s"
    for words in (
        f"does not answer for {placement.SILENT_SECONDS:g} s",
        f"may take {longest}",
        f"after {objective.PATIENCE_SECONDS:g} s without a worker",
        f"{SHARDS} is the default for any number of workers",
    ):
        assert words in text
    assert f"(default {SHARDS})" in (nn.fit.__doc__ or "")


@pytest.mark.parametrize("part", [0.0, 0.5])
def test_a_training_whose_workers_are_killed_returns_with_the_same_bits(part: float) -> None:
    """On a separate cluster: one of two workers dies, so the test does not depend on when Dask restarts it."""
    with nn.cluster.connect(kills.WORKERS) as client:
        expected = kills.train(client)
        ending = kills.disturbed(client, part * expected.seconds, random.Random(0))
        assert (ending.error, ending.bits) == ("", expected.bits)


def test_a_training_continues_without_a_frozen_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask itself would wait for it for five minutes."""
    monkeypatch.setattr(placement, "SILENT_SECONDS", 5.0)
    monkeypatch.setattr(connecting, "ANSWER_SECONDS", 5.0)
    with nn.cluster.connect(kills.WORKERS) as client:
        expected = kills.train(client)
        frozen = min(client.run(os.getpid).values())
        os.kill(frozen, signal.SIGSTOP)
        try:
            ending = kills.train(client)
        finally:
            os.kill(frozen, signal.SIGCONT)
        assert (ending.error, ending.bits) == ("", expected.bits)
