"""The arguments of a call as arrays in a row, and the calls of a compiled function by their structure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.compiler.compiled import Compiled
from autograd.errors import CompileError
from autograd.interop.calls import Calls
from autograd.structure import Key, flatten, places, size_of

THIRD = (
    "this is a third derivative, but a compiled function gives other libraries its first and second ones; take it with "
    "autograd.functional.taylor or derivative_tensor"
)


def missing(name: str, extra: str) -> CompileError:
    """What to say where a library is not installed.

    >>> missing("torch", "torch")
    CompileError("this needs torch: pip install 'scalar-autograd[torch]'")
    """
    return CompileError(f"this needs {name}: pip install 'scalar-autograd[{extra}]'")


class CallsByStructure:
    """The `Calls` of a compiled function, one for each structure of its arguments."""

    def __init__(self, compiled: Compiled) -> None:
        if not isinstance(compiled, Compiled):
            raise TypeError(f"a compiled function is needed, got {compiled!r}; compile it with autograd.compile")
        self.compiled = compiled
        self._known: dict[tuple[Any, ...], Calls] = {}

    def leaves(self, args: Sequence[Any]) -> tuple[list[Any], Key]:
        """The arrays and numbers in the arguments, and the structure around them.

        >>> CallsByStructure(Compiled(lambda x: x, None)).leaves(({"w": 1.0, "b": 2.0},))[0]
        [1.0, 2.0]
        """
        found: list[Any] = []
        return found, flatten(tuple(args), found)

    def names(self, key: Key) -> list[str]:
        """The expression for each leaf, for messages."""
        assert key is not None
        arguments = zip(self.compiled._names_of(len(key[2])), key[2], strict=True)
        return [place for name, part in arguments for place in places(part, name)]

    def calls(self, key: Key, wanted: Sequence[int], shapes: Sequence[tuple[int, ...]]) -> Calls:
        """The calls at arguments of this structure, with leaves of these shapes, and derivatives by those wanted."""
        samples = self._samples(key)
        of_one = tuple([shape[i in samples :] for i, shape in enumerate(shapes)])
        place = key, tuple(wanted), of_one
        if place not in self._known:
            self._known[place] = Calls(self.compiled, key, wanted, samples)
        return self._known[place]

    def _samples(self, key: Key) -> list[int]:
        """The leaves of arguments that hold samples."""
        assert key is not None
        batched = [name in self.compiled.batch for name in self.compiled._names_of(len(key[2]))]
        owners = [flag for flag, part in zip(batched, key[2], strict=True) for _ in range(size_of(part))]
        return [i for i, flag in enumerate(owners) if flag]
