"""A Dask preload for the worker processes that `connect` starts: Ctrl-C is only for the main process."""

import signal
from typing import Any


def dask_setup(_worker: Any) -> None:
    """Ignore SIGINT, which a terminal sends to all its processes; the main process ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
