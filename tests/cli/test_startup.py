"""Ctrl-C while a command is still importing, and on its way out: no traceback (row F12)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
from autograd import _startup

ROOT = Path(autograd.__file__).parents[1]


def interrupted(package: str, imports: int) -> tuple[int, str]:
    """The exit code and the messages of a command that gets Ctrl-C after so many imports of its own."""
    arguments = [sys.executable, "-X", "importtime", "-m", package, "--help"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    ) as command:
        assert command.stderr is not None
        started, messages = False, []
        for line in command.stderr:
            if not line.startswith("import time:"):
                messages.append(line)
            started = started or "autograd._startup" in line
            imports -= started
            if imports == 0:
                command.send_signal(signal.SIGINT)
        return command.wait(), "".join(messages)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to consoles, not to processes")
@pytest.mark.parametrize("package", ["autograd", "nn"])
def test_ctrl_c_while_it_imports_is_quiet(package: str) -> None:
    rng = random.Random(0)
    for _ in range(5):
        code, messages = interrupted(package, rng.randint(2, 60))
        assert (code, messages) == (-signal.SIGINT, "")


def test_the_handler_is_there_for_the_command_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is imported leaves it alone."""
    handlers = []

    def main() -> int:
        handlers.append(signal.getsignal(signal.SIGINT))
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for argv, orig_argv in [(["-m", "a"], ["python", "-m", "other", "a"]), (["file.py"], ["python", "package"])]:
            monkeypatch.setattr(sys, "argv", argv)
            monkeypatch.setattr(sys, "orig_argv", orig_argv)
            _startup.end_by_signal("package", "nn")
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        monkeypatch.setattr(sys, "argv", ["-m", "a"])
        monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "package", "a"])
        _startup.end_by_signal("package", "nn")
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
        with pytest.raises(SystemExit, match="130"):
            _startup.run(main)
        assert handlers == [signal.default_int_handler]
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_is_ignored_stays_ignored() -> None:
    """As in a process that runs in the background."""
    before = signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with pytest.raises(SystemExit, match="0"):
            _startup.run(lambda: 0)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
