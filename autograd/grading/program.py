"""A program for any scalar engine, as data: numbers, lines that apply operations, and backward passes to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

SYMBOL = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**"}
BINARY = tuple(SYMBOL)
FUNCTIONS = ("relu", "tanh", "exp", "log", "sigmoid", "sqrt", "sin", "cos", "abs")
OPERATIONS = (*BINARY, "neg", "sum", *FUNCTIONS)
DEEP = 1000  # lines; a recursive engine fails at about this depth


class Ref(NamedTuple):
    """An operand that is an input or an earlier line, by its slot: inputs come first, then lines."""

    slot: int


Operand = Ref | float


class Line(NamedTuple):
    """An operation and its operands: `Line("mul", (Ref(0), 2.0))`."""

    operation: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """Inputs, lines, and the slots on which `backward()` is called, one after the other.

    >>> program = Program((3.0,), (Line("mul", (Ref(0), Ref(0))),))
    >>> print(program)
    x = Value(3.0)
    a = x * x
    a.backward()
    """

    inputs: tuple[float, ...]
    lines: tuple[Line, ...]
    roots: tuple[int, ...] = (-1,)

    def __post_init__(self) -> None:
        last = len(self.inputs) + len(self.lines) - 1
        object.__setattr__(self, "roots", tuple([last if root == -1 else root for root in self.roots]))

    @property
    def size(self) -> tuple[int, int, int]:
        """What makes a counterexample small: lines first, then passes, then inputs."""
        return len(self.lines), len(self.roots), len(self.inputs)

    @property
    def names(self) -> list[str]:
        """The name of every slot: x, y, z and then a, b, c, …; numbered where there are many."""
        few, lines = len(self.inputs) <= 3, len(self.lines) <= 22
        inputs = list("xyz"[: len(self.inputs)]) if few else [f"x{i}" for i in range(len(self.inputs))]
        return inputs + (list("abcdefghijklmnopqrstuvw"[: len(self.lines)]) if lines else self._numbered())

    def _numbered(self) -> list[str]:
        return [f"t{i}" for i in range(len(self.lines))]

    def operations(self) -> frozenset[str]:
        """The operations that occur."""
        return frozenset([line.operation for line in self.lines])

    def evaluate(self, inputs: Sequence[Any], apply: Callable[..., Any], constant: Callable[[float], Any]) -> list[Any]:
        """The number in every slot, in any arithmetic: `apply(slot, operation, *operands)` computes a line."""
        values = list(inputs)
        for operation, operands in self.lines:
            found = [values[x.slot] if isinstance(x, Ref) else constant(x) for x in operands]
            values.append(apply(len(values), operation, *found))
        return values

    def to_dict(self) -> dict[str, Any]:
        """The message that a submission gets: slots are "v0", "v1", …; other operands are constants.

        >>> Program((3.0,), (Line("mul", (Ref(0), 2.0)),)).to_dict()
        {'inputs': [3.0], 'lines': [['mul', 'v0', 2.0]], 'backward': ['v1']}
        """
        lines = [[op, *[f"v{x.slot}" if isinstance(x, Ref) else x for x in operands]] for op, operands in self.lines]
        return {"inputs": list(self.inputs), "lines": lines, "backward": [f"v{root}" for root in self.roots]}

    def __str__(self) -> str:
        if len(self.lines) > 40:
            return f"{call(self, self.lines[0])}, and so on: {len(self.lines)} operations in a row"
        names = self.names
        made = [f"{name} = Value({number!r})" for name, number in zip(names, self.inputs, strict=False)]
        done = [f"{names[len(self.inputs) + i]} = {call(self, line)}" for i, line in enumerate(self.lines)]
        return "\n".join([*made, *done, *[f"{names[root]}.backward()" for root in self.roots]])

    def pruned(self) -> Program:
        """The same program without the lines and inputs that no root needs.

        >>> Program((3.0, 4.0), (Line("neg", (Ref(0),)), Line("exp", (Ref(1),)))).pruned()
        Program(inputs=(4.0,), lines=(Line(operation='exp', operands=(Ref(slot=0),)),), roots=(1,))
        """
        count, live = len(self.inputs), set(self.roots)
        for slot in range(count + len(self.lines) - 1, count - 1, -1):
            if slot in live:
                live.update(x.slot for x in self.lines[slot - count].operands if isinstance(x, Ref))
        kept = sorted(live)
        moved = {old: new for new, old in enumerate(kept)}
        lines = [renumbered(self.lines[slot - count], moved) for slot in kept if slot >= count]
        inputs = [self.inputs[slot] for slot in kept if slot < count]
        return Program(tuple(inputs), tuple(lines), tuple([moved[root] for root in self.roots]))

    def with_roots(self, *roots: int) -> Program:
        """The same lines with other backward passes."""
        return replace(self, roots=roots)


def renumbered(line: Line, moved: Mapping[int, int]) -> Line:
    """A line whose operands have other slots; those not in `moved` keep theirs.

    >>> renumbered(Line("neg", (Ref(3),)), {3: 1})
    Line(operation='neg', operands=(Ref(slot=1),))
    """
    operands = [Ref(moved.get(x.slot, x.slot)) if isinstance(x, Ref) else x for x in line.operands]
    return Line(line.operation, tuple(operands))


def call(program: Program, line: Line) -> str:
    """A line as Python: `x * 2.0`, `x.tanh()`, `sum([x, y])`."""
    names = program.names
    operands = [names[x.slot] if isinstance(x, Ref) else repr(x) for x in line.operands]
    if line.operation in SYMBOL:
        return f" {SYMBOL[line.operation]} ".join([f"({x})" if x.startswith("-") else x for x in operands])
    if line.operation == "neg":
        return f"-{operands[0]}"
    return f"sum([{', '.join(operands)}])" if line.operation == "sum" else f"{operands[0]}.{line.operation}()"
