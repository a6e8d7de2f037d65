"""The classic faults of scalar engines, each a change of one setting of the engine and a sentence that names it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from autograd.grading.engine import EVERY, Settings
from autograd.grading.program import BINARY, FUNCTIONS, SYMBOL
from autograd.primitive import lookup


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `name` is for machines, `sentence` for people, `place` says where the source is searched."""

    name: str
    sentence: str
    setting: str
    value: Any
    place: str  # "gradient", "value", "backward", "class", "constructor"
    operation: str = ""  # '' where it is not one operation's

    def planted(self, settings: Settings) -> Settings:
        """The settings with this fault besides those that are there."""
        before = getattr(settings, self.setting)
        if isinstance(before, frozenset | Mapping):
            return replace(settings, **{self.setting: before | self.value})
        return replace(settings, **{self.setting: self.value})


def planted(faults: Iterable[Fault], settings: Settings | None = None) -> Settings:
    """The settings of an engine with all of these faults.

    >>> planted([FAULTS["= for +="]]).assigns
    frozenset({'every operation'})
    """
    found = settings or Settings()
    for fault in faults:
        found = fault.planted(found)
    return found


def written(operation: str) -> str:
    """An operation as it is written: `x / y`, `tanh(x)`.

    >>> written("div"), written("neg"), written("tanh")
    ('x / y', '-x', 'tanh(x)')
    """
    if operation in SYMBOL:
        return f"x {SYMBOL[operation]} y"
    return "-x" if operation == "neg" else f"{operation}(x)"


# --- local derivatives ------------------------------------------------------------------------------------------------

