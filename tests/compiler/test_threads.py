"""Compiled functions between threads and processes: first calls at once (row F9), forks at any moment (row F6)."""

from __future__ import annotations

import multiprocessing
import pickle
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import autograd
from autograd import Value, backward, tanh
from autograd.compiler import variants
from autograd.errors import CompileError
from tests.support.forks import in_a_child

pytestmark = pytest.mark.slow

recorded_often = pytest.mark.filterwarnings("ignore:.*is recorded for the 3rd time")
BRANCHES = variants.BRANCHES
calls: Counter[int] = Counter()  # by branch; a recording makes two


def stairs(x: Any) -> Any:
    """k x + k² for k ≤ x < k + 1, a branch for each k."""
    k = 0
    while x >= k + 1.0:
        k += 1
    calls[k] += 1
    return x * k + float(k * k)


def at_once(work: Callable[[int], Any], count: int) -> list[Any]:
    """The results of `count` threads that begin together."""
    together = threading.Barrier(count)

    def begin(i: int) -> Any:
        together.wait(60.0)
        return work(i)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def caught(work: Callable[[], Any]) -> Any:
    """Its result, or the error that it raises."""
    try:
        return work()
    except CompileError as error:
        return error


@pytest.mark.parametrize("count", [20, BRANCHES, BRANCHES + 1])
def test_f9_first_calls_at_once_record_a_branch_once(count: int) -> None:
    calls.clear()
    fast = autograd.compile(stairs)
    assert at_once(lambda _: fast(3.5), count) == [3.5 * 3 + 9.0] * count
    assert calls == {3: 2}


@recorded_often
@pytest.mark.parametrize("count", [BRANCHES, BRANCHES + 1])
def test_f9_of_branches_at_once_as_many_are_kept_as_may_be(count: int) -> None:
    """None is lost or recorded twice, none refused that fits, and one that does not fit always is."""
    calls.clear()
    fast = autograd.compile(stairs)
    found = at_once(lambda i: caught(lambda: fast(i + 0.5)), count)
    refused = [i for i, each in enumerate(found) if isinstance(each, CompileError)]
    assert len(refused) == count - BRANCHES
    assert all(found[i] == (i + 0.5) * i + i * i for i in range(count) if i not in refused)
    assert calls == {i: 2 for i in range(count) if i not in refused}
    again = [caught(lambda i=i: fast(i + 0.25)) for i in range(count)]  # type: ignore[misc]
    assert [i for i, each in enumerate(again) if isinstance(each, CompileError)] == refused
    assert calls == {i: 2 for i in range(count) if i not in refused}


@recorded_often
def test_f9_pickles_made_meanwhile_know_whole_branches() -> None:
    fast = autograd.compile(stairs)
    fast(0.5)

    def work(i: int) -> Any:
        return pickle.dumps(fast) if i % 2 else fast(i + 0.5)

    found = at_once(work, 32)
    assert found[::2] == [(i + 0.5) * i + i * i for i in range(0, 32, 2)]
    for packed in found[1::2]:
        assert pickle.loads(packed)(0.5) == 0.0


@recorded_often
def test_f9_structures_at_once_each_have_their_recording() -> None:
    fast = autograd.compile(lambda xs: sum(x * x for x in xs))
    assert at_once(lambda i: fast([2.0] * (i % 8 + 1)), 32) == [4.0 * (i % 8 + 1) for i in range(32)]
    assert "recordings: 8" in fast.explain()


# --- forks ------------------------------------------------------------------------------------------------------------

ignore_threads = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


def while_it_waits(work: Callable[[Callable[[], None]], Any], meanwhile: Callable[[], bytes]) -> bytes:
    """What a fork of this process answers to `meanwhile`, while a thread is in the middle of `work`, where it waits."""
    inside, go_on = threading.Event(), threading.Event()

    def pause() -> None:
        inside.set()
        go_on.wait(60.0)

    thread = threading.Thread(target=work, args=(pause,))
    thread.start()
    try:
        assert inside.wait(60.0)
        return in_a_child(meanwhile)
    finally:
        go_on.set()
        thread.join()


class Slow:
    """A function that waits in the middle of its first recording."""

    pause: Callable[[], None] | None = None

    def __call__(self, x: Any) -> Any:
        if self.pause is not None:
            pause, self.pause = self.pause, None
            pause()
        return tanh(x) * x


@ignore_threads
def test_f6_a_fork_made_while_another_thread_records() -> None:
    """It records what the thread will never give it, and pickles; so does the parent."""
    slow = Slow()
    fast = autograd.compile(slow)

    def work(pause: Callable[[], None]) -> None:
        slow.pause = pause
        fast(2.0)

    def child() -> bytes:
        slow.pause = None
        return repr((fast(2.0), fast([2.0][0]), len(pickle.dumps(fast)) > 0)).encode()

    expected = autograd.compile(Slow())(2.0)
    assert while_it_waits(work, child) == repr((expected, expected, True)).encode()
    assert fast(2.0) == expected


@ignore_threads
def test_f6_a_fork_made_during_a_backward_pass_of_another_thread() -> None:
    x = Value(2.0)

    def work(pause: Callable[[], None]) -> None:
        with backward._one_at_a_time:
            pause()

    def child() -> bytes:
        (x * x).backward()
        return repr(x.grad).encode()

    assert while_it_waits(work, child) == b"4.0"


def slope(x: float) -> Any:
    """In a worker: a compiled function that came along, and one of its own."""
    return PROGRAM.value_and_grad(x), autograd.compile(stairs)(x)


PROGRAM = autograd.compile(stairs)


@recorded_often
@ignore_threads
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_f6_pools_of_processes(method: str) -> None:
    expected = [slope(float(i)) for i in range(4)]
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map_async(slope, map(float, range(4))).get(timeout=120.0) == expected
        packed = autograd.compile(stairs)
        assert pool.map_async(packed.value, [1.5, 2.5]).get(timeout=120.0) == [2.5, 9.0]
