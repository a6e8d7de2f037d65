"""Strategies for numbers, leaves and points of a function."""

from __future__ import annotations

import collections.abc
import inspect
import math
import typing
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import SearchStrategy

from autograd.primitive import Interval, Primitive
from autograd.strategies.arguments import check_sizes
from autograd.value import Value

# Where rules go wrong: kinks, both zeros, fixed points of powers. By chance, a wrong relu′(0) survived 300 examples.
SPECIAL = (0.0, 1.0, -1.0, 0.5, 2.0, -0.0)
LISTS = (list, collections.abc.Sequence)
FILLED = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
UNFILLED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.KEYWORD_ONLY)


def numbers(
    min_value: float | None = None,
    max_value: float | None = None,
    *,
    exclude_min: bool = False,
    exclude_max: bool = False,
    allow_nan: bool = False,
    allow_infinity: bool = False,
    allow_subnormal: bool | None = None,
    width: int = 64,
) -> SearchStrategy[float]:
    """Floats as from `hypothesis.strategies.floats`, with 0, −0.0, ±1, ½ and 2 mixed in wherever the bounds allow them.

    The arguments are those of `floats`, but nan and infinities have to be asked for. InvalidArgument where they exclude
    one another.

    >>> numbers(min_value=0.25, max_value=1.5)
    one_of(sampled_from((1.0, 0.5)), floats(min_value=0.25, max_value=1.5, allow_nan=False, allow_infinity=False))
    """
    floats = st.floats(
        min_value,
        max_value,
        allow_nan=allow_nan,
        allow_infinity=allow_infinity,
        allow_subnormal=allow_subnormal,
        width=width,  # type: ignore[arg-type]  # Literal[16, 32, 64]; Hypothesis itself says what is wrong with others
        exclude_min=exclude_min,
        exclude_max=exclude_max,
    )
    floats.validate()
    low = -math.inf if min_value is None else min_value
    high = math.inf if max_value is None else max_value
    special = tuple(x for x in SPECIAL if _within(x, low, high, exclude_min, exclude_max))
    return st.one_of(st.sampled_from(special), floats) if special else floats


def _within(x: float, low: float, high: float, exclude_min: bool, exclude_max: bool) -> bool:
    """As `floats` sees it: −0.0 lies below 0.0."""
    place, bottom, top = ((number, math.copysign(1.0, number)) for number in (x, low, high))
    return (bottom < place if exclude_min else bottom <= place) and (place < top if exclude_max else place <= top)


def values(
    min_value: float | None = None,
    max_value: float | None = None,
    *,
    exclude_min: bool = False,
    exclude_max: bool = False,
    allow_nan: bool = False,
    allow_infinity: bool = False,
    allow_subnormal: bool | None = None,
    width: int = 64,
) -> SearchStrategy[Value]:
    """Leaves of a graph: a fresh `Value` around each of `numbers(…)`, which takes the same arguments.

    It is what `st.from_type(Value)` gives.

    >>> from hypothesis import given
    >>> @given(values(min_value=0.0, max_value=1.0))
    ... def test(x):
    ...     assert 0.0 <= x.data <= 1.0 and not x.parents
    >>> test()
    """
    return numbers(
        min_value,
        max_value,
        exclude_min=exclude_min,
        exclude_max=exclude_max,
        allow_nan=allow_nan,
        allow_infinity=allow_infinity,
        allow_subnormal=allow_subnormal,
        width=width,
    ).map(Value)


# Of moderate size and with short expansions, so that a failing point can be checked on paper.
MODERATE = numbers(-3.0, 3.0, allow_subnormal=False, width=32)


def points(
    f: Callable[..., Any],
    /,
    *,
    elements: SearchStrategy[float] | None = None,
    min_size: int = 1,
    max_size: int = 3,
    **arguments: SearchStrategy[Any],
) -> SearchStrategy[tuple[Any, ...]]:
    """Tuples with one number for each argument of `f` that has no default, from `elements` (moderate floats).

    An argument annotated as a list or sequence gets a list of `min_size` to `max_size` numbers; all lists of one point
    are as long as each other, as `dot(w, x)` wants it. A primitive's own domain is respected; for any other function,
    name the strategy of an argument to keep it inside one:

    >>> from hypothesis import given, strategies as st
    >>> @given(points(lambda x, y: x ** y, x=st.floats(0.1, 10.0)))
    ... def test(at):
    ...     x, y = at
    ...     assert 0.1 <= x <= 10.0
    >>> test()

    InvalidArgument for an `f` whose arguments cannot be told, and for names it does not have.
    """
    check_sizes("size", min_size, max_size, least=0)
    given, elements = elements, MODERATE if elements is None else elements
    if isinstance(f, Primitive):
        kinds: dict[str, SearchStrategy[float] | None] = _domains(f, given)
    else:
        kinds = {
            name: None if _is_list(parameter.annotation) else elements
            for name, parameter in _parameters(f, arguments).items()
        }
    unknown = sorted(set(arguments) - set(kinds))
    if unknown:
        raise InvalidArgument(f"{_name(f)} has no argument {unknown[0]!r}; it has {', '.join(kinds) or 'none'}")

    def point(length: int) -> SearchStrategy[tuple[Any, ...]]:
        a_list = st.lists(elements, min_size=length, max_size=length)
        drawn = {name: a_list if kind is None else kind for name, kind in kinds.items()} | arguments
        return st.tuples(*[drawn[name] for name in kinds])

    if all(kind is not None or name in arguments for name, kind in kinds.items()):
        return point(0)
    return st.integers(min_size, max_size).flatmap(point)


def _domains(row: Primitive, elements: SearchStrategy[float] | None) -> dict[str, SearchStrategy[float] | None]:
    if row.arity is None:
        raise InvalidArgument(
            f"{row.name} takes any number of operands; say how many: points(lambda x, y: {row.name}(x, y))"
        )
    return {f"x{i}": inside(interval) if elements is None else elements for i, interval in enumerate(row.domain)}


def inside(interval: Interval) -> SearchStrategy[float]:
    """Moderate numbers strictly between the ends of an interval: at an end there is one side only to differentiate on.

    >>> inside((-1.0, 1.0))
    one_of(sampled_from((0.0, 0.5, -0.0)), floats(min_value=-1.0, max_value=1.0, allow_nan=False, ...
    """
    low, high = interval
    at_low, at_high = low > -math.inf, high < math.inf
    return numbers(
        low if at_low else min(-3.0, high - 3.0),
        high if at_high else max(3.0, low + 3.0),
        exclude_min=at_low,
        exclude_max=at_high,
        allow_subnormal=False,
        width=32,
    )


def _parameters(f: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, inspect.Parameter]:
    """Those of f without a default, and those that the caller gives a strategy for."""
    try:
        signature = inspect.signature(f, eval_str=True)
    except (TypeError, ValueError, NameError) as error:
        raise InvalidArgument(
            f"cannot tell the arguments of {f!r} ({error}); wrap it: points(lambda x, y: f(x, y))"
        ) from error
    found = {}
    for name, parameter in signature.parameters.items():
        required = parameter.default is parameter.empty
        if parameter.kind in UNFILLED and (required or name in arguments):
            raise InvalidArgument(
                f"{_name(f)} takes {parameter}, which no point fills; wrap it: points(lambda x, y: {_name(f)}(x, y))"
            )
        if parameter.kind in FILLED and (required or name in arguments):
            found[name] = parameter
    return found


def _is_list(annotation: Any) -> bool:
    return annotation in LISTS or typing.get_origin(annotation) in LISTS


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", None) or repr(f)
