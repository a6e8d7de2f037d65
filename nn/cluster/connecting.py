"""Connect to a cluster: a Dask client, and the workers that may be used."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from autograd.io.plural import counted
from nn.cluster.deadlines import started, within
from nn.cluster.errors import ClusterError
from nn.cluster.worker import fingerprint

if TYPE_CHECKING:
    from distributed import Client


class DaskClient(Protocol):
    """A `distributed.Client`, whose own types are known only where that package is installed."""

    def submit(self, function: Any, /, *args: Any, **options: Any) -> Any: ...
    def wait_for_workers(self, n_workers: int, /, timeout: Any = None) -> Any: ...


ClusterLike: TypeAlias = int | str | DaskClient

INSTALL = "pip install 'scalar-autograd[cluster]'"
# The statistical profiler and the ticks of every process serve the dashboard, which an embedded cluster does not have;
# they take time from workers that use all cores.
QUIET = {"distributed.worker.profile.enabled": False, "distributed.admin.tick.interval": "500ms"}
ANSWER_SECONDS = 30.0  # for the scheduler to answer, and for new workers to report their versions
CONNECT_SECONDS = 10  # for an address to answer, and for a scheduler to have a first worker


@contextmanager
def connect(cluster: ClusterLike) -> Iterator[Client]:
    """A context manager that gives a client of the cluster.

    A number starts that many worker processes here, which end with the block; a string is the address of a running
    scheduler (`"tcp://host:8786"`); a `distributed.Client` is used as it is, and stays open. Versions are compared when
    workers are first used.

    A scheduler runs whatever its clients send, so use trusted ones only. On a shared network use TLS:

        security = distributed.Security(tls_ca_file=…, tls_client_cert=…, tls_client_key=…, require_encryption=True)
        nn.fit(…, cluster=distributed.Client("tls://host:8786", security=security))

    ClusterError without a scheduler, a worker, or Dask.
    """
    with _client(cluster) as client:
        if client.asynchronous:
            raise ClusterError("an asynchronous client cannot be used; create it with asynchronous=False")
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError:
            raise ClusterError(
                f"the scheduler {_address(client)} has no workers; start some: dask worker {_address(client)}"
            ) from None
        with client.as_current():
            yield client


def workers_of(client: Client) -> dict[str, int]:
    """The workers known to the scheduler, with their numbers of threads; ClusterError when it does not answer."""
    try:
        return dict(within(ANSWER_SECONDS, client.nthreads))
    except TimeoutError:
        raise ClusterError(f"the scheduler {_address(client)} has not answered for {ANSWER_SECONDS:g} s") from None


def check_versions(client: Client, workers: list[str]) -> list[str]:
    """The workers that answer; ClusterError unless their versions and source text are the same as here."""
    if not workers:
        return []
    ours = fingerprint()
    answers = dict(_fingerprints(client, sorted(workers)))
    problems = [_difference(worker, ours, theirs) for worker, theirs in answers.items() if theirs != ours]
    if problems:
        more = f"; and {counted(len(problems) - 1, 'more worker')}" if len(problems) > 1 else ""
        raise ClusterError(f"{problems[0]}{more}. Install the same versions there, and restart the workers")
    return list(answers)


def _fingerprints(client: Client, workers: list[str]) -> Iterator[tuple[str, Any]]:
    """The fingerprint of each worker, or why there is none; asked one by one, since one may be dead or frozen."""
    asked = {worker: started(client.run, fingerprint, workers=[worker], on_error="return") for worker in workers}
    last = time.monotonic() + ANSWER_SECONDS
    for worker, answer in asked.items():
        try:
            theirs = answer.result(timeout=max(0.0, last - time.monotonic())).get(worker, OSError())
        except TimeoutError:
            continue
        except (ImportError, AttributeError) as error:
            theirs = error
        if not isinstance(theirs, OSError):
            yield worker, theirs


def _difference(worker: str, ours: dict[str, str], theirs: Any) -> str:
    if not isinstance(theirs, dict):
        return f"worker {worker} cannot run this package ({type(theirs).__name__}: {theirs})"
    different = [f"{name} {theirs.get(name)} (here {ours[name]})" for name in ours if theirs.get(name) != ours[name]]
    return f"worker {worker} has {', '.join(different)}"


@contextmanager
def _client(cluster: ClusterLike) -> Iterator[Client]:
    try:
        import distributed
    except ImportError as error:
        raise ClusterError(f"cluster={cluster!r} needs Dask: {INSTALL}") from error
    if isinstance(cluster, distributed.Client):
        yield cluster
    elif isinstance(cluster, str):
        with _remote(distributed, cluster) as client:
            yield client
    elif isinstance(cluster, int) and not isinstance(cluster, bool) and cluster >= 1:
        with _embedded(distributed, cluster) as local, _of(distributed, local) as client:
            yield client
    else:
        raise ValueError(f"cluster must be a number of workers, a scheduler's address or a Client, got {cluster!r}")


def _remote(distributed: Any, address: str) -> Any:
    try:
        return distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no scheduler answers at {address!r} ({error}); start one with `dask scheduler`, and workers with"
            " `dask worker tcp://host:8786`"
        ) from error


def _embedded(distributed: Any, workers: int) -> Any:
    """Processes on this machine, with one thread each: several BLAS threads would compete for the same cores."""
    import dask

    try:
        with dask.config.set(QUIET):
            return distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                preload=["nn.cluster.ignore_sigint"],
                dashboard_address=":0",
                scheduler_kwargs={"dashboard": False},
                silence_logs=logging.CRITICAL,  # what matters is raised as an error
            )
    except (RuntimeError, OSError) as error:
        raise ClusterError(
            f"the worker processes did not start ({error}); in a script, code that starts a cluster must be"
            ' under `if __name__ == "__main__":`'
        ) from error


def _of(distributed: Any, local: Any) -> Any:
    """A client that talks to the workers, on this machine, directly, and does not become the default client."""
    return distributed.Client(local, direct_to_workers=True, set_as_default=False)


def _address(client: Client) -> str:
    return str(client.scheduler.address) if client.scheduler else "(closed)"
