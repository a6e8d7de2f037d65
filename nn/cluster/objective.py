"""The mean loss over shards on a cluster, as a function of the flat parameter vector."""

from __future__ import annotations

import concurrent.futures
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from autograd._numpy import NDArray, np
from autograd.io.plural import counted
from nn.cluster.batches import EVERYTHING, Batch
from nn.cluster.errors import ClusterError
from nn.cluster.placement import LostWorker, Placement
from nn.cluster.sources import Source
from nn.cluster.tree import Nodes, root
from nn.cluster.worker import MeanLoss, Summary

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")

PATIENCE_SECONDS = 60.0  # for a step to wait for workers when there are none
PAUSE_SECONDS = 0.2  # between two checks for workers
MAX_LOST_WORKERS = 9  # in one step: a loss function that kills every worker must not run forever


class Objective:
    """θ → (mean loss, gradient) over samples that stay on the workers: for `scipy.optimize.minimize(…, jac=True)` too.

    A step sends θ once to each worker and gets the sums over its shards, which are added in a fixed tree: the result
    has the same bits for any number of workers, and after workers died or joined.

        with nn.cluster.connect(2) as client:
            objective = nn.cluster.Objective(client, nn.cluster.sources_of(x, y))
            objective.use(autograd.compile(loss_of_one_sample, parameters=parameters, batch=("x", "y")))
            loss, gradient = objective(theta)

    `use` takes anything with `.flat(theta, x, y)` -> (mean loss, gradient) that can be pickled; a compiled function
    that workers cannot import must have been called once before. `summaries` describe the shards in order.

    An error in a shard is raised as it is, with a note that names the shard; ClusterError when the cluster is lost.
    """

    def __init__(self, client: Client, sources: list[Source]) -> None:
        self.client = client
        self.placement = Placement(client, sources)
        with while_connected(self.client):
            self.summaries = self._retry(self.placement.summaries)
        check_same_shapes(self.summaries)
        self.counts = [summary.count for summary in self.summaries]
        self.class_indices = all(summary.y.dtype.kind == "i" for summary in self.summaries)
        if (threads := sum(self.placement.threads.values())) > len(sources):
            warnings.warn(
                f"{counted(len(sources), 'shard')} cannot use all {threads} threads; use more shards", stacklevel=2
            )

    @property
    def example(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """The first sample, x of shape (1, inputs) and y of shape (1,) or (1, outputs), for recording a loss."""
        x, y = self.summaries[0].x, self.summaries[0].y
        return x, y if self.class_indices else y.astype(np.float64)

    @property
    def checksum(self) -> int:
        """A checksum of all samples and of how they are cut into shards."""
        return zlib.crc32(repr([(summary.count, summary.checksum) for summary in self.summaries]).encode())

    def use(self, loss: MeanLoss) -> None:
        """Use this loss for all following calls."""
        from distributed.protocol.pickle import dumps  # unlike pickle's, it handles classes of a script

        with while_connected(self.client):
            try:
                self.placement.prepare(dumps(loss), self.class_indices)
            except LostWorker as lost:
                self.placement.give_up(lost.worker)  # the first call will find another

    def __call__(self, theta: NDArray[np.float64], batch: Batch = EVERYTHING) -> tuple[float, NDArray[np.float64]]:
        if not self.placement.packed:
            raise ClusterError("no loss has been set; call use(loss) first")
        vector = np.ascontiguousarray(theta, dtype=np.float64)
        with while_connected(self.client):
            answers = self._retry(lambda: self.placement.ask(vector, batch, len(self.counts)))
        nodes: Nodes = {}
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
            nodes |= answer
        return root(nodes, len(self.counts)).mean()

    def _retry(self, ask: Callable[[], T]) -> T:
        """The answers of all workers; if one is lost, its shards are moved and all are asked again."""
        patience, losses = time.monotonic() + PATIENCE_SECONDS, 0
        while losses <= MAX_LOST_WORKERS:
            try:
                if self.placement.refresh():
                    return ask()
            except LostWorker as lost:
                self.placement.give_up(lost.worker)
                patience, losses = time.monotonic() + PATIENCE_SECONDS, losses + 1
            else:
                if time.monotonic() > patience:
                    raise ClusterError(f"no worker has answered for {PATIENCE_SECONDS:g} s; start some")
                time.sleep(PAUSE_SECONDS)
        raise ClusterError(f"{counted(losses, 'worker')} died in one step; is a shard too large for their memory?")


@contextmanager
def while_connected(client: Client) -> Iterator[None]:
    """Turn what Dask raises when the scheduler is lost into a ClusterError; errors of tasks are raised as they are."""
    from distributed import CancelledError
    from distributed.comm.core import CommClosedError

    try:
        yield
    except (CancelledError, CommClosedError, concurrent.futures.CancelledError) as error:
        raise ClusterError(f"the scheduler is lost ({type(error).__name__}: {error}); start it again") from error
    except ClusterError:
        raise
    except Exception:
        if client.status in ("running", "newly-created"):
            raise
        raise ClusterError(f"the connection to the scheduler is {client.status}; start it again") from None


def check_same_shapes(summaries: list[Summary]) -> None:
    """ValueError unless the samples of all shards have the same shape."""
    first = summaries[0]
    for other in summaries[1:]:
        for what in ("x", "y"):
            one, another = getattr(first, what).shape[1:], getattr(other, what).shape[1:]
            if one != another:
                raise ValueError(
                    f"a sample has {what} of shape {one} in shard {first.name}, but {another} in {other.name}"
                )
