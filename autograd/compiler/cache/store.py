"""Entries by key in a directory, each a file: written atomically, checked when it is read, dropped when space is short.

    file  ::= MAGIC digest content        digest: SHA-256 of the file's name and the content

A file that is truncated, damaged, renamed or not the user's own is the same as none: it is made again, and replaced.
Several processes may read and write at once: whoever writes last wins, and a reader has one whole file or another.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from autograd.io.files import write_bytes

MAGIC = b"scalar-autograd cache 1\n"
LIMIT = 256_000_000  # bytes; beyond it, the least recently used entries are dropped
ABANDONED = 3600.0  # seconds after which the temporary file of a writer that was killed is removed
OFTEN = 16  # writes of a process between two looks at the size of the directory
PROGRAM, OBJECT = "program", "object"
_ENTRY = re.compile(rf"[0-9a-f]{{64}}\.({PROGRAM}|{OBJECT})")
_TEMPORARY = re.compile(rf"\.{_ENTRY.pattern}\.[0-9a-f]+")
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"))
_writes: dict[str, int] = {}


class Entry(NamedTuple):
    """A file of the cache: its name, its size in bytes, and when it was last used, in seconds since the epoch."""

    name: str
    size: int
    used: float

    @property
    def kind(self) -> str:
        """PROGRAM or OBJECT."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class Store:
    """The entries in a directory, which is made when the first one is written.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     store = Store(folder)
    ...     store.write("ab" * 32, PROGRAM, b"data"), store.read("ab" * 32, PROGRAM), store.read("cd" * 32, PROGRAM)
    ('', b'data', None)
    """

    directory: str

    def read(self, key: str, kind: str) -> bytes | None:
        """The content of an entry; None if there is none that can be trusted."""
        name = f"{key}.{kind}"
        path = os.path.join(self.directory, name)
        try:
            data = _own(path)
        except OSError:
            return None
        start = len(MAGIC) + sha256().digest_size
        content = data[start:]
        if data[:start] != MAGIC + _digest(name, content):
            return None
        with suppress(OSError):
            os.utime(path)  # it was used now
        return content

    def write(self, key: str, kind: str, content: bytes) -> str:
        """Add or replace an entry; returns why that was not possible, else an empty text."""
        name = f"{key}.{kind}"
        if len(content) > LIMIT // 4:
            return f"its {len(content) / 1e6:.0f} MB would leave too little for others"
        try:
            os.makedirs(self.directory, mode=0o700, exist_ok=True)
            data = MAGIC + _digest(name, content) + content
            write_bytes(os.path.join(self.directory, name), data, mode=0o600, follow=False)
        except OSError as error:
            return error.strerror or str(error)
        count = _writes[self.directory] = _writes.get(self.directory, 0) + 1
        if count % OFTEN == 1:
            self._trim()
        return ""

    def entries(self) -> list[Entry]:
        """The entries, the least recently used first."""
        return sorted(self._files(_ENTRY), key=lambda each: each.used)

    def clear(self) -> list[Entry]:
        """Remove all entries, and what writers have left behind; other files stay. Returns the entries.

        OSError if one cannot be removed.
        """
        found = self.entries()
        for each in [*found, *self._files(_TEMPORARY)]:
            self._remove(each)
        return found

    def _files(self, pattern: re.Pattern[str]) -> Iterator[Entry]:
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.directory) as found:
            for each in found:
                with suppress(FileNotFoundError):  # another process may be clearing up
                    if pattern.fullmatch(each.name) and each.is_file(follow_symlinks=False):
                        facts = each.stat(follow_symlinks=False)
                        yield Entry(each.name, facts.st_size, facts.st_mtime)

    def _remove(self, entry: Entry) -> None:
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(self.directory, entry.name))

    def _trim(self) -> None:
        """Drop what was not used for longest, until the rest is below the limit."""
        entries = self.entries()
        size = sum(each.size for each in entries)
        before = time.time() - ABANDONED
        dropped = [each for each in self._files(_TEMPORARY) if each.used < before]
        for each in entries:
            if size <= LIMIT:
                break
            size -= each.size
            dropped.append(each)
        for each in dropped:
            with suppress(OSError):
                self._remove(each)


def _digest(name: str, content: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + content).digest()


def _own(path: str) -> bytes:
    """The bytes of a regular file that nobody but the user can have written; OSError for any other."""
    descriptor = os.open(path, _FLAGS)
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > LIMIT or not _is_private(facts):
            raise PermissionError(path)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def _is_private(facts: os.stat_result) -> bool:
    """Whether the user owns it and no other may write to it; on Windows, folders of a user see to that."""
    return not hasattr(os, "geteuid") or (facts.st_uid == os.geteuid() and not facts.st_mode & 0o022)
