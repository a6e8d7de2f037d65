"""What a function reads besides its arguments: these are constants of a program, which holds as long as they do.

`Outside` remembers what reachable.py finds, and says at each call whether any of it has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, compress
from operator import is_
from typing import Any

from autograd._numpy import np
from autograd.compiler.reachable import Reach
from autograd.compiler.watched import ABSENT, PLAIN, Content, Watched, alike, array_of, holds, one_by_one, short

SINGLY = 8  # at most: more are compared in one pass
_NUMBERS = (int, float, np.number)


class Everything:
    """All that is watched, compared quickly as long as it is the same objects, as nearly always."""

    def __init__(self, each: list[Watched]) -> None:
        self.each = each
        kept = [all(map(is_, watched.read(), watched.found)) for watched in each]
        anew = [watched for watched, is_kept in zip(each, kept, strict=True) if not is_kept]
        self._arrays = [(x, x.dtype, *watched.found) for watched in anew if (x := array_of(watched)) is not None]
        self._made_anew = [watched for watched in anew if array_of(watched) is None]
        calls = [(watched, one_by_one(watched.read)) for watched in compress(each, kept)]
        self._calls = [call for _, found in calls if found for call in found]
        self._called = [x for watched, found in calls if found for x in watched.found]
        self._kept = [(watched.read, watched.found) for watched, found in calls if not found]
        self._lengths = [len(found) for _, found in self._kept]
        self._found = [x for _, found in self._kept for x in found] if len(self._kept) > SINGLY else []

    def change(self) -> str | None:
        """The first thing that has changed, in words."""
        if not self.each:
            return None
        suspects = self._made_anew if self._are_same() else self.each
        for watched in suspects:
            if change := watched.change():
                return change
        return None

    def _are_same(self) -> bool:
        """Whether all are the same objects, arrays with the same numbers, but those that are made anew when read."""
        for x, dtype, was in self._arrays:
            if not holds(x, dtype, was):
                return False
        try:
            if not all(map(is_, [get(x) for get, x in self._calls], self._called)):
                return False
        except ABSENT:  # what was there has been deleted
            return False
        if self._found:
            now = [read() for read, _ in self._kept]
            return list(map(len, now)) == self._lengths and all(map(is_, chain.from_iterable(now), self._found))
        for read, found in self._kept:
            singly = read()
            if len(singly) != len(found) or not all(map(is_, singly, found)):
                return False
        return True


class Outside:
    """What `function` reads from outside, as it is now.

    >>> rates = [0.5]
    >>> outside = Outside(lambda x: rates[0] * x)
    >>> outside.change()
    >>> rates[0] = 0.25
    >>> outside.change()
    'rates[0] (0.5 then, 0.25 now)'

    One that was pickled remembers numbers and texts by name, to be compared with what the function reads where it is
    unpickled.
    """

    def __init__(self, function: Any) -> None:
        reach = Reach(function)
        self._watched: Everything | None = Everything(reach.watched)
        self.generators = reach.generators
        self.too_large = reach.too_large
        self.plain = dict(self._plain())

    def _plain(self) -> Iterator[tuple[str, Any]]:
        for watched in self._watched.each if self._watched else ():
            for name, each in zip(watched.names, watched.found, strict=True):
                if each is not None and isinstance(each, (*PLAIN, Content)):
                    yield name, each

    @property
    def numbers(self) -> dict[str, Any]:
        """The numbers, by name."""
        return {
            name: each for name, each in self.plain.items() if isinstance(each, _NUMBERS) and not isinstance(each, bool)
        }

    def change(self, function: Any = None) -> str | None:
        """The first thing that has changed, in words; `function` reads the things, for an unpickled one."""
        if self._watched is None:
            return self._adopt(function)
        return self._watched.change()

    def settle(self) -> None:
        """Leave out what has changed meanwhile: a counter or a cache, say, that the function itself keeps."""
        self._watched = Everything([watched.unchanged() for watched in self._watched.each] if self._watched else [])
        self.plain = dict(self._plain())

    def _adopt(self, function: Any) -> str | None:
        if function is None:  # it could not be pickled, and nothing can be read
            return None
        fresh = Outside(function)
        for name, was in self.plain.items():
            if name in fresh.plain and not alike(was, fresh.plain[name]):
                return f"{name} ({short(was)} then, {short(fresh.plain[name])} now)"
        self._watched = fresh._watched
        return None

    def __getstate__(self) -> dict[str, Any]:
        return {"_watched": None, "generators": [], "too_large": self.too_large, "plain": self.plain}
