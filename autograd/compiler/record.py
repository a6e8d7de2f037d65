"""Recording: run a function once on Values, keep every node, and notice whatever a program could not repeat.

While a function is recorded, each node that its thread makes becomes a `Traced`: a Value whose class says what happens
when the program looks at numbers. A comparison gives a `Condition`, which `where` takes as it is; `if` makes it a
*guard*: the outcome is kept, and a later call for which it would come out differently records again. So are
`float(v)`, `int(v)` and an index: the program is for that number only. `pick` takes an index as it is.
Reading or writing `.data` is refused, with the line and the way out. Parameters are Traced for the time of the
recording, and plain Values for other threads all the same: what is guarded depends on the thread.
"""

from __future__ import annotations

import numbers
import sys
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, NamedTuple, NoReturn

from autograd import origin, recording, rules
from autograd.errors import CompileError
from autograd.primitive import PRIMITIVES, Primitive
from autograd.value import Value, as_float, node

# Modules that look at numbers in order to record; the debugger's watchers only show them.
_MAY_READ = {"autograd.value", "autograd.affine", "autograd.compiler.lower", "autograd.compiler.differentiate"}
_MAY_READ_PREFIX = ("autograd.debugging.",)
_BAKED = (
    "that number would be baked into the program; use v.detach() for a number without a gradient, and "
    "autograd.maximum, where, softmax or logsumexp for a choice or a shift"
)


class Observed(NamedTuple):
    """What was asked during recording: `left relation right` was `outcome`; program.py lists the relations."""

    relation: str
    left: Any
    right: Any
    outcome: bool
    where: str


@dataclass
class Recorder:
    """What a recording collects: the nodes in the order they were made, which is topological, and the guards."""

    numbers: dict[int, float]  # of the parameters, by identity: another thread may change theirs meanwhile
    nodes: list[Any] = field(default_factory=list)
    guards: list[Observed] = field(default_factory=list)

    def record(self, row: Primitive, left: Any, right: Any) -> Any:
        """The node of an operator on recorded numbers, or one of them and a float or int."""
        numbers = self.numbers
        x, y = [
            numbers[id(each)] if id(each) in numbers else _get_data(each) if isinstance(each, Value) else float(each)
            for each in (left, right)
        ]
        out = _new(Value)
        out.data = data = row.value(x, y)
        out.grad = 0.0
        out.primitive = row
        dx, dy = row.partials
        out._x, out._dx = (left, dx(data, x, y) if callable(dx) else dx) if isinstance(left, Value) else (x, None)
        out._y, out._dy = (right, dy(data, x, y) if callable(dy) else dy) if isinstance(right, Value) else (y, None)
        out.__class__ = Traced
        self.nodes.append(out)
        return out

    def see(self, made: Any) -> None:
        """The watcher: take in a new node, or say why a program cannot have it."""
        if type(made) is not Value:
            refuse(
                f"a node of the class {type(made).__name__}", "only plain Values can be recorded; use autograd.Value"
            )
        row = made.primitive
        if row is None:
            if recording.is_off():
                refuse("no_graph()", "its results would be baked in; use v.detach() instead")
        elif PRIMITIVES.get(row.name) is not row:
            refuse(f"the node {row.name!r} made by hand", "there is no rule for it; see autograd.define")
        else:
            for operand in made.operands:
                if type(operand) is Value:
                    refuse_foreign(operand)
        made.__class__ = Traced
        self.nodes.append(made)


_active: ContextVar[Recorder | None] = ContextVar("the recording of this thread", default=None)
_lock = RLock()  # one recording at a time: parameters change their class


def is_recording() -> bool:
    """Whether this thread is recording a function."""
    return _active.get() is not None


