"""Context managers whose beginning and end are one call in C each, so that an interrupt cannot come in between.

The `with` statement looks up `__enter__` and `__exit__` before it calls either; from Python 3.14 on, `__exit__` first.
Both look-ups are answered here with functions in C that belong to this entry, and `__exit__` holds the only reference
to its lock: whatever the block took is given back when that function is called, or gone.
"""

from __future__ import annotations

import inspect
import opcode
import sys
from collections.abc import Callable
from functools import partial, wraps
from threading import Lock, get_ident
from types import FrameType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from weakref import ref

P = ParamSpec("P")
R = TypeVar("R")


def locked() -> Any:
    """A new lock, locked."""
    lock = Lock()
    lock.acquire()
    return lock


# The instruction of a `with` statement that looks up `__exit__` before `__enter__`; None before Python 3.14.
_EXIT_FIRST = opcode.opmap["LOAD_SPECIAL"] if sys.version_info >= (3, 14) else None


def _exits_first(frame: FrameType) -> bool:
    """Whether a look-up is that of such a statement, and not of code that calls the two methods itself."""
    return _EXIT_FIRST is not None and frame.f_code.co_code[frame.f_lasti] == _EXIT_FIRST


class _Enter:
    """`__enter__`: a function in C, made when the `with` statement looks it up, with the `__exit__` of this entry."""

    def __get__(self, manager: Atomic | None, owner: type) -> Callable[..., Any]:
        frame = sys._getframe(1)
        if manager is not None and _exits_first(frame):
            return manager._open(frame, manager._exits[get_ident()].pop())
        leave = partial(locked().__exit__)
        if manager is None:  # contextlib.ExitStack asks the class
            return _looked_up_by_class(leave)
        enter = manager._open(frame, leave)
        manager._exits.setdefault(get_ident(), []).append(leave)
        return enter


class _Exit:
    """`__exit__`, which the `with` statement looks up next, or first: then it is kept until `__enter__` is looked up.

    An ExitStack too, before it calls `__enter__`: then it has the only reference. From whoever looks it up later, it is
    kept with the manager.
    """

    def __get__(self, manager: Atomic | None, owner: type) -> Callable[..., Any]:
        if manager is not None and _exits_first(sys._getframe(1)):
            leave = partial(locked().__exit__)
            manager._exits.setdefault(get_ident(), []).append(leave)
            return leave
        if manager is not None:
            return manager._exits[get_ident()].pop()
        enter: Any = _by_class.get(get_ident(), _nothing)()
        if enter is not None and enter.pending:
            return enter.pending.pop()  # type: ignore[no-any-return]
        return lambda manager, *exception: manager._exits[get_ident()].pop()(*exception)


def _looked_up_by_class(leave: Any) -> Callable[[Atomic], None]:
    enter: Any = partial(_enter_by_class, leave, pending := [leave])
    enter.pending = pending
    _by_class[get_ident()] = ref(enter)
    return enter  # type: ignore[no-any-return]


def _enter_by_class(leave: Any, pending: list[Any], manager: Atomic) -> None:
    manager._open(sys._getframe(1), leave)()
    manager._exits.setdefault(get_ident(), []).extend(pending)


_by_class: dict[int, Callable[[], Any]] = {}  # what a thread looked up last


def _nothing() -> None:
    return None


class Atomic:
    """A context manager, also a decorator, whose beginning and end are one call in C each; it may be entered again.

    A function or generator that it decorates is in the block while its body runs.
    """

    __slots__ = ("_exits",)

    if TYPE_CHECKING:

        def __enter__(self) -> object: ...
        def __exit__(self, *exception: object) -> None: ...

    else:
        __enter__ = _Enter()
        __exit__ = _Exit()

    def __init__(self) -> None:
        self._exits: dict[int, list[Callable[..., Any]]] = {}

    def _open(self, frame: FrameType, leave: Any) -> Callable[[], Any]:
        """What enters a block in `frame` that is left when `leave` is called or gone: a call in C."""
        raise NotImplementedError

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """The function, with its body inside the block: that of a generator or coroutine, too, while it runs."""
        return _decorated(function, self)


def _decorated(function: Callable[..., Any], block: Atomic) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(function):

        @wraps(function)
        async def decorated(*args: Any, **options: Any) -> Any:
            with block:
                async for each in function(*args, **options):
                    yield each

    elif inspect.iscoroutinefunction(function):

        @wraps(function)
        async def decorated(*args: Any, **options: Any) -> Any:
            with block:
                return await function(*args, **options)

    elif inspect.isgeneratorfunction(function):

        @wraps(function)
        def decorated(*args: Any, **options: Any) -> Any:
            with block:
                return (yield from function(*args, **options))

    else:

        @wraps(function)
        def decorated(*args: Any, **options: Any) -> Any:
            with block:
                return function(*args, **options)

    return decorated
