"""Record the graph of a command's target; each node knows its place in the text or file."""

from __future__ import annotations

import argparse
from typing import Any

from autograd.check.subject import subject
from autograd.cli.target import read_target, reporting_user_errors
from autograd.debugging.recorded_expression import recorded
from autograd.debugging.switch import debug
from autograd.expressions.expression import Expression
from autograd.value import Value


def recorded_target(args: argparse.Namespace) -> Any:
    """The result of the expression or function: a Value, or a number if it depends on no input.

    UsageError for wrong input.
    """
    with debug():
        f, at, file = read_target(args)
        if not isinstance(f, Expression):
            with reporting_user_errors(file):
                return subject(f, at, None).root
    f(*at)  # on floats first: its errors are the clearest
    return recorded(f, {name: Value(x, label=name) for name, x in zip(f.names, at, strict=True)})
