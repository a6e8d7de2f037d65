"""What a function reads besides its arguments: these are constants of a program, which holds as long as they do.

`Outside` remembers what reachable.py finds, and says at each call whether any of it has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, compress
from operator import is_
from typing import Any

import numpy as np

from autograd.compiler.reachable import Reach
from autograd.compiler.watched import PLAIN, Content, Watched, alike, short

_NUMBERS = (int, float, np.number)


class Everything:
    """All that is watched, compared at once where it is still the same objects, as nearly always."""

    def __init__(self, each: list[Watched]) -> None:
        self.each = each
        kept = [all(map(is_, watched.read(), watched.found)) for watched in each]
        self._made_anew = [watched for watched, is_kept in zip(each, kept, strict=True) if not is_kept]
        fixed = list(compress(each, kept))
        self._read = [watched.read for watched in fixed]
        self._lengths = [len(watched.found) for watched in fixed]
        self._found = [x for watched in fixed for x in watched.found]

    def change(self) -> str | None:
        """The first thing that has changed, in words."""
        now = [read() for read in self._read]
        same = list(map(len, now)) == self._lengths and all(map(is_, chain.from_iterable(now), self._found))
        changes = (watched.change() for watched in (self._made_anew if same else self.each))
        return next((change for change in changes if change), None)


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
