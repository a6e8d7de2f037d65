"""Several files of a folder, replaced together: all of them, or none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from os import PathLike


@contextmanager
def replaced_together(folder: str | PathLike[str], stale: Iterable[str] = ()) -> Iterator[str]:
    """A new folder to write files to; at the end they replace those of the same names in `folder`, all or none.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with replaced_together(folder) as new:
    ...         _ = open(os.path.join(new, "a.txt"), "w").close(), open(os.path.join(new, "b.txt"), "w").close()
    ...     sorted(os.listdir(folder))
    ['a.txt', 'b.txt']

    The files called `stale` are removed with them, if they are not among the new ones. Whatever is raised, in the block
    or while the files are put in place, leaves `folder` as it was.
    """
    new = os.path.join(folder, f".new.{os.urandom(8).hex()}")
    old = f"{new}.old"
    try:
        os.mkdir(new)
        yield new
        os.mkdir(old)
        _put_in_place(new, os.fspath(folder), old, stale)
    finally:
        _remove(new, old)


def _remove(*folders: str) -> None:
    """Remove the folders, also if Ctrl-C comes meanwhile."""
    try:
        for each in folders:
            shutil.rmtree(each, ignore_errors=True)
    except BaseException:
        for each in folders:
            shutil.rmtree(each, ignore_errors=True)
        raise


def _put_in_place(new: str, folder: str, old: str, stale: Iterable[str]) -> None:
    names = sorted(os.listdir(new))
    replaced = [*names, *(name for name in stale if name not in names)]
    try:
        for name in replaced:
            _keep(os.path.join(folder, name), os.path.join(old, name))
        for name in names:
            os.replace(os.path.join(new, name), os.path.join(folder, name))
        for name in replaced[len(names) :]:
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))
    except BaseException:
        for name in replaced:
            path, copy = os.path.join(folder, name), os.path.join(old, name)
            if os.path.lexists(copy):
                os.replace(copy, path)
            elif name in names and not os.path.lexists(os.path.join(new, name)):
                with suppress(FileNotFoundError):
                    os.unlink(path)
        raise


def _keep(path: str, copy: str) -> None:
    """Make a second name of a file, or a copy where the file system has no such names."""
    try:
        os.link(path, copy)
    except FileNotFoundError:
        pass
    except OSError:
        shutil.copy2(path, copy)
