"""Derivatives of Python functions: `grad(f)` and the others take a function and return a function.

Arguments are numbers, or lists, tuples and dicts of numbers, nested; derivatives come in the same structure. They nest
without confusion, `grad(lambda x: x * grad(lambda y: x + y)(1.0))`, since a derivative is a graph of nodes that know
which input they came from. Inside another derivative, or on Values, results are Values; otherwise floats.

Where f makes a plain float of what it is differentiated by, as `math.exp(x)` and `float(x)` do, no derivative comes
from there: a RuntimeWarning names the line, once, and the function that records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from autograd.derivative import engine, slopes
from autograd.functions import dot, where
from autograd.graph import topological
from autograd.observing import Conversions
from autograd.recording import paused_gc, under
from autograd.scopes import Hooks, hooks
from autograd.series.taylor import derivative_tensor as derivative_tensor
from autograd.series.taylor import derivatives as derivatives
from autograd.series.taylor import taylor as taylor
from autograd.structure import flatten, key_of, leaves_of, matching, rebuild
from autograd.value import Value, as_float

if TYPE_CHECKING:
    from autograd.signatures import Derivative, Number, SecondDerivative, ValueAndDerivative

T = TypeVar("T")


@overload
def grad(f: Callable[..., Any], argnum: Literal[0] = 0) -> Derivative: ...
@overload
def grad(f: Callable[..., Any], argnum: int) -> Callable[..., Any]: ...
def grad(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """x ↦ ∂f/∂x, for a function with one number as result, by its argument number `argnum`.

    f       a function of numbers, or of lists and dicts of numbers
    argnum  the index of the argument to differentiate by

    >>> from autograd import sin
    >>> grad(lambda x: x**3)(2.0), grad(grad(sin))(0.5) == -sin(0.5)
    (12.0, True)
    >>> grad(lambda p: p["w"] * 3.0 + p["b"])({"w": 2.0, "b": 1.0})
    {'w': 3.0, 'b': 1.0}

    TypeError when f does not return a number, or the argument is not a number or structure of numbers.
    """

    def derivative(*args: Any) -> Any:
        return value_and_grad(f, argnum)(*args)[1]

    return derivative


@overload
def value_and_grad(f: Callable[..., Any], argnum: Literal[0] = 0) -> ValueAndDerivative: ...
@overload
def value_and_grad(f: Callable[..., Any], argnum: int) -> Callable[..., tuple[Any, Any]]: ...
def value_and_grad(f: Callable[..., Any], argnum: int = 0) -> Callable[..., tuple[Any, Any]]:
    """x ↦ (f(x), ∂f/∂x) by argument `argnum` of f, with one evaluation of f.

    f, argnum  as for `grad`

    >>> value_and_grad(lambda w, x: w[0] * x + w[1])([2.0, 1.0], 5.0)
    (11.0, [5.0, 1.0])

    TypeError as for `grad`.
    """

    def both(*args: Any) -> tuple[Any, Any]:
        def take() -> tuple[Any, Any]:
            x, inputs = _traced(args, argnum)
            y = _number(f(*inputs), f)
            return y, _like(x, slopes(y, leaves_of(x), independent=True))

        return _derivative(take, args)  # type: ignore[no-any-return]

    return both


def jacobian(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """x ↦ ∂fᵢ/∂x: for each number in the result of f, the derivative in the structure of x, argument `argnum` of f.

    f       a function whose result is a number or a structure of numbers
    argnum  as for `grad`

    For lists of numbers it is the matrix of rows ∂fᵢ/∂xⱼ.

    >>> jacobian(lambda x: [x[0] * x[1], x[0]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 0.0]]

    TypeError, when it is called, without such an argument or for a result that is not a number.
    """

    def derivative(*args: Any) -> Any:
        def take() -> Any:
            x, inputs = _traced(args, argnum)
            y = f(*inputs)
            rows = [_like(x, slopes(_number(each, f), leaves_of(x), independent=True)) for each in leaves_of(y)]
            return _like(y, rows)

        return _derivative(take, args)

    return derivative


@overload
def hessian(f: Callable[..., Any], argnum: Literal[0] = 0) -> SecondDerivative: ...
@overload
def hessian(f: Callable[..., Any], argnum: int) -> Callable[..., Any]: ...
def hessian(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """x ↦ ∂²f/∂xᵢ∂xⱼ, for a function f with one number as result: the Jacobian of its gradient in argument `argnum`.

    f, argnum  as for `grad`

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 5.0])
    [[10.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(grad(f, argnum), argnum)


@overload
def jvp(f: Callable[..., Number], primals: Sequence[float], tangents: Sequence[float]) -> tuple[float, float]: ...
@overload
def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]: ...
def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """(f(x), the derivative of f at x along v): forward through the recorded graph, once.

    f         a function of numbers or of structures of numbers
    primals   its arguments
    tangents  their directions, in the same structure

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0))
    (6.0, 23.0)

    TypeError where the structures differ.
    """
    if len(primals) != len(tangents):
        raise TypeError(f"jvp needs as many tangents as primals, got {len(tangents)} and {len(primals)}")

    def take() -> tuple[Any, Any]:
        xs = _observed([_map(_fresh, x) for x in primals])
        y = _map(lambda each: _number(each, f), f(*xs))
        along = dict(zip(leaves_of(xs), map(_direction, matching(primals, tangents)), strict=True))
        return y, _like(y, _pushed(along, leaves_of(y)))

    return _derivative(take, (primals, tangents))  # type: ignore[no-any-return]


@overload
def hvp(f: Callable[..., Any], primals: tuple[float], tangents: tuple[float]) -> tuple[float, float]: ...
@overload
def hvp(
    f: Callable[..., Any], primals: tuple[list[float]], tangents: tuple[list[float]]
) -> tuple[list[float], list[float]]: ...
@overload
def hvp(f: Callable[..., Any], primals: tuple[T], tangents: tuple[T]) -> tuple[T, T]: ...
@overload
def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]: ...
def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """(∇f(x), ∇²f(x) v) in the first argument of f, at the cost of a few gradients: no Hessian is built.

    f         a function with one number as result
    primals   its arguments, x first
    tangents  their directions, v first, in the same structure

    >>> hvp(lambda x: x[0] ** 2 * x[1], ([3.0, 5.0],), ([1.0, 0.0],))
    ([30.0, 9.0], [10.0, 6.0])
    """
    return jvp(grad(f), primals, tangents)


