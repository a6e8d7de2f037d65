"""The entry of a recording in the cache on disk: found and compared with the recording, or written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.compiler.arguments import as_array
from autograd.compiler.backends import BUILD, Choice
from autograd.compiler.bounds import UNIT, closeness
from autograd.compiler.cache.directory import directory
from autograd.compiler.cache.objects import using
from autograd.compiler.cache.programs import Kept, key_of, read, write
from autograd.compiler.cache.store import Store
from autograd.compiler.forms import Forms
from autograd.compiler.lower import Lowered
from autograd.compiler.options import Options
from autograd.compiler.program import same
from autograd.io.files import file_name


class Keeper:
    """The entry of a recording, if there is a cache and the recording can be in it.

    `outcome` says in words what became of it; it is empty without a cache.
    """

    def __init__(self, lowered: Lowered, options: Options, samples: Sequence[Any]) -> None:
        self.lowered, self.options = lowered, options
        self._first = [each[:1] for each in samples]  # the sample that was recorded
        place = directory(options.cache)
        self._store = None if place is None else Store(place)
        self._key = key_of(lowered, options, len(samples[0]) if samples else 1) if self._store else None
        self.outcome = ""

    def found(self, forms: Forms, shared: Any) -> Choice | None:
        """The runner that an earlier process has chosen, verified and kept, if it gives the recorded numbers.

        `forms` are those of the recording, which are not used elsewhere; `shared` its inputs but for the samples.
        """
        if not self._store or not self._key:
            return None
        kept = read(self._store, self._key, self.lowered)
        if kept is None:
            return None
        try:
            with using(self.options.cache):
                runner = BUILD[kept.name](forms.use(kept.forms, kept.way), self.options)
                if not self._agrees(runner.run(shared, self._first)):
                    return None
        except Exception:  # what the checks let pass, and yet cannot be built or run, is made anew and replaced
            return None
        self.outcome = f"read from {file_name(self._store.directory)}"
        return Choice(kept.name, runner, kept.reason)

    def _agrees(self, outputs: Any) -> bool:
        """Whether the outputs for the recorded sample are the recorded numbers; derivatives, which follow, are not."""
        if isinstance(outputs, int):
            return False
        wanted = self.lowered.found
        given = as_array(outputs).ravel().tolist()[: len(wanted)]
        near = same if self.options.exact else closeness(wanted, UNIT[self.options.dtype])
        return all(near(x, y) or (x != x and y != y) for x, y in zip(given, wanted, strict=True))

    def keep(self, name: str, reason: str, forms: Forms) -> str:
        """Write the entry of a program that was verified: its back end, and the forms that this asked for."""
        if not self._store:
            return ""
        where = file_name(self._store.directory)
        if self._key is None:
            self.outcome = f"not in {where}: a rule of a primitive is not this package's"
            return self.outcome
        wrong = write(self._store, self._key, Kept(name, reason, forms.way, forms.made(self.options.exact, name)))
        self.outcome = f"not in {where}: {wrong}" if wrong else f"written to {where}"
        return self.outcome
