"""Change the table of primitives for a block: add a row, or replace the partials of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from autograd.primitive import Primitive, Rule, define, lookup, undefine
from autograd.recording import generic_dispatch


@contextmanager
def defined(
    name: str, value: Callable[..., float], *partials: Rule | float | None, **options: Any
) -> Iterator[Primitive]:
    """Define a primitive for the block: what `autograd.define` does with the same arguments, undone at the end.

    The table is that of the process, and whatever goes through it (strategies, mutants, other tests) would meet the
    primitive from then on. After the block it can be called no less than before, and graphs made with it still have
    their gradients, but it is not found by name: neither by pickles nor by `autograd.compile`. It decorates functions,
    as every context manager of `contextlib` does.

    >>> from autograd import PRIMITIVES, Value
    >>> with defined("cubed", lambda x: x * x * x, lambda out, x: 3.0 * x * x) as cubed:
    ...     y = cubed(x := Value(2.0))
    >>> y.backward(); x.grad, "cubed" in PRIMITIVES
    (12.0, False)

    ValueError and TypeError as for `autograd.define`.
    """
    row = define(name, value, *partials, **options)
    try:
        yield row
    finally:
        undefine(row)


@contextmanager
def mutated(
    primitive: str | Primitive, *partials: Rule | float | None, variadic: Rule | None = None
) -> Iterator[Primitive]:
    """Give a primitive other partials inside the block: the fault your own test should find.

    `partials` and `variadic` are as for `autograd.define`. The row stays the same object, so every node that points to
    it sees the change; operators and functions record with it. What was before comes back at the end, also after an
    exception. It holds for the whole process: not for tests that run in threads side by side.

    >>> from autograd import Value, square
    >>> x = Value(3.0)
    >>> with mutated("square", lambda out, x: x):  # the factor 2 is missing
    ...     square(x).backward()
    >>> x.grad
    3.0

    GraphError for an unknown primitive, TypeError for a wrong number of partials.
    """
    row = lookup(primitive if isinstance(primitive, str) else primitive.name)
    if (variadic is None) != (row.variadic is None) or len(partials) != len(row.partials):
        wanted = "variadic=, which returns all partials," if row.variadic else f"{len(row.partials)} partial(s)"
        raise TypeError(
            f"{row.signature()} needs {wanted} but got {len(partials)} partial(s) and variadic={variadic!r}"
        )
    with ExitStack() as changes:
        changes.enter_context(replaced(row, "partials", tuple(partials)))
        changes.enter_context(replaced(row, "variadic", variadic))
        changes.enter_context(generic_dispatch())
        yield row


@contextmanager
def replaced(owner: Any, name: str, new: Any) -> Iterator[None]:
    """`owner.name = new` for the block, also where `owner` is frozen.

    >>> from types import SimpleNamespace
    >>> settings = SimpleNamespace(depth=1)
    >>> with replaced(settings, "depth", 2):
    ...     settings.depth
    2
    >>> settings.depth
    1
    """
    put = object.__setattr__ if isinstance(owner, Primitive) else setattr
    old = getattr(owner, name)
    put(owner, name, new)
    try:
        yield
    finally:
        put(owner, name, old)
