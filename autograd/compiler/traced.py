"""The numbers that a recorded function computes with: Values that ask the recording before they answer.

In eager mode the arguments of a function are floats, and what is computed from parameters are Values. Both are Values
here, of two classes that answer to Python as those would: a `Number` where eager has a float, a `Node` where it has a
Value, a `Condition` where it has a bool, an `Index` where it has an int that was given. Parameters stay what they are.

Nodes are made of their class and keep it; when the recording is over they are Values like any other.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import ContextVar
from numbers import Real
from types import FrameType
from typing import Any

from autograd import origin
from autograd.compiler.refusal import refuse
from autograd.inline import function
from autograd.operators import BINARY, RECORDED, maker
from autograd.primitive import Primitive
from autograd.scopes import active
from autograd.value import Value

current: ContextVar[Any] = ContextVar("what records in this thread (or task)", default=None)
_recorder = current.get
_identity = object.__hash__
_get_parents = Value.__dict__["parents"].__get__


def is_ours(frame: FrameType | None) -> bool:
    """Whether code of this project asks, also by way of an abstract class such as `numbers.Real`."""
    while frame is not None and frame.f_globals.get("__name__") == "abc":
        frame = frame.f_back
    return next(origin.inside(frame), None) is not None


def _holds(nodes: tuple[Value, ...], node: Value) -> bool:
    """Whether it is one of them; `in` would ask `==`, which of arguments is a question about numbers."""
    return any(node is each for each in nodes)


class Traced(Value):
    """A number that was computed during a recording, or an argument.

    It has no gradient meanwhile, and keeps its place in that slot: the one among the nodes, or −1, −2, … of arguments.
    """

    __slots__ = ()
    _place: Any = Value.__dict__["_grad"]

    @staticmethod
    def __primitive__(primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        """Record it, at once if the operands are all of the usual kinds."""
        recorder = _recorder()
        if recorder is None or active() is not recorder.alone or not _OPERANDS.issuperset(map(type, operands)):
            return Value.__primitive__(primitive, operands)
        if RECORDED.get(primitive) == {}:
            RECORDED[primitive].update({owner: _function(primitive, owner) for owner in (Node, Number)})
        primitive.check_arity(operands)
        return recorder.apply(primitive, tuple([float(x) if type(x) is int else x for x in operands]))

    def __index__(self) -> int:
        recorder = _recorder()
        number = self._data if recorder is None else recorder.as_integer(self)
        if not number.is_integer():
            raise TypeError(f"an index must be an integer, got {number!r}")
        return int(number)

    def _described(self) -> str:
        text = super()._described().removeprefix(type(self).__name__)
        return f"Value{text.replace(f'grad={self._grad!r}', 'grad=0.0')}"

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands that gradients flow to; a rule that dropped one here is asked why, since that is a guard too."""
        found: tuple[Value, ...] = _get_parents(self)
        if self.primitive is not None and len(found) < len(self.operands) and _recorder() is not None:
            for operand, rule in zip(self.operands, self.primitive.partials, strict=False):
                if callable(rule) and isinstance(operand, Value) and not _holds(found, operand):
                    rule(self, *self.operands)
        return found


class Node(Traced):
    """A number that is a Value in eager mode too: it depends on a parameter. `==` and `hash` are identity."""

    __slots__ = ()


def _class_in_eager(kind: type) -> Any:
    """`__class__`, which `isinstance` asks when the type is another one: the answer of eager mode, for the user."""

    def get(self: Traced) -> type:
        recorder = _recorder()
        if recorder is None or is_ours(sys._getframe(1)):
            return type(self)
        recorder.asked_kinds = True
        return kind

    return property(get)


_FLOOR = "use autograd.floor(x / y), and x % y for the rest"
_OF_FLOATS = frozenset(name for name in vars(float) if not name.startswith("__"))


class Number(Traced):
    """A number that is a float in eager mode: an argument, or computed from arguments alone."""

    __slots__ = ()
    __class__ = _class_in_eager(float)

    def __bool__(self) -> bool:
        recorder = _recorder()
        if recorder is None:
            return super().__bool__()
        return bool(recorder.truth(self))

    def __eq__(self, other: object) -> Any:
        recorder = _recorder()
        if recorder is None or type(other) in (Value, Node):  # a float is not a Value
            return self is other or NotImplemented
        return recorder.equal(self, other)

    def __floordiv__(self, other: Any) -> Any:
        return NotImplemented if _recorder() is None else refuse("floor division", _FLOOR)

    __rfloordiv__ = __divmod__ = __rdivmod__ = __floordiv__

    def __getattr__(self, name: str) -> Any:
        if name in _OF_FLOATS and _recorder() is not None:
            refuse(f"the attribute {name} of a float", "compute with operators and functions of autograd")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __hash__(self) -> int:
        if active() is None or _recorder() is None or is_ours(sys._getframe(1)):
            return _identity(self)
        return refuse(
            "a number as the key of a dictionary, the member of a set or the argument of a cache",
            "one program serves all numbers; compare it, as in v == 0.5, or give an integer",
        )


