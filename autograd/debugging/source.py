"""`backward_source`: the backward pass of one graph as Python source, one line per product of the chain rule."""

from __future__ import annotations

import linecache
import os
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import count
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Any
from weakref import finalize

from autograd.debugging.identifiers import identifiers
from autograd.graph import number_of, topological
from autograd.notation.chain_rule import Notation, notation_of, partial
from autograd.origin import position
from autograd.primitive import Primitive
from autograd.value import Value

WIDTH = 120
COMMENT = 44  # column of the comments


class BackwardSource(str):
    """Python source that defines `backward(…)`, a function of the nodes of one graph.

    nodes   the nodes by their names in the source: `backward(**source.nodes)` makes the pass
    file    where debuggers find it: a temporary file if one is attached, else `linecache`
    """

    nodes: Mapping[str, Value]

    def run(self) -> None:
        """Make the pass: the gradients are those of `loss.backward()`. Debuggers can step into it."""
        self._function(*self.nodes.values())

    @cached_property
    def file(self) -> str:
        """The file name of the code, for debuggers and tracebacks."""
        return _real_file(self) if _debugger_is_attached() else _file_in_memory(self)

    @cached_property
    def _function(self) -> Callable[..., None]:
        scope: dict[str, Any] = {}
        exec(compile(self, self.file, "exec"), scope)
        function: Callable[..., None] = scope["backward"]
        return function


def backward_source(root: Value) -> BackwardSource:
    """The pass of `root.backward()` as source, with the user's names, and the numbers as comments.

    There is one line per edge of the graph, in the order of the pass. A local derivative that is the value of a node is
    written as `b.data`, any other as a number. Names are labels or, for a graph built inside `autograd.debug()`, those
    of the program, made unique. The result is a string with a method `run`; `exec` of it defines the function.

    >>> from autograd import Value
    >>> a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
    >>> source = backward_source(a * b + c)
    >>> print(source)  # doctest: +NORMALIZE_WHITESPACE
    def backward(a, b, mul, c, add):
        mul.grad = add.grad = 0.0
        add.grad += 1.0                     # L = add: ∂L/∂add = 1
        mul.grad += add.grad                # ∂L/∂mul += ∂add/∂mul · ∂L/∂add, ∂add/∂mul = 1
        c.grad += add.grad                  # ∂L/∂c += ∂add/∂c · ∂L/∂add, ∂add/∂c = 1
        a.grad += b.data * mul.grad         # ∂L/∂a += ∂mul/∂a · ∂L/∂mul, ∂mul/∂a = −3
        b.grad += a.data * mul.grad         # ∂L/∂b += ∂mul/∂b · ∂L/∂mul, ∂mul/∂b = 2
    >>> source.run()
    >>> a.grad, b.grad, c.grad
    (-3.0, 2.0, 1.0)

    TypeError for anything but a Value.
    """
    if not isinstance(root, Value):
        raise TypeError(f"backward_source takes a Value, got {root!r} ({type(root).__name__})")
    order = topological(root)
    names = identifiers(order)
    source = BackwardSource("\n".join(_lines(order, names)) + "\n")
    source.nodes = MappingProxyType({names[node]: node for node in order})
    return source


# --- text -------------------------------------------------------------------------------------------------------------


def _lines(order: Sequence[Any], names: Mapping[Any, str]) -> Iterator[str]:
    if any(not isfinite(local) for node in order for local in node.partials):
        yield "from math import inf, nan\n\n"
    yield from _wrapped("def backward(", [names[node] for node in order], "):")
    interior = [f"{names[node]}.grad" for node in order if node.primitive is not None]
    for i in range(0, len(interior), 8):
        yield f"    {' = '.join(interior[i : i + 8])} = 0.0"
    root = names[order[-1]]
    notation = notation_of(root, set(names.values()))
    yield _commented(f"    {root}.grad += 1.0", f"{notation.definition}: {notation.gradient(root)} = 1")
    place = None
    for node in reversed(order):
        if node.parents and (here := position(node)) is not None and str(here) != place:
            place = str(here)
            yield f"    # {os.path.basename(here.file)}:{here.line}: {here.source.strip()}".rstrip(": ")
        yield from _products(node, names, notation)


def _wrapped(start: str, words: Sequence[str], end: str) -> list[str]:
    if len(line := f"{start}{', '.join(words)}{end}") <= WIDTH:
        return [line]
    inside = textwrap.wrap(", ".join(words), WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    return [start, *[f"        {line}" for line in inside], end]


def _products(node: Any, names: Mapping[Any, str], notation: Notation) -> Iterator[str]:
    name = names[node]
    for parent, local, value in zip(node.parents, node.partials, _values(node), strict=True):
        factor = f"{names[value]}.data * " if value is not None else _NO_FACTOR.get(local, f"{local!r} * ")
        number = f"{local:.6g}".replace("-", "−")
        yield _commented(
            f"    {names[parent]}.grad += {factor}{name}.grad",
            f"{notation.product(name, names[parent])}, {partial(name, names[parent])} = {number}",
        )


def _commented(line: str, comment: str) -> str:
    return f"{line:<{COMMENT - 2}}  # {comment}"


_NO_FACTOR = {1.0: "", -1.0: "-"}  # to the last bit the same as 1.0 * x and -1.0 * x


# --- partials that are values ----------------------------------------------------------------------------------------


def _values(node: Any) -> list[Any]:
    """For each parent the node whose value is the local derivative, such as the other factor of a product, or None.

    None also if that value has changed since: then the source contains the number.
    """
    operands, parents, partials = node.operands, node.parents, node.partials
    found: list[Any] = []
    for operand, which in zip(operands, _rule(node.primitive, len(operands)), strict=True) if parents else ():
        if len(found) < len(parents) and operand is parents[len(found)]:
            value = None if which is None else (*operands, node)[which]
            found.append(value if isinstance(value, Value) and number_of(value) == partials[len(found)] else None)
    return found


@lru_cache(maxsize=256)
def _rule(primitive: Primitive, count: int) -> tuple[int | None, ...]:
    """Which operand each partial is, by index; -1 for the value itself. The rule is called with tokens for numbers."""
    tokens = [object() for _ in range(count + 1)]
    index = {id(token): i for i, token in enumerate(tokens)}
    index[id(tokens[-1])] = -1
    try:
        partials = primitive.partials_at(tokens[-1], tokens[:-1])
    except Exception:  # a rule that computes raises on tokens; a user's rule may raise anything
        return (None,) * count
    return tuple([index.get(id(partial)) for partial in partials])


# --- where debuggers find it ------------------------------------------------------------------------------------------

_numbers = count(1)


def _debugger_is_attached() -> bool:
    monitoring = getattr(sys, "monitoring", None)  # from Python 3.12 on
    debugpy = sys.modules.get("debugpy")
    return (
        sys.gettrace() is not None
        or (monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None)
        or (debugpy is not None and bool(debugpy.is_client_connected()))
    )


def _real_file(source: BackwardSource) -> str:
    """A temporary file that is removed with the source: debugpy skips code without a file, and pdb cannot list it."""
    handle, file = tempfile.mkstemp(prefix="backward_", suffix=".py")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(source)
    finalize(source, Path(file).unlink, missing_ok=True)
    return file


def _file_in_memory(source: BackwardSource) -> str:
    file = f"<backward {next(_numbers)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    finalize(source, linecache.cache.pop, file, None)
    return file
