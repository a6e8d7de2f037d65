"""One editor and one program: what they know of each other, and how one waits for the other.

The program runs in its own thread and comes here when it makes a backward pass. It moves through the pass by itself;
while it stands still it waits, so that the reader's thread, which answers requests, may look at the pass. What both use
is changed only while `changed` is held.
"""

from __future__ import annotations

import os
from _thread import interrupt_main
from threading import Condition
from weakref import WeakSet

from autograd.backward import plain_pass
from autograd.debugging.dap.pass_controller import MOVES, Move, Passage, Stop
from autograd.debugging.dap.program import EndedError, Program
from autograd.debugging.dap.protocol import Connection
from autograd.debugging.dap.stops import Stops
from autograd.debugging.dap.views import Counting, Views
from autograd.debugging.walk import Walk
from autograd.value import Value

THREAD = 1  # the number of the only thread that an editor sees


class Session:
    """As a function, it makes one backward pass, as `use_backward` wants it.

    connection    where events go
    program       what is to be run, as soon as that is known
    debugging     whether passes are to be watched at all
    launched      whether the editor has started it: then it ends when the editor goes
    stops         what the editor wants to stop at
    counting      from where it counts lines and columns
    passage       the pass that is being made
    views         its look of this moment, while it stands still
    stop_next     whether to stop at the beginning of the next pass
    interrupted   whether to stop as soon as possible
    """

    def __init__(self, connection: Connection, program: Program | None = None) -> None:
        self.connection, self.program = connection, program
        self.changed = Condition()
        self.stops = Stops()
        self.counting = Counting()
        self.debugging = True
        self.launched = self.interrupted = False
        self.stop_next = True
        self.passage: Passage | None = None
        self.views: Views | None = None
        self._configured = self._alone = self._ending = self._finished = False
        self._command: Move | None = None
        _all.add(self)

    # --- for the program's thread -------------------------------------------------------------------------------------

    def wait_for_program(self) -> Program | None:
        """The program to run, when the editor is ready for it; None if it went before."""
        with self.changed:
            self.changed.wait_for(lambda: self._configured or self._ending)
            return None if self._ending else self.program

    def __call__(self, root: Value) -> None:
        """Make the pass of `root.backward()` as the editor commands."""
        if self._alone or not self.debugging:
            return plain_pass(root)
        with Walk(root) as walk:
            passage = Passage(walk, self.stops)
            try:
                self._place(passage)
                self._follow(passage)
            finally:
                with self.changed:
                    self.passage = None
        return None

    def exited(self, code: int) -> None:
        """The program has come to its end."""
        with self.changed:
            self._finished = True
        self.connection.event("exited", exitCode=code)
        self.connection.event("terminated")

    def _place(self, passage: Passage) -> None:
        """Place all breakpoints in this graph, and tell the editor what is different from the one before."""
        with self.changed:
            self.passage = passage
            for wanted in self.stops:
                before = wanted.told
                wanted.find(passage.walk, passage.names)
                if (now := wanted.describe(self.counting.first_line)) != before:
                    self.connection.event("breakpoint", reason="changed", breakpoint=now)

    def _follow(self, passage: Passage) -> None:
        """Carry out one command after the other, until one leads past the end."""
        stop = Stop("entry", "the beginning of the pass") if self.stop_next else passage.begin()
        move = self._wait(passage, stop) if stop else MOVES["continue"]
        while (stop := passage.move(move, lambda: self.interrupted)) is not None:
            move = self._wait(passage, stop)
        self.stop_next = move.until is not None or self.interrupted

    def _wait(self, passage: Passage, stop: Stop) -> Move:
        """Stand still until there is a command."""
        with self.changed:
            self.interrupted, self._command = False, None
            passage.stop = stop
            if not self._alone:
                self.views = Views(passage, self.counting)
                self.connection.event("stopped", **stop.event(THREAD))
            self.changed.wait_for(lambda: self._command is not None or self._alone)
            self.views = None
            if self._ending:
                raise EndedError(0)
            return self._command or MOVES["continue"]

    # --- for the reader's thread, which holds `changed` ---------------------------------------------------------------

    def configured(self) -> None:
        """The editor has said all that it wants to say before the program starts."""
        self._configured = True
        self.changed.notify_all()

    def go(self, move: Move) -> None:
        """Let the pass that stands still move on."""
        self._command, self.views = move, None
        self.changed.notify_all()

    def leave(self, *, ending: bool) -> None:
        """Let the program run on without an editor, or end it: within a pass at once, elsewhere as Ctrl-C does."""
        if self._alone:
            return
        self._alone, self._ending = True, ending or not self._configured
        self.stops.clear()
        self.interrupted = ending
        if ending and self._configured and self.passage is None and not self._finished:
            interrupt_main()
        self.changed.notify_all()

    def alone_from_now(self) -> None:
        """In a fork, where nobody reads requests: it goes on as after `leave`."""
        self.changed = Condition()
        self._alone, self._command, self.interrupted = True, None, False
        self.stops.clear()


_all: WeakSet[Session] = WeakSet()


def _in_child() -> None:
    for session in _all:
        session.alone_from_now()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
