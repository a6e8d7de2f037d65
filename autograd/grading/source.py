"""Where in the source of a submission a fault can be: a search in the syntax tree, by the name of the operation."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

from autograd.grading.faults import Fault

Function = ast.FunctionDef | ast.AsyncFunctionDef
METHODS = {
    "add": "__add__",
    "sub": "__sub__",
    "mul": "__mul__",
    "div": "__truediv__",
    "pow": "__pow__",
    "neg": "__neg__",
}
GRADIENT_NAMES = ("grad", "_grad", "gradient", "g", "d", "adj", "adjoint", "grads", "dx", "derivative")
PASSES = ("backward", "backprop", "backpropagate", "back", "backward_pass", "run_backward", "compute_gradients")


def locate(source: str, fault: Fault) -> int:
    """The line of a source where a fault can be found; 0 where there is no telling.

    >>> from autograd.grading.faults import FAULTS
    >>> text = "class Value:" + chr(10) + "    def backward(self):" + chr(10) + "        self.grad = 2.0"
    >>> locate(text, FAULTS["seed 2"])
    3
    """
    try:
        tree = ast.parse(source.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 0
    search: Callable[[ast.AST, Fault], int] = SEARCH[fault.place]
    return search(tree, fault)


def locate_operation(source: str, operation: str) -> int:
    """The line where an operation is defined; 0 where there is no telling."""
    return locate(source, Fault("", "", "", None, "value", operation))


def _functions(tree: ast.AST, *names: str) -> list[Function]:
    found = [node for node in ast.walk(tree) if isinstance(node, Function)]
    return [node for name in names for node in found if node.name == name]


def _of_operation(tree: ast.AST, operation: str) -> list[Function]:
    """The methods and functions that compute an operation, also as relu_backward or backward_relu."""
    names = [METHODS.get(operation, operation), operation, f"__{operation}__"]
    exact = _functions(tree, *names)
    return exact or [node for node in ast.walk(tree) if isinstance(node, Function) and operation in node.name.lower()]


def _writes_gradient(node: ast.AST) -> bool:
    if isinstance(node, ast.AugAssign):
        targets: list[ast.expr] = [node.target]
    else:
        targets = node.targets if isinstance(node, ast.Assign) else []
    return any(_name(target) in GRADIENT_NAMES for target in targets)


def _name(target: ast.expr) -> str:
    if isinstance(target, ast.Subscript):
        return _name(target.value)
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""


def _is_constant(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)


def _lines(nodes: Iterator[ast.AST], matches: Callable[[ast.AST], bool]) -> list[int]:
    return sorted({node.lineno for node in nodes if isinstance(node, ast.stmt) and matches(node)})


def _gradient(tree: ast.AST, fault: Fault) -> int:
    """The line that writes a gradient: in the operation's own function, or the first of all."""
    places: list[Function] = _of_operation(tree, fault.operation) if fault.operation else []
    inside = [node for place in places or [tree] for node in ast.walk(place)]  # type: ignore[list-item]
    assigned = _lines(
        iter(inside), lambda node: isinstance(node, ast.Assign) and _writes_gradient(node) and not _is_constant(node)
    )
    written = _lines(iter(inside), _writes_gradient)
    if fault.setting == "assigns":
        return (assigned or [place.lineno for place in places] or [0])[0]
    if fault.setting == "without_chain" and not fault.operation:
        return (written or [0])[0]
    last = "by y" in fault.sentence or "y gets" in fault.sentence or "exponent" in fault.sentence
    return (written[-1] if last else written[0]) if written and places else _first(places)


def _first(places: list[Function]) -> int:
    return places[0].lineno if places else 0


def _value(tree: ast.AST, fault: Fault) -> int:
    return _first(_of_operation(tree, fault.operation))


def _backward(tree: ast.AST, fault: Fault) -> int:
    """The line of the pass that sets the seed, or where the pass begins."""
    places = _functions(tree, *PASSES)
    if fault.setting == "seed" and places:
        seeds = _lines(ast.walk(places[0]), lambda node: isinstance(node, ast.Assign) and _writes_gradient(node))
        return seeds[-1] if seeds else places[0].lineno
    return _first(places)


def _class(tree: ast.AST, fault: Fault) -> int:
    """The operator itself, beside which the reflected one is missing."""
    return _first(_functions(tree, METHODS[fault.operation]))


def _reflected(tree: ast.AST, fault: Fault) -> int:
    name = METHODS[fault.operation].replace("__", "__r", 1)
    aliases = [
        node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assign) and _name(node.targets[0]) == name
    ]
    return _first(_functions(tree, name)) or (aliases or [0])[0]


def _constructor(tree: ast.AST, fault: Fault) -> int:
    """The line that makes a set or a dict of the operands."""

    def makes_set(node: ast.AST) -> bool:
        return isinstance(node, ast.Set | ast.SetComp | ast.DictComp) or (
            isinstance(node, ast.Call) and _name(node.func) in ("set", "dict", "frozenset") and bool(node.args)
        )

    places: list[ast.AST] = [*_functions(tree, "__init__"), tree]
    found = [node for place in places for node in ast.walk(place) if isinstance(node, ast.expr) and makes_set(node)]
    return found[0].lineno if found else 0


def _equality(tree: ast.AST, fault: Fault) -> int:
    return _first(_functions(tree, "__eq__", "__hash__")) or _decorated(tree) or _first(_functions(tree, *PASSES))


def _decorated(tree: ast.AST) -> int:
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.decorator_list]
    return classes[0].decorator_list[0].lineno if classes else 0


def _recursion(tree: ast.AST, fault: Fault) -> int:
    """Where a function of the pass, or any other, calls itself."""
    inside = [node for place in _functions(tree, *PASSES) for node in ast.walk(place)]
    for function in [node for node in (*inside, *ast.walk(tree)) if isinstance(node, Function)]:
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and _calls(node, function.name)]
        if calls:
            return calls[0].lineno
    return 0


def _calls(node: ast.Call, name: str) -> bool:
    of_module = isinstance(node.func, ast.Attribute) and _name(node.func.value) in ("math", "np", "numpy", "cmath")
    return _name(node.func) == name and not of_module


SEARCH: Mapping[str, Callable[[ast.AST, Fault], int]] = {
    "gradient": _gradient,
    "value": _value,
    "backward": _backward,
    "class": _class,
    "reflected": _reflected,
    "constructor": _constructor,
    "equality": _equality,
    "recursion": _recursion,
}
