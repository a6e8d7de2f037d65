"""`pick`: indexing that stays in the graph."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, check_gradients, pick, rules
from autograd.testing import mutants

lists = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6)


@given(lists, st.data())
def test_an_index_in_the_graph_picks_what_a_plain_index_picks(xs: list[float], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(xs) - 1))
    values = [Value(x) for x in xs]
    picked = pick(values, Value(float(index)))
    assert picked.data == pick(values, index).data == xs[index]
    picked.backward()
    assert [value.grad for value in values] == [float(place == index) for place in range(len(xs))]


def test_a_plain_index_makes_no_node() -> None:
    values = [Value(1.0), Value(2.0)]
    assert pick(values, 1) is values[1]


def test_the_index_is_not_a_parent_and_the_gradient_is_checked() -> None:
    x, index = Value(2.0), Value(1.0)
    y = pick([x * x, autograd.exp(x)], index) * x
    assert index not in y.parents[0].parents
    y.backward()
    assert index.grad == 0.0
    assert check_gradients(y).ok


def test_a_trillionth_is_noticed_in_its_partials() -> None:
    planted = [each for each in mutants(engine=False) if each.target == "pick[last]" and "1e-12" in each.mutation]
    assert planted
    for mutant in planted:
        with mutant:
            reports = [
                check_gradients(lambda *xs, i=i: pick(xs, Value(i)), 2.0, 3.0, 5.0, raise_on_failure=False)
                for i in (0.0, 1.0, 2.0)
            ]
        assert not all(report.ok for report in reports), mutant


@pytest.mark.parametrize("index", [-1.0, 2.0, 0.5, math.inf, -math.inf, math.nan])
def test_an_index_out_of_range_is_refused(index: float) -> None:
    assert math.isnan(rules.pick(index, 1.0, 2.0))


@pytest.mark.parametrize("index", [-1, 2])
def test_a_plain_index_out_of_range_is_named(index: int) -> None:
    with pytest.raises(IndexError, match=rf"no value {index}: with 2 values the indices are 0…1"):
        pick([1.0, 2.0], index)


def test_a_plain_fraction_is_not_an_index() -> None:
    with pytest.raises(TypeError):
        pick([1.0, 2.0], 0.5)
