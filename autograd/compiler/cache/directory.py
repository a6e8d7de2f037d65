"""The directory of the cache."""

from __future__ import annotations

import os
import sys
from os import PathLike
from typing import TypeAlias

from autograd.errors import CompileError

VARIABLE = "AUTOGRAD_CACHE"
NAME = "scalar-autograd"
CacheOption: TypeAlias = bool | str | PathLike[str] | None


def as_option(cache: CacheOption) -> bool | str | None:
    """The option with a path as text, which is absolute: the process may change its directory.

    >>> as_option(True), as_option(None)
    (True, None)
    >>> as_option(3)
    Traceback (most recent call last):
        ...
    autograd.errors.CompileError: cache=3 is not supported; use True, False, None or a directory
    """
    if cache is None or isinstance(cache, bool):
        return cache
    path = os.fspath(cache) if isinstance(cache, str | PathLike) else None
    if not isinstance(path, str) or not path or "\0" in path:
        raise CompileError(f"cache={cache!r} is not supported; use True, False, None or a directory")
    return os.path.abspath(os.path.expanduser(path))


def directory(option: bool | str | None = None) -> str | None:
    """The directory for an option of `compile`; None without a cache.

    None leaves it to AUTOGRAD_CACHE: a directory, 1 for the platform's folder, 0 or nothing for no cache.
    """
    if isinstance(option, str):
        return option
    if option is None:
        text = os.environ.get(VARIABLE, "")
        if text not in ("", "0", "1"):
            return os.path.abspath(os.path.expanduser(text))
        option = text == "1"
    return platform_directory() if option else None


def platform_directory() -> str | None:
    """Where programs of this platform keep what they can make again; None for a user without a home.

    $XDG_CACHE_HOME or ~/.cache, on macOS ~/Library/Caches, on Windows %LOCALAPPDATA%.
    """
    if sys.platform == "win32":
        parent = os.environ.get("LOCALAPPDATA") or os.path.join("~", "AppData", "Local")
    elif sys.platform == "darwin":
        parent = "~/Library/Caches"
    else:
        parent = os.environ.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(parent):  # the specification says that a relative one is to be ignored
            parent = "~/.cache"
    parent = os.path.expanduser(parent)
    return os.path.join(parent, NAME) if os.path.isabs(parent) else None
