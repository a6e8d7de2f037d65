"""Calls of Dask that take no deadline, with one: a worker that dies in the middle of them may never be missed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def within(seconds: float, call: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """What the call gives or raises; TimeoutError when it takes longer, and then nobody waits for it any more.

    >>> within(60.0, sorted, [2, 1])
    [1, 2]
    """
    return begun(call, *arguments, **options).result(timeout=seconds)


def begun(call: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> Future[T]:
    """What the call will give or raise, if it ever returns.

    >>> begun(sorted, [2, 1]).result()
    [1, 2]
    """
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(call(*arguments, **options))
        except BaseException as error:
            answer.set_exception(error)

    Thread(target=run, daemon=True, name="call with a deadline").start()
    return answer
