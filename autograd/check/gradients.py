"""`check_gradients`, the entry point of gradient checking, and its options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, get_args

from autograd.check.function_check import check_function
from autograd.check.graph_check import GraphCheck
from autograd.check.problems import is_node, problem
from autograd.check.report import CheckReport
from autograd.check.subject import subject
from autograd.errors import CheckError
from autograd.recording import paused_gc
from autograd.structure import leaves_of

Kinks: TypeAlias = Literal["frozen", "onesided", "raise"]
Oracle: TypeAlias = Literal["auto", "mpmath", "complex", "differences", "function"]
Detached: TypeAlias = Literal["report", "allow"]
KINKS = get_args(Kinks)
DETACHED = get_args(Detached)


def check_gradients(
    f: Any,
    *at: Any,
    loss: Any = None,
    order: Literal[1, 2] = 1,
    kinks: Kinks = "frozen",
    oracle: Oracle = "auto",
    detached: Detached = "report",
    gradient: Callable[..., Any] | None = None,
    raise_on_failure: bool = True,
) -> CheckReport:
    """Compare the gradients of f at a point with derivatives found from its values alone.

    f         a function of numbers, lists and dicts of numbers; or a recorded Value; or a model (anything with
              `parameters()`)
    at        the numbers at which a function is checked; of a model a sample x, y
    loss      for a model: a function of (prediction, target)
    order     2: also ∂²f/∂x∂y, by differentiating `grad`
    kinks     at a kink, "frozen" expects the derivative of the branch that was taken, as the row documents it;
              "onesided" any derivative between the slopes on both sides; "raise" none at all
    oracle    where the expected derivatives come from: see below
    detached  "allow": what leaves the graph is meant to be constant, and held fixed
    gradient  for f of plain numbers, with oracle="function": a function giving the derivatives in the structure of the
              arguments
    raise_on_failure  False: return the report of a wrong gradient too

    First every node's rule is checked by itself, so that a wrong one is named; then the backward pass over the whole
    graph.

    The graph is replayed with 60 digits (mpmath), on the branches that were recorded, and differentiated by central
    differences: a rule wrong by 1e-12, relative, is found, whatever its scale, and neither rounding nor a kink
    nearby gives a false alarm. The recorded floats are then compared with a running error bound. oracle="complex"
    and "differences" need no mpmath, know about 13 and 10 digits, and take over where a user's `value` insists on
    floats. Comparisons that cannot be made (at the edge of a domain, at infinities) are undecided; the report is ok
    only if something was decided and nothing is wrong.

    Then f is called again at another point, where the graph must be the same function: what left it, by `float(x)`,
    `x.data`, `x.detach()`, `math.exp(x)`, text or an array of floats, is named by its line, if the result depends on
    it. Functions that are random or read changing state are named as such, and so is a branch taken at this point alone
    whose derivatives are not those of f on either side. A recorded graph cannot be called again; opaque nodes are
    compared with differences of f.

    oracle="function" looks at f alone, by Richardson-extrapolated differences good to about 9 digits: for people who
    want to see it, for f with a `gradient`, and for other engines, if nodes with `data`, `grad` and `backward()` are
    among `at`.

    Of very many inputs, some are checked one by one and all of them together, along random directions; second
    derivatives are then checked for 24 of them. Without mpmath, those are compared with the gradient's graph alone.

    >>> from autograd import Value, tanh
    >>> report = check_gradients(lambda x, y: x * tanh(y), 1.5, -2.0)
    >>> report.ok, report.worst.difference < 1e-15
    (True, True)
    >>> import math
    >>> found = check_gradients(lambda x: x * math.exp(x), 1.0, raise_on_failure=False)
    >>> found.verdict, found.failures[0].title
    ('wrong', 'a number leaves the graph, and the result depends on it')

    CheckError for a wrong gradient, or if nothing could be decided, unless `raise_on_failure` is False: the message is
    the report, which is also its `report`. ValueError for unknown options, TypeError when f cannot be checked. Sources:
    Squire & Trapp, SIAM Review 40 (1998); Ridders, Adv. Eng. Software 4 (1982); Higham, Accuracy and Stability, ch. 3.
    """
    __tracebackhide__ = True  # in pytest, the message without the library's source before it
    if kinks not in KINKS:
        raise ValueError(f"kinks must be one of {', '.join(map(repr, KINKS))}, got {kinks!r}")
    if order not in (1, 2):
        raise ValueError(f"order must be 1 or 2, got {order!r}")
    if detached not in DETACHED:
        raise ValueError(f"detached must be one of {', '.join(map(repr, DETACHED))}, got {detached!r}")
    if oracle != "function" and (gradient is not None or any(map(is_node, leaves_of(at)))):
        raise TypeError("gradient= and nodes of other engines need oracle='function', which records no graph")
    with paused_gc():
        if oracle == "function":
            report = check_function(problem(f, at, loss, gradient), order, kinks)
        else:
            report = GraphCheck(subject(f, at, loss), oracle, kinks, detached).report(order)
    if raise_on_failure and not report.ok:
        error = CheckError(str(report))
        error.report, error.verdict = report, report.verdict
        raise error
    return report
