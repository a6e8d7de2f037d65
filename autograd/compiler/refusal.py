"""CompileErrors of a recording: what cannot be compiled, where it is in the user's program, and the remedy."""

from __future__ import annotations

import sys
from types import FrameType, SimpleNamespace
from typing import NoReturn

from autograd import origin
from autograd.assignments import callee
from autograd.errors import CompileError
from autograd.primitive import PRIMITIVES
from autograd.value import Value

NO_EFFECTS = "a program does not repeat side effects; do it outside the function"


def where_asked() -> str:
    """`file:line` of the user's code that is running."""
    asking = _users_instruction()
    return "an unknown place" if asking is None else f"{asking[0].co_filename}:{origin.span(asking)[0]}"


def _users_instruction() -> origin.Instruction | None:
    """The innermost instruction that is neither ours nor a library's, such as `copy` or `statistics`."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and origin.is_library_file(frame.f_code.co_filename):
        frame = frame.f_back
    return (frame.f_code, frame.f_lasti) if frame else origin.asking()


def refuse(what: str, remedy: str) -> NoReturn:
    """Raise the CompileError of something that cannot be recorded, with the place."""
    raise CompileError(f"{where_asked()}: cannot compile {what}: {remedy}")


def refuse_foreign(value: Value) -> NoReturn:
    """Raise for a Value from outside that is not a parameter: a program would not see it change."""
    remedy = "pass it in parameters= or as an argument, or close over a plain number, as in v.data"
    if value.primitive is not None:
        remedy = "compute it inside the function, or close over a plain number, as in v.data"
    refuse(f"the use of {value._described()}, made outside the function", remedy)


def refuse_float() -> NoReturn:
    """Raise for `float(v)`, by that name or by a function like `math.exp` that makes its argument a float."""
    asking = _users_instruction()
    place = origin.position(SimpleNamespace(_origin=asking)) if asking else None
    called = callee(place.text) if place else None
    if called in PRIMITIVES:
        remedy = f"use autograd.{called}, which stays in the program"
    elif called == "float":
        remedy = "leave float out and use the number itself, or v.detach() for one without a gradient"
    else:
        remedy = "use a function of autograd, such as autograd.exp for math.exp, or one made by autograd.define"
    refuse(f"{called or 'float'}(…), which takes a plain float", f"its result would be baked in; {remedy}")