@contextmanager
def tracing(
    leaves: Sequence[Any], numbers: Sequence[float], indices: Container[int] = frozenset()
) -> Iterator[Recorder]:
    """Record what this thread does in the block, `leaves` having these numbers; then all are plain Values again.

    The leaves in the places `indices` are of the class `Index`.

    >>> w = Value(0.0)
    >>> with tracing([w], [2.0]) as recorder:
    ...     y = w * 3.0 if w > 1.0 else w
    >>> [node.op for node in recorder.nodes], recorder.guards[0].relation, type(w) is type(y) is Value
    (['greater', 'mul'], '>', True)

    CompileError for what a program could not repeat; it names file and line.
    """
    recorder = Recorder({id(leaf): number for leaf, number in zip(leaves, numbers, strict=True)})
    with _lock, recording.paused_gc(), recording.recorded(), recording.watching(recorder.see):
        token = _active.set(recorder)
        try:
            for place, leaf in enumerate(leaves):
                leaf.__class__ = Index if place in indices else Traced
            yield recorder
        finally:
            _active.reset(token)
            for each in (*leaves, *recorder.nodes):
                each.__class__ = Value


def where_asked() -> str:
    """`file:line` of the user's code that is being carried out."""
    asking = origin.asking()
    return "an unknown place" if asking is None else f"{asking[0].co_filename}:{origin.span(asking)[0]}"


def refuse(what: str, way_out: str) -> NoReturn:
    """Raise the CompileError of something that cannot be recorded, with the place."""
    raise CompileError(f"{where_asked()}: cannot compile {what}: {way_out}")


def refuse_foreign(value: Value) -> NoReturn:
    """Raise for a Value that was made outside, and is no parameter: a program would not see it change."""
    way_out = "pass it in parameters= or as an argument, or close over a plain number, as in v.data"
    if value.primitive is not None:
        way_out = "compute it inside the function, or close over a plain number, as in v.data"
    refuse(f"the use of {value!r}, made outside the function", way_out)


# --- Values that notice -----------------------------------------------------------------------------------------------


def _observe(relation: str, left: Any, right: Any, outcome: bool) -> None:
    """Keep the answer as a guard, if this thread is recording."""
    if (recorder := _active.get()) is not None:
        recorder.guards.append(Observed(relation, left, right, outcome, where_asked()))


def _comparison(name: str, relation: str, row: Primitive, mirrored: bool = False) -> Callable[[Value, Any], Any]:
    compare = getattr(Value, name)

    def method(self: Value, other: Any) -> Any:
        outcome = compare(self, other)
        if outcome is NotImplemented or not is_recording():
            return outcome
        if type(other) is Value:
            refuse_foreign(other)
        right = other if isinstance(other, Value) else as_float(other)
        return _condition(row(right, self) if mirrored else row(self, right), relation, self, right, outcome)

    return method


def _condition(made: Any, relation: str, left: Any, right: Any, outcome: bool) -> Any:
    """The node of a comparison, which knows what to guard when its truth is asked for."""
    made.__class__ = Condition
    made.asked = Observed(relation, left, right, outcome, where_asked())
    return made


def _refused(name: str, what: str, way_out: str) -> Any:
    usual = getattr(Value, name)

    def method(self: Value, *args: Any, **options: Any) -> Any:
        if is_recording():
            refuse(what, way_out)
        return usual(self, *args, **options)

    return method


def _guarded_slot(name: str, reading: str) -> Any:
    """The slot of that name: the engine may use it, the function that is being recorded may not."""
    slot = Value.__dict__[name]

    def get(self: Value) -> Any:
        recorder = _active.get()
        if recorder is None:
            return slot.__get__(self)
        module = sys._getframe(1).f_globals.get("__name__", "")
        if module not in _MAY_READ and not module.startswith(_MAY_READ_PREFIX):
            refuse(f"a read of .{name}", reading)
        number = recorder.numbers.get(id(self)) if name == "data" else None
        return slot.__get__(self) if number is None else number

    def put(self: Value, x: Any) -> None:
        if is_recording():
            refuse(f"an assignment to .{name}", _NO_EFFECTS)
        slot.__set__(self, x)

    return property(get, put)


_NO_EFFECTS = "a program repeats no side effects; do it outside the function"


_get_data, _new = Value.__dict__["data"].__get__, object.__new__
_get_parents = Value.__dict__["parents"].__get__


