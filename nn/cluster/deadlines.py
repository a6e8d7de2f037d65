"""Deadlines for calls of Dask that have none, and may never return if a worker dies during them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def within(seconds: float, call: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """The result of the call, or its error; TimeoutError if it takes longer, and it is then abandoned.

    >>> within(60.0, sorted, [2, 1])
    [1, 2]
    """
    return started(call, *arguments, **options).result(timeout=seconds)


def started(call: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> Future[T]:
    """A future for the result or error of the call, which runs in a thread of its own and may never return.

    >>> started(sorted, [2, 1]).result()
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
