"""`Stepper`: the commands that move through the backward pass, set breakpoints and leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from autograd.debugging.breakpoints import Breakpoint, parse
from autograd.debugging.stepper.console import count_in
from autograd.debugging.stepper.inspect_commands import InspectCommands
from autograd.debugging.stepper.terminal import deferred_interrupt
from autograd.debugging.walk import Walk
from autograd.errors import GraphError
from autograd.expressions.conditions import ConditionError
from autograd.value import Value

Stop = Callable[[Walk], bool]


class Stepper(InspectCommands):
    """All commands. `ending` is how the session was left: 'finish', 'run', 'abort', 'end of input'; '' before."""

    letters: Mapping[str, str] = {
        "s": "step", "n": "next", "u": "until", "b": "break", "c": "continue", "p": "print", "w": "where", "l": "list",
        "rc": "rcontinue", "q": "quit", "h": "help", "?": "help",
    }  # fmt: skip
    ending = ""
    _interrupted = False

    # --- moving -------------------------------------------------------------------------------------------------------

    def do_step(self, argument: str) -> None:
        """step [N]: do the next product of the chain rule, or N.

        step
        step 10
        """
        self._refuse_at_end()
        target = self.walk.index + count_in(argument)
        self._move(lambda walk: walk.index >= target)
        self._show_last()

    def do_next(self, argument: str) -> None:
        """next [N]: do all products of the next node, or of N nodes.

        next
        next 3
        """
        self._refuse_at_end()
        for _ in range(count_in(argument)):
            node = self.walk.node
            while self.walk.node is node and node is not None and not self._interrupted:
                self._move(lambda walk: True)
                self._show_last()

    def do_back(self, argument: str) -> None:
        """back [N]: undo the last product, or the last N.

        Every gradient is restored to the last bit.

        back
        back 10
        """
        self._refuse_at_beginning()
        target = self.walk.index - count_in(argument)
        self._move(lambda walk: walk.index <= target, backwards=True)
        self.say(self.messages.moment())
        self.show_place(self.here)

    def do_until(self, argument: str) -> None:
        """until NODE: go on until the gradient of NODE is complete.

        until w
        """
        if not argument:
            raise GraphError("until needs a node; `info nodes` lists them")
        node = self.names.find(argument)
        if self.walk.is_complete(node):
            return self.say(f"{self.messages.gradient(node)} is complete already; `back` goes back")
        completion = self.walk.completion(node)
        self._move(lambda walk: walk.index >= completion)
        self._show_last()
        return None

    def do_continue(self, argument: str) -> None:
        """continue: go on to the next breakpoint, else to the end.

        break nan
        continue
        """
        self._refuse_at_end()
        if not self._move(self._is_at_breakpoint):
            self.say(self.messages.moment(), "good")

    def do_rcontinue(self, argument: str) -> None:
        """rcontinue: go back to a breakpoint, else to the beginning.

        break op tanh
        rcontinue
        """
        self._refuse_at_beginning()
        if not self._move(self._is_at_breakpoint, backwards=True):
            self.say(self.messages.moment())

    def _move(self, stop: Stop, *, backwards: bool = False) -> bool:
        """Move the walk until `stop` holds or Ctrl-C is pressed; it stops between two products."""
        with deferred_interrupt() as was_pressed:
            stopped = self.walk.run(lambda walk: was_pressed() or stop(walk), backwards=backwards)
            self._interrupted = was_pressed()
        if self._interrupted:
            self.say("stopped by Ctrl-C", "bad")
            self.say(self.messages.moment())
        return stopped

    def _show_last(self) -> None:
        last = self.walk.last
        if last is not None:
            self.say(self.messages.product(last), "bold")
            self.show_place(last.node)
        if self.walk.at_end:
            self.say(self.messages.moment(), "good")

    def show_place(self, node: Value) -> None:
        """Print where a node was made, if that is known."""
        if place := self.messages.place(node):
            self.say(place, "mark")

    def _refuse_at_end(self) -> None:
        if self.walk.at_end:
            raise GraphError("the backward pass is complete; `back` goes back, `quit` leaves")

    def _refuse_at_beginning(self) -> None:
        if self.walk.index == 0:
            raise GraphError("this is the beginning of the backward pass")

    # --- breakpoints --------------------------------------------------------------------------------------------------

    def do_break(self, argument: str) -> None:
        """break PLACE | nan | if EXPR: set a breakpoint for continue and rcontinue.

        PLACE is NODE, `op NAME`, FILE:LINE or LINE, and can be followed by `if EXPR`.
        The pass stops when it reaches such a node, whose gradient is then complete.
        `nan` stops at the first gradient that is infinite or nan.
        EXPR can use the fields of the node (node, op, data, grad) or, without PLACE,
        those of each product (node, parent, op, local, upstream, contribution, before,
        after, index), and nodes by their names. Nodes have .data, .grad, .op and .name;
        the functions are abs, min, max, sign, isnan, isinf and isfinite.

        break w
        break op tanh if abs(grad) > 1
        break model.py:12
        break nan
        break if abs(contribution) > 100 and parent.name == "w"
        """
        self._add(argument, temporary=False)

    def do_tbreak(self, argument: str) -> None:
        """tbreak …: set a breakpoint that stops only once.

        tbreak op tanh
        """
        self._add(argument, temporary=True)

    def do_clear(self, argument: str) -> None:
        """clear [NUMBER]: remove a breakpoint, or all.

        clear 1
        clear
        """
        if not argument:
            self.breakpoints.clear()
            return self.say("removed all breakpoints")
        key = count_in(argument)
        if key not in self.breakpoints:
            raise GraphError(f"there is no breakpoint {key}; `info break` lists them")
        del self.breakpoints[key]
        return self.say(f"removed breakpoint {key}")

    def complete_break(self, text: str, line: str, begin: int, end: int) -> list[str]:
        if line[:begin].split()[-1:] == ["op"]:
            ops = {node.op for node in self.walk.nodes if node.op}
            return sorted(op for op in ops if op.startswith(text))
        return [word for word in ("nan", "op ", "if ") if word.startswith(text)] + self.complete_node(text)

    complete_until = InspectCommands.complete_node
    complete_tbreak = complete_break

    def _add(self, argument: str, *, temporary: bool) -> None:
        breakpoint = parse(argument, self.walk, self.names, temporary=temporary)
        key = max(self.breakpoints, default=0) + 1
        self.breakpoints[key] = breakpoint
        self.say(f"breakpoint {key}: {breakpoint.text}")

    def _is_at_breakpoint(self, walk: Walk) -> bool:
        """Whether a breakpoint is met; those are counted and announced, and temporary ones are removed."""
        met = [(key, each) for key, each in self.breakpoints.items() if self._is_met(each)]
        for key, breakpoint in met:
            breakpoint.hits += 1
            self.say(f"breakpoint {key}: {breakpoint.text}", "bad")
            self._show_arrival(breakpoint)
            if breakpoint.temporary:
                del self.breakpoints[key]
        return bool(met)

    def _show_arrival(self, breakpoint: Breakpoint) -> None:
        if breakpoint.place is None:
            return self._show_last()
        for node in filter(breakpoint.place, self.walk.arriving):
            self.say(f"[{self.walk.index}/{len(self.walk)}] {self.messages.gradient(node)}, complete", "bold")
            self.show_place(node)
        return None

    def _is_met(self, breakpoint: Breakpoint) -> bool:
        try:
            return breakpoint.is_met(self.walk, self.names)
        except ConditionError as error:
            self.say(f"⚠ {error}", "bad")
            return True

    # --- leaving ------------------------------------------------------------------------------------------------------

    def do_quit(self, argument: str) -> bool:
        """quit: finish the pass; a script stops at its next one.

        The gradients are those of backward().

        quit
        """
        self.ending = "finish"
        return True

    def do_run(self, argument: str) -> bool:
        """run: finish all passes; stop only at breakpoints.

        break nan
        run
        """
        if not self.walk.at_end and self._move(self._is_at_breakpoint):
            return False
        self.ending = "run"
        return True

    def do_abort(self, argument: str) -> bool:
        """abort: undo the pass and leave; a script ends.

        Every gradient is what it was before the pass.

        abort
        """
        self.ending = "abort"
        return True

    def do_EOF(self, argument: str) -> bool:  # noqa: N802 (what cmd.Cmd calls at the end of the input)
        """As `quit`, and later passes do not stop either."""
        self.say("")
        self.ending = "end of input"
        return True
