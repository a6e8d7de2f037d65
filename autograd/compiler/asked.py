"""What a derivative of a compiled function is asked for: by which arguments, at which numbers, along which tangents."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

from autograd.compiler import inputs
from autograd.compiler.arguments import NO_DERIVATIVE
from autograd.compiler.call_arguments import Arguments, Layout, collect, layout_of
from autograd.compiler.given import aligned
from autograd.compiler.record import is_recording
from autograd.compiler.variants import Variants
from autograd.errors import CompileError
from autograd.per_sample import in_order
from autograd.structure import Key, key_of_array, per_argument, size_of

Argnums = int | Sequence[int] | None


class Asked(Variants):
    """The programs of a function, and how calls for them are understood."""

    _layout: Layout | None = None  # of the last call's arguments, which those of the next are likely to have

    def _chosen(
        self, argnums: Argnums, default: int | Sequence[int], count: int
    ) -> tuple[tuple[int, ...] | None, bool]:
        """The arguments that a derivative is by, None for the parameters; and whether one was named without a tuple."""
        if argnums is None:
            if self.parameters is not None:
                return None, True
            argnums = default
        is_single = not isinstance(argnums, Sequence)
        chosen = [operator.index(each) for each in (argnums if isinstance(argnums, Sequence) else [argnums])]
        for each in chosen:
            if not -count <= each < count:
                raise TypeError(f"argnums={argnums}, but the function was called with {count} argument(s)")
        found = tuple([each % count for each in chosen])
        if len(set(found)) != len(found):
            raise TypeError(f"argnums={argnums} names an argument twice")
        return found, is_single

    def _tangents(self, arguments: Arguments, tangents: Any, chosen: tuple[int, ...] | None) -> Arguments:
        """Tangents as arguments, in the structure of what they are of; CompileError where it differs."""
        if chosen is None:
            found = collect([tangents], ("tangents",), frozenset())
            if found.keys != (key_of_array((len(self.parameters or ()),)),):
                raise CompileError(
                    f"with parameters=, the tangents are a flat list or array of {len(self.parameters or ())} numbers, "
                    f"one for each parameter; got {found.size} in another structure"
                )
            return found
        given_ = per_argument(tangents, "tangents")
        if len(given_) != len(chosen):
            raise TypeError(f"one tangent for each of {len(chosen)} argument(s) is needed, got {len(given_)}")
        names = [f"tangents[{i}]" for i in range(len(given_))]
        batch = frozenset([name for name, i in zip(names, chosen, strict=True) if arguments.parts[i].is_batched])
        keys = [arguments.keys[i] for i in chosen]
        some = [x if name in batch else aligned(x, key) for x, name, key in zip(given_, names, keys, strict=True)]
        found = collect(some, names, batch)
        for name, key, part in zip(names, keys, found.parts, strict=True):
            if part.key != key:
                raise CompileError(f"{name} must have the structure of its argument: {size_of(key)} number(s)")
        if found.samples and len(found.samples[0]) != len(arguments.samples[0]):
            count = len(arguments.samples[0])
            raise CompileError(f"there are {count} samples, but tangents for {len(found.samples[0])}")
        return found

    def _keys(self, arguments: Arguments, chosen: tuple[int, ...] | None) -> tuple[Key, ...]:
        """The structures of what a derivative is by."""
        if chosen is None:
            return (key_of_array((len(self.parameters or ()),)),)
        return tuple([arguments.keys[i] for i in chosen])

    def _current(self) -> Any:
        """The numbers of the parameters, now: a list or a float64 vector."""
        return inputs.read(self.parameters or ())

    def _arguments(self, args: Sequence[Any], named: Mapping[str, Any] | None = None) -> Arguments:
        """The arguments of a call, flat; CompileError names the one that does not fit."""
        if is_recording():
            raise CompileError(NO_DERIVATIVE)
        if named:
            if self.function is None:
                raise CompileError(
                    "this compiled function was pickled without its Python function; give its arguments by position"
                )
            args = in_order(self.function, tuple(args), named)
        if self._layout is not None and (again := self._layout.arguments(args)) is not None:
            return again
        names = self._names_of(len(args))
        found = collect(args, names, self.batch)
        self._layout = layout_of(args, names, self.batch, found)
        return found
