"""The laws of colourings, on random patterns; and that matrices are recovered from derivatives along few directions."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.sparse.colouring import NONE, column_colours, count, star_colours
from autograd.sparse.compression import Compression, compressed_hessian, compressed_jacobian
from autograd.sparse.pattern import Pattern


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    width = draw(st.integers(0, 8))
    rows = draw(st.lists(st.sets(st.integers(0, width - 1)) if width else st.just(set[int]()), max_size=8))
    return Pattern(width, tuple([tuple(sorted(row)) for row in rows]))


@st.composite
def symmetric(draw: st.DrawFn) -> Pattern:
    size = draw(st.integers(1, 9))
    pairs = draw(st.sets(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=24))
    return _symmetric(size, pairs)


def _symmetric(size: int, pairs: set[tuple[int, int]]) -> Pattern:
    both = {*pairs, *[(j, i) for i, j in pairs]}
    return Pattern(size, tuple([tuple(sorted(j for k, j in both if k == i)) for i in range(size)]))


def _matrix(pattern: Pattern, seed: int = 0) -> np.ndarray:
    """Numbers that are integers, so that sums along directions are exact, and of which no sum is 0."""
    found = np.zeros(pattern.shape)
    for i, row in enumerate(pattern.rows):
        for j in row:
            found[i, j] = 1.0 + (31 * min(i, j) + 17 * max(i, j)) % 97
    return found


@given(pattern=patterns())
def test_columns_of_one_colour_have_no_row_in_common(pattern: Pattern) -> None:
    colours = column_colours(pattern)
    for row in pattern.rows:
        assert len({colours[j] for j in row}) == len(row)
    assert [colour == NONE for colour in colours] == [not column for column in pattern.transposed().rows]
    assert set(colours) - {NONE} == set(range(count(colours)))


@given(pattern=symmetric())
def test_every_path_of_four_has_three_colours(pattern: Pattern) -> None:
    colours = star_colours(pattern)
    edges = [(i, j) for i, row in enumerate(pattern.rows) for j in row if i != j]
    assert all(colours[i] != colours[j] for i, j in edges)
    after: dict[int, list[int]] = {}
    for i, j in edges:
        after.setdefault(i, []).append(j)
    for b, c in edges:
        for a, d in itertools.product(after[b], after[c]):
            if len({a, b, c, d}) == 4:
                assert len({colours[each] for each in (a, b, c, d)}) > 2
    assert [colour == NONE for colour in colours] == [not row for row in pattern.rows]


@pytest.mark.parametrize("seed", range(20))
def test_stars_of_larger_graphs(seed: int) -> None:
    """Two colours make up trees in which no path has four vertices: an edge has an end with no other such edge."""
    rng = random.Random(seed)
    size = 60
    pattern = _symmetric(size, {(rng.randrange(size), rng.randrange(size)) for _ in range(30 * (seed + 1))})
    colours = star_colours(pattern)
    beside = [Counter(colours[j] for j in row if j != i) for i, row in enumerate(pattern.rows)]
    for i, row in enumerate(pattern.rows):
        for j in row:
            assert i == j or (colours[i] != colours[j] and 1 in (beside[i][colours[j]], beside[j][colours[i]]))


@given(pattern=patterns())
def test_a_jacobian_is_recovered(pattern: Pattern) -> None:
    plan = compressed_jacobian(pattern)
    dense = _matrix(pattern)
    seeded = dense if plan.mode == "forward" else dense.T
    derivatives = [seeded[:, group].sum(axis=1) for group in plan.groups]
    found = plan.matrix(derivatives)
    assert np.array_equal(found.toarray(), dense)
    assert found.nnz == pattern.size


@given(pattern=symmetric())
def test_a_hessian_is_recovered(pattern: Pattern) -> None:
    plan = compressed_hessian(pattern)
    dense = _matrix(pattern)
    found = plan.matrix([dense[:, group].sum(axis=1) for group in plan.groups])
    assert np.array_equal(found.toarray(), dense)
    assert found.nnz == pattern.size


@given(pattern=patterns())
def test_the_cheaper_mode_is_taken(pattern: Pattern) -> None:
    both = count(column_colours(pattern)), count(column_colours(pattern.transposed()))
    plan = compressed_jacobian(pattern)
    assert plan.count == min(both)
    assert plan.mode == ("forward" if both[0] <= both[1] else "reverse")


# --- patterns whose best colourings are known -------------------------------------------------------------------------


def _band(size: int, width: int) -> Pattern:
    return Pattern(size, tuple([tuple(range(max(0, i - width), min(size, i + width + 1))) for i in range(size)]))


@pytest.mark.parametrize("width", [0, 1, 2, 5])
def test_a_band_needs_as_many_colours_as_it_is_wide(width: int) -> None:
    """Curtis, Powell & Reid (1974): a band of 2w + 1 diagonals takes 2w + 1 groups, and a symmetric one no more."""
    assert count(column_colours(_band(40, width))) == 2 * width + 1
    assert count(star_colours(_band(40, width))) <= 2 * width + 1


def test_a_tridiagonal_hessian_needs_three_colours() -> None:
    assert count(star_colours(_band(1000, 1))) == 3


@pytest.mark.parametrize("hub", [0, 50, 99])
def test_an_arrow_needs_two_colours(hub: int) -> None:
    """Wherever its point is: with a partition of columns alone it would need as many as it has columns."""
    assert count(star_colours(_symmetric(100, {(i, each) for i in range(100) for each in (i, hub)}))) == 2


def test_a_grid_needs_few_colours() -> None:
    side = 20
    cells = [(i, j) for i in range(side) for j in range(side)]
    pairs = {(side * i + j, side * i + j + d) for i, j in cells for d in (0, 1) if j + d < side}
    pairs |= {(side * i + j, side * (i + 1) + j) for i, j in cells if i + 1 < side}
    assert count(star_colours(_symmetric(side * side, pairs))) <= 8


def test_what_is_dense_needs_a_direction_for_each_line() -> None:
    dense = Pattern(4, ((0, 1, 2, 3),) * 6)
    plan = compressed_jacobian(dense)
    assert (plan.mode, plan.count) == ("forward", 4)
    plan = compressed_jacobian(dense.transposed())
    assert (plan.mode, plan.count) == ("reverse", 4)
    assert compressed_hessian(Pattern(4, ((0, 1, 2, 3),) * 4)).count == 4


def test_a_matrix_without_entries_needs_no_direction() -> None:
    for plan in (compressed_jacobian(Pattern(3, ((), ()))), compressed_hessian(Pattern(2, ((), ())))):
        assert plan.count == 0
        assert plan.matrix([]).nnz == 0
        assert plan.matrix([]).shape == plan.pattern.shape


@pytest.mark.slow
def test_colouring_takes_a_step_for_each_entry() -> None:
    """A dense row and a dense column of 2000: work for each pair of entries would be four million steps."""
    size = 2000
    pattern = _symmetric(size, {(i, 0) for i in range(size)} | {(i, i) for i in range(size)})
    assert star_colours(pattern)[0] != star_colours(pattern)[1]
    assert isinstance(compressed_jacobian(pattern), Compression)
