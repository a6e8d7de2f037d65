"""`python -m autograd cache`: show and clear the compiler's cache on disk."""

from __future__ import annotations

import argparse
import time
from typing import Any

from autograd.cli.frame import JSON_HELP, OK
from autograd.compiler.cache.directory import VARIABLE, as_option, directory, platform_directory
from autograd.compiler.cache.store import LIMIT, OBJECT, PROGRAM, Entry, Store
from autograd.errors import UsageError
from autograd.io.files import file_name
from autograd.io.json_text import print_json
from autograd.io.plural import counted

EXAMPLES = f"""examples:
  python -m autograd cache
  python -m autograd cache --clear
  {VARIABLE}=1 python train.py    (fills and uses it)
"""
UNITS = ((86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute"))


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `cache`."""
    parser.add_argument(
        "directory",
        metavar="DIRECTORY",
        nargs="?",
        help=f"default: that of {VARIABLE}, else the platform's cache folder",
    )
    parser.add_argument("--clear", action="store_true", help="remove all entries")
    parser.add_argument("--json", action="store_true", help=JSON_HELP)


def run(args: argparse.Namespace) -> int:
    """Print what is in the cache, or clear it; 0, also if there is none. UsageError without any directory."""
    place = directory(as_option(args.directory)) or platform_directory()
    if place is None:
        raise UsageError(f"there is no home directory for a cache: name a directory, or set {VARIABLE}")
    store = Store(place)
    if args.json:
        print_json(_document(store, args.clear))
    else:
        print("\n".join(_cleared(store) if args.clear else _shown(store)))
    return OK


def _document(store: Store, clear: bool) -> dict[str, Any]:
    """The same for programs: sizes in bytes, times in seconds since 1970."""
    if clear:
        removed = store.clear()
        return {"directory": store.directory, "removed": len(removed), "bytes": sum(each.size for each in removed)}
    entries = store.entries()
    return {
        "directory": store.directory,
        "programs": sum(each.kind == PROGRAM for each in entries),
        "object_files": sum(each.kind == OBJECT for each in entries),
        "bytes": sum(each.size for each in entries),
        "limit": LIMIT,
        "last_used": entries[-1].used if entries else None,
        "oldest": entries[0].used if entries else None,
    }


def _cleared(store: Store) -> list[str]:
    removed = store.clear()
    return [f"removed {counted(len(removed), 'file')} ({_megabytes(removed)}) from {file_name(store.directory)}"]


def _shown(store: Store) -> list[str]:
    entries = store.entries()
    count = {kind: sum(each.kind == kind for each in entries) for kind in (PROGRAM, OBJECT)}
    lines = [
        f"directory  {file_name(store.directory)}",
        f"entries    {counted(count[PROGRAM], 'program')}, {counted(count[OBJECT], 'object file')}",
        f"size       {_megabytes(entries)} of at most {LIMIT / 1e6:.0f} MB",
    ]
    if entries:
        lines.append(f"last used  {_ago(entries[-1].used)}; the oldest entry {_ago(entries[0].used)}")
    if directory() != store.directory:
        lines.append(f"It is used by compile(…, cache=…); set {VARIABLE} for all of a process.")
    return lines


def _megabytes(entries: list[Entry]) -> str:
    return f"{sum(each.size for each in entries) / 1e6:.1f} MB"


def _ago(then: float) -> str:
    """How long ago that was.

    >>> _ago(time.time() - 7_300.0), _ago(time.time())
    ('2 hours ago', 'less than a minute ago')
    """
    seconds = time.time() - then
    for unit, name in UNITS:
        if seconds >= unit:
            return f"{counted(int(seconds / unit), name)} ago"
    return "less than a minute ago"
