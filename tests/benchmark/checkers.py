"""This project's gradient checker beside those of three peers: which wrong rules pass, which correct functions fail.

No times are taken. The peers run in environments of their own (see `checkers_peers`); they are no test dependencies.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import autograd
from autograd.check.report import aligned
from autograd.testing import mutated
from tests.benchmark import checkers_peers
from tests.benchmark.checkers_peers import CORRECT, ERRORS, SCALES, Answers, Checker, Function, answers

NAME = "checkers"
TITLE = "gradient checkers with their default tolerances, first order, float64"
PACKAGES = {"torch": "torch==2.13.0", "jax": "jax==0.10.2", "hips": "autograd==1.9.1 scipy==1.17.1"}
PROMISE = 1e-12
SECONDS = 600  # a peer takes some 10; beyond this it hangs


class PeerError(Exception):
    """A peer's environment is there, yet gave no answers."""


def run(folder: Path | None, checker: Checker | None = None) -> bool:
    """Ask our checker, and the peers that have an environment in `folder`; print the table.

    False when our checker breaks its promise, or a peer's environment fails; a peer without one is only named.
    """
    print(f"\n{NAME}: {TITLE}")
    ours = answers(checker or our_checker())
    columns, notes, failed = [ours], [], False
    for peer in PACKAGES if folder else ():
        python = interpreter(folder / peer)
        try:
            columns += [ask([str(python), "-I", checkers_peers.__file__, peer])] if python.exists() else []
        except PeerError as error:
            failed = True
            notes.append(f"{peer}: FAILED: {error}; to make its environment again: {making(folder / peer, peer)}")
        if not python.exists():
            notes.append(f"{peer}: skipped, its environment is missing; {making(folder / peer, peer)}")
    hint = [] if folder else [f"peers: {', '.join(PACKAGES)} join in with --peers DIR, a folder for their environments"]
    print(*[f"  {line}" for line in [*table(columns), *notes, *hint, promise_line(ours)]], sep="\n")
    return keeps_promise(ours) and not failed
