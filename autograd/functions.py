"""The functions of the engine, for floats and for Values: floats in, a float out; a Value among them, a Value out.

Functions of one or two numbers are rows of the table under their own names; below are those with defaults or sequences.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

from autograd import rules
from autograd.affine import row
from autograd.errors import DomainError
from autograd.scopes import hooks
from autograd.value import Value, unary

abs = unary(rules.abs_)
acos, acosh, asin, asinh = map(unary, (rules.acos, rules.acosh, rules.asin, rules.asinh))
atan, atanh, ceil, cos = map(unary, (rules.atan, rules.atanh, rules.ceil, rules.cos))
cosh, erf, exp, expm1 = map(unary, (rules.cosh, rules.erf, rules.exp, rules.expm1))
floor, gelu, log, log1p = map(unary, (rules.floor, rules.gelu, rules.log, rules.log1p))
reciprocal, relu, sigmoid, sign = map(unary, (rules.reciprocal, rules.relu, rules.sigmoid, rules.sign))
silu, sin, sinh, softplus = map(unary, (rules.silu, rules.sin, rules.sinh, rules.softplus))
sqrt, square, tan, tanh = map(unary, (rules.sqrt, rules.square, rules.tan, rules.tanh))
cbrt, cosm1, exp2, log10 = map(unary, (rules.cbrt, rules.cosm1, rules.exp2, rules.log10))
log1mexp, log2, log_sigmoid = map(unary, (rules.log1mexp, rules.log2, rules.log_sigmoid))
rsqrt, sinc = map(unary, (rules.rsqrt, rules.sinc))
atan2, fmod, logaddexp, pow, xlogy = rules.atan2, rules.fmod, rules.logaddexp, rules.pow_, rules.xlogy


def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """x where x > 0, else slope · x; the derivative at 0 is `slope`, which may be a Value too (PReLU, He et al. 2015).

    >>> leaky_relu(-2.0), leaky_relu(3.0)
    (-0.02, 3.0)
    """
    return rules.leaky_relu(x, slope)


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """x where x > 0, else alpha (eˣ − 1); the derivative at 0 is `alpha` (Clevert et al. 2016).

    >>> elu(2.0), elu(0.0)
    (2.0, 0.0)
    """
    return rules.elu(x, alpha)


def where(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds, else y: a choice that stays in the graph, and a derivative for that branch only.

    The other branch gets no contribution at all, not one multiplied by 0: an infinite derivative there does no harm.

    >>> from autograd import Value, sqrt
    >>> x = Value(0.0)
    >>> where(x > 0, sqrt(x), 0.0).backward(); x.grad
    0.0
    """
    return rules.where(float(condition) if isinstance(condition, bool) else condition, x, y)


def pick(values: Sequence[Any], index: Any) -> Any:
    """values[index], for an integer from 0 on; an index that is a Value stays in the graph, and so in a program.

    A plain index is plain indexing: no node is made. While a function is recorded by `compile`, its arguments are
    Values, and one recording serves all indices (with `exact=True` there is one for each, since eager code adds up
    the adjoints of the value that was picked only).

    >>> from autograd import Value
    >>> pick([1.5, 2.5], 1), pick([1.5, 2.5], Value(0.0)).data
    (2.5, 1.5)

    IndexError for an index that is not one of 0 … n − 1; TypeError for a plain index that is not an integer.
    """
    if isinstance(index, Value):
        recorder = hooks().recorder
        if recorder is None or recorder.keeps_index(index):
            return rules.pick(index, *values)
    place = operator.index(index)
    if not 0 <= place < len(values):
        raise IndexError(f"there is no value {place}: with {len(values)} values the indices are 0…{len(values) - 1}")
    return values[place]


def maximum(*xs: Any) -> Any:
    """The largest of two or more numbers, or of one sequence; where k of them tie, each has derivative 1/k.

    nan with nan. `maximum(maximum(a, b), c)` shares in steps: ¼, ¼ and ½ where all three tie.

    >>> maximum(2.0, 3.0), maximum(1.0, 5.0, 4.0), maximum([1.0, 5.0])
    (3.0, 5.0, 5.0)

    TypeError for a single number, DomainError for an empty sequence.
    """
    return rules.maximum(*xs) if len(xs) == 2 else rules.largest(*_several(xs, "maximum"))


