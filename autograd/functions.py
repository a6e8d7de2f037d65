"""The functions of the engine, for floats and for Values: floats in, a float out; a Value among them, a Value out.

Functions of one or two numbers are rows of the table under their own names; below are those with defaults or sequences.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeVar, overload

from autograd import rules
from autograd.affine import row
from autograd.errors import DomainError
from autograd.operators import unary
from autograd.scopes import hooks
from autograd.signatures import (
    choice,
    exponential_slope,
    extreme,
    inner_product,
    leaky_slope,
    listwise,
    reduction,
    several,
    ternary,
)
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.signatures import Binary, Number, Unary

T = TypeVar("T")

abs: Unary = unary(rules.abs_)
acos: Unary = unary(rules.acos)
acosh: Unary = unary(rules.acosh)
asin: Unary = unary(rules.asin)
asinh: Unary = unary(rules.asinh)
atan: Unary = unary(rules.atan)
atanh: Unary = unary(rules.atanh)
cbrt: Unary = unary(rules.cbrt)
ceil: Unary = unary(rules.ceil)
cos: Unary = unary(rules.cos)
cosh: Unary = unary(rules.cosh)
cosm1: Unary = unary(rules.cosm1)
erf: Unary = unary(rules.erf)
exp: Unary = unary(rules.exp)
exp2: Unary = unary(rules.exp2)
expm1: Unary = unary(rules.expm1)
floor: Unary = unary(rules.floor)
gelu: Unary = unary(rules.gelu)
log: Unary = unary(rules.log)
log10: Unary = unary(rules.log10)
log1mexp: Unary = unary(rules.log1mexp)
log1p: Unary = unary(rules.log1p)
log2: Unary = unary(rules.log2)
log_sigmoid: Unary = unary(rules.log_sigmoid)
reciprocal: Unary = unary(rules.reciprocal)
relu: Unary = unary(rules.relu)
rsqrt: Unary = unary(rules.rsqrt)
sigmoid: Unary = unary(rules.sigmoid)
sign: Unary = unary(rules.sign)
silu: Unary = unary(rules.silu)
sin: Unary = unary(rules.sin)
sinc: Unary = unary(rules.sinc)
sinh: Unary = unary(rules.sinh)
softplus: Unary = unary(rules.softplus)
sqrt: Unary = unary(rules.sqrt)
square: Unary = unary(rules.square)
tan: Unary = unary(rules.tan)
tanh: Unary = unary(rules.tanh)

atan2: Binary = rules.atan2
fmod: Binary = rules.fmod
logaddexp: Binary = rules.logaddexp
pow: Binary = rules.pow_
xlogy: Binary = rules.xlogy


@leaky_slope
def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """x where x > 0, else slope · x; the derivative at 0 is `slope`, which may be a Value too (PReLU, He et al. 2015).

    >>> leaky_relu(-2.0), leaky_relu(3.0)
    (-0.02, 3.0)
    """
    return rules.leaky_relu(x, slope)


@exponential_slope
def elu(x: Any, alpha: Any = 1.0) -> Any:
    """x where x > 0, else alpha (eˣ − 1); the derivative at 0 is `alpha` (Clevert et al. 2016).

    >>> elu(2.0), elu(0.0)
    (2.0, 0.0)
    """
    return rules.elu(x, alpha)


@choice
def where(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds, else y: a choice that stays in the graph, and a derivative for that branch only.

    condition  a comparison such as `x > 0`, or a number or Value that is not 0 where it holds
    x          the result where it holds
    y          the result where it does not

    The other branch gets no contribution at all, not one multiplied by 0: an infinite derivative there does no harm.

    >>> from autograd import Value, sqrt
    >>> x = Value(0.0)
    >>> where(x > 0, sqrt(x), 0.0).backward(); x.grad
    0.0
    """
    return rules.where(float(condition) if isinstance(condition, bool) else condition, x, y)


if TYPE_CHECKING:

    @overload
    def pick(values: Sequence[Number], index: Value) -> Value: ...
    @overload
    def pick(values: Sequence[T], index: SupportsIndex) -> T: ...


