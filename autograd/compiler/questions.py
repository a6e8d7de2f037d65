"""What a recorded function asks of its numbers: an answer that becomes a guard, or the line and the remedy.

A comparison gives a `Condition`, which `where` takes as it is; `if` makes it a *guard*: the outcome is kept, and a
later call for which it would come out differently records again. So are `int(v)` and an index: the program is for that
number only. `pick` takes an index as it is. What is neither a number of the program nor a guard is refused: `.data`,
text, `float(v)`.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any, NamedTuple, NoReturn

from autograd import rules
from autograd.compiler import shifts
from autograd.compiler.constants import compares_with_is
from autograd.compiler.refusal import NO_EFFECTS, refuse, refuse_float, refuse_foreign, where_asked
from autograd.compiler.traced import AS_VALUES, Condition, Index, Number, is_ours
from autograd.primitive import Primitive
from autograd.value import Value, as_float

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


class Observed(NamedTuple):
    """A question asked during recording: `left relation right` was `outcome`; program.py lists the relations."""

    relation: str
    left: Any
    right: Any
    outcome: bool
    where: str


class Questions:
    """The answers of a recording, which is a subclass; see `Recorder` for the attributes."""

    nodes: list[Any]
    guards: list[Observed]
    asked_kinds: bool
    guards_indices: bool
    picked: bool
    trial: float | None
    asked: list[Any]

    def number(self, x: Any) -> float:
        """The number of an operand, for this recording to compute with."""
        raise NotImplementedError

    def _made(self, kind: type, primitive: Primitive | None, data: float, x: Any, y: Any, dx: Any, dy: Any) -> Any:
        raise NotImplementedError

    def _held(self, kind: type, value: Value, number: float) -> Any:
        raise NotImplementedError

    def _number_again(self, start: int) -> None:
        raise NotImplementedError

    @property
    def _caller(self) -> CodeType:
        """The code that calls the recorded function."""
        raise NotImplementedError

    # --- answered -----------------------------------------------------------------------------------------------------

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
        if compares_with_is(sys._getframe(2), self._caller):
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
