"""Primitives: a name, a value on floats, and partials. Nothing here knows about graphs.

A type that wants to see the primitives applied to it defines a method

    def __primitive__(self, primitive, operands): ...      # asked on the first operand whose type has one

as NumPy asks `__array_ufunc__`; it may return `NotImplemented` to leave the call to a later operand. Nodes record
themselves this way, and so can 60-digit numbers or the symbols of a compiler. Plain numbers are simply computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from inspect import Parameter, Signature
from itertools import product
from math import isnan
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, overload

from autograd.errors import GraphError, shown

if TYPE_CHECKING:
    from autograd.signatures import Number, Real, SupportsPrimitive
    from autograd.value import Value

Interval = tuple[float, float]
Rule = Callable[..., Any]
REALS: Interval = (float("-inf"), float("inf"))


class _RowDocumentation:
    """`help(Primitive)` shows the class, `help(tanh)` the row."""

    def __init__(self, of_class: str) -> None:
        self.of_class = of_class

    def __get__(self, row: Primitive | None, owner: type) -> str:
        return self.of_class if row is None else row.describe()


class _RowSignature:
    """`inspect.signature(Primitive)` is that of the class, `inspect.signature(pow)` names the operands of the row."""

    def __get__(self, row: Primitive | None, owner: type) -> Signature:
        if row is None:
            raise AttributeError("the class has the signature of its __init__")
        if row.arity is None:
            return Signature([Parameter("operands", Parameter.VAR_POSITIONAL)])
        return Signature([Parameter(letter, Parameter.POSITIONAL_ONLY) for letter in _letters(row.arity)])


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Primitive:
    """One row of the table: an operation that is recorded as one node.

    `value(*numbers)` is its meaning on floats. `partials[i]` is ∂out/∂operand_i: a function of `(out, *operands)`
    written in operators and other primitives, so that one line serves floats, Values and any type with
    `__primitive__`; a number where the partial is constant; None where nothing ever flows (the condition of `where`).
    A function may return None at a point where no gradient flows, as for the branch that `where` did not take.
    With any number of operands, the one function `variadic(out, *operands)` returns all partials.

    `domain` is the closed interval of each operand outside which the value is nan. `kinks(*operands)` gives numbers
    that are 0 exactly where left and right derivatives differ; points of the first operand may be given instead.

    >>> PRIMITIVES["tanh"]
    <primitive tanh(x)>
    >>> PRIMITIVES["tanh"](0.0)
    0.0
    """

    __doc__ = _RowDocumentation(__doc__)
    __signature__: ClassVar[_RowSignature] = _RowSignature()

    name: str
    symbol: str
    value: Callable[..., float]
    partials: tuple[Rule | float | None, ...]
    variadic: Rule | None
    domain: tuple[Interval, ...]
    kinks: Callable[..., Sequence[float]] | tuple[float, ...]
    formula: str
    arity: int | None  # None: any number

    if TYPE_CHECKING:

        @overload
        def __call__(self, x: Value, /, *others: Number) -> Value: ...
        @overload
        def __call__(self, x: Real, y: Value, /, *others: Number) -> Value: ...
        @overload
        def __call__(self, *operands: Real) -> float: ...  # type: ignore[overload-overlap]
        @overload
        def __call__(self, *operands: Number) -> Value: ...
        @overload
        def __call__(self, *operands: Number | SupportsPrimitive) -> Any: ...

    def __call__(self, *operands: Any) -> Any:
        """Apply it: plain numbers give a float, anything with `__primitive__` what that makes of it."""
        all_floats = True
        for operand in operands:
            if type(operand) is not float:
                all_floats = False
                intercept = getattr(operand, "__primitive__", None)
                if intercept is not None:
                    result = intercept(self, operands)
                    if result is not NotImplemented:
                        return result
        if len(operands) != self.arity and self.arity is not None:
            self.check_arity(operands)
        return self.value(*operands) if all_floats else self.value(*map(self._plain, operands))

    def _plain(self, operand: Any) -> float:
        try:
            if hasattr(operand, "__float__"):
                return float(operand)
        except TypeError:  # an array with another number of elements than one
            pass
        raise TypeError(f"{self.name} takes real numbers, got {shown(operand)} ({type(operand).__name__})")

    def check_arity(self, operands: Sequence[Any]) -> None:
        """Raise TypeError unless it takes that many operands.

        >>> from autograd.rules import mul
        >>> mul.check_arity([2.0])
        Traceback (most recent call last):
            ...
        TypeError: mul takes 2 operand(s), got 1
        """
        if self.arity is not None and len(operands) != self.arity:
            raise TypeError(f"{self.name} takes {self.arity} operand(s), got {len(operands)}")

    def partials_at(self, out: Any, operands: Sequence[Any]) -> Sequence[Any]:
        """Every partial at `operands`, with the result `out` there; None where nothing flows.

        The operands are floats or of another number-like type, and so are the partials.

        >>> from autograd.rules import mul
        >>> mul.partials_at(6.0, (2.0, 3.0))
        (3.0, 2.0)
        """
        if self.variadic:
            partials: Sequence[Any] = self.variadic(out, *operands)
            return partials
        return tuple([rule(out, *operands) if callable(rule) else rule for rule in self.partials])

    def distances_to_kinks(self, operands: Sequence[float]) -> Sequence[float]:
        """Numbers that are 0 exactly where `operands` sit on a kink.

        >>> from autograd.rules import maximum, relu
        >>> relu.distances_to_kinks([0.25]), maximum.distances_to_kinks([3.0, 5.0])
        ((0.25,), (-2.0,))
        """
        if callable(self.kinks):
            return self.kinks(*operands)
        return tuple(operands[0] - kink for kink in self.kinks)

    def signature(self) -> str:
        """The call as text: `tanh(x)`, `atan2(x, y)`, `dot(…)`.

        >>> PRIMITIVES["atan2"].signature()
        'atan2(x, y)'
        """
        return f"{self.name}({'…' if self.variadic else ', '.join(_letters(len(self.partials)))})"

    def describe(self) -> str:
        """The row in words: what it computes, where it is defined, where it has kinks.

        >>> print(PRIMITIVES["sqrt"].describe())
        sqrt(x) = √x
        <BLANKLINE>
        Defined for x in [0, inf]; nan outside.
        For example, sqrt(0.5) = 0.707107, with derivative 0.707107.
        """
        lines = [f"{self.signature()} = {self.formula}" if self.formula else self.signature(), ""]
        for place, letter in enumerate(_letters(len(self.domain))):
            low, high = self.domain[place]
            if (low, high) != REALS:
                outside = "nan outside" if self._is_nan_outside(place) else "outside not always nan"
                lines.append(f"Defined for {letter} in [{low:g}, {high:g}]; {outside}.")
        if callable(self.kinks):
            lines.append("It has kinks where its operands meet.")
        elif self.kinks:
            lines.append(f"Kinks at x = {', '.join(f'{kink:g}' for kink in self.kinks)}.")
        if self.domain:
            with suppress(ArithmeticError, TypeError, ValueError):  # the row may be a user's
                lines.append(self._example())
        return "\n".join(lines).rstrip()

    def _is_nan_outside(self, place: int) -> bool:
        """Whether the value is nan below and above the interval of an operand: (−2)² is 4, (−2)^½ is nan."""
        low, high = self.domain[place]
        outside = [x for x in (low - 2.0, low - 0.5, high + 0.5, high + 2.0) if not low <= x <= high]
        probes = [[0.0, 0.5, 2.0]] * len(self.domain)
        probes[place] = outside
        with suppress(ArithmeticError, TypeError, ValueError):  # the row may be anybody's
            return all(isnan(self.value(*operands)) for operands in product(*probes))
        return True

    def _example(self) -> str:
        usual = (0.5, 2.0, 3.0, *[1.0] * len(self.domain))
        operands = [x if low <= x <= high else low + 0.5 for x, (low, high) in zip(usual, self.domain, strict=False)]
        out = self.value(*operands)
        call = f"{self.name}({', '.join(f'{x:g}' for x in operands)})"
        partials = ", ".join("none" if d is None else f"{d:.6g}" for d in self.partials_at(out, operands))
        return f"For example, {call} = {out:.6g}, with derivative{'s' * (len(operands) > 1)} {partials}."

    def __repr__(self) -> str:
        return f"<primitive {self.signature()}>"

    def __reduce__(self) -> tuple[Callable[[str], Primitive], tuple[str]]:
        return (lookup if _registry.get(self.name) is self else opaque), (self.name,)


_registry: dict[str, Primitive] = {}
PRIMITIVES: Mapping[str, Primitive] = MappingProxyType(_registry)
"""Every primitive by name, also those that users define: a read-only view."""


def define(
    name: str,
    value: Callable[..., float],
    *partials: Rule | float | None,
    variadic: Rule | None = None,
    symbol: str = "",
    domain: Sequence[Interval] = (),
    kinks: Callable[..., Sequence[float]] | Sequence[float] = (),
    formula: str = "",
) -> Primitive:
    """Add a primitive to the table; from then on it is recorded, differentiated, documented like the rest.

    name      an identifier, by which it is found in `PRIMITIVES`
    symbol    what it is called in pictures, by default the name
    value     the function on floats
    partials  number i takes `(out, *operands)` and gives ∂out/∂operand_i in operators and primitives, never in `math`
              functions, so that it can be differentiated again; a number or None is constant
    variadic  instead, for any number of operands: all partials from `(out, *operands)`
    domain    the interval of each operand outside which the value is nan; everywhere it is defined when left out
    kinks     where left and right derivatives differ: see `Primitive`
    formula   what it computes, for its documentation

    >>> cube = define("cube", lambda x: x * x * x, lambda out, x: 3.0 * x * x, formula="x³")
    >>> from autograd import Value
    >>> x = Value(2.0)
    >>> cube(x).backward(); x.grad
    12.0

    It stays for the whole process; `autograd.testing.defined` is for a test that wants a primitive of its own.

    ValueError when the name is taken or not an identifier; TypeError when the parts do not fit together.
    """
    if not (isinstance(name, str) and name.isidentifier()):
        raise ValueError(f"a primitive's name must be an identifier like 'cube', got {name!r}")
    if name in _registry:
        raise ValueError(f"primitive {name!r} is already defined; choose another name")
    if bool(partials) == bool(variadic):
        raise TypeError(f"{name}: give one partial per operand, or variadic= for any number of operands")
    for part in (value, *partials, variadic):
        if not (part is None or callable(part) or isinstance(part, int | float)):
            raise TypeError(f"{name}: a value or partial must be a function, a number or None, got {part!r}")
    if not callable(value):
        raise TypeError(f"{name}: value must be a function of floats, got {value!r}")
    intervals = tuple(domain) or (REALS,) * len(partials)
    if not variadic and len(intervals) != len(partials):
        raise TypeError(f"{name}: {len(partials)} operands but {len(intervals)} intervals in domain")
    _registry[name] = Primitive(
        name=name,
        symbol=symbol or name,
        value=value,
        partials=tuple(float(p) if isinstance(p, int | float) else p for p in partials),
        variadic=variadic,
        domain=intervals,
        kinks=kinks if callable(kinks) else tuple(kinks),
        formula=formula,
        arity=None if variadic else len(partials),
    )
    return _registry[name]


def undefine(row: Primitive) -> None:
    """Take a user's primitive out of the table, if it is still there; nodes made with it remain what they are.

    >>> from autograd.primitive import undefine
    >>> half = define("half_for_now", lambda x: x / 2.0, 0.5)
    >>> undefine(half)
    >>> "half_for_now" in PRIMITIVES, half(3.0)
    (False, 1.5)
    """
    if _registry.get(row.name) is row:
        del _registry[row.name]


def lookup(name: str) -> Primitive:
    """The primitive of that name; GraphError when there is none (a pickled graph may need a user's `define` first).

    >>> lookup("tanh")
    <primitive tanh(x)>
    """
    if name not in _registry:
        raise GraphError(
            f"no primitive is named {name!r} here; run the autograd.define({name!r}, …) it came from first"
        )
    return _registry[name]


@lru_cache(maxsize=1024)
def opaque(name: str) -> Primitive:
    """The primitive of an opaque node: a name, but no rule to compute or differentiate it with.

    >>> opaque("square").variadic(9.0, 3.0)
    Traceback (most recent call last):
        ...
    autograd.errors.GraphError: node 'square' is opaque, made from numbers: backward() can use its recorded ...
    """

    def refuse(*_: Any) -> NoReturn:
        raise GraphError(
            f"node {name!r} is opaque, made from numbers: backward() can use its recorded partials, but there is no "
            "rule to compute or differentiate it again; give it one with autograd.define(name, value, *partials)"
        )

    return Primitive(name, name, refuse, (), refuse, (), (), "opaque", None)


def _letters(count: int) -> list[str]:
    return ["x", "y", "z"][:count] if count <= 3 else [f"x{i}" for i in range(count)]
