"""Record a function: run it once on Values, keep every node, and refuse whatever a program could not repeat.

A `Recorder` is in the hooks while the function runs, in a context of its own: operators hand their operations to it,
and Values ask it before they give a number: see questions.py.

Parameters are plain Values, known by identity; other threads see nothing, and there is nothing to restore.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import CodeType
from typing import Any, TypeVar

from autograd import recording, rules
from autograd.compiler.inner import GatedInner, Inner
from autograd.compiler.questions import Observed, Questions
from autograd.compiler.refusal import refuse, refuse_foreign
from autograd.compiler.traced import AS_VALUES, Index, Node, Number, Traced, current
from autograd.graph import slots
from autograd.primitive import PRIMITIVES, Primitive
from autograd.scopes import Hooks, active, hooks
from autograd.value import Value, as_float

T = TypeVar("T")
_new = object.__new__


def is_recording() -> bool:
    """Whether this thread is recording a function."""
    return current.get() is not None


@dataclass(eq=False)
class Recorder(Questions):
    """What a recording collects: the nodes in the order they were made, which is topological, and the guards.

    `numbers` are those of the parameters, by identity (another thread may change theirs meanwhile), and of the leaves
    that the function makes. `asked_kinds` says that it asked for the type of a number, so that an int needs another
    recording; `picked` that `pick` got an index, which is a guard with `guards_indices`. If `gated`, derivatives that
    the function takes are those of all samples: see gates.py. `trial` is the answer to a rule that asks then, `asked`
    what it asked for, and `gates` counts such rules.

    >>> w = Value(2.0)
    >>> recorder = Recorder({id(w): 2.0})
    >>> y = recorder.run(lambda: w * 3.0 if w > 1.0 else w)
    >>> [node.op for node in recorder.nodes], recorder.guards[0].relation, type(w) is Value
    (['greater', 'mul'], '>', True)

    CompileError for what a program could not repeat; it names file and line.
    """

    numbers: dict[int, float]
    nodes: list[Any] = field(default_factory=list)
    guards: list[Observed] = field(default_factory=list)
    asked_kinds: bool = False
    guards_indices: bool = False
    picked: bool = False
    replayable: bool = True  # whether a `Replay` of it, see replay.py, can tell that the function does the same
    alone: Any = None  # the innermost scope, as long as this recorder is alone in it: functions then call it directly
    block: Any = None  # the same for operators
    _wrapped: Any = None
    gated: bool = False
    gates: int = 0
    trial: float | None = None
    asked: list[Any] = field(default_factory=list)
    tame: list[bool] = field(default_factory=list)
    arguments: list[Any] = field(default_factory=list)
    leaves: dict[int, int] = field(default_factory=dict)  # the places of Values that the function makes, by identity

    def run(self, function: Callable[..., T], *args: Any) -> T:
        """`function(*args)`, recorded."""
        with recording.paused_gc():
            return recording.under(self._change, self._called, function, args)  # type: ignore[no-any-return]

    def _change(self, now: Hooks) -> Hooks:
        return replace(now, off=False, recorder=self, watchers=(*now.watchers, self.see))

    def _called(self, function: Callable[..., T], args: tuple[Any, ...]) -> T:
        current.set(self)  # in the context of `run`, which ends with it
        self.alone = active() if hooks().watchers == (self.see,) and not hooks().generic else None
        self.block = self._own_block()
        return function(*args)

    @property
    def _caller(self) -> CodeType:
        return Recorder._called.__code__

    def _own_block(self) -> Any:
        """The innermost scope, if operators may record by themselves."""
        return self.alone

    def argument(self, number: float, is_index: bool = False) -> Number:
        """A new argument with that number."""
        made: Number = self._made(Index if is_index else Number, None, number, None, None, None, None)
        self.nodes.pop()  # an input is not an equation
        self.arguments.append(made)
        made._place = -len(self.arguments)
        return made

    # --- operations ---------------------------------------------------------------------------------------------------

    def record(self, row: Primitive, left: Any, right: Any) -> Any:
        """The node of an operator whose operands are of the usual types, where its arithmetic raises."""
        return self.apply(row, tuple([float(x) if type(x) is int else x for x in (left, right)]))

    def known(self, row: Primitive, left: Any, right: Any) -> Any:
        """The node of an operator that is there already: a replay has one."""
        return None

    def apply(self, primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        """The node of a primitive on Values and floats."""
        if PRIMITIVES.get(primitive.name) is not primitive:
            refuse(f"the opaque node {primitive.name!r}", "there is no rule for it; see autograd.define")
        if active() is not self.block and hooks().off:
            refuse("no_graph()", "its results would be baked in; use v.detach() instead")
        if primitive.arity == 1:
            return self._unary(primitive, operands[0])
        data = [x if type(x) is float else self.number(x) for x in operands]
        result = float(primitive.value(*data))
        partials = primitive.partials_at(result, data)
        kind = Node if any(map(AS_VALUES, map(type, operands))) else Number
        return self._made(kind, primitive, result, *slots(primitive.arity, operands, partials))

    def _unary(self, primitive: Primitive, x: Any) -> Any:
        """The same for one operand, as most functions have, in half the time."""
        kind = type(x)
        number = x if kind is float else self.number(x)
        result = float(primitive.value(number))
        (rule,) = primitive.partials
        dx = None if kind is float else rule(result, number) if callable(rule) else rule
        return self._made(Node if AS_VALUES(kind) else Number, primitive, result, x, None, dx, None)

    def _made(self, kind: type, primitive: Primitive | None, data: float, x: Any, y: Any, dx: Any, dy: Any) -> Any:
        out: Any = _new(kind)
        out._data, out._grad, out.primitive = data, 0.0, primitive
        out._x, out._y, out._dx, out._dy = x, y, dx, dy
        out._place = len(self.nodes)
        self.nodes.append(out)
        if active() is not self.block:
            for watch in hooks().watchers:
                watch(out)
        return out

    def see(self, made: Any) -> None:
        """The watcher of new nodes: keep a leaf that the function makes, or say why a program cannot have it."""
        if isinstance(made, Traced):
            return
        if type(made) is not Value:
            refuse(
                f"a node of the class {type(made).__name__}", "only plain Values can be recorded; use autograd.Value"
            )
        if made.primitive is not None:
            refuse(f"the opaque node {made.primitive.name!r}", "there is no rule for it; see autograd.define")
        wrapped, self._wrapped = self._wrapped, None
        if wrapped is not None:  # times one is exact, and its derivative 1
            made.primitive, made._x, made._y, made._dx = rules.mul, wrapped, 1.0, 1.0
        self.numbers[id(made)] = made._data
        self.leaves[id(made)] = len(self.nodes)
        self.replayable = False
        self.nodes.append(made)

    def wrap(self, value: Value) -> float:
        """The number for `Value(value)`: a Value with the same number, which passes its gradient on."""
        if type(value) not in (Number, Index):
            return as_float(value)  # TypeError, as without a recording
        self._wrapped = value
        return value._data

    def detach(self, value: Value) -> Value:
        """A node with the same number through which no gradient flows: the program follows v, the gradient does not."""
        # The pivot of one number is that number; without parents, no derivative passes.
        made: Value = self._held(Node, value, self.number(value))
        return made

    def _held(self, kind: type, value: Value, number: float) -> Any:
        return self._made(kind, rules.pivot, number, (), (value,), (), None)

    def flow(self, wanted: Sequence[Value]) -> Inner:
        """The chain rule for a derivative that the function takes."""
        self.replayable = False
        return GatedInner(self, wanted) if self.gated else Inner(self, wanted)

    def place(self, x: Any) -> int:
        """The place among the nodes; -1 of what is older than all of them."""
        if not isinstance(x, Traced):
            return self.leaves.get(id(x), -1)
        place = x._place  # an argument has −1, −2, …, a node that was kept from another recording its gradient, a float
        return place if type(place) is int and place >= 0 else -1

    def _number_again(self, start: int) -> None:
        """Give the nodes from a place on their places, and forget what is known of them."""
        self.replayable = False
        for place, node in enumerate(self.nodes[start:], start):
            if isinstance(node, Traced):
                node._place = place
            else:
                self.leaves[id(node)] = place
        del self.tame[start:]

    # --- numbers -----------------------------------------------------------------------------------------------------

    def number(self, x: Any) -> float:
        """The number of an operand, for this recording to compute with."""
        if isinstance(x, Traced):
            return x._data
        if not isinstance(x, Value):
            return float(x)
        number = self.numbers.get(id(x))
        if number is None:
            refuse_foreign(x)
        return number

    def release(self) -> None:
        """The nodes become Values like any other: their slots for gradients have held places.

        They are let go, and so is the scope, whose watcher leads back here: what nobody else holds is freed at once.
        A cycle would keep both recordings until a collection, which takes a third of the time of a large one.
        """
        for node in (*self.arguments, *self.nodes):
            node._grad = 0.0
        for held in (self.nodes, self.arguments, self.guards, self.leaves, self.asked):
            held.clear()
        self.alone = self.block = self._wrapped = None