def pick(values: Sequence[Any], index: Any) -> Any:
    """values[index], for an integer from 0 on; an index that is a Value stays in the graph, and so in a program.

    values  the numbers or Values to pick from
    index   an integer, which is plain indexing and makes no node; or a Value. While a function is recorded by
            `compile`, its arguments are Values, and one recording serves all indices (with `exact=True` there is one
            for each, since eager code adds up the adjoints of the value that was picked only)

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


@extreme
def maximum(x: Any, y: Any = None, /, *more: Any) -> Any:
    """The larger of x and y, the largest of more numbers, or of one sequence x; of k that tie, each has derivative 1/k.

    nan with nan. `maximum(maximum(a, b), c)` shares in steps: ¼, ¼ and ½ where all three tie.

    >>> maximum(2.0, 3.0), maximum(1.0, 5.0, 4.0), maximum([1.0, 5.0])
    (3.0, 5.0, 5.0)

    TypeError for a single number, DomainError for an empty sequence.
    """
    if y is not None and not more:
        return rules.maximum(x, y)
    return rules.largest(*_several(x, y, more, "maximum"))


@extreme
def minimum(x: Any, y: Any = None, /, *more: Any) -> Any:
    """The smaller of x and y, the smallest of more, or of one sequence x; of k that tie, each has derivative 1/k.

    nan with nan. `minimum(minimum(a, b), c)` shares in steps: ¼, ¼ and ½ where all three tie.

    >>> minimum(2.0, 3.0), minimum(1.0, 5.0, 4.0), minimum([1.0, 5.0])
    (2.0, 1.0, 1.0)

    TypeError for a single number, DomainError for an empty sequence.
    """
    if y is not None and not more:
        return rules.minimum(x, y)
    return -rules.largest(*[-each for each in _several(x, y, more, "minimum")])


@ternary
def clip(x: Any, low: Any, high: Any) -> Any:
    """min(max(x, low), high); the derivative is 0 at and beyond a bound, where the bound gets it.

    >>> clip(5.0, -1.0, 1.0)
    1.0
    """
    return rules.clip(x, low, high)


@several
def hypot(*xs: Any) -> Any:
    """√(x₁² + x₂² + …) without overflow or underflow on the way; its derivatives at the origin are 0.

    >>> hypot(3.0, 4.0), hypot(1e-200, 0.0)
    (5.0, 1e-200)
    """
    return rules.hypot(*xs)


@inner_product
def dot(w: Sequence[Any], x: Sequence[Any], bias: Any = 0.0) -> Any:
    """w₁ x₁ + w₂ x₂ + … + bias as one node: a neuron's z, whose `grad` is the article's δ.

    w     the weights
    x     as many inputs
    bias  the number that the sum starts at

    Summed from left to right. Parents are (w…, x…, bias), without the plain numbers among them. ValueError when the
    lengths differ.

    >>> dot([1.0, 2.0], [3.0, 4.0], 0.5)
    11.5
    """
    if len(w) != len(x):
        raise ValueError(f"dot needs as many weights as inputs, got {len(w)} and {len(x)}")
    return row(w, x, bias)


@reduction
def total(xs: Iterable[Any]) -> Any:
    """x₁ + x₂ + … as one node; 0 for an empty sequence.

    >>> total([1.0, 2.0, 3.0])
    6.0
    """
    return rules.total(*xs)


@reduction
def prod(xs: Iterable[Any]) -> Any:
    """x₁ x₂ … as one node, with exact derivatives also where factors are 0; 1 for an empty sequence.

    >>> prod([2.0, 3.0, 4.0])
    24.0
    """
    return rules.prod(*xs)


@reduction
def mean(xs: Iterable[Any]) -> Any:
    """(x₁ + … + xₙ) / n; DomainError for an empty sequence.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    xs = _some(xs, "mean")
    return total(xs) / len(xs)


@reduction
def norm(xs: Iterable[Any]) -> Any:
    """The Euclidean length √(x₁² + …); its derivatives at the origin are 0.

    >>> norm([3.0, 4.0])
    5.0
    """
    return rules.hypot(*xs)


@reduction
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


@reduction
def logsumexp(xs: Iterable[Any]) -> Any:
    """ln Σ exp xᵢ as one node, without overflow; its derivatives are the softmax. DomainError for an empty sequence.

    >>> logsumexp([1000.0, 1000.0])
    1000.6931471805599
    """
    return rules.logsumexp(*_some(xs, "logsumexp"))


@listwise
def softmax(xs: Iterable[Any]) -> list[Any]:
    """exp xᵢ / Σ exp xⱼ for each i, without overflow. DomainError for an empty sequence.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    return list(rules.logsumexp.partials_at(None, _some(xs, "softmax")))


@listwise
def log_softmax(xs: Iterable[Any]) -> list[Any]:
    """xᵢ − logsumexp(x) for each i: the logarithm of the softmax without its underflow.

    DomainError for an empty sequence.

    >>> log_softmax([0.0, -1000.0])
    [0.0, -1000.0]
    """
    xs = _some(xs, "log_softmax")
    whole = logsumexp(xs)
    return [x - whole for x in xs]


def _several(x: Any, y: Any, more: Sequence[Any], name: str) -> list[Any]:
    """The numbers given one by one, or as one sequence."""
    if y is not None or more:
        return [x, y, *more]
    if not hasattr(x, "__iter__"):
        raise TypeError(f"{name} takes two or more numbers or one sequence of them, got {name}({x!r})")
    return _some(x, name)


def _some(xs: Iterable[Any], name: str) -> list[Any]:
    listed = list(xs)
    if not listed:
        raise DomainError(f"{name} needs at least one number, got an empty sequence")
    return listed
