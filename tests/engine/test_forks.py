"""A fork inside an open block: parent and child both go on, each with the block and without it (row F6)."""

from __future__ import annotations

import multiprocessing
import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from autograd import Value, backward_steps, compile, debug, functional, no_graph, paused_gc
from autograd.recording import alone, recorded, watching
from tests.debugging.dap_editor import TRAIN, debugging, expected_output
from tests.support.forks import Fork, in_a_child

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]
BLOCKS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "no_graph": no_graph,
    "recorded": recorded,
    "paused_gc": paused_gc,
    "watching": lambda: watching(lambda node: None),
    "anomaly": lambda: debug(anomaly=True),
    "mirror": lambda: debug(mirror=True),
    "alone": lambda: alone(Lock()),
}


def work() -> list[Any]:
    """Something of everything that takes a lock or asks for a block."""
    x, z = Value(2.0), Value(3.0)
    parents = len((x * x).parents)
    with no_graph():
        parents += len((x * x).parents)
    (z * z).backward()
    return [parents, z.grad, compile(lambda x: x * x)(3.0), functional.grad(lambda x: x * x)(2.0)]


def answer() -> bytes:
    return repr(work()).encode()


@pytest.mark.parametrize("name", BLOCKS)
def test_f6_both_sides_of_a_fork_go_on_in_the_block_and_after_it(name: str) -> None:
    before = answer()
    with BLOCKS[name]():
        assert in_a_child(answer) == answer()
        fork = Fork()
    assert fork.answers(answer) == answer() == before


def test_f6_a_fork_in_the_middle_of_a_derivative_and_of_a_pass() -> None:
    answers, expected = [], answer()

    def f(x: Any) -> Any:
        answers.append(in_a_child(lambda: repr(work()[:3]).encode()))
        return x * x

    assert functional.grad(f)(2.0) == 4.0
    assert answers == [repr(work()[:3]).encode()]
    x = Value(2.0)
    for _ in backward_steps(x * x):
        assert in_a_child(answer) == expected
    assert x.grad == 4.0


def test_f6_a_fork_during_a_recording() -> None:
    """The child is in the recording too, and comes to its end."""
    x = Value(0.0)

    def f(y: Any) -> Any:
        assert in_a_child(lambda: repr(type(y * y).__name__).encode()) == repr(type(y * y).__name__).encode()
        return y * y

    assert compile(f)(3.0) == 9.0
    assert in_a_child(lambda: repr(compile(f)(3.0)).encode()) == b"9.0"
    assert (x * x).parents


def test_f6_a_pool_that_is_made_in_a_block() -> None:
    with no_graph(), debug(anomaly=True), multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(work) == work()


FORKING = (
    TRAIN
    + """\
import os, sys
child = os.fork()
if not child:
    (w * w).backward()
    print("child", w.grad.hex())
    sys.exit(3)
(w * w).backward()
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print("parent", code)
"""
)


# Printed by Python 3.12 and later, to the editor, between the hooks before and after a fork.
WARNING = re.compile(r".*DeprecationWarning: .* multi-threaded.*\n  child = os.fork\(\)\n")


@pytest.mark.parametrize("how", ["socket", "stdio"])
def test_f6_a_debugged_program_that_forks(tmp_path: Path, how: str) -> None:
    """The editor stays with the parent; the child runs on without one, and says nothing to it."""
    with debugging(tmp_path, FORKING, how=how) as editor:
        if how == "socket":
            editor.start()
        else:
            editor.start(request="launch", program="train.py", cwd=str(tmp_path))
        assert editor.stopped().startswith("entry")
        editor.go("next")  # so that it stops at the beginning of each pass
        editor.go("stepOut")
        code, printed = editor.finish()
        printed = WARNING.sub("", printed)
        assert (code, printed) == (0, expected_output() + "parent 3\n")
