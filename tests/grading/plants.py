"""Faults planted into `engines/closures.py`: the name of the fault, and what is written in place of what."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

ENGINES = Path(__file__).parent / "engines"
SOURCE = (ENGINES / "closures.py").read_text()

ORDER = SOURCE[SOURCE.index("        order, seen, stack = []") : SOURCE.index("        for node in order:")]
PASS = SOURCE[SOURCE.index("        order, seen, stack = []") :]
DEPTH_FIRST = """\
        order, seen, stack = [], set(), [self]
        while stack:
            node = stack.pop()
            if node not in seen:
                seen.add(node)
                order.append(node)
                stack.extend(reversed(node._prev))
        order.reverse()
"""
BREADTH_FIRST = """\
        order, seen = [self], {self}
        for node in order:
            for parent in node._prev:
                if parent not in seen:
                    seen.add(parent)
                    order.append(parent)
        order.reverse()
"""
RECURSIVE = """\
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node._prev:
                    visit(parent)
                order.append(node)

        visit(self)
"""
EVERY_PATH = """\
        nodes = [self]
        for node in nodes:
            nodes.extend(node._prev)
        for node in nodes:
            if node._prev:
                node.grad = 0.0
        self.grad = 1.0
        stack = [self]
        while stack:
            node = stack.pop()
            node._backward()
            stack.extend(reversed(node._prev))
"""
ADD = "            self.grad += out.grad\n            other.grad += out.grad\n"
MULTIPLY = "            self.grad += other.data * out.grad\n            other.grad += self.data * out.grad\n"
CLEARING = "            if node._prev:\n                node.grad = 0.0\n"
EQUAL = """\
    def __eq__(self, other):
        return self.data == other.data

    def __hash__(self):
        return hash(self.data)

"""
EXP_PASS = "out.data * out.grad\n\n        out._backward = _backward\n        return out\n\n    def log"
RELU = "out = Value(max(0.0, self.data), (self,))"
ONCE = "            if other is not self:\n                other"


class Plant(NamedTuple):
    """What the sentence has to say, and the replacements that plant the fault."""

    says: str
    replacements: tuple[tuple[str, str], ...]


def _plant(says: str, *texts: str) -> Plant:
    """A plant from texts in turn: what is there, and what is written in its place."""
    return Plant(says, tuple(zip(texts[::2], texts[1::2], strict=True)))


PLANTS = {
    "assignment": _plant("(=) where they have to be added", "grad += ", "grad = "),
    "assignment in mul": _plant("x * y: gradients are assigned", MULTIPLY, MULTIPLY.replace("+=", "=")),
    "assignment in add, second": _plant(
        "x + y: the gradient of y is assigned", ADD, ADD.replace("other.grad +=", "other.grad =")
    ),
    "depth first": _plant("There is no topological order", ORDER, DEPTH_FIRST),
    "breadth first": _plant("There is no topological order", ORDER, BREADTH_FIRST),
    "every path": _plant("backward() calls itself", PASS, EVERY_PATH),
    "not reversed": _plant("The topological order is not reversed", "in reversed(order)", "in order"),
    "no reset": _plant("still there at the second backward()", CLEARING, "            pass\n"),
    "repeated operand": _plant(
        "An operand that occurs twice",
        *(ADD, ADD.replace("            other", ONCE)),
        *(MULTIPLY, MULTIPLY.replace("            other", ONCE)),
        *("other.grad += -out.grad", "other.grad += -out.grad if other is not self else 0.0"),
        *("**2 * out.grad", "**2 * out.grad * (other is not self)"),
    ),
    "equal values": _plant("Two values that are equal", "    def __add__", f"{EQUAL}    def __add__"),
    "no chain rule": _plant(
        "The chain rule is missing",
        *(" * out.grad", ""),
        *("out.grad /", "1 /"),
        *("+= out.grad", "+= 1"),
        *("+= -out.grad", "+= -1"),
    ),
    "no chain rule in tanh": _plant(
        "tanh(x): the local derivative is not multiplied", "(1 - out.data**2) * out.grad", "(1 - out.data**2)"
    ),
    "no radd": _plant("__radd__ is missing", "def __radd__", "def other_add"),
    "no rtruediv": _plant("__rtruediv__ is missing", "def __rtruediv__", "def other_div"),
    "rsub swapped": _plant("2 - x is computed as x - 2", "return Value(other) - self", "return self - other"),
    "sign of sub": _plant("x - y: the sign", "other.grad += -out.grad", "other.grad += out.grad"),
    "sign of div": _plant("x / y: the sign", "-self.data / other.data**2", "self.data / other.data**2"),
    "square of div": _plant(
        "x / y: the derivative by y is −x / y²: the square", "-self.data / other.data**2", "-self.data / other.data"
    ),
    "sign of pow": _plant("x ** y: the sign", "other.data * self.data ** (", "-other.data * self.data ** ("),
    "exponent of pow": _plant("the exponent is not lowered", "** (other.data - 1)", "** other.data"),
    "pow by a Value": _plant("an exponent that is a Value", "if self.data > 0:\n", "if False:\n"),
    "tanh of the input": _plant(
        "tanh(x): the derivative is 1 − tanh²(x), of the output", "1 - out.data**2", "1 - self.data**2"
    ),
    "exp of the input": _plant(
        "exp(x): the derivative is exp(x), the output", EXP_PASS, EXP_PASS.replace("out.data", "self.data")
    ),
    "log of the output": _plant(
        "log(x): the derivative is 1 / x, of the input", "out.grad / self.data", "out.grad / out.data"
    ),
    "relu at 0": _plant("≥ must be >", "(self.data > 0) * out.grad", "(self.data >= 0) * out.grad"),
    "recursion": _plant("RecursionError", ORDER, RECURSIVE),
    "seed missing": _plant("does not set the gradient of the result", "        self.grad = 1.0\n", ""),
    "seed is the value": _plant("starts with the value of the result", "self.grad = 1.0", "self.grad = self.data"),
    "relu mutates": _plant("relu(x): the operand itself is changed", RELU, f"{RELU}\n        self.data = out.data"),
    "floor division": _plant("// must be /", "self.data / other.data, (", "self.data // other.data, ("),
}


def planted(*names: str) -> str:
    """The source of the engine with these faults."""
    source = SOURCE
    for plant in [PLANTS[name] for name in names]:
        for old, new in plant.replacements:
            assert old in source, (names, old)
            source = source.replace(old, new)
    return source


def executed(source: str, name: str = "Value") -> Any:
    """The class that a source defines."""
    module = ModuleType("planted")
    exec(compile(source, "planted.py", "exec"), vars(module))
    return vars(module)[name]


def sentences(findings: Iterable[Any]) -> str:
    """What a report says, one sentence a line."""
    return "\n".join(finding.sentence for finding in findings)
