"""Record a function: run it once on Values, keep every node, and refuse whatever a program could not repeat.

A `Recorder` is in the hooks while the function runs, in a context of its own: operators hand their operations to it,
and Values ask it before they give a number. A comparison gives a `Condition`, which `where` takes as it is; `if` makes
it a *guard*: the outcome is kept, and a later call for which it would come out differently records again. So are
`int(v)` and an index: the program is for that number only. `pick` takes an index as it is. What is neither a number of
the program nor a guard is refused, with the line and the remedy: `.data`, text, `float(v)`.

Parameters are plain Values, known by identity; other threads see nothing, and there is nothing to restore.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, NoReturn, TypeVar

from autograd import recording, rules
from autograd.compiler import shifts
from autograd.compiler.constants import compares_with_is
from autograd.compiler.inner import GatedInner, Inner
from autograd.compiler.refusal import NO_EFFECTS, refuse, refuse_float, refuse_foreign, where_asked
from autograd.compiler.traced import AS_VALUES, Condition, Index, Node, Number, Traced, current, is_ours
from autograd.graph import slots
from autograd.primitive import PRIMITIVES, Primitive
from autograd.scopes import Hooks, active, hooks
from autograd.value import Value, as_float

T = TypeVar("T")
_BAKED = (
    "that number would be baked into the program; use v.detach() for a number without a gradient, and "
    "autograd.maximum, where, softmax or logsumexp for a choice or a shift"
)
_MIRRORED = {"<": ">", "<=": ">="}
_ROWS = {">": rules.greater, ">=": rules.at_least, "==": rules.equal}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq,
}  # fmt: skip
_CHOOSING = {rule.__code__ for rule in rules.where.partials if callable(rule)}  # rules that ask for a truth by float()
_new = object.__new__


class Observed(NamedTuple):
    """A question asked during recording: `left relation right` was `outcome`; program.py lists the relations."""

    relation: str
    left: Any
    right: Any
    outcome: bool
    where: str


def is_recording() -> bool:
    """Whether this thread is recording a function."""
    return current.get() is not None


@dataclass(eq=False)
class Recorder:
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
    block: Any = None  # the innermost scope, as long as this recorder is alone: operators then call it directly
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
        self.block = self._own_block()
        return function(*args)

    def _own_block(self) -> Any:
        """The innermost scope, if operators may record by themselves."""
        return active() if hooks().watchers == (self.see,) and not hooks().generic else None

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
        data = [x if type(x) is float else self.number(x) for x in operands]
        result = float(primitive.value(*data))
        partials = primitive.partials_at(result, data)
        kind = Node if any(map(AS_VALUES, map(type, operands))) else Number
        return self._made(kind, primitive, result, *slots(primitive.arity, operands, partials))

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

    # --- questions ----------------------------------------------------------------------------------------------------

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

    def observe(self, relation: str, left: Any, right: Any, outcome: bool) -> None:
        """Keep the answer as a guard."""
        self.guards.append(Observed(relation, left, right, outcome, where_asked()))

    def compare(self, relation: str, left: Value, right: Any) -> Any:
        """`left relation right`: a Condition, or a bool and a guard if the function asks whether it `is` one."""
        right = right if isinstance(right, Value) else as_float(right)
        outcome = _COMPARE[relation](self.number(left), self.number(right))
        if relation == ">" and shifts.may_merge(left, right) and shifts.is_maximum(sys._getframe(2)):
            self._number_again(shifts.merge(left, right, self.nodes))
            return outcome
        if compares_with_is(sys._getframe(2), Recorder._called.__code__):
            self.observe(relation, left, right, outcome)
            return outcome
        mirrored = _MIRRORED.get(relation)
        first, second = (right, left) if mirrored else (left, right)
        edges = (None, None)  # steps: nothing flows
        made = self._made(Condition, _ROWS[mirrored or relation], float(outcome), first, second, *edges)
        made.asked = Observed(relation, left, right, outcome, where_asked())
        return made

    def equal(self, left: Value, right: Any) -> Any:
        """`left == right`: of floats in eager mode, else identity."""
        if AS_VALUES(type(left)) or not isinstance(left, Number) or AS_VALUES(type(right)):
            return NotImplemented
        if type(right) is Condition:
            right = float(bool(right))
        if not isinstance(right, Number):
            try:
                right = float(right) if isinstance(right, bool) else as_float(right)
            except TypeError:
                return NotImplemented
        return self.compare("==", left, right)

    def decide(self, condition: Any) -> bool:
        """The outcome of a comparison, guarded."""
        if self.trial is not None:
            return bool(self._tried(condition))
        asked: Observed = condition.asked if "asked" in vars(condition) else Observed("truth", condition, 0.0, True, "")
        self.guards.append(asked)
        return asked.outcome

    def truth(self, value: Value) -> bool:
        """Whether it is not 0, guarded."""
        if self.trial is not None:
            return bool(self._tried(value))
        outcome = bool(self.number(value))
        self.observe("truth", value, 0.0, outcome)
        return outcome

    def as_float(self, value: Value) -> float:
        """The number for `float(value)`, guarded; refused where one program per number would be recorded."""
        if self.trial is not None:
            return self._tried(value)
        number, asking = self.number(value), sys._getframe(2)
        if asking.f_code in _CHOOSING:  # which branch did `where` take? A truth is all that its rules use
            self.observe("truth", value, 0.0, bool(number))
        elif isinstance(value, Condition):
            return float(self.decide(value))
        elif isinstance(value, Index) or is_ours(asking):
            self.observe("same", value, number, True)
        else:
            refuse_float()
        return number

    def _tried(self, value: Value) -> float:
        """The answer that is tried at the moment."""
        self.asked.append(value)
        return self.trial or 0.0

    def keeps_index(self, index: Value) -> bool:
        """Whether `pick` keeps that index as an operand; else it is asked for its number, as any other index."""
        self.picked |= type(index) is Index
        return type(index) is not Index or not self.guards_indices

    def as_integer(self, value: Value) -> float:
        """The number for `int(value)` or an index, guarded."""
        number = self.number(value)
        self.observe("same", value, number, True)
        return number

    def text(self, value: Value, spec: str) -> str:
        """`repr`, `str` and `format`: of a condition as of a bool, refused for numbers, allowed in our own messages."""
        if is_ours(sys._getframe(2)):
            return format(value._data, spec) if spec else value._described()
        if isinstance(value, Condition):
            return format(self.decide(value), spec)
        self.number(value)
        return refuse(
            "a number as text", "every later call would show the same text; print or format what the function returns"
        )

    # --- refused ------------------------------------------------------------------------------------------------------

    def read(self, value: Value, name: str) -> float:
        """`.data` or `.grad`; a debugger of ours reads the slot (`graph.number_of`).

        The operands of a maximum may be read: it is the pivot of a softmax (shifts.py).
        """
        number = self.number(value)
        if name == "data" and not isinstance(value, Number) and shifts.is_operand(sys._getframe(2)):
            held: float = self._held(Number, value, number)
            return held
        return refuse(
            f"a read of .{name}",
            _BAKED if name == "data" else "take the gradient of the compiled function with value_and_grad",
        )

    def write(self, value: Value, name: str) -> NoReturn:
        """An assignment to `.data` or `.grad`."""
        refuse(f"an assignment to .{name}", NO_EFFECTS)

    def release(self) -> None:
        """The nodes become Values like any other: their slots for gradients have held places.

        They are let go, and so is the scope, whose watcher leads back here: what nobody else holds is freed at once.
        A cycle would keep both recordings until a collection, which takes a third of the time of a large one.
        """
        for node in (*self.arguments, *self.nodes):
            node._grad = 0.0
        for held in (self.nodes, self.arguments, self.guards, self.leaves, self.asked):
            held.clear()
        self.block = self._wrapped = None

    def refuse_foreign(self, value: Value) -> NoReturn:
        """A Value from outside that is not a parameter."""
        refuse_foreign(value)

    def refuse_truth(self) -> NoReturn:
        """`if v:` of what is a Value in eager mode too."""
        refuse("the truth value of a Value", "compare it, as in v > 0, or use autograd.where for a choice")

    def refuse_backward(self) -> NoReturn:
        """`v.backward()`."""
        refuse("backward()", "the compiled function has value_and_grad; or use autograd.grad")

    def refuse_callback(self) -> NoReturn:
        """`v.on_backward(…)`."""
        refuse("a callback", NO_EFFECTS)

    def refuse_copy(self) -> NoReturn:
        """`copy.copy(v)`, `copy.deepcopy(v)` and `pickle.dumps(v)`."""
        refuse("copying v (or pickling it)", "use v itself, or v.detach()")