# operation, operand, (out, *operands) -> the wrong derivative, what is wrong with it
WRONG_PARTIALS: tuple[tuple[str, int, Callable[..., float], str], ...] = (
    ("add", 1, lambda out, x, y: -1.0, "the sign of the derivative by y is wrong: it is 1"),
    ("sub", 1, lambda out, x, y: 1.0, "the sign of the derivative by y is wrong: it is −1"),
    ("sub", 0, lambda out, x, y: -1.0, "the sign of the derivative by x is wrong: it is 1"),
    ("mul", 0, lambda out, x, y: x, "the derivative by x is y, not x itself"),
    ("mul", 1, lambda out, x, y: y, "the derivative by y is x, not y itself"),
    ("mul", 0, lambda out, x, y: 1.0, "the derivative by x is y, not 1"),
    ("mul", 1, lambda out, x, y: 1.0, "the derivative by y is x, not 1"),
    ("div", 1, lambda out, x, y: x / (y * y), "the sign of the derivative by y is wrong: it is −x / y²"),
    ("div", 1, lambda out, x, y: -x / y, "the derivative by y is −x / y²: the square is missing"),
    ("div", 1, lambda out, x, y: -1.0 / (y * y), "the derivative by y is −x / y²: the factor x is missing"),
    ("div", 1, lambda out, x, y: x, "the derivative by y is −x / y², not x"),
    ("div", 0, lambda out, x, y: y, "the derivative by x is 1 / y, not y"),
    ("div", 0, lambda out, x, y: 1.0, "the derivative by x is 1 / y, not 1"),
    ("pow", 0, lambda out, x, n: x ** (n - 1.0), "the derivative by x is n xⁿ⁻¹: the factor n is missing"),
    ("pow", 0, lambda out, x, n: n * out, "the derivative by x is n xⁿ⁻¹: the exponent is not lowered"),
    ("pow", 0, lambda out, x, n: -n * x ** (n - 1.0), "the sign of the derivative by x is wrong: it is n xⁿ⁻¹"),
    ("pow", 0, lambda out, x, n: (n - 1.0) * x ** (n - 1.0), "the derivative by x is n xⁿ⁻¹: the factor is n − 1"),
    ("pow", 0, lambda out, x, n: n * x ** (n + 1.0), "the derivative by x is n xⁿ⁻¹: the exponent is raised"),
    ("pow", 0, lambda out, x, n: n * x, "the derivative by x is n xⁿ⁻¹: n x is right for squares only"),
    ("pow", 1, lambda out, x, n: 0.0, "an exponent that is a Value gets no gradient: it is xⁿ ln x"),
    ("pow", 1, lambda out, x, n: out, "the derivative by the exponent is xⁿ ln x: the logarithm is missing"),
    ("pow", 1, lambda out, x, n: n * x ** (n - 1.0), "the derivative by the exponent is xⁿ ln x, not n xⁿ⁻¹"),
    ("neg", 0, lambda out, x: 1.0, "the sign of the derivative is wrong: it is −1"),
    ("exp", 0, lambda out, x: 1.0, "the derivative is exp(x), not 1"),
    ("exp", 0, lambda out, x: x, "the derivative is exp(x), the output, not the input"),
    ("exp", 0, lambda out, x: -out, "the sign of the derivative is wrong: it is exp(x)"),
    ("exp", 0, lambda out, x: math.exp(out), "the derivative is exp(x), the output, not exp of the output"),
    ("exp", 0, lambda out, x: x * math.exp(x - 1.0), "the derivative is exp(x): the power rule does not hold here"),
    ("log", 0, lambda out, x: 1.0 / out, "the derivative is 1 / x, of the input, not of the output"),
    ("log", 0, lambda out, x: x, "the derivative is 1 / x, not x"),
    ("log", 0, lambda out, x: -1.0 / x, "the sign of the derivative is wrong: it is 1 / x"),
    ("log", 0, lambda out, x: 1.0 / (x * x), "the derivative is 1 / x, not 1 / x²"),
    ("tanh", 0, lambda out, x: 1.0 - x * x, "the derivative is 1 − tanh²(x), of the output, not of the input"),
    ("tanh", 0, lambda out, x: 1.0 - out, "the derivative is 1 − tanh²(x): the square is missing"),
    ("tanh", 0, lambda out, x: out * out - 1.0, "the sign of the derivative is wrong: it is 1 − tanh²(x)"),
    ("tanh", 0, lambda out, x: 1.0 + out * out, "the derivative is 1 − tanh²(x), not 1 + tanh²(x)"),
    ("tanh", 0, lambda out, x: 1.0 - math.tanh(out) ** 2, "the derivative is 1 − tanh²(x): tanh is taken twice"),
    ("sigmoid", 0, lambda out, x: x * (1.0 - x), "the derivative is σ(x) (1 − σ(x)), of the output, not of the input"),
    ("sigmoid", 0, lambda out, x: 1.0 - out, "the derivative is σ(x) (1 − σ(x)): the factor σ(x) is missing"),
    ("sigmoid", 0, lambda out, x: out * (1.0 + out), "the derivative is σ(x) (1 − σ(x)), with a minus"),
    ("sigmoid", 0, lambda out, x: out * (out - 1.0), "the sign of the derivative is wrong: it is σ(x) (1 − σ(x))"),
    ("relu", 0, lambda out, x: float(x >= 0.0), "the derivative at 0 is 0 by convention: ≥ must be >"),
    ("relu", 0, lambda out, x: 1.0, "the derivative is 0 for negative x"),
    ("relu", 0, lambda out, x: max(x, 0.0), "the derivative is 0 or 1, not the output"),
    (
        "relu",
        0,
        lambda out, x: float(x < 0.0),
        "the derivative is 1 for positive x and 0 for negative x, not the reverse",
    ),
    ("sqrt", 0, lambda out, x: 0.5 / x, "the derivative is 1 / (2 √x), of the output, not of the input"),
    ("sqrt", 0, lambda out, x: 0.5 * out, "the derivative is 1 / (2 √x), not √x / 2"),
    ("sqrt", 0, lambda out, x: 1.0 / out, "the derivative is 1 / (2 √x): the factor ½ is missing"),
    ("sin", 0, lambda out, x: -math.cos(x), "the sign of the derivative is wrong: it is cos(x)"),
    ("sin", 0, lambda out, x: math.cos(out), "the derivative is cos(x), of the input, not of the output"),
    ("cos", 0, lambda out, x: math.sin(x), "the sign of the derivative is wrong: it is −sin(x)"),
    ("cos", 0, lambda out, x: -math.sin(out), "the derivative is −sin(x), of the input, not of the output"),
    ("abs", 0, lambda out, x: 1.0, "the derivative is −1 for negative x"),
)
WRONG_VALUES: tuple[tuple[str, Callable[..., float], str], ...] = (
    ("sub", lambda x, y: y - x, "the operands are exchanged"),
    ("sub", lambda x, y: x + y, "it adds"),
    ("div", lambda x, y: y / x, "the operands are exchanged"),
    ("div", lambda x, y: x // y, "it is rounded down: // must be /"),
    ("pow", lambda x, y: y**x, "base and exponent are exchanged"),
    ("pow", lambda x, y: x * y, "it multiplies"),
    ("relu", lambda x: x, "negative numbers are not cut off"),
    ("relu", abs, "it is the absolute value"),
    ("log", math.log10, "it is the logarithm to base 10"),
    ("log", math.log2, "it is the logarithm to base 2"),
    ("tanh", math.tan, "it is the tangent"),
    ("sigmoid", lambda x: 1.0 / (1.0 + math.exp(x)), "the sign in the exponent is wrong: it is 1 / (1 + exp(−x))"),
)


def _with_partial(operation: str, place: int, wrong: Callable[..., float]) -> Callable[..., list[float]]:
    def rule(out: float, *operands: float) -> list[float]:
        return [
            wrong(out, *operands) if i == place else _right(operation, i, out, operands) for i in range(len(operands))
        ]

    return rule


def _right(operation: str, place: int, out: float, operands: tuple[float, ...]) -> float:
    if operation == "pow" and operands[0] <= 0.0:  # a constant exponent
        return 0.0 if place else operands[1] * operands[0] ** (operands[1] - 1.0)
    flow = lookup(operation).partials_at(out, operands)[place]
    return 0.0 if flow is None else float(flow)


def _local() -> Iterable[Fault]:
    for number, (operation, place, wrong, text) in enumerate(WRONG_PARTIALS):
        name, rule = f"derivative of {operation} #{number}", _with_partial(operation, place, wrong)
        sentence = f"{written(operation)}: {text}."
        yield Fault(name, sentence, "partials", {operation: rule}, "gradient", operation)
    for operation in BINARY[:4]:
        for place, letter in ((1, "y"), (0, "x")):
            rule = _with_partial(operation, place, lambda out, x, y: 0.0)
            sentence = f"{written(operation)}: {letter} gets no gradient."
            yield Fault(
                f"{operation}: no gradient for {letter}", sentence, "partials", {operation: rule}, "gradient", operation
            )
    for number, (operation, value, text) in enumerate(WRONG_VALUES):
        sentence = f"{written(operation)} has a wrong value: {text}."
        yield Fault(f"value of {operation} #{number}", sentence, "values", {operation: value}, "value", operation)


# --- constants on the left --------------------------------------------------------------------------------------------


def _reflected() -> Iterable[Fault]:
    for operation in BINARY:
        method, example = f"__r{_method(operation)}__", f"2 {SYMBOL[operation]} x"
        missing = f"{example} raises TypeError: {method} is missing."
        if operation == "add":
            missing = f"{example} raises TypeError: {method} is missing, so sum(…), which starts with 0, fails too."
        yield Fault(f"missing {method}", missing, "missing", frozenset([operation]), "class", operation)
    for operation in ("sub", "div", "pow"):
        method, example = f"__r{_method(operation)}__", f"2 {SYMBOL[operation]} x"
        sentence = f"{example} is computed as x {SYMBOL[operation]} 2: {method} has to exchange the operands."
        yield Fault(f"swapped {method}", sentence, "swapped", frozenset([operation]), "reflected", operation)


def _method(operation: str) -> str:
    return "truediv" if operation == "div" else operation


# --- the backward pass ------------------------------------------------------------------------------------------------

NO_ORDER = (
    "There is no topological order: a value passes its gradient on before all values that use it have added theirs"
)
SHARED = "so a value that is used twice keeps only one of its gradients"


def _pass(name: str, setting: str, value: Any, place: str = "backward") -> Callable[[str], Fault]:
    return lambda sentence: Fault(name, sentence, setting, value, place)


STRUCTURAL = (
    _pass("= for +=", "assigns", frozenset([EVERY]), "gradient")(
        f"Gradients are assigned (=) where they have to be added (+=), {SHARED}."
    ),
    _pass("seed missing", "seed", "missing")(
        "backward() does not set the gradient of the result to 1 before it starts."
    ),
    _pass("seed is the value", "seed", "value")(
        "backward() starts with the value of the result; the gradient of the result by itself is 1."
    ),
    _pass("seed 2", "seed", "two")("backward() starts with 2; the gradient of the result by itself is 1."),
    _pass("no reset", "resets", "none")(
        "The gradients of intermediate results are still there at the second backward(), and count again: clear them"
        " first."
    ),
    _pass("depth first", "order", "depth first")(f"{NO_ORDER} (depth-first order)."),
    _pass("breadth first", "order", "breadth first")(f"{NO_ORDER} (breadth-first order)."),
    _pass("every path", "order", "every path")(
        "There is no topological order: backward() calls itself for each operand, so a shared value passes on several"
        " times what it has collected."
    ),
    _pass("not reversed", "order", "not reversed")(
        "The topological order is not reversed: operands come before the values that use them."
    ),
    _pass("repeated operand", "counts", "last", "constructor")(
        "An operand that occurs twice, as in x * x, gets its gradient only once: operands are kept in a set or a dict."
    ),
    _pass("repeated operand, first", "counts", "first", "constructor")(
        "An operand that occurs twice, as in x / x, gets only the first of its two gradients."
    ),
    _pass("equal values merged", "merges", True, "equality")(
        "Two values that are equal are taken for the same one: compare and hash them by identity."
    ),
    _pass("no chain rule", "without_chain", frozenset([EVERY]), "gradient")(
        "The chain rule is missing: local derivatives are not multiplied by the gradient of the output."
    ),
    _pass("recursion", "recursive", True, "recursion")(
        "Deep graphs raise RecursionError: the order is found by recursion; use a loop with a stack."
    ),
)


def _of_one_operation() -> Iterable[Fault]:
    for operation in (*BINARY, "neg", *FUNCTIONS):
        of = written(operation)
        only = frozenset([operation])
        assigned = f"{of}: gradients are assigned (=) where they have to be added (+=), {SHARED}."
        chain = f"{of}: the local derivative is not multiplied by the gradient of the output."
        mutated = f"{of}: the operand itself is changed; the result has to be a new value."
        yield Fault(f"= for += in {operation}", assigned, "assigns", only, "gradient", operation)
        for place, letter in enumerate("xy" if operation in BINARY else ""):
            sentence = f"{of}: the gradient of {letter} is assigned (=) where it has to be added (+=)."
            single = frozenset([(operation, place)])
            yield Fault(f"= for += in {operation}, {letter}", sentence, "assigns", single, "gradient", operation)
        yield Fault(f"no chain rule in {operation}", chain, "without_chain", only, "gradient", operation)
        yield Fault(f"{operation} mutates", mutated, "mutates", only, "value", operation)


FAULTS: Mapping[str, Fault] = {
    fault.name: fault for fault in (*STRUCTURAL, *_local(), *_reflected(), *_of_one_operation())
}