class Index(Number):
    """An argument that was given as an integer, while the function is recorded; `pick` keeps it in the program.

    So one recording serves all indices, where `values[index]` would be recorded again for every one. A library asks
    `isinstance(target, autograd.Index)` to see that a target is the number of a class.

    >>> from autograd import compile, pick
    >>> choose = compile(lambda xs, i: pick(xs, i))
    >>> choose([1.5, 2.5], 0), choose([1.5, 2.5], 1)
    (1.5, 2.5)
    >>> "recordings: 1" in choose.explain()
    True
    """

    __slots__ = ()
    __class__ = _class_in_eager(int)
    __eq__ = Number.__eq__

    def __hash__(self) -> int:
        recorder = _recorder()
        if active() is None or recorder is None or is_ours(sys._getframe(1)):
            return _identity(self)
        return hash(recorder.as_integer(self))


class Condition(Number):
    """A comparison of recorded numbers: 1 or 0 to a primitive, and a guard where a bool is asked for."""

    __slots__ = ()
    __class__ = _class_in_eager(bool)

    def __bool__(self) -> bool:
        recorder = _recorder()
        return bool(self._data) if recorder is None else bool(recorder.decide(self))

    def __eq__(self, other: object) -> Any:
        if _recorder() is None:
            return self is other or NotImplemented
        if isinstance(other, Number):
            return other == bool(self) if type(other) is not Condition else bool(self) is bool(other)
        return bool(self) == other if isinstance(other, Real) else NotImplemented

    def __hash__(self) -> int:
        if active() is None or _recorder() is None or is_ours(sys._getframe(1)):
            return _identity(self)
        return hash(bool(self))

    def __index__(self) -> int:
        return int(bool(self))

    def __and__(self, other: Any) -> Any:
        return bool(self) & other

    def __or__(self, other: Any) -> Any:
        return bool(self) | other

    def __xor__(self, other: Any) -> Any:
        return bool(self) ^ other

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__


# Python's own errors call an object by the name of its class: as in eager mode. (`pickle` goes by the qualified name.)
for _kind, _eager in ((Traced, Value), (Node, Value), (Number, float), (Condition, bool)):
    _kind.__name__ = _eager.__name__

# --- operators --------------------------------------------------------------------------------------------------------

# A recording consists of them: as those of Value, each is one flat function, made from its row.
_OPERATOR = """def operator(self, other):
    recorder = current()
    if recorder is None or active() is not recorder.block:
        known = None if recorder is None else recorder.known(primitive, {operands})
        return usual(self, other) if known is None else known
    {self} = self._data
    kind = type(other)
    if kind is Node or kind is Number:
        {other} = other._data
    elif kind is float or kind is int:
        {other} = other if kind is float else 1.0 * other
{number}    elif kind is Value:
        {other} = recorder.numbers.get(id(other))
        if {other} is None:
            return recorder.refuse_foreign(other)
    elif kind in operands:
        {other} = other._data
    else:
        return usual(self, other)
{both}"""
_KEPT = ("nodes = recorder.nodes", "out._grad = len(nodes)", "nodes.append(out)")


def _operator(name: str, row: Primitive, owner: type, is_reflected: bool) -> Any:
    """`__name__` of a class of recorded numbers; what it does not know is left to that of Value."""
    names: dict[str, Any] = {
        "usual": getattr(Value, name), "current": _recorder, "active": active, "operands": _OPERANDS,
        "new": object.__new__, "primitive": row, "Value": Value, "Node": Node, "Number": Number, "as_values": AS_VALUES,
    }  # fmt: skip
    (both, one, own, given) = (("self", "other"), ("self", "y"), "x", "y")
    if is_reflected:
        both, one, own, given = ("other", "self"), ("x", "self"), "y", "x"
    call = f"recorder.record(primitive, {', '.join(both)})"
    kind = "Node" if owner is Node else "Node if as_values(kind) else Number"
    source = _OPERATOR.format(
        self=own,
        operands=", ".join(both),
        other=given,
        number=maker(
            row, one, (int(is_reflected),), call, " " * 8, names, "Node" if owner is Node else "Number", _KEPT
        ),
        both=maker(row, both, (0, 1), call, " " * 4, names, kind, _KEPT),
    )
    return function(source, "operator", names)


# A function of one operand, likewise; made when a recording first has it.
_FUNCTION = """def function(operand):
    recorder = current()
    if recorder is None or active() is not recorder.block:
        known = None if recorder is None else recorder.known(primitive, operand, None)
        return primitive(operand) if known is None else known
    x = operand._data
"""


def _function(row: Primitive, owner: type) -> Callable[[Any], Any]:
    """The function of a row of one operand on a class of recorded numbers."""
    names: dict[str, Any] = {
        "current": _recorder, "active": active, "new": object.__new__, "primitive": row, "Node": Node, "Number": Number,
    }  # fmt: skip
    call, kind = "recorder.apply(primitive, (operand,))", "Node" if owner is Node else "Number"
    body = maker(row, ("operand",), (0,), call, "    ", names, kind, _KEPT)
    return function(_FUNCTION + body, "function", names)


_OPERANDS = frozenset([Value, Node, Number, Condition, Index, float, int])
AS_VALUES: Callable[[type], bool] = frozenset([Value, Node]).__contains__
"""Whether eager mode, too, has a Value where the recording has something of this type."""

for _name, _row in BINARY.items():
    for _owner in (Node, Number):
        setattr(_owner, f"__{_name}__", _operator(f"__{_name}__", _row, _owner, False))
        setattr(_owner, f"__r{_name}__", _operator(f"__r{_name}__", _row, _owner, True))
