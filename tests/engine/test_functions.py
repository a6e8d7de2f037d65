"""The functions with defaults or sequences: n-ary ones against mpmath, floats in and out, errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

import autograd
from autograd import DomainError, Value, affine, dot, log_softmax, logsumexp, mean, no_graph, norm, prod, softmax, std
from autograd import total as summed
from autograd.primitive import Primitive

lists = st.lists(st.floats(-50.0, 50.0).map(lambda x: round(x, 3)), min_size=1, max_size=6)

# name: (the function, its meaning in mpmath)
OVER_LISTS: dict[str, tuple[Callable[..., Any], Callable[[Sequence[Any]], Any]]] = {
    "total": (summed, mp.fsum),
    "prod": (prod, mp.fprod),
    "mean": (mean, lambda xs: mp.fsum(xs) / len(xs)),
    "norm": (norm, mp.norm),
    "std": (std, lambda xs: mp.norm([x - mp.fsum(xs) / len(xs) for x in xs]) / mp.sqrt(len(xs))),
    "logsumexp": (logsumexp, lambda xs: mp.log(mp.fsum(map(mp.exp, xs)))),
}


def _rounding(n: int, largest: float) -> float:
    """n additions, each off by 2⁻⁵³ of at most n times the largest number; and 4 ulp for the function around them."""
    return (n * n + 8) * 2.0**-53 * max(largest, 1e-300)


class TestOverLists:
    @pytest.mark.parametrize("name", OVER_LISTS)
    @given(xs=lists)
    def test_value(self, name: str, xs: list[float]) -> None:
        f, in_mpmath = OVER_LISTS[name]
        with mp.workdps(60):
            expected = float(in_mpmath(list(map(mpf, xs))))
        scale = max([*map(abs, xs), abs(expected)])
        assert abs(f(xs) - expected) <= _rounding(len(xs), scale)

    @pytest.mark.parametrize("name", OVER_LISTS)
    @given(xs=lists)
    def test_floats_in_a_float_out_and_values_give_the_same_number(self, name: str, xs: list[float]) -> None:
        f, _ = OVER_LISTS[name]
        out = f(xs)
        assert type(out) is float
        assert f([Value(x) for x in xs]).data == f([Value(xs[0]), *xs[1:]]).data == out
        with no_graph():
            assert f([Value(x) for x in xs]).data == out

    @pytest.mark.parametrize("name", OVER_LISTS)
    def test_any_iterable(self, name: str) -> None:
        f, _ = OVER_LISTS[name]
        numbers = [1.0, 2.0, 4.0]
        assert f(iter(numbers)) == f(tuple(numbers)) == f(np.array(numbers)) == f([1, 2, 4]) == f(numbers)
        assert f(map(Value, numbers)).data == f(numbers)

    @pytest.mark.parametrize("name", OVER_LISTS)
    def test_one_node_for_all(self, name: str) -> None:
        f, _ = OVER_LISTS[name]
        if name in ("total", "prod", "norm", "logsumexp"):
            xs = [Value(1.0), Value(2.0), Value(4.0)]
            assert f(xs).parents == tuple(xs)

    @pytest.mark.parametrize("f", [mean, std, logsumexp, softmax, log_softmax])
    def test_of_nothing_is_refused(self, f: Callable[..., Any]) -> None:
        with pytest.raises(DomainError, match=f"{f.__name__} needs at least one number, got an empty sequence"):
            f([])

    def test_of_nothing_where_there_is_an_answer(self) -> None:
        assert (summed([]), prod([]), norm([]), dot([], [])) == (0.0, 1.0, 0.0, 0.0)
        assert dot([], [], Value(2.0)).data == 2.0

    @given(xs=lists)
    def test_gradient_of_std_and_norm_against_closed_forms(self, xs: list[float]) -> None:
        """∂norm/∂xᵢ = xᵢ / norm; ∂std/∂xᵢ = (xᵢ − mean) / (n std)."""
        for f, centre in ((norm, 0.0), (std, mean(xs))):
            leaves = [Value(x) for x in xs]
            out = f(leaves)
            out.backward()
            length = norm([x - centre for x in xs])
            factor = 1.0 if f is norm else len(xs) ** -0.5
            for leaf in leaves:
                expected = factor * (leaf.data - centre) / length if length else 0.0
                # Differences to the mean carry its rounding, which counts more the closer the numbers are together.
                noise = _rounding(len(xs), max(map(abs, xs))) / length if length else 0.0
                assert abs(leaf.grad - expected) <= 4.0 * (noise + 2.0**-52)


class TestSoftmax:
    @given(xs=lists)
    def test_against_mpmath(self, xs: list[float]) -> None:
        with mp.workdps(60):
            exps = [mp.exp(mpf(x)) for x in xs]
            weights = [x / mp.fsum(exps) for x in exps]
            expected, logs = [float(w) for w in weights], [float(mp.log(w)) for w in weights]
        for got, want in zip(softmax(xs), expected, strict=True):
            assert math.isclose(got, want, rel_tol=(len(xs) + 4) * 2.0**-52)
        for got, want in zip(log_softmax(xs), logs, strict=True):
            assert abs(got - want) <= _rounding(2, 2.0 * max(map(abs, xs)) + 2.0)

    @given(xs=lists)
    def test_it_sums_to_1_and_is_the_gradient_of_logsumexp(self, xs: list[float]) -> None:
        assert math.isclose(math.fsum(softmax(xs)), 1.0, rel_tol=(len(xs) + 4) * 2.0**-52)
        leaves = [Value(x) for x in xs]
        logsumexp(leaves).backward()
        assert [leaf.grad for leaf in leaves] == softmax(xs)

    def test_large_numbers_and_infinities(self) -> None:
        assert softmax([1000.0, 1000.0]) == softmax([-1000.0, -1000.0]) == softmax([math.inf, math.inf]) == [0.5, 0.5]
        assert softmax([-math.inf, 0.0]) == [0.0, 1.0]
        assert log_softmax([0.0, -1000.0]) == [0.0, -1000.0]

    def test_gradients_of_softmax_against_the_jacobian(self) -> None:
        """∂sᵢ/∂xⱼ = sᵢ (δᵢⱼ − sⱼ)."""
        xs = [0.3, -1.2, 2.0]
        s = softmax(xs)
        for i in range(3):
            leaves = [Value(x) for x in xs]
            softmax(leaves)[i].backward()
            for j, leaf in enumerate(leaves):
                assert math.isclose(leaf.grad, s[i] * ((i == j) - s[j]), rel_tol=1e-14)

    def test_gradient_of_cross_entropy(self) -> None:
        """−log softmaxₖ has gradient s − 1ₖ: the reason why one writes it so."""
        leaves = [Value(x) for x in (0.3, -1.2, 2.0)]
        (-log_softmax(leaves)[1]).backward()
        s = softmax([leaf.data for leaf in leaves])
        assert all(
            math.isclose(v.grad, x, rel_tol=1e-14) for v, x in zip(leaves, [s[0], s[1] - 1.0, s[2]], strict=True)
        )


numbers = st.floats(-4.0, 4.0).map(lambda x: round(x, 3))
KINDS: dict[str, Callable[[float], Any]] = {"values": Value, "floats": float}


@st.composite
def layers(draw: st.DrawFn) -> tuple[list[list[Any]], list[Any], list[Any]]:
    """W, x and b of any size, also 0, each of Values, floats, or a mixture."""
    n_in, n_out = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    number = st.one_of(numbers.map(Value), numbers)
    of_kind = st.sampled_from([numbers.map(Value), numbers, number, st.integers(-3, 3)])
    w, x, b = draw(of_kind), draw(of_kind), draw(of_kind)
    rows = [draw(st.lists(w, min_size=n_in, max_size=n_in)) for _ in range(n_out)]
    return rows, draw(st.lists(x, min_size=n_in, max_size=n_in)), draw(st.lists(b, min_size=n_out, max_size=n_out))


class TestAffine:
    @given(layer=layers())
    def test_it_is_a_dot_per_row_bit_for_bit(self, layer: tuple[list[list[Any]], list[Any], list[Any]]) -> None:
        W, x, b = layer
        by_rows = [autograd.PRIMITIVES["dot"](*w, *x, bias) for w, bias in zip(W, b, strict=True)]
        for z, expected in zip(affine(W, x, b), by_rows, strict=True):
            assert type(z) is type(expected)
            if isinstance(z, Value):
                assert (z.op, z.data.hex(), z.operands) == ("dot", expected.data.hex(), expected.operands)
                assert (z.parents, z.partials) == (expected.parents, expected.partials)
            else:
                assert z.hex() == expected.hex()

    @given(layer=layers())
    def test_in_no_graph_it_gives_the_same_numbers(self, layer: tuple[list[list[Any]], list[Any], list[Any]]) -> None:
        recorded = affine(*layer)
        with no_graph():
            silent = affine(*layer)
        assert [(type(z), float(z)) for z in silent] == [(type(z), float(z)) for z in recorded]
        assert all(z.parents == () for z in silent if isinstance(z, Value))

    @given(layer=layers())
    def test_dot_is_a_row(self, layer: tuple[list[list[Any]], list[Any], list[Any]]) -> None:
        W, x, b = layer
        for w, bias, z in zip(W, b, affine(W, x, b), strict=True):
            assert float(dot(w, x, bias)) == float(z)

    def test_a_neuron(self) -> None:
        """z = w·a + b: parents are (w…, a…, b), partials (a…, w…, 1), and z.grad is δ."""
        w, a, b = [Value(2.0), Value(3.0)], [Value(5.0), Value(7.0)], Value(11.0)
        z = dot(w, a, b)
        assert (z.data, z.parents, z.partials) == (42.0, (*w, *a, b), (5.0, 7.0, 2.0, 3.0, 1.0))
        assert dot(w, [5.0, 7.0], b).parents == (*w, b)
        assert dot(w, a, b).data == b.data + 2.0 * 5.0 + 3.0 * 7.0

    @pytest.mark.parametrize(
        ("call", "words"),
        [
            (lambda: dot([1.0], [1.0, 2.0]), "dot needs as many weights as inputs, got 1 and 2"),
            (lambda: affine([[1.0]], [1.0, 2.0], [0.0]), r"1 rows of \[1\] weights do not fit 2 inputs and 1 biases"),
            (lambda: affine([[1.0]], [1.0], []), r"1 rows of \[1\] weights do not fit 1 inputs and 0 biases"),
            (lambda: affine([[1.0], []], [1.0], [0.0, 0.0]), r"2 rows of \[0, 1\] weights do not fit 1 inputs"),
        ],
    )
    def test_lengths_that_do_not_fit(self, call: Callable[[], Any], words: str) -> None:
        with pytest.raises(ValueError, match=words):
            call()

    @pytest.mark.parametrize("bad", ["1", None, True, [1.0]])
    def test_an_operand_that_is_not_a_number_is_refused(self, bad: Any) -> None:
        with pytest.raises(TypeError, match="a Value holds a real number, got"):
            affine([[Value(1.0)]], [bad], [Value(0.0)])
        with pytest.raises(TypeError, match="a Value holds a real number, got"):
            dot([Value(1.0), bad], [1.0, 2.0])


class TestOthers:
    def test_defaults(self) -> None:
        assert (autograd.leaky_relu(-2.0), autograd.elu(-1.0)) == (-0.02, math.expm1(-1.0))
        assert autograd.clip(5.0, -1.0, 1.0) == 1.0

    @pytest.mark.parametrize("condition", [True, 1, 1.0, Value(1.0), np.float64(1.0)])
    def test_where_takes_conditions_of_any_kind(self, condition: Any) -> None:
        assert autograd.where(condition, Value(2.0), 3.0).data == 2.0
        assert autograd.where(condition, 2.0, Value(3.0)).data == 2.0

    def test_where_chooses_among_floats(self) -> None:
        assert [autograd.where(True, 2.0, 3.0), autograd.where(False, 2.0, 3.0)] == [2.0, 3.0]

    def test_hypot_of_any_number(self) -> None:
        assert (autograd.hypot(), autograd.hypot(-2.0), autograd.hypot(1.0, 2.0, 2.0)) == (0.0, 2.0, 3.0)

    def test_every_public_function_has_a_name_and_the_documentation_of_its_row(self) -> None:
        for name in autograd.__all__:
            function = getattr(autograd, name)
            if name in autograd.PRIMITIVES and not isinstance(function, Primitive):
                assert function.__name__ == name
                assert len(function.__doc__) > 10
        assert autograd.tanh.__doc__ == autograd.PRIMITIVES["tanh"].__doc__
        assert autograd.tanh.__doc__.startswith("tanh(x) = tanh x")
