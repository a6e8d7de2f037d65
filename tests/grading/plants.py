"""Faults planted into `engines/closures.py`: the name of the fault, and what is written in place of what."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

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
EQUAL = "    def __eq__(self, other):\n        return self.data == other.data\n\n    def __hash__(self):\n        return hash(self.data)\n\n"

# The fault, what the sentence has to say, and the replacements that plant it.
PLANTS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "assignment": ("(=) where they have to be added", (("grad += ", "grad = "),)),
    "assignment in mul": ("x * y: gradients are assigned", ((MULTIPLY, MULTIPLY.replace("+=", "=")),)),
    "assignment in add, second": ("x + y: the gradient of y is assigned", ((ADD, ADD.replace("other.grad +=", "other.grad =")),)),
    "depth first": ("There is no topological order", ((ORDER, DEPTH_FIRST),)),
    "breadth first": ("There is no topological order", ((ORDER, BREADTH_FIRST),)),
    "every path": ("backward() calls itself", ((PASS, EVERY_PATH),)),
    "not reversed": ("The topological order is not reversed", (("in reversed(order)", "in order"),)),
    "no reset": ("still there at the second backward()", ((CLEARING, "            pass\n"),)),
    "repeated operand": ("An operand that occurs twice", (
        (ADD, ADD.replace("            other", "            if other is not self:\n                other")),
        (MULTIPLY, MULTIPLY.replace("            other", "            if other is not self:\n                other")),
        ("other.grad += -out.grad", "other.grad += -out.grad if other is not self else 0.0"),
        ("**2 * out.grad", "**2 * out.grad * (other is not self)"),
    )),
    "equal values": ("Two values that are equal", (("    def __add__", f"{EQUAL}    def __add__"),)),
    "no chain rule": ("The chain rule is missing", ((" * out.grad", ""), ("out.grad /", "1 /"), ("+= out.grad", "+= 1"), ("+= -out.grad", "+= -1"))),
    "no chain rule in tanh": ("tanh(x): the local derivative is not multiplied", (("(1 - out.data**2) * out.grad", "(1 - out.data**2)"),)),
    "no radd": ("__radd__ is missing", (("def __radd__", "def other_add"),)),
    "no rtruediv": ("__rtruediv__ is missing", (("def __rtruediv__", "def other_div"),)),
    "rsub swapped": ("2 - x is computed as x - 2", (("return Value(other) - self", "return self - other"),)),
    "sign of sub": ("x - y: the sign", (("other.grad += -out.grad", "other.grad += out.grad"),)),
    "sign of div": ("x / y: the sign", (("-self.data / other.data**2", "self.data / other.data**2"),)),
    "square of div": ("x / y: the derivative by y is −x / y²: the square", (("-self.data / other.data**2", "-self.data / other.data"),)),
    "sign of pow": ("x ** y: the sign", (("other.data * self.data ** (", "-other.data * self.data ** ("),)),
    "exponent of pow": ("the exponent is not lowered", (("** (other.data - 1)", "** other.data"),)),
    "pow by a Value": ("an exponent that is a Value", (("if self.data > 0:\n                other", "if False:\n                other"),)),
    "tanh of the input": ("tanh(x): the derivative is 1 − tanh²(x), of the output", (("1 - out.data**2", "1 - self.data**2"),)),
    "exp of the input": ("exp(x): the derivative is exp(x), the output", (("out.data * out.grad\n\n        out._backward = _backward\n        return out\n\n    def log", "self.data * out.grad\n\n        out._backward = _backward\n        return out\n\n    def log"),)),
    "log of the output": ("log(x): the derivative is 1 / x, of the input", (("out.grad / self.data", "out.grad / out.data"),)),
    "relu at 0": ("≥ must be >", (("(self.data > 0) * out.grad", "(self.data >= 0) * out.grad"),)),
    "recursion": ("RecursionError", ((ORDER, RECURSIVE),)),
    "seed missing": ("does not set the gradient of the result", (("        self.grad = 1.0\n", ""),)),
    "seed is the value": ("starts with the value of the result", (("self.grad = 1.0", "self.grad = self.data"),)),
    "relu mutates": ("relu(x): the operand itself is changed", (("out = Value(max(0.0, self.data), (self,))", "out = Value(max(0.0, self.data), (self,))\n        self.data = out.data"),)),
    "floor division": ("// must be /", (("self.data / other.data, (", "self.data // other.data, ("),)),
}  # fmt: skip


def planted(*names: str) -> str:
    """The source of the engine with these faults."""
    source = SOURCE
    for _, replacements in [PLANTS[name] for name in names]:
        for old, new in replacements:
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
