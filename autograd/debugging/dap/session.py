"""`AdapterSession`: the state that the threads of editor and program share, and how they wait for each other.

The program runs in its own thread and comes here for each backward pass. It moves through the pass by itself; while it
is stopped it waits, so that the reader's thread, which answers requests, may look at the pass. Shared state is changed
only while `changed` is held.
"""

from __future__ import annotations

import os
from _thread import interrupt_main
from threading import Condition
from weakref import WeakSet

from autograd.backward import plain_pass
from autograd.debugging.dap.pass_controller import MOVES, Move, PassController, Stop
from autograd.debugging.dap.program import Program
from autograd.debugging.dap.protocol import Connection
from autograd.debugging.dap.stops import RequestedBreakpoints
from autograd.debugging.dap.views import Counting, Views
from autograd.debugging.script import EndedError
from autograd.debugging.walk import Walk
from autograd.value import Value

THREAD = 1  # the number of the only thread that an editor sees


class AdapterSession:
    """Calling it makes one backward pass, as `use_backward` requires.

    connection    where events go
    program       the script to run, as soon as it is known
    debugging     whether passes are debugged at all
    launched      whether the editor has started the program: then it ends when the editor disconnects
    stops         the editor's breakpoints
    counting      where the editor starts counting lines and columns
    controller    the pass that is being made
    views         what to show of it, while it is stopped
    stop_next     whether to stop at the beginning of the next pass
    interrupted   whether to stop as soon as possible
    """

    def __init__(self, connection: Connection, program: Program | None = None) -> None:
        self.connection, self.program = connection, program
        self.changed = Condition()
        self.stops = RequestedBreakpoints()
        self.counting = Counting()
        self.debugging = True
        self.launched = self.interrupted = False
        self.stop_next = True
        self.controller: PassController | None = None
        self.views: Views | None = None
        self._configured = self._alone = self._ending = self._finished = False
        self._command: Move | None = None
        _all.add(self)

    # --- for the program's thread -------------------------------------------------------------------------------------

    def wait_for_program(self) -> Program | None:
        """The program to run, when the editor is ready for it; None if the editor left before."""
        with self.changed:
            self.changed.wait_for(lambda: self._configured or self._ending)
            return None if self._ending else self.program

    def __call__(self, root: Value) -> None:
        """Make the pass of `root.backward()` as the editor commands."""
        if self._alone or not self.debugging:
            return plain_pass(root)
        with Walk(root) as walk:
            controller = PassController(walk, self.stops)
            try:
                self._place(controller)
                self._follow(controller)
            finally:
                with self.changed:
                    self.controller = None
        return None

    def exited(self, code: int) -> None:
        """Tell the editor that the program has ended."""
        with self.changed:
            self._finished = True
        self.connection.event("exited", exitCode=code)
        self.connection.event("terminated")

    def _place(self, controller: PassController) -> None:
        """Place all breakpoints in this graph, and tell the editor which of them changed."""
        with self.changed:
            self.controller = controller
            for wanted in self.stops:
                before = wanted.described
                wanted.find(controller.walk, controller.names)
                if (now := wanted.describe(self.counting.first_line)) != before:
                    self.connection.event("breakpoint", reason="changed", breakpoint=now)

    def _follow(self, controller: PassController) -> None:
        """Carry out one command after the other, until one goes past the end."""
        stop = Stop("entry", "the beginning of the pass") if self.stop_next else controller.begin()
        move = self._wait(controller, stop) if stop else MOVES["continue"]
        while (stop := controller.move(move, lambda: self.interrupted)) is not None:
            move = self._wait(controller, stop)
        self.stop_next = move.until is not None or self.interrupted

    def _wait(self, controller: PassController, stop: Stop) -> Move:
        """Stop until there is a command."""
        with self.changed:
            self.interrupted, self._command = False, None
            controller.stop = stop
            if not self._alone:
                self.views = Views(controller, self.counting)
                self.connection.event("stopped", **stop.event(THREAD))
            self.changed.wait_for(lambda: self._command is not None or self._alone)
            self.views = None
            if self._ending:
                raise EndedError(0)
            return self._command or MOVES["continue"]

    # --- for the reader's thread, which holds `changed` ---------------------------------------------------------------

    def configured(self) -> None:
        """Note that the editor has finished its configuration: the program may start."""
        self._configured = True
        self.changed.notify_all()

    def go(self, move: Move) -> None:
        """Let the stopped pass move."""
        self._command, self.views = move, None
        self.changed.notify_all()

    def leave(self, *, ending: bool) -> None:
        """Let the program run on without an editor, or end it: at once inside a pass, else by KeyboardInterrupt."""
        if self._alone:
            return
        self._alone, self._ending = True, ending or not self._configured
        self.stops.clear()
        self.interrupted = ending
        if ending and self._configured and self.controller is None and not self._finished:
            interrupt_main()
        self.changed.notify_all()

    def alone_from_now(self) -> None:
        """In a fork, where nobody reads requests: it goes on as after `leave`."""
        self.changed = Condition()
        self._alone, self._command, self.interrupted = True, None, False
        self.stops.clear()


_all: WeakSet[AdapterSession] = WeakSet()


def _in_child() -> None:
    for session in _all:
        session.alone_from_now()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
