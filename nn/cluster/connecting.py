"""From what the user calls a cluster to a client of Dask, and the workers that it may use."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from nn.cluster.deadlines import begun, within
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
# The statistical profiler and the clock of every process serve the dashboard, which an embedded cluster does not have;
# they take a tenth of the time of workers that use all cores.
QUIET = {"distributed.worker.profile.enabled": False, "distributed.admin.tick.interval": "500ms"}
ANSWER_SECONDS = 30.0  # how long the scheduler may take to answer, and new workers to say what they are
CONNECT_SECONDS = 10  # how long an address may stay silent, and a scheduler may be without workers at the start


@contextmanager
def connect(cluster: ClusterLike) -> Iterator[Client]:
    """A client for the block: a number starts so many worker processes here, which end with the block.

    A text is the address of a running scheduler (`"tcp://host:8786"`); a `distributed.Client` is used as it is, and
    stays open. Versions are compared when workers are first used.

    A scheduler runs whatever its clients send, so use trusted ones only. Over a network that others share, use TLS:

        security = distributed.Security(tls_ca_file=…, tls_client_cert=…, tls_client_key=…, require_encryption=True)
        nn.fit(…, cluster=distributed.Client("tls://host:8786", security=security))

    ClusterError when there is no scheduler or no worker, and without Dask.
    """
    with _client(cluster) as client:
        if client.asynchronous:
            raise ClusterError("an asynchronous client cannot be used; make one with asynchronous=False")
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError:
            raise ClusterError(
                f"the scheduler {_address(client)} has no workers; start some: dask worker {_address(client)}"
            ) from None
        with client.as_current():
            yield client


def workers_of(client: Client) -> dict[str, int]:
    """The workers that the scheduler knows, and how many threads each has; ClusterError when it does not answer."""
    try:
        return dict(within(ANSWER_SECONDS, client.nthreads))
    except TimeoutError:
        raise ClusterError(f"the scheduler {_address(client)} has not answered for {ANSWER_SECONDS:g} s") from None


def check_versions(client: Client, workers: list[str]) -> list[str]:
    """Those of the workers that answer; ClusterError unless they run the same versions and source text as we do."""
    if not workers:
        return []
    ours = fingerprint()
    answers = dict(_fingerprints(client, sorted(workers)))
    problems = [_difference(worker, ours, theirs) for worker, theirs in answers.items() if theirs != ours]
    if problems:
        more = f"; and {len(problems) - 1} more workers" if len(problems) > 1 else ""
        raise ClusterError(f"{problems[0]}{more}. Install the same versions there, and restart the workers")
    return list(answers)


def _fingerprints(client: Client, workers: list[str]) -> Iterator[tuple[str, Any]]:
    """What workers say they are, or why they cannot; each is asked by itself, since one may be dead or frozen."""
    asked = {worker: begun(client.run, fingerprint, workers=[worker], on_error="return") for worker in workers}
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
        raise ValueError(f"cluster is a number of workers, a scheduler's address or a Client, got {cluster!r}")


def _remote(distributed: Any, address: str) -> Any:
    try:
        return distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no scheduler answers at {address!r} ({error}); start one with `dask scheduler`, and workers with"
            " `dask worker tcp://host:8786`"
        ) from error


def _embedded(distributed: Any, workers: int) -> Any:
    """Processes on this machine, one thread each: BLAS of several would compete for the same cores."""
    import dask

    try:
        with dask.config.set(QUIET):
            return distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                preload=["nn.cluster.ignore_sigint"],
                dashboard_address=":0",
                scheduler_kwargs={"dashboard": False},
                silence_logs=logging.CRITICAL,  # what matters comes out as an error of ours
            )
    except (RuntimeError, OSError) as error:
        raise ClusterError(
            f"the {workers} worker processes did not start ({error}); in a script, whatever starts a cluster must be"
            ' under `if __name__ == "__main__":`'
        ) from error


def _of(distributed: Any, local: Any) -> Any:
    """A client that goes straight to the workers, which are on this machine, and is nobody's default."""
    return distributed.Client(local, direct_to_workers=True, set_as_default=False)


def _address(client: Client) -> str:
    return str(client.scheduler.address) if client.scheduler else "(closed)"
