"""NumPy's functions on Values: elementwise, each as the primitive of the same meaning.

NumPy hands a ufunc to the operand with `__array_ufunc__`. Arrays that meet a Value become object arrays of Values (or
of floats, where no Value meets them); single numbers stay Values.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autograd import rules
from autograd.primitive import PRIMITIVES

# Ufuncs whose names are not those of their primitives.
_OTHER_NAMES = {
    "subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div", "negative": "neg", "power": "pow",
    "float_power": "pow", "absolute": "abs", "fabs": "abs", "remainder": "mod", "arcsin": "asin", "arccos": "acos",
    "arctan": "atan", "arctan2": "atan2", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
}  # fmt: skip
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "less": operator.lt, "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
    "equal": operator.eq, "not_equal": operator.ne,
}  # fmt: skip
_PREDICATES = {"isfinite", "isinf", "isnan", "signbit"}
_REDUCTIONS = {"add", "multiply", "maximum", "minimum"}


def apply_ufunc(ufunc: Any, method: str, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """The result of NumPy's function with Values among its operands; NotImplemented where no primitive has its meaning.

    >>> import numpy as np
    >>> from autograd import Value
    >>> np.array([1.0, 2.0]) * Value(3.0)
    array([Value(data=3.0, grad=0.0, op='mul'), Value(data=6.0, grad=0.0, op='mul')], dtype=object)
    >>> np.tanh(Value(0.0))
    Value(data=0.0, grad=0.0, op='tanh')

    TypeError for an array of floats as `out`: it cannot hold Values.
    """
    if method == "reduce" and ufunc.__name__ in _REDUCTIONS:
        return inputs[0]  # one number
    function = _elementwise(ufunc)
    if function is None or method != "__call__" or not options.keys() <= {"out"}:
        return NotImplemented
    import numpy as np  # NumPy has called us, so it is there

    (out,) = options.get("out", (None,))
    if out is not None and out.dtype != object:
        raise TypeError(
            f"an array of {out.dtype} cannot hold Values; write a = a * v instead of a *= v, "
            "or make the array with dtype=object"
        )
    operands = [x.item() if getattr(x, "shape", None) == () else x for x in inputs]
    if out is None and not any(isinstance(x, np.ndarray | list | tuple) for x in operands):
        return function(*operands)
    boxed = [np.asarray(x, dtype=object) for x in operands]  # else NumPy would ask the Values again
    result = np.frompyfunc(function, len(operands), 1)(*boxed, **options)
    return result.astype(bool) if ufunc.__name__ in _COMPARISONS or ufunc.__name__ in _PREDICATES else result


def _elementwise(ufunc: Any) -> Callable[..., Any] | None:
    """A ufunc on single operands, as a function of numbers and Values; None if no function of ours has its meaning."""
    name = ufunc.__name__
    if name in _COMPARISONS:
        return _COMPARISONS[name]
    if name in _PREDICATES:
        return lambda x: bool(ufunc(float(x)))
    if name == "positive":
        return operator.pos
    if name == "rint":
        return lambda x: rules.round_(x, 0.0)
    found = PRIMITIVES.get(_OTHER_NAMES.get(name, name))
    return found if found is not None and found.arity in (None, ufunc.nin) else None
