"""Interrupt a program at any of its file operations, once."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from autograd.io import files

OPERATIONS = ("open", "replace", "fsync", "mkdir", "link", "unlink", "rmdir")
Fault = tuple[str, type[BaseException], bool]  # a name, what is raised, and whether it is raised after the operation
FAULTS: tuple[Fault, ...] = (
    ("Ctrl-C before", KeyboardInterrupt, False),
    ("Ctrl-C after", KeyboardInterrupt, True),
    ("full disk", OSError, False),
)
AT_A_FULL_DISK = ("open", "write", "fsync", "mkdir", "link", "replace")  # what needs space


class Interrupter:
    """Raises at the k-th file operation; `count` is how many there were."""

    def __init__(self, fault: Fault, k: int) -> None:
        _, self.kind, self.after = fault
        self.k, self.count = k, 0

    def wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, as an operation that is counted."""

        def operation(*args: Any, **options: Any) -> Any:
            if self.kind is OSError and name not in AT_A_FULL_DISK:
                return function(*args, **options)
            self.count += 1
            now = self.count == self.k
            if now and not self.after:
                self._raise()
            result = function(*args, **options)
            if now:
                if hasattr(result, "close"):
                    result.close()
                self._raise()
            return result

        return operation

    def _raise(self) -> None:
        if self.kind is OSError:
            raise OSError(errno.ENOSPC, "No space left on device")
        raise self.kind

    def opened(self, *args: Any, **options: Any) -> Any:
        """A file whose writes are counted, too."""
        file = self.wrapped("open", open)(*args, **options)
        return Writing(self, file)


class Writing:
    """A file of which `write` is an operation."""

    def __init__(self, interrupter: Interrupter, file: Any) -> None:
        self._file = file
        self.write = interrupter.wrapped("write", file.write)

    def __enter__(self) -> Writing:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def interrupted_everywhere(
    act: Callable[[], object], prepare: Callable[[], object], faults: Sequence[Fault] = FAULTS
) -> Iterator[str]:
    """Do it again and again, each time with another fault at another operation; the name of each, once it has ended."""
    for fault in faults:
        k = 1
        while True:
            prepare()
            interrupter = Interrupter(fault, k)
            with pytest.MonkeyPatch.context() as patch:
                for name in OPERATIONS:
                    if name != "open":
                        patch.setattr(os, name, interrupter.wrapped(name, getattr(os, name)))
                patch.setattr(files, "open", interrupter.opened, raising=False)
                with suppress(KeyboardInterrupt, OSError):
                    act()
            if interrupter.count < k:
                break
            yield f"{fault[0]} operation {k}"
            k += 1


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder, and folders in it, with what they hold."""
    paths = sorted(folder.rglob("*"))
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in paths}
