"""Loaded by the worker processes that we start, as a preload of Dask: Ctrl-C is for the process that started them."""

import signal
from typing import Any


def dask_setup(_worker: Any) -> None:
    """Ignore SIGINT, which a terminal sends to all processes of a run; the workers are ended by the one in front."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
