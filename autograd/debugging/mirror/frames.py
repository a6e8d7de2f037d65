"""Make functions that do pieces of the backward pass and carry the places of the forward program."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby, islice, pairwise, repeat
from operator import add, mul
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from autograd.debugging.hidden_frames import exhaust
from autograd.debugging.hooks import can_stop, stops
from autograd.debugging.mirror.scopes import Scopes
from autograd.debugging.mirror.synthetic_code import LineStep, compiled
from autograd.origin import Instruction, span

Visitor = Callable[[Any], object]
Part = Callable[[], object]


class Visit(NamedTuple):
    """A node whose gradient is complete, and the instruction of the program to show it at (None: not shown)."""

    node: Any
    origin: Instruction | None

    def function(self) -> tuple[str, str] | None:
        """The file and the function to show it in: that around a comprehension, as in `sum(w * x for …)`."""
        if self.origin is None:
            return None
        code, _ = self.origin
        name = code.co_qualname
        while name.rpartition(".")[2] in _COMPREHENSIONS:
            name = name.rpartition(".")[0].removesuffix(".<locals>") or "<module>"
        return code.co_filename, name

    def line(self) -> tuple[Any, int] | None:
        """The line that debuggers stop at."""
        return (self.function(), span(self.origin)[0]) if self.origin else None


_COMPREHENSIONS = ("<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>")


class Frames:
    """Makes the pieces of one pass; each of `visitors` is called with every node before its products.

    All products of the pass are one iterator in C, and so are the calls of a visitor. The functions only take items
    from them at their lines: they hold no data, so code that a loop repeats is compiled once.
    """

    def __init__(self, visits: Sequence[Visit], visitors: Sequence[Visitor] = ()) -> None:
        nodes = [visit.node for visit in visits]
        self.products = _products(nodes)
        self.calls = bool(visitors)
        self.variables: list[list[Any]] = []  # the values of the local variables that change at the end of a line
        self.scopes = Scopes()
        self.codes: dict[tuple[Any, ...], CodeType] = {}
        self.globals: dict[str, dict[str, Any]] = {}
        # Names that no program can have: its own globals are there too, for conditions of breakpoints.
        self.helpers: dict[str, Any] = {
            "(next)": next,
            "(calls)": zip(*[map(visitor, nodes) for visitor in visitors], strict=True),
            "(stops)": map(stops, [node for node in nodes if can_stop(node)]),
            "(stop)": [None],
            "(run)": exhaust,
            "(take)": islice,
            "(products)": self.products,
            "(variables)": iter(self.variables),
        }

    def without_frame(self, visits: Sequence[Visit]) -> Iterator[Part]:
        """Callables in C, without a Python frame that a debugger could show."""
        counts = [len(visit.node.parents) for visit in visits]
        for count in counts if self.calls else [sum(counts)]:
            if self.calls:
                yield partial(next, self.helpers["(calls)"])
            yield partial(exhaust, islice(self.products, count))

    def frame(self, visits: Sequence[Visit]) -> Part:
        """A function for nodes that one function of the program made, with its name, file, lines and variables."""
        lines = [list(run) for _, run in groupby(visits, key=Visit.line)]
        scopes = [self.scopes.at([visit.node for visit in run]) for run in lines]
        steps: list[LineStep] = []
        for run, (here, following) in zip(lines, pairwise([*scopes, {}]), strict=True):
            changed = {name: node for name, node in following.items() if here.get(name) is not node}
            if changed:
                self.variables.append(list(changed.values()))
            steps += [self._step(visit) for visit in run]
            steps[-1] = steps[-1]._replace(variables=tuple(changed))
        code = self._code(visits, tuple(scopes[0]), tuple(steps))
        return partial(FunctionType(code, self._scope(code.co_filename)), *scopes[0].values())

    def _code(self, visits: Sequence[Visit], variables: tuple[str, ...], steps: tuple[LineStep, ...]) -> CodeType:
        file, name = visits[0].function() or ("", "")
        starts = [visit.origin[0].co_firstlineno for visit in visits if visit.origin]
        first = steps[0].span[0] if name == "<module>" else min(starts)
        key = (file, f"backward of {name.rpartition('<locals>.')[2]}", first, variables, steps)
        if key not in self.codes:
            self.codes[key] = compiled(*key)
        return self.codes[key]

    def _step(self, visit: Visit) -> LineStep:
        node, origin = visit
        where = span(origin) if origin else (1, 1, 0, 0)
        return LineStep(where, products=len(node.parents), calls=self.calls, stops=can_stop(node))

    def _scope(self, file: str) -> dict[str, Any]:
        """The current globals of the program's module, and what the statements call."""
        if file not in self.globals:
            modules = [getattr(module, "__dict__", {}) for module in list(sys.modules.values())]  # None blocks one
            own = next((names for names in modules if names.get("__file__") == file), {"__name__": "backward"})
            self.globals[file] = {**own, **self.helpers}
        return self.globals[file]


def _products(nodes: Sequence[Any]) -> Iterator[None]:
    """`parent.grad += local * node.grad` for each edge, by the slot `_grad`, which needs no frame of ours.

    `map` computes an item when it is taken.
    """
    parents = [parent for node in nodes for parent in node.parents]
    locals_ = [local for node in nodes for local in node.partials]
    upstreams = map(getattr, [node for node in nodes for _ in node.parents], repeat("_grad"))
    sums = map(add, map(getattr, parents, repeat("_grad")), map(mul, locals_, upstreams))
    return map(setattr, parents, repeat("_grad"), sums)