def minimum(*xs: Any) -> Any:
    """The smallest of two or more numbers, or of one sequence; where k of them tie, each has derivative 1/k.

    nan with nan. `minimum(minimum(a, b), c)` shares in steps: ¼, ¼ and ½ where all three tie.

    >>> minimum(2.0, 3.0), minimum(1.0, 5.0, 4.0), minimum([1.0, 5.0])
    (2.0, 1.0, 1.0)

    TypeError for a single number, DomainError for an empty sequence.
    """
    return rules.minimum(*xs) if len(xs) == 2 else -rules.largest(*[-x for x in _several(xs, "minimum")])


def clip(x: Any, low: Any, high: Any) -> Any:
    """min(max(x, low), high); the derivative is 0 at and beyond a bound, where the bound gets it.

    >>> clip(5.0, -1.0, 1.0)
    1.0
    """
    return rules.clip(x, low, high)


def hypot(*xs: Any) -> Any:
    """√(x₁² + x₂² + …) without overflow or underflow on the way; its derivatives at the origin are 0.

    >>> hypot(3.0, 4.0), hypot(1e-200, 0.0)
    (5.0, 1e-200)
    """
    return rules.hypot(*xs)


def dot(w: Sequence[Any], x: Sequence[Any], bias: Any = 0.0) -> Any:
    """w₁ x₁ + w₂ x₂ + … + bias as one node: a neuron's z, whose `grad` is the article's δ.

    Summed from left to right, starting at the bias. Parents are (w…, x…, bias), without the plain numbers among them.
    ValueError when the lengths differ.

    >>> dot([1.0, 2.0], [3.0, 4.0], 0.5)
    11.5
    """
    if len(w) != len(x):
        raise ValueError(f"dot needs as many weights as inputs, got {len(w)} and {len(x)}")
    return row(w, x, bias)


def total(xs: Iterable[Any]) -> Any:
    """x₁ + x₂ + … as one node; 0 for an empty sequence.

    >>> total([1.0, 2.0, 3.0])
    6.0
    """
    return rules.total(*xs)


def prod(xs: Iterable[Any]) -> Any:
    """x₁ x₂ … as one node, with exact derivatives also where factors are 0; 1 for an empty sequence.

    >>> prod([2.0, 3.0, 4.0])
    24.0
    """
    return rules.prod(*xs)


def mean(xs: Iterable[Any]) -> Any:
    """(x₁ + … + xₙ) / n; DomainError for an empty sequence.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    xs = _some(xs, "mean")
    return total(xs) / len(xs)


def norm(xs: Iterable[Any]) -> Any:
    """The Euclidean length √(x₁² + …); its derivatives at the origin are 0.

    >>> norm([3.0, 4.0])
    5.0
    """
    return rules.hypot(*xs)


def std(xs: Iterable[Any]) -> Any:
    """The standard deviation √(Σ (xᵢ − mean)² / n); where all are equal, 0 with derivatives 0.

    DomainError for an empty sequence.

    >>> std([1.0, 3.0])
    1.0
    """
    xs = _some(xs, "std")
    centre = mean(xs)
    centre = centre + mean([x - centre for x in xs])  # otherwise the mean of three 0.1 would be 0.10000000000000002
    return norm([x - centre for x in xs]) / len(xs) ** 0.5


def logsumexp(xs: Iterable[Any]) -> Any:
    """ln Σ exp xᵢ as one node, without overflow; its derivatives are the softmax. DomainError for an empty sequence.

    >>> logsumexp([1000.0, 1000.0])
    1000.6931471805599
    """
    return rules.logsumexp(*_some(xs, "logsumexp"))


def softmax(xs: Iterable[Any]) -> list[Any]:
    """exp xᵢ / Σ exp xⱼ for each i, without overflow. DomainError for an empty sequence.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    return list(rules.logsumexp.partials_at(None, _some(xs, "softmax")))


def log_softmax(xs: Iterable[Any]) -> list[Any]:
    """xᵢ − logsumexp(x) for each i: the logarithm of the softmax without its underflow.

    DomainError for an empty sequence.

    >>> log_softmax([0.0, -1000.0])
    [0.0, -1000.0]
    """
    xs = _some(xs, "log_softmax")
    whole = logsumexp(xs)
    return [x - whole for x in xs]


def _several(operands: Sequence[Any], name: str) -> list[Any]:
    """The numbers given one by one, or as one sequence."""
    if len(operands) > 1:
        return list(operands)
    if len(operands) != 1 or not hasattr(operands[0], "__iter__"):
        raise TypeError(f"{name} takes two or more numbers or one sequence of them, got {name}{tuple(operands)!r}")
    return _some(operands[0], name)


def _some(xs: Iterable[Any], name: str) -> list[Any]:
    listed = list(xs)
    if not listed:
        raise DomainError(f"{name} needs at least one number, got an empty sequence")
    return listed
