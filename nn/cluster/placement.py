"""Place shards on workers, and move them when workers die or join."""

from __future__ import annotations

import concurrent.futures
import copy
import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autograd._numpy import NDArray, np
from nn.cluster.batches import Batch
from nn.cluster.connecting import check_versions, workers_of
from nn.cluster.deadlines import started
from nn.cluster.errors import ClusterError
from nn.cluster.sources import Source
from nn.cluster.worker import Answer, Holder, Summary, read, summarise

if TYPE_CHECKING:
    from distributed import Client, Future

REFRESH_SECONDS = 1.0  # between two queries for the list of workers
POLL_SECONDS = 2.0  # between two checks that the worker of a call is alive
STALL_SECONDS = 20.0  # for a worker to read its shards before they are sent again; twice as long each time
LONGEST_SECONDS = 300.0  # the limit of that; see `longest_task`
SILENT_SECONDS = 20.0  # for a worker to answer a ping
ONE_MESSAGE = "1 TB"  # Dask warns about data inside tasks; here they are there so that they can be sent again


@dataclass(eq=False)
class Placement:
    """The shards as Dask tasks, pinned to workers, and on each worker a `Holder` that computes with its shards.

    A shard lost with its worker is read again from its source. Holders are Dask actors: a call goes to the worker
    directly, without the scheduler's overhead for a task.
    """

    client: Client
    sources: list[Source]
    packed: bytes = b""
    class_indices: bool = False
    threads: dict[str, int] = field(default_factory=dict)  # of each worker; shards are placed in this order
    homes: list[str] = field(default_factory=list)  # the worker of each shard
    rows: list[Future[Any]] = field(default_factory=list)
    holders: dict[str, Any] = field(default_factory=dict)
    refreshed: float = 0.0
    token: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    placed: int = 0
    patience: float = STALL_SECONDS
    pings: dict[str, concurrent.futures.Future[Any]] = field(default_factory=dict)  # unanswered, by worker

    def refresh(self) -> bool:
        """Notice workers that joined or left, at most once a second, and move shards accordingly.

        Return whether there is any worker.
        """
        if self.threads and time.monotonic() - self.refreshed < REFRESH_SECONDS:
            return bool(self.threads)
        found = self.answering()
        self.refreshed = time.monotonic()
        kept = [worker for worker in self.threads if worker in found]
        new = self.checked(sorted(found.keys() - set(kept)))
        if [*kept, *new] != list(self.threads) or "" in self.homes:
            self.threads = {worker: found[worker] for worker in [*kept, *new]}
            if self.threads:
                self.place()
        return bool(self.threads)

    def answering(self) -> dict[str, int]:
        """The workers known to the scheduler, without those that have not answered a ping yet."""
        self.pings = {worker: ping for worker, ping in self.pings.items() if not ping.done()}
        return {worker: threads for worker, threads in workers_of(self.client).items() if worker not in self.pings}

    def checked(self, workers: list[str]) -> list[str]:
        """The workers that answer, see `check_versions`; the others are not used until they do."""
        found = check_versions(self.client, workers)
        self.pings |= {worker: self._ping(worker) for worker in workers if worker not in found}
        return found

    def _ping(self, worker: str) -> concurrent.futures.Future[Any]:
        return started(self.client.run, os.getpid, workers=[worker], on_error="return")

    def check_alive(self, worker: str) -> None:
        """LostWorker unless the scheduler knows the worker and it answers a ping, which it does even while it computes.

        A frozen one does not; Dask itself would wait for it much longer (`distributed.scheduler.worker-ttl`).
        """
        if worker not in workers_of(self.client):
            raise LostWorker(worker) from None
        ping = self._ping(worker)
        try:
            ping.result(timeout=SILENT_SECONDS)
        except TimeoutError:
            self.pings[worker] = ping
            raise LostWorker(worker) from None
        except Exception:  # it was lost meanwhile
            raise LostWorker(worker) from None

    def place(self) -> None:
        """Read every shard that has moved on its new worker, and create holders on all workers."""
        homes = [worker for worker, run in self.runs() for _ in run]
        old = self.homes or [""] * len(homes)
        self.rows = [
            self.rows[s] if homes[s] == old[s] else self._submit(read, source, on=homes[s])
            for s, source in enumerate(self.sources)
        ]
        self.homes = homes
        if self.packed:
            self.prepare(self.packed, self.class_indices)

    def runs(self) -> Iterator[tuple[str, range]]:
        """A run of neighbouring shards for each worker, in proportion to its threads; workers may be left without one.

        >>> list(Placement(None, [None] * 6, threads={"a": 1, "b": 2}).runs())
        [('a', range(0, 2)), ('b', range(2, 6))]
        """
        total, all_threads, before = len(self.sources), sum(self.threads.values()), 0
        for worker, count in self.threads.items():
            run = range(total * before // all_threads, total * (before + count) // all_threads)
            before += count
            if run:
                yield worker, run

    def summaries(self) -> list[Summary]:
        """Summaries of the shards, computed on the workers."""
        asked = [
            (home, self._submit(summarise, rows, on=home)) for rows, home in zip(self.rows, self.homes, strict=True)
        ]
        return [self._result(home, future) for home, future in asked]

    def prepare(self, packed: bytes, class_indices: bool) -> None:
        """Create a `Holder` of its shards and of the loss on every worker."""
        self.packed, self.class_indices = packed, class_indices
        futures = {
            worker: self._submit(
                Holder, self.rows[run.start : run.stop], run.start, packed, class_indices, count, on=worker, actor=True
            )
            for (worker, run), count in zip(self.runs(), self.threads.values(), strict=False)
        }
        self.holders = {worker: self._holder(worker, future) for worker, future in futures.items()}

    def _holder(self, worker: str, future: Future[Any]) -> Any:
        # An actor binds to the client that is current where it is created: here, by the copy.
        with self.client.as_current():
            return copy.copy(self._result(worker, future))

    def _result(self, worker: str, future: Future[Any]) -> Any:
        """The result of a task; LostWorker when its worker dies, or when the task takes too long.

        Dask may lose a task together with another worker, and would then wait forever. A task that is only slow gets
        twice the time when it is sent again, up to `longest_task()`; ClusterError when it needs more.
        """
        last = time.monotonic() + self.patience
        while True:
            try:
                return future.result(timeout=POLL_SECONDS)
            except TimeoutError:
                if time.monotonic() > last and not future.done():
                    self.patience = _longer(self.patience)
                    raise LostWorker(worker) from None
                self.check_alive(worker)
                if future.status == "error":
                    raise  # the task's own error
            except Exception:
                if worker in workers_of(self.client):
                    raise
                raise LostWorker(worker) from None

    def ask(self, theta: NDArray[np.float64], batch: Batch, total: int) -> list[Answer]:
        """The answers of all holders to `gradient`; LostWorker when one of them is lost."""
        asked = [(worker, _call(worker, holder, theta, batch, total)) for worker, holder in self.holders.items()]
        return [self._answer(worker, call) for worker, call in asked]

    def _answer(self, worker: str, call: Any) -> Answer:
        while True:
            try:
                return call.result(timeout=POLL_SECONDS)  # type: ignore[no-any-return]
            except TimeoutError:  # either the step is slow, or Dask has lost the call with the worker
                self.check_alive(worker)
            except Exception:  # not an error in a shard: those are answers
                raise LostWorker(worker) from None

    def give_up(self, worker: str) -> None:
        """Move the shards of a worker at the next refresh, even if the scheduler has not noticed that it is lost."""
        self.homes = ["" if home == worker else home for home in self.homes]
        self.threads.pop(worker, None)
        self.refreshed = 0.0

    def _submit(self, function: Any, *arguments: Any, on: str, actor: bool = False) -> Future[Any]:
        import dask

        self.placed += 1
        key = f"{function.__name__.lower()}-{self.token}-{self.placed}"
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": ONE_MESSAGE}):
            return self.client.submit(
                function, *arguments, key=key, workers=[on], allow_other_workers=True, actor=actor, pure=False
            )


def longest_task() -> float:
    """Seconds that a worker may take to read its shards: the Dask setting `nn.cluster.longest-task`, by default 300.

    >>> import dask
    >>> with dask.config.set({"nn.cluster.longest-task": 1200}):
    ...     longest_task()
    1200.0
    """
    import dask

    return float(dask.config.get("nn.cluster.longest-task", LONGEST_SECONDS))


def _longer(patience: float) -> float:
    """Twice the patience, up to the longest; ClusterError if it was the longest already."""
    longest = longest_task()
    if patience >= longest:
        raise ClusterError(
            f"a worker has not read its shards in {patience:g} s; make the shards smaller, or allow more time: "
            f'dask.config.set({{"nn.cluster.longest-task": {2 * patience:g}}})'
        )
    return min(2.0 * patience, longest)


class LostWorker(Exception):  # noqa: N818 (always caught: the shards move elsewhere)
    """A worker no longer answers."""

    def __init__(self, worker: str) -> None:
        super().__init__(worker)
        self.worker = worker


def _call(worker: str, holder: Any, *arguments: Any) -> Any:
    """Start a call of `gradient`; its result is fetched later."""
    try:
        return holder.gradient(*arguments)
    except RuntimeError:  # Dask has noticed that the actor is lost
        raise LostWorker(worker) from None
