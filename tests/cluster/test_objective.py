"""The loss and gradient on worker processes: the same bits for any workers, also after one died, and its errors."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn.cluster import Batch, ClusterError, Objective, connect, connecting, sources_of
from nn.cluster import objective as objective_module
from nn.cluster.worker import fingerprint
from tests.cluster.losses import SIZE, Stumbling, Tanh, samples, write_csv

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

distributed = pytest.importorskip("distributed", reason="no Dask: pip install 'scalar-autograd[cluster]'")

STEPS, PARTS = 50, 3


def descend(objective: Objective, before_step: Callable[[int], None] = lambda step: None) -> bytes:
    """The bits of the parameters after some mini-batch steps of plain gradient descent."""
    theta = np.linspace(-1.0, 1.0, SIZE)
    for step in range(STEPS):
        before_step(step)
        _, gradient = objective(theta, Batch(7, step // PARTS, step % PARTS, PARTS))
        theta = theta - 0.1 * gradient
    return theta.tobytes()


def test_the_same_bits_with_1_2_and_4_workers_after_a_death_and_after_a_worker_joined(patient: None) -> None:
    x, y = samples()
    with connect(1) as client:
        objective = Objective(client, sources_of(x, y))
        objective.use(Tanh())
        one = descend(objective)

        def wait(workers: int) -> None:
            """Until they have imported the package: a worker that takes long for it is not used until it answers."""
            client.cluster.scale(workers)
            client.wait_for_workers(workers)
            client.run(fingerprint)

        wait(2)
        assert descend(objective) == one
        assert len(objective.placement.holders) == 2

        pids = client.run(os.getpid)

        def kill(step: int) -> None:
            if step == STEPS // 2:
                os.kill(pids[objective.placement.homes[-1]], signal.SIGKILL)

        assert descend(objective, kill) == one
        wait(4)
        assert descend(objective) == one
        assert len(objective.placement.holders) == 4
        assert not set(pids) <= set(objective.placement.holders)


def test_loss_and_gradient_are_the_means_over_all_samples(client: Any) -> None:
    x, y = samples()
    objective = Objective(client, sources_of(x, y, 7))
    objective.use(Tanh())
    theta = np.linspace(-1.0, 1.0, SIZE)
    loss, gradient = objective(theta)
    expected_loss, expected = Tanh().flat(theta, x, y)
    # Sums of n numbers in two orders: each is off by at most n eps times the sum of their sizes, here of order n.
    tolerance = 2 * len(x) * np.finfo(float).eps
    assert abs(loss - expected_loss) <= tolerance
    assert np.all(np.abs(gradient - expected) <= tolerance * (1.0 + np.abs(expected)))


def test_a_batch_is_one_slice_of_every_shard(client: Any) -> None:
    x, y = samples()
    objective = Objective(client, sources_of(x, y, 4))
    objective.use(Tanh())
    theta = np.linspace(-1.0, 1.0, SIZE)
    parts = [objective(theta, Batch(3, 1, number, 2))[0] for number in range(2)]
    counts = [sum(count * (number + 1) // 2 - count * number // 2 for count in objective.counts) for number in range(2)]
    whole = np.average(parts, weights=counts)
    assert abs(whole - objective(theta)[0]) <= 2 * len(x) * np.finfo(float).eps


def test_an_error_in_a_shard_is_raised_with_the_name_of_the_shard(client: Any) -> None:
    x, y = samples(40)
    y[25] = 13.0
    objective = Objective(client, sources_of(x, y, 4))
    objective.use(Stumbling())
    with pytest.raises(FileNotFoundError, match="no such thirteen") as caught:
        objective(np.zeros(SIZE))
    assert "in shard rows 20…29" in caught.value.__notes__
    objective.use(Tanh())
    assert np.isfinite(objective(np.zeros(SIZE))[0])


def test_files_that_a_worker_cannot_read_are_named(client: Any, tmp_path: Path) -> None:
    paths = write_csv(tmp_path, ["1,2,3\n", "1,2,3\n1,x,3\n"])
    with pytest.raises(nn.TableError, match=r"b1\.csv line 3, column 'x2'") as caught:
        Objective(client, sources_of(paths, "y"))
    assert f"in shard {paths[1]}" in caught.value.__notes__
    with pytest.raises(FileNotFoundError):
        Objective(client, sources_of(["nowhere.csv"], "y"))


def test_files_of_different_columns_are_refused(client: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "x0.npy", np.ones((2, 3)))
    np.save(tmp_path / "x1.npy", np.ones((2, 4)))
    np.save(tmp_path / "y.npy", np.ones(2))
    xs, y = [tmp_path / "x0.npy", tmp_path / "x1.npy"], tmp_path / "y.npy"
    with pytest.raises(ValueError, match=r"x of shape \(3,\) in shard .*x0.npy, but \(4,\) in .*x1.npy"):
        Objective(client, sources_of(xs, [y, y]))


class Killing(Tanh):
    """A loss that kills every worker, like one that needs too much memory."""

    def flat(self, theta: Any, x: Any, y: Any) -> tuple[float, Any]:
        os.kill(os.getpid(), signal.SIGKILL)
        return super().flat(theta, x, y)


def test_a_loss_that_kills_every_worker_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objective_module, "MAX_LOST_WORKERS", 1)
    monkeypatch.setattr(objective_module, "PATIENCE_SECONDS", 600.0)  # a busy machine starts workers slowly
    monkeypatch.setattr(connecting, "ANSWER_SECONDS", 5.0)  # that the dead one is waited for
    with connect(1) as client:
        objective = Objective(client, sources_of(*samples()))
        objective.use(Killing())
        with pytest.raises(ClusterError, match="2 workers died in one step"):
            objective(np.zeros(SIZE))


def test_a_cluster_that_loses_its_last_worker_says_so(monkeypatch: pytest.MonkeyPatch, patient: None) -> None:
    monkeypatch.setattr(objective_module, "PATIENCE_SECONDS", 0.5)
    with connect(1) as client:
        objective = Objective(client, sources_of(*samples()))
        objective.use(Tanh())
        client.cluster.scale(0)
        while client.nthreads():
            client.sync(client.cluster._correct_state)
        with pytest.raises(ClusterError, match="no worker has answered for"):
            objective(np.zeros(SIZE))
