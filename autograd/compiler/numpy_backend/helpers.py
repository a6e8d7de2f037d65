"""Functions that the source of a program calls for rows without an equivalent ufunc in NumPy."""

from __future__ import annotations

from functools import cache
from typing import Any

from autograd._numpy import NDArray, np
from autograd.special import LN2

Array = NDArray[Any]


def empty(shape: int | tuple[int, ...], dtype: Any = float) -> Array:
    """A new array, all nan: what is read before it is written shows at the first run, when the result is verified."""
    return np.full(shape, np.nan, dtype)


def view(base: Array, first: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """Lanes first + Σ index · stride of a file; its samples, if it has any, stay the last axis."""
    step = base.strides[0]
    tail = base.shape[1:]
    return np.lib.stride_tricks.as_strided(
        base[first:], (*shape, *tail), (*(s * step for s in strides), *base.strides[1:])
    )


def step(x: Any, y: Any, tie: Any, out: Array) -> None:
    """1 where x > y, 0 where x < y, `tie` where equal, nan with nan; infinities are equal to themselves."""
    np.greater(x, y, out)
    np.copyto(out, tie, where=np.equal(x, y))
    np.copyto(out, np.nan, where=np.isnan(x) | np.isnan(y))


def where(condition: Any, x: Any, y: Any, out: Array) -> None:
    """x where the condition is not 0 (nan is not), else y."""
    chosen = np.not_equal(condition, 0.0)
    np.copyto(out, y)
    np.copyto(out, x, where=chosen)


def clip(x: Any, low: Any, high: Any, out: Array) -> None:
    """min(max(x, low), high)."""
    np.maximum(x, low, out=out)
    np.minimum(out, high, out=out)


def leaky_relu(x: Any, slope: Any, out: Array) -> None:
    """x where x > 0, else slope · x."""
    np.multiply(slope, x, out)
    np.copyto(out, x, where=np.greater(x, 0.0))


def elu(x: Any, alpha: Any, out: Array) -> None:
    """x where x > 0, else alpha (eˣ − 1)."""
    np.multiply(alpha, np.expm1(x), out)
    np.copyto(out, x, where=np.greater(x, 0.0))


def sigmoid(x: Any, out: Array, power: Array | None = None) -> None:
    """1 / (1 + e⁻ˣ); e⁻ˣ stays in `power`, so large at most that its product with the sigmoid is 1."""
    if power is None:
        power = out
    np.multiply(x, -1.0, power)  # np.negative: see spelling.py
    np.exp(power, power)
    np.add(power, 1.0, out)
    np.reciprocal(out, out)
    if power is not out:
        np.minimum(power, _largest(power.dtype), out=power)


@cache
def _largest(dtype: np.dtype[Any]) -> float:
    return float(np.finfo(dtype).max)


def sigmoid_slope(x: Any, out: Array) -> None:
    """σ(x) σ(−x) = t / (1 + t)² with t = e^−|x|."""
    np.absolute(x, out)
    np.negative(out, out)
    np.exp(out, out)
    whole = np.add(out, 1.0)
    np.square(whole, whole)
    np.divide(out, whole, out)


def one_minus_square(x: Any, out: Array) -> None:
    """(1 − x)(1 + x)."""
    rest = np.subtract(1.0, x)
    np.add(x, 1.0, out)
    np.multiply(rest, out, out)


def sech_square(x: Any, out: Array) -> None:
    """1 / cosh² x."""
    np.cosh(x, out)
    np.reciprocal(out, out)
    np.square(out, out)


def silu(x: Any, out: Array) -> None:
    """x σ(x); 0 at −inf."""
    sigmoid(x, out)
    np.multiply(np.maximum(x, -1e3), out, out)


def rsqrt(x: Any, out: Array) -> None:
    """1 / √x."""
    np.sqrt(x, out)
    np.reciprocal(out, out)


def log_sigmoid(x: Any, out: Array) -> None:
    """ln σ(x) = −ln(1 + e⁻ˣ)."""
    np.negative(x, out)
    np.logaddexp(out, 0.0, out)
    np.negative(out, out)


def log1mexp(x: Any, out: Array) -> None:
    """ln(1 − e⁻ˣ), each half by the function that is exact there."""
    minus = np.negative(x)
    large = np.log1p(-np.exp(minus))
    np.log(-np.expm1(minus), out)
    np.copyto(out, large, where=np.greater(x, LN2))


def xlogy(x: Any, y: Any, out: Array) -> None:
    """x ln y, but 0 where x is 0, unless y is nan."""
    is_0 = np.equal(x, 0.0) & np.equal(y, y)
    np.multiply(x, np.log(y), out)
    np.copyto(out, 0.0, where=is_0)


def cosm1(x: Any, out: Array) -> None:
    """cos x − 1 = −2 sin² ½x."""
    np.multiply(x, 0.5, out)
    np.sin(out, out)
    np.multiply(np.multiply(out, -2.0), out, out)


def sinc(x: Any, out: Array) -> None:
    """sin πx / πx, 1 at 0; the sine by an angle of at most π/4."""
    size = np.abs(x)
    r = size - 2.0 * np.floor(0.5 * size)
    is_second = r >= 1.0
    r = np.where(is_second, r - 1.0, r)
    part = np.sin(np.pi * np.where(r <= 0.25, r, 1.0 - r))
    part = np.where((r > 0.25) & (r < 0.75), np.cos(np.pi * (0.5 - r)), part)
    np.divide(np.where(is_second, -part, part), np.pi * size, out)
    np.copyto(out, 1.0, where=np.equal(size, 0.0))


def exp_shift(x: Any, shift: Any, out: Array) -> None:
    """exp(x − shift), 1 where they are equal, at infinities too."""
    np.subtract(x, shift, out=out)
    if not np.isfinite(shift).all():
        np.copyto(out, 0.0, where=np.equal(x, shift))
    np.exp(out, out=out)


def pick(index: Any, xs: Array, out: Array) -> None:
    """xs[index] over the first axis, nan where the index is not one of 0 … n − 1."""
    count, size = len(xs), out.size
    index = np.asarray(index)
    place = index.astype(np.uintp)  # a negative number becomes a huge one
    wrong = None
    if not (place.max() < count and (place == index).all()):
        wrong = (index < 0.0) | (place >= count) | (place != index)
        place = np.where(wrong, 0, place)
    if place.shape != out.shape:  # asking takes less time than a call that changes nothing
        place = np.broadcast_to(place, out.shape)
    if xs.shape[1:] != out.shape:
        xs = np.broadcast_to(xs, (count, *out.shape))
    out[...] = xs.reshape(count, size)[place.ravel(), np.arange(size)].reshape(out.shape)
    if wrong is not None:
        np.copyto(out, np.nan, where=wrong)


def logsumexp(xs: Array, out: Array, largest: Array | None = None, shifted: Array | None = None) -> None:
    """ln Σ exp xᵢ over the first axis; the largest's own 1 goes into log1p.

    `largest` and `shifted`, the exponentials of xᵢ − largest, are what a softmax of the same numbers has computed.
    """
    largest = np.maximum.reduce(xs, axis=0) if largest is None else largest
    shifted = np.exp(xs - largest) if shifted is None else shifted
    is_largest = np.equal(xs, largest)
    np.add.reduce(np.where(is_largest, 0.0, shifted), axis=0, out=out)
    np.add(out, np.add.reduce(is_largest, axis=0, dtype=out.dtype) - 1.0, out=out)
    np.log1p(out, out=out)
    np.add(out, largest, out=out)
