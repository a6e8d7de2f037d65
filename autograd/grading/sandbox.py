"""A process with limits that answers messages: one line of JSON each way, with a deadline.

Whatever the process does, `ask` ends: with the answer to this message, which carries a random id, or with StoppedError.
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

LONGEST_ANSWER = 8 << 20  # bytes: 10⁴ numbers take some 250 kB
MOST_OTHER_LINES = 1000  # that are not the answer
# The child runs these modules alone: the package's own `__init__` is not executed there.
BOOTSTRAP = """\
import sys, types
for name, path in (("autograd", {package!r}), ("autograd.grading", {grading!r})):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]
from autograd.grading.worker import main
main()
"""
WHY = {
    getattr(signal, "SIGKILL", 9): "was killed",
    getattr(signal, "SIGSEGV", 11): "crashed: too deep a recursion, perhaps",
    getattr(signal, "SIGXCPU", 24): "used up its processor time",
}


class Limits(NamedTuple):
    """What a submission may use: megabytes; seconds for one graph, and for all of them."""

    memory: int = 1024
    answer: float = 10.0
    total: float = 60.0


class StoppedError(Exception):
    """The process gave no answer: it ran out of time, died, or closed its channel; the message says which."""


class Process:
    """One process; `command` is another language's program, empty for the worker of a Python submission."""

    def __init__(self, limits: Limits, folder: Path, command: Sequence[str] = ()) -> None:
        settings = {"memory": limits.memory << 20, "seconds": max(1, round(limits.total)), "command": list(command)}
        here = Path(__file__).parent
        code = BOOTSTRAP.format(package=str(here.parent), grading=str(here))
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=_environment(),
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._closed = False
        self._answers: queue.Queue[bytes | None] = queue.Queue(maxsize=100)
        self._messages: queue.Queue[bytes | None] = queue.Queue()
        for target, pipe in ((self._read, self._process.stdout), (self._write, self._process.stdin)):
            threading.Thread(target=target, args=(pipe,), daemon=True).start()

    def ask(self, message: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """The answer to a message; StoppedError if there is none in time."""
        identity, deadline = secrets.token_hex(8), time.monotonic() + seconds
        self._messages.put(json.dumps({"id": identity, **message}).encode() + b"\n")
        for _ in range(MOST_OTHER_LINES):
            try:
                line = self._answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise StoppedError(f"gave no answer within {seconds:g} s") from None
            if line is None:
                raise StoppedError(self._ending())
            with suppress(ValueError, RecursionError):
                found = json.loads(line)
                if isinstance(found, dict) and found.get("id") == identity:
                    return found
        raise StoppedError("writes other lines than answers")

    def close(self) -> None:
        """End the process and what it has started."""
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()
        self._closed = True
        self._messages.put(None)
        with suppress(queue.Empty):  # a reader that waits for room
            while True:
                self._answers.get_nowait()

    def _ending(self) -> str:
        """Why there is no answer: the process has ended, or has closed its channel."""
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(1.0)
            return WHY.get(-code, f"ended with exit code {code}" if code >= 0 else f"was ended by signal {-code}")
        return "closed its channel"

    def _read(self, pipe: IO[bytes]) -> None:
        buffer = b""
        with pipe:
            while chunk := os.read(pipe.fileno(), 1 << 16):
                *lines, buffer = (buffer + chunk).split(b"\n")
                for line in lines:
                    if self._closed:
                        return
                    self._answers.put(line)
                if len(buffer) > LONGEST_ANSWER:
                    break
        self._answers.put(None)

    def _write(self, pipe: IO[bytes]) -> None:
        with suppress(OSError), pipe:
            while (message := self._messages.get()) is not None:
                pipe.write(message)
                pipe.flush()


def _environment() -> dict[str, str]:
    """What a submission may know of the grader's environment: nothing secret, one thread, fixed hashes."""
    kept = {
        name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "VIRTUAL_ENV") if name in os.environ
    }
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**kept, **single, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
