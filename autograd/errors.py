"""Errors with a name of their own; each that `autograd` exports is an `AutogradError`, and a built-in error too."""

from typing import Any

LONGEST = 100  # characters of a value in a message


def shown(x: object) -> str:
    r"""A value in a message: on one short line, whatever it is.

    >>> shown("2"), shown([1.0] * 99)[-9:]
    ("'2'", '1.0, 1.0…')
    """
    text = " ".join(repr(x).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


class AutogradError(Exception):
    """Base of the errors below, so that one `except` catches them all.

    >>> issubclass(GraphError, AutogradError)
    True
    """


class DomainError(AutogradError, ValueError):
    """An argument lies outside what the function is defined for, as in `softmax([])`."""


class GraphError(AutogradError, RuntimeError):
    """A graph cannot be walked, rebuilt or differentiated the way that was asked."""


class CompileError(AutogradError, RuntimeError):
    """A function cannot be compiled; the message names the file and the line."""


class CheckError(AutogradError, AssertionError):
    """A gradient disagrees with its independent oracle, or nothing could be decided: `report` and its `verdict` say.

    >>> from autograd import check_gradients, log
    >>> try:
    ...     check_gradients(log, -1.0)
    ... except CheckError as error:
    ...     error.verdict, error.report.ok
    ('undecided', False)
    """

    report: Any = None
    verdict: str = "wrong"


class RootError(AutogradError, ArithmeticError):
    """An equation was not solved, or its Jacobian at the solution is singular, so that there is no derivative."""


class UsageError(AutogradError, ValueError):
    """A command line that cannot be run as it stands; the message is all that the user sees."""


class NonFiniteError(AutogradError, ArithmeticError):
    """A node is the first to have an infinite or nan value, derivative or gradient; `node` is that node."""

    node: Any = None
