"""`autograd.step(loss)`: step through a backward pass, one product at a time, forwards and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TextIO

from autograd.debugging.breakpoints import parse
from autograd.debugging.messages import number
from autograd.debugging.naming import variables_of_caller
from autograd.debugging.stepper.commands import Stepper
from autograd.debugging.stepper.terminal import deferred_interrupt
from autograd.debugging.walk import Walk
from autograd.errors import GraphError
from autograd.expressions.conditions import ConditionError
from autograd.io.plural import counted
from autograd.value import Value


@dataclass
class StepperSession:
    """The passes of one program, and what is kept from one to the next. Calling it makes one pass."""

    stdin: TextIO | None = None
    stdout: TextIO | None = None
    passes: int = 0
    breakpoints: list[str] = field(default_factory=list)
    ending: str = ""

    def __call__(self, root: Value) -> None:
        """Make the pass of `root.backward()` by the commands of the user.

        After an exception, the gradients are what they were before.
        """
        self.passes += 1
        with Walk(root) as walk:
            if self.ending == "end of input":
                return
            stepper = Stepper(walk, variables_of_caller(), self.stdin, self.stdout)
            self._restore_breakpoints(stepper)
            self._greet(stepper)
            if not stepper.ending:
                stepper.interact()
            self._leave(stepper)

    def _leave(self, stepper: Stepper) -> None:
        """Finish or abort the pass, and keep what the next one needs."""
        self.ending = stepper.ending
        self.breakpoints = [each.text for each in stepper.breakpoints.values() if not each.temporary]
        if self.ending == "abort":
            return stepper.walk.abort()
        with deferred_interrupt() as was_pressed:
            stepper.walk.finish()
        if was_pressed():
            raise KeyboardInterrupt
        return None

    def _restore_breakpoints(self, stepper: Stepper) -> None:
        """Set the breakpoints of the previous pass again, as far as they have a place in this graph."""
        for key, text in enumerate(self.breakpoints, start=1):
            try:
                stepper.breakpoints[key] = parse(text, stepper.walk, stepper.names)
            except (GraphError, ConditionError):
                continue

    def _greet(self, stepper: Stepper) -> None:
        """Print the headline of the pass; after `run` nothing, unless a breakpoint is met."""
        if self.ending == "run" and stepper.do_run(""):
            return
        walk, which = stepper.walk, f" {self.passes}" if self.passes > 1 else ""
        loss = f"{stepper.messages.notation.definition} = {number(walk.root.data)}"
        headline = f"backward pass{which} of {loss}: {counted(len(walk), 'product')}"
        stepper.say(f"{headline}; `help` lists the commands")
        stepper.show_place(walk.root)


def step(loss: Value, *, stdin: TextIO | None = None, stdout: TextIO | None = None) -> None:
    """Make the pass of `loss.backward()` interactively: one product at a time, forwards and back.

    loss    the root of the pass
    stdin   where commands are read from, by default the terminal; `help` lists them
    stdout  where it prints to, by default the terminal

    `quit`, or the end of the input, finishes the pass: gradients are exactly those of `loss.backward()`. `abort`
    restores every gradient to what it was before, and so does an exception. Source lines are shown for nodes that were
    made inside `with autograd.debug():`; names are labels, names in the source, and the caller's variables.

    >>> import io
    >>> from autograd import Value
    >>> a, b = Value(2.0), Value(-3.0)
    >>> d = a * b
    >>> step(d, stdin=io.StringIO("step\\nquit\\n"))
    backward pass of L = d = -6: 2 products; `help` lists the commands
    (backward) step
    [1/2] ∂L/∂a += ∂d/∂a · ∂L/∂d = -3 × 1 = -3  (0 → -3, complete)
    (backward) quit
    >>> a.grad, b.grad
    (-3.0, 2.0)

    TypeError if `loss` is not a Value.
    """
    StepperSession(stdin, stdout)(loss)
