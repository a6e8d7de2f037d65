"""The requests of an editor: one function per request, and the table `REQUESTS`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from autograd.debugging.dap.pass_controller import MOVES, SMALLEST
from autograd.debugging.dap.program import Program
from autograd.debugging.dap.protocol import Message, ProtocolError
from autograd.debugging.dap.session import THREAD, AdapterSession
from autograd.debugging.dap.stops import FILTERS, RequestedBreakpoint
from autograd.debugging.dap.views import Counting, Views
from autograd.errors import AutogradError

CAPABILITIES = {
    "supportsConfigurationDoneRequest": True,
    "supportsConditionalBreakpoints": True,
    "supportsFunctionBreakpoints": True,
    "supportsStepBack": True,
    "supportsSteppingGranularity": True,
    "supportsEvaluateForHovers": True,
    "supportsCompletionsRequest": True,
    "supportsExceptionInfoRequest": True,
    "supportsTerminateRequest": True,
    "supportTerminateDebuggee": True,
    "exceptionBreakpointFilters": FILTERS,
}

Arguments = Mapping[str, Any]


class RequestError(AutogradError):
    """A request cannot be carried out now; the message says why."""


class Answer(NamedTuple):
    """The body of an answer, and what to do once it has been sent."""

    body: Any = None
    then: Callable[[], object] = lambda: None


def listen(session: AdapterSession) -> None:
    """Answer requests until the editor disconnects."""
    try:
        for request in session.connection.requests():
            answer(session, request)
            if request["command"] == "disconnect":
                return
    except ProtocolError as error:
        session.connection.event("output", category="stderr", output=f"{error}\n")
    finally:
        with session.changed:
            session.leave(ending=session.launched)


def answer(session: AdapterSession, request: Message) -> None:
    """Carry out one request; an error goes into the answer."""
    command, arguments = request["command"], request.get("arguments") or {}
    with session.changed:
        try:
            if command not in REQUESTS:
                raise RequestError(f"unknown request {command!r}")
            body, then = REQUESTS[command](session, arguments)
        except AutogradError as error:
            session.connection.respond(request, failure=str(error))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            session.connection.respond(request, failure=f"{command}: an argument is wrong or missing: {error!r}")
        else:
            session.connection.respond(request, body)
            then()


# --- beginning and end ------------------------------------------------------------------------------------------------


def _initialize(session: AdapterSession, arguments: Arguments) -> Answer:
    if arguments.get("pathFormat", "path") != "path":
        raise RequestError(f"pathFormat {arguments['pathFormat']!r} is not supported; use 'path'")
    first = [int(arguments.get(name, True)) for name in ("linesStartAt1", "columnsStartAt1")]
    session.counting = Counting(*first)
    return Answer(CAPABILITIES)


def _launch(session: AdapterSession, arguments: Arguments) -> Answer:
    """Run `program` with `args` in `cwd`, unless the command line names a program."""
    if session.program is None:
        file, folder = arguments.get("program"), arguments.get("cwd")
        if not isinstance(file, str) or not os.path.isfile(os.path.join(folder or "", file)):
            raise RequestError(f"launch needs an existing Python file as `program`, got {file!r}")
        session.program = Program(file, [str(each) for each in arguments.get("args") or ()], folder)
    session.launched = True
    session.debugging = not arguments.get("noDebug")
    return _attach(session, arguments)


def _attach(session: AdapterSession, arguments: Arguments) -> Answer:
    if session.program is None:
        raise RequestError("no program to attach to; start `python -m autograd dap FILE.py`")
    session.stop_next = bool(arguments.get("stopOnEntry", True))
    return Answer(then=lambda: session.connection.event("initialized"))


def _configuration_done(session: AdapterSession, arguments: Arguments) -> Answer:
    return Answer(then=session.configured)


def _disconnect(session: AdapterSession, arguments: Arguments) -> Answer:
    ending = bool(arguments.get("terminateDebuggee", session.launched))
    return Answer(then=lambda: session.leave(ending=ending))


def _terminate(session: AdapterSession, arguments: Arguments) -> Answer:
    return Answer(then=lambda: session.leave(ending=True))


# --- breakpoints ------------------------------------------------------------------------------------------------------


def _set_breakpoints(session: AdapterSession, arguments: Arguments) -> Answer:
    shift = 1 - session.counting.first_line
    asked = arguments.get("breakpoints") or []
    lines = [(int(each["line"]) + shift, str(each.get("condition") or "")) for each in asked]
    return _placed(session, session.stops.in_lines(str(arguments["source"].get("path", "")), lines))


def _set_function_breakpoints(session: AdapterSession, arguments: Arguments) -> Answer:
    names = [(str(each["name"]), str(each.get("condition") or "")) for each in arguments["breakpoints"]]
    return _placed(session, session.stops.at_names(names))


def _placed(session: AdapterSession, breakpoints: Sequence[RequestedBreakpoint]) -> Answer:
    if session.controller is not None:
        for wanted in breakpoints:
            wanted.find(session.controller.walk, session.controller.names)
    return Answer({"breakpoints": [wanted.describe(session.counting.first_line) for wanted in breakpoints]})


def _set_exception_breakpoints(session: AdapterSession, arguments: Arguments) -> Answer:
    session.stops.filters = frozenset(arguments["filters"])
    return Answer()


# --- moving -----------------------------------------------------------------------------------------------------------


def _moving(command: str) -> Callable[[AdapterSession, Arguments], Answer]:
    def request(session: AdapterSession, arguments: Arguments) -> Answer:
        _stopped(session)
        is_small = arguments.get("granularity") == "instruction" and command in SMALLEST
        move = SMALLEST[command] if is_small else MOVES[command]
        return Answer({"allThreadsContinued": True} if command == "continue" else None, lambda: session.go(move))

    return request


def _pause(session: AdapterSession, arguments: Arguments) -> Answer:
    """Stop between two products, or at the beginning of the next pass."""
    session.interrupted = session.stop_next = True
    return Answer()


# --- inspecting -------------------------------------------------------------------------------------------------------


def _stopped(session: AdapterSession) -> Views:
    if session.views is None:
        raise RequestError("the program is running; wait until a backward pass has stopped")
    return session.views


def _threads(session: AdapterSession, arguments: Arguments) -> Answer:
    return Answer({"threads": [{"id": THREAD, "name": "backward pass" if session.controller else "program"}]})


def _stack_trace(session: AdapterSession, arguments: Arguments) -> Answer:
    frames = _stopped(session).frames()
    start = arguments.get("startFrame") or 0
    shown = frames[start : start + (arguments.get("levels") or len(frames))]
    return Answer({"stackFrames": shown, "totalFrames": len(frames)})


def _scopes(session: AdapterSession, arguments: Arguments) -> Answer:
    return Answer({"scopes": _stopped(session).scopes(arguments["frameId"])})


def _variables(session: AdapterSession, arguments: Arguments) -> Answer:
    return Answer({"variables": _stopped(session).variables(arguments["variablesReference"])})


def _evaluate(session: AdapterSession, arguments: Arguments) -> Answer:
    return Answer(_stopped(session).evaluate(str(arguments["expression"])))


def _completions(session: AdapterSession, arguments: Arguments) -> Answer:
    text = str(arguments["text"])[: arguments["column"] - session.counting.first_column]
    return Answer({"targets": _stopped(session).complete(text)})


def _exception_info(session: AdapterSession, arguments: Arguments) -> Answer:
    return Answer(_stopped(session).exception())


REQUESTS: Mapping[str, Callable[[AdapterSession, Arguments], Answer]] = {
    "initialize": _initialize,
    "launch": _launch,
    "attach": _attach,
    "configurationDone": _configuration_done,
    "disconnect": _disconnect,
    "terminate": _terminate,
    "setBreakpoints": _set_breakpoints,
    "setFunctionBreakpoints": _set_function_breakpoints,
    "setExceptionBreakpoints": _set_exception_breakpoints,
    **{command: _moving(command) for command in MOVES},
    "pause": _pause,
    "threads": _threads,
    "stackTrace": _stack_trace,
    "scopes": _scopes,
    "variables": _variables,
    "evaluate": _evaluate,
    "completions": _completions,
    "exceptionInfo": _exception_info,
}