# --- results: floats, but Values where the derivative may be differentiated -----------------------------


def _derivative(take: Callable[[], Any], args: Sequence[Any]) -> Any:
    """The derivative that `take` computes from `args`, as the caller should see it.

    Its numbers are Values inside another derivative or a recording, when a Value was passed, and when the function
    closed over one: that one may be what is being differentiated. Inside `no_graph()` they are Values without parents.
    """
    around = hooks()
    made: list[Any] = []  # leaves of this derivative's own; every other one was closed over
    observer = around.observer or Conversions()
    with paused_gc():
        result = under(lambda now: _taking(now, made.append, observer), take)
    keep = around.differentiating or around.recorder is not None
    keep = (
        keep or any(isinstance(leaf, Value) for leaf in leaves_of(list(args))) or _closes_over(leaves_of(result), made)
    )
    if not keep:
        return _map(float, result)
    return _map(_detached, result) if around.off else result


def _taking(now: Hooks, see: Callable[[Any], None], observer: Any) -> Hooks:
    return replace(now, off=False, differentiating=True, leaf_watchers=(*now.leaf_watchers, see), observer=observer)


def _observed(inputs: Any) -> Any:
    """Inputs, of which it is noticed when a number that depends on them leaves the graph."""
    observer = hooks().observer
    if isinstance(observer, Conversions):
        observer.inputs.update(leaves_of(inputs))
    return inputs


def _closes_over(results: Sequence[Any], made: Sequence[Any]) -> bool:
    """Whether a result depends on a leaf that is not among those that were made meanwhile."""
    known = set(made)
    values = [each for each in results if isinstance(each, Value)]
    return any(node.primitive is None and node not in known for node in topological(*values))


def _detached(x: Any) -> Any:
    return x.detach() if isinstance(x, Value) else x


def _traced(args: tuple[Any, ...], argnum: int) -> tuple[Any, tuple[Any, ...]]:
    if not -len(args) <= argnum < len(args):
        raise TypeError(f"argnum={argnum}, but the function was called with {len(args)} argument(s)")
    x = _observed(_map(_fresh, args[argnum]))
    return x, (*args[: argnum % len(args)], x, *args[argnum % len(args) + 1 :])


def _fresh(x: Any) -> Value:
    """A node of this derivative's own for x, still connected to x if that is a Value."""
    return x * 1.0 if isinstance(x, Value) else Value(x)


def _number(y: Any, f: Callable[..., Any]) -> Value:
    if isinstance(y, Value):
        return y
    try:
        return Value(as_float(y))
    except TypeError as error:
        name = getattr(f, "__name__", repr(f))
        raise TypeError(f"{name} must return a number to have a gradient, got {y!r}; see jacobian") from error


def _direction(v: Any) -> Any:
    return v if isinstance(v, Value) else as_float(v)


def _pushed(along: dict[Value, Any], outputs: Sequence[Value]) -> list[Any]:
    """The tangent of each output, given those of some nodes: Σ partial · tangent over parents, in topological order."""
    tangents = dict(along)
    flow = engine(list(along), independent=True)
    for node in flow.order(*outputs):
        if node not in along and not tangents.keys().isdisjoint(flow.parents(node)):
            gate, *answers = flow.answers(node)
            yes, no = (_moved(zip(partials, node.operands, strict=True), tangents) for partials in answers)
            tangents[node] = yes if gate is None else where(gate, yes, no)
    return [tangents.get(y, 0.0) for y in outputs]


def _moved(pairs: Iterable[tuple[Any, Any]], tangents: dict[Value, Any]) -> Any:
    moving = [(d, tangents[x]) for d, x in pairs if d is not None and isinstance(x, Value) and x in tangents]
    return dot([d for d, _ in moving], [t for _, t in moving])


# --- structures of numbers --------------------------------------------------------------------------------------------


def _map(function: Callable[[Any], Any], x: Any) -> Any:
    """`function` on every number of a structure."""
    leaves: list[Any] = []
    key = flatten(x, leaves)
    return rebuild(key, map(function, leaves))


def _like(x: Any, leaves: Sequence[Any]) -> Any:
    """The structure of x with other numbers (or structures) in it."""
    return rebuild(key_of(x), iter(leaves))
