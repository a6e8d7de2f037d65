"""Derivatives of Python functions: `grad(f)` and the others take a function and return a function.

Arguments are numbers, or lists, tuples and dicts of numbers, nested; derivatives come in the same structure. They nest
without confusion, `grad(lambda x: x * grad(lambda y: x + y)(1.0))`, since a derivative is a graph of nodes that know
which input they came from. Inside another derivative, or on Values, results are Values; otherwise floats.

A compiled function has its derivatives from programs of its own, see `Compiled`, and arrays where arrays come in. Only
where a derivative is differentiated or recorded itself is it that of the function that was compiled.

Where f makes a plain float of what it is differentiated by, as `math.exp(x)` and `float(x)` do, no derivative comes
from there: a RuntimeWarning names the line, once, and the function that records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from autograd.derivative import engine, slopes
from autograd.functions import dot, where
from autograd.per_sample import in_order, per_sample
from autograd.series.taylor import derivative_tensor as derivative_tensor
from autograd.series.taylor import derivatives as derivatives
from autograd.series.taylor import taylor as taylor
from autograd.sparse.eager import sparse_derivative
from autograd.structure import leaves_of, matching, per_argument
from autograd.tracing import (
    Argnums,
    derivative_of,
    direction,
    eager,
    fresh,
    like,
    mapped,
    number,
    observed,
    own,
    traced,
)
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.signatures import Derivative, Number, SecondDerivative, ValueAndDerivative

T = TypeVar("T")


@overload
def grad(f: Callable[..., Any], argnum: Literal[0] = 0) -> Derivative: ...
@overload
def grad(f: Callable[..., Any], argnum: Argnums) -> Callable[..., Any]: ...
@overload
def grad(f: Callable[..., Any], *, argnums: Argnums) -> Callable[..., Any]: ...
def grad(f: Callable[..., Any], argnum: Argnums = 0, *, argnums: Argnums | None = None) -> Callable[..., Any]:
    """x ↦ ∂f/∂x, for a function with one number as result, by its argument number `argnum`.

    f       a function of numbers, or of lists and dicts of numbers; a compiled one uses its program. The derivative
            takes the same arguments, by position or name
    argnum  the index of the argument to differentiate by, or a tuple of them, for a tuple of derivatives; `argnums`
            is another name of it

    >>> from autograd import sin
    >>> grad(lambda x: x**3)(2.0), grad(grad(sin))(0.5) == -sin(0.5)
    (12.0, True)
    >>> grad(lambda p: p["w"] * 3.0 + p["b"])({"w": 2.0, "b": 1.0})
    {'w': 3.0, 'b': 1.0}
    >>> grad(lambda x, y: x * y, (0, 1))(2.0, 3.0)
    (3.0, 2.0)

    TypeError when f does not return a number, or the argument is not a number or structure of numbers.
    """

    by = argnum if argnums is None else argnums

    def derivative(*args: Any, **named: Any) -> Any:
        return value_and_grad(f, by)(*args, **named)[1]

    return derivative


@overload
def value_and_grad(f: Callable[..., Any], argnum: Literal[0] = 0) -> ValueAndDerivative: ...
@overload
def value_and_grad(f: Callable[..., Any], argnum: Argnums) -> Callable[..., tuple[Any, Any]]: ...
@overload
def value_and_grad(f: Callable[..., Any], *, argnums: Argnums) -> Callable[..., tuple[Any, Any]]: ...
def value_and_grad(
    f: Callable[..., Any], argnum: Argnums = 0, *, argnums: Argnums | None = None
) -> Callable[..., tuple[Any, Any]]:
    """x ↦ (f(x), ∂f/∂x) by argument `argnum` of f, with one evaluation of f.

    f, argnum, argnums  as for `grad`

    >>> value_and_grad(lambda w, x: w[0] * x + w[1])([2.0, 1.0], 5.0)
    (11.0, [5.0, 1.0])

    TypeError as for `grad`.
    """

    by = argnum if argnums is None else argnums

    def both(*args: Any, **named: Any) -> tuple[Any, Any]:
        args = in_order(f, args, named)

        def take() -> tuple[Any, Any]:
            x, inputs = traced(args, by)
            y = number(eager(f)(*inputs), f)
            return y, like(x, slopes(y, leaves_of(x), independent=True))

        found = own(f, "value_and_grad", args, by)
        return derivative_of(take, args) if found is NotImplemented else found  # type: ignore[no-any-return]

    return both


def jacobian(
    f: Callable[..., Any], argnum: Argnums = 0, *, argnums: Argnums | None = None, sparse: bool = False
) -> Callable[..., Any]:
    """x ↦ ∂fᵢ/∂x: for each number in the result of f, the derivative in the structure of x, argument `argnum` of f.

    f                a function whose result is a number or a structure of numbers
    argnum, argnums  as for `grad`
    sparse           True for a `scipy.sparse` array with a row for each number of the result and a column for each of x

    For lists of numbers it is the matrix of rows ∂fᵢ/∂xⱼ.

    >>> jacobian(lambda x: [x[0] * x[1], x[0]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 0.0]]

    A sparse one takes a pass for each colour, not for each row: columns (or rows, if that needs fewer colours) of one
    colour have no entry in common, as the graph shows. Its numbers are floats, and each entry that may differ from 0
    elsewhere is stored.

    >>> jacobian(lambda x: [a * b for a, b in zip(x, x[1:])], sparse=True)([2.0, 3.0, 4.0]).toarray()
    array([[3., 2., 0.],
           [0., 4., 3.]])

    TypeError, when it is called, without such an argument or for a result that is not a number. If sparse, GraphError
    inside another derivative, and ImportError without SciPy.
    """
    by = argnum if argnums is None else argnums
    if sparse:
        return sparse_derivative("jacobian", f, by)

    def derivative(*args: Any, **named: Any) -> Any:
        args = in_order(f, args, named)

        def take() -> Any:
            x, inputs = traced(args, by)
            y = eager(f)(*inputs)
            rows = [like(x, slopes(number(each, f), leaves_of(x), independent=True)) for each in leaves_of(y)]
            return like(y, rows)

        found = own(f, "jacobian", args, by)
        return derivative_of(take, args) if found is NotImplemented else found

    return derivative


@overload
def hessian(f: Callable[..., Any], argnum: Literal[0] = 0, *, sparse: Literal[False] = False) -> SecondDerivative: ...
@overload
def hessian(f: Callable[..., Any], argnum: Argnums, *, sparse: Literal[False] = False) -> Callable[..., Any]: ...
@overload
def hessian(f: Callable[..., Any], *, argnums: Argnums, sparse: Literal[False] = False) -> Callable[..., Any]: ...
@overload
def hessian(
    f: Callable[..., Any], argnum: Argnums = 0, *, argnums: Argnums | None = None, sparse: bool
) -> Callable[..., Any]: ...
def hessian(
    f: Callable[..., Any], argnum: Argnums = 0, *, argnums: Argnums | None = None, sparse: bool = False
) -> Callable[..., Any]:
    """x ↦ ∂²f/∂xᵢ∂xⱼ, for a function f with one number as result: the Jacobian of its gradient in argument `argnum`.

    f, argnum, argnums  as for `grad`
    sparse              True for a symmetric `scipy.sparse` array, with a row and a column for each number of x

    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 5.0])
    [[10.0, 6.0], [6.0, 0.0]]
    >>> hessian(lambda x: x[0] ** 2 * x[1] + x[2], sparse=True)([3.0, 5.0, 7.0]).nnz
    3

    As for `jacobian`, a sparse one takes a pass for each colour, here of a star colouring of the numbers of x.
    """
    by = argnum if argnums is None else argnums
    if sparse:
        return sparse_derivative("hessian", f, by)

    def derivative(*args: Any, **named: Any) -> Any:
        args = in_order(f, args, named)
        found = own(f, "hessian", args, by)
        return jacobian(grad(f, by), by)(*args) if found is NotImplemented else found

    return derivative


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
    per_argument(primals, "primals")
    per_argument(tangents, "tangents")
    if len(primals) != len(tangents):
        raise TypeError(f"jvp needs as many tangents as primals, got {len(tangents)} and {len(primals)}")

    def take() -> tuple[Any, Any]:
        xs = observed([mapped(fresh, x) for x in primals])
        y = mapped(lambda each: number(each, f), eager(f)(*xs))
        along = dict(zip(leaves_of(xs), map(direction, matching(primals, tangents)), strict=True))
        return y, like(y, _pushed(along, leaves_of(y)))

    found = own(f, "jvp", primals, tuple(range(len(primals))), tangents)
    return derivative_of(take, (primals, tangents)) if found is NotImplemented else found  # type: ignore[no-any-return]


def vjp(f: Callable[..., Any], primals: Sequence[Any], cotangents: Any) -> tuple[Any, tuple[Any, ...]]:
    """(f(x), x̄ = ȳᵀ ∂f/∂x): backward through the recorded graph, once; x̄ is a tuple with an entry for each argument.

    f           a function of numbers or of structures of numbers
    primals     its arguments
    cotangents  ȳ, in the structure of the result

    >>> vjp(lambda x, y: [x * y, x], (2.0, 3.0), [1.0, 10.0])
    ([6.0, 2.0], (13.0, 2.0))

    TypeError where the structures differ.
    """
    per_argument(primals, "primals")

    def take() -> tuple[Any, Any]:
        xs = tuple(observed([mapped(fresh, x) for x in primals]))
        y = mapped(lambda each: number(each, f), eager(f)(*xs))
        words = "cotangents must have the structure of the result"
        total = dot([direction(each) for each in matching(y, cotangents, words)], leaves_of(y))
        by = leaves_of(xs)
        return y, like(xs, slopes(total, by, independent=True) if isinstance(total, Value) else [0.0] * len(by))

    found = own(f, "vjp", primals, tuple(range(len(primals))), cotangents)
    return derivative_of(take, (primals, cotangents)) if found is NotImplemented else found  # type: ignore[no-any-return]


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
    per_argument(primals, "primals")
    per_argument(tangents, "tangents")
    found = own(f, "hvp", primals, 0, tangents)
    return jvp(grad(f), primals, tangents) if found is NotImplemented else found


def map_grad(
    f: Callable[..., Any], argnum: Argnums = 0, *, argnums: Argnums | None = None, batch: Sequence[str] = ()
) -> Callable[..., Any]:
    """(x, …) ↦ [∂f/∂x of each sample], where the arguments named in `batch` hold samples.

    f, argnum, argnums, batch  as for `map_jacobian`; f has one number as result

    >>> map_grad(lambda w, x: w * x**2, (0, 1), batch=("x",))(3.0, [1.0, 2.0])
    [(1.0, 6.0), (4.0, 12.0)]

    TypeError as for `grad` and `map_jacobian`.
    """
    return per_sample("map_grad", grad, f, argnum if argnums is None else argnums, batch)


def map_jacobian(
    f: Callable[..., Any], argnum: Argnums = 0, *, argnums: Argnums | None = None, batch: Sequence[str] = ()
) -> Callable[..., Any]:
    """(x, …) ↦ [∂fᵢ/∂x of each sample], where the arguments named in `batch` hold samples.

    f                a function of one sample; a compiled one with a batch of its own runs `Compiled.map_jacobian`
    argnum, argnums  as for `grad`
    batch            the names of the arguments that are lists or arrays with an entry for each sample

    A list with what `jacobian` gives for each sample, so for lists of numbers [sample][i][j]. A compiled function with
    `batch=` gives arrays with the samples first.

    >>> map_jacobian(lambda x: [x[0] * x[1], x[0]], batch=("x",))([[2.0, 3.0], [4.0, 5.0]])
    [[[3.0, 2.0], [1.0, 0.0]], [[5.0, 4.0], [1.0, 0.0]]]

    TypeError, when it is called, without a batch, and for names and numbers of samples that do not fit.
    """
    return per_sample("map_jacobian", jacobian, f, argnum if argnums is None else argnums, batch)


# --- forward through a graph ------------------------------------------------------------------------------------------


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