def _operators(name: str, row: Primitive) -> tuple[Any, Any]:
    """`__name__` and its reflection: what those of Value do, written out for speed: recordings are full of them."""
    usual, reflected = getattr(Value, f"__{name}__"), getattr(Value, f"__r{name}__")

    def forward(self: Value, other: Any) -> Any:
        recorder = _active.get()
        if recorder is None or recording.busy or recording.watchers() > 1 or other.__class__ not in _OPERANDS:
            return usual(self, other)
        return recorder.record(row, self, other)

    def backward(self: Value, other: Any) -> Any:
        recorder = _active.get()
        if recorder is None or recording.busy or recording.watchers() > 1 or other.__class__ not in _NUMBERS:
            return reflected(self, other)
        return recorder.record(row, other, self)

    return forward, backward


class Traced(Value):
    """A Value while it is recorded; for threads that record nothing, a Value like any other.

    Its class is put on and taken off a node, so it has no contents of its own.
    """

    __slots__ = ()

    __add__, __radd__ = _operators("add", rules.add)
    __sub__, __rsub__ = _operators("sub", rules.sub)
    __mul__, __rmul__ = _operators("mul", rules.mul)
    __truediv__, __rtruediv__ = _operators("truediv", rules.div)
    __pow__, __rpow__ = _operators("pow", rules.pow_)
    data = _guarded_slot("data", _BAKED)
    grad = _guarded_slot("grad", "take the gradient of the compiled function with value_and_grad")
    __lt__, __le__ = _comparison("__lt__", "<", rules.greater, True), _comparison("__le__", "<=", rules.at_least, True)
    __gt__, __ge__ = _comparison("__gt__", ">", rules.greater), _comparison("__ge__", ">=", rules.at_least)
    __hash__ = Value.__hash__
    __copy__ = _refused("__copy__", "copy(v)", "use v itself, or v.detach()")
    __reduce__ = _refused("__reduce__", "pickling or copying v", "use v itself, or v.detach()")
    backward = _refused("backward", "backward()", "the compiled function has value_and_grad; or use autograd.grad")
    on_backward = _refused("on_backward", "a callback", _NO_EFFECTS)

    def __eq__(self, other: object) -> Any:
        """Like a float with a number, since the function is called with floats; identity with another Value."""
        if not is_recording() or isinstance(other, Value) or not isinstance(other, numbers.Real):
            return NotImplemented
        right = float(other)
        return _condition(rules.equal(self, right), "==", self, right, Value.__float__(self) == other)

    def __float__(self) -> float:
        number: float = Value.__float__(self)
        if sys._getframe(1).f_globals.get("__name__") == "autograd.rules":
            # Which branch did `where` take? All that a rule wants to know is whether the condition holds.
            _observe("truth", self, 0.0, bool(number))
        else:
            _observe("same", self, number, True)
        return number

    def __int__(self) -> int:
        return int(float(self))

    def __index__(self) -> int:
        number = float(self)
        if not number.is_integer():
            raise TypeError(f"an index must be a whole number, got {number!r}")
        return int(number)

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands that gradients flow to; a rule that dropped one here is asked why, since that is a guard too."""
        found: tuple[Value, ...] = _get_parents(self)
        if self.primitive is not None and len(found) < len(self.operands) and is_recording():
            for operand, rule in zip(self.operands, self.primitive.partials, strict=False):
                if callable(rule) and isinstance(operand, Value) and operand not in found:
                    rule(self, *self.operands)
        return found

    def detach(self) -> Value:
        """A node with the same number through which no gradient flows: the program follows v, the gradient does not."""
        if not is_recording():
            return Value.detach(self)
        # The pivot of one number is that number; without parents, no derivative passes.
        return node(rules.pivot, Value.__float__(self), (), (self,), (), None)


class Condition(Traced):
    """A comparison of recorded numbers: 1 or 0 to a primitive, and a guard where a bool is asked for."""

    __slots__ = ()

    def __bool__(self) -> bool:
        asked: Observed = self.__dict__["asked"]
        _observe(*asked[:-1])
        return asked.outcome

    def __index__(self) -> int:
        return int(bool(self))

    def __and__(self, other: Any) -> Any:
        return bool(self) & other

    def __or__(self, other: Any) -> Any:
        return bool(self) | other

    def __xor__(self, other: Any) -> Any:
        return bool(self) ^ other

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__


class Index(Traced):
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


_NUMBERS = frozenset([float, int])
_OPERANDS = frozenset([Traced, Condition, Index, float, int])
