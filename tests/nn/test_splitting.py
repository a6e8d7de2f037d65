"""Which samples are held out: by chance, by groups, by time, in folds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.tabular.cells import TableError
from nn.tabular.datasets import split
from nn.tabular.splitting import Splitter
from nn.tabular.table import read_table
from tests.nn.conftest import Write
from tests.support.examples import examples

LABELS = st.lists(st.integers(0, 5), min_size=4, max_size=60)


@given(LABELS, st.floats(0.05, 0.95), st.integers(0, 5))
@examples(40)
def test_a_group_is_on_one_side(groups: list[int], size: float, seed: int) -> None:
    splitter = Splitter(np.zeros(len(groups)), "regression", groups=np.array(groups), test_size=size, seed=seed)
    if len(set(groups)) < 2:
        with pytest.raises(ValueError, match="all rows are of one group"):
            splitter.split()
        return
    train, held_out = splitter.split()
    assert sorted([*train, *held_out]) == list(range(len(groups)))
    assert len(train) > 0 < len(held_out)
    assert not {groups[i] for i in train} & {groups[i] for i in held_out}


@given(LABELS, st.floats(0.05, 0.95))
@examples(40)
def test_held_out_rows_are_later_than_all_others(times: list[int], size: float) -> None:
    splitter = Splitter(np.zeros(len(times)), "regression", times=np.array(times, dtype=float), test_size=size)
    if len(set(times)) < 2:
        with pytest.raises(ValueError, match="all rows have the same time"):
            splitter.split()
        return
    train, held_out = splitter.split()
    assert sorted([*train, *held_out]) == list(range(len(times)))
    assert max(times[i] for i in train) < min(times[i] for i in held_out)


@given(LABELS, st.integers(2, 4), st.integers(0, 3))
@examples(30)
def test_folds_hold_every_row_out_once_and_each_class_about_equally(y: list[int], count: int, seed: int) -> None:
    labels = np.array(y)
    folds = Splitter(labels, "classification", seed=seed).folds(count)
    assert sorted(row for _, held_out in folds for row in held_out) == list(range(len(y)))
    assert all(sorted([*train, *held_out]) == list(range(len(y))) for train, held_out in folds)
    for label in set(y):
        found = [int((labels[held_out] == label).sum()) for _, held_out in folds]
        assert max(found) - min(found) <= 1


def test_folds_by_groups_and_by_time() -> None:
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3, 3])
    for train, held_out in Splitter(np.zeros(9), "regression", groups=groups).folds(3):
        assert not set(groups[train]) & set(groups[held_out])
        assert 2 <= len(held_out) <= 4
    by_time = Splitter(np.zeros(9), "regression", times=np.arange(9.0)).folds(2)
    assert [(train.tolist(), held_out.tolist()) for train, held_out in by_time] == [
        ([0, 1, 2], [3, 4, 5]),
        ([0, 1, 2, 3, 4, 5], [6, 7, 8]),
    ]


@pytest.mark.parametrize(
    ("splitter", "count", "words"),
    [
        (Splitter(np.zeros(3), "regression"), 4, "folds must be between 2 and the number of samples, 3; got 4"),
        (Splitter(np.zeros(3), "regression", groups=np.array([0, 1, 1])), 3, "there are 2 groups, too few for 3 folds"),
        (Splitter(np.zeros(3), "regression", times=np.array([0.0, 1.0, 1.0])), 2, "too few different times"),
    ],
    ids=["rows", "groups", "times"],
)
def test_folds_that_cannot_be_made_are_refused(splitter: Splitter, count: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        splitter.folds(count)


def test_the_size_and_the_seed_of_the_held_out_part() -> None:
    y = np.array([0] * 80 + [1] * 20)
    train, held_out = split(y, "binary", test_size=0.3)
    assert (len(held_out), int(y[held_out].sum())) == (30, 6)
    assert not np.array_equal(held_out, split(y, "binary", test_size=0.3, seed=1)[1])
    assert len(split(y, "binary", test_size=0.999)[0]) == 2  # a class keeps a sample to train on
    assert len(train) == 70


TABLE = "who,when,x,y\n" + "".join(f"p{i % 4},2026-01-{10 + i},{i * i % 7},{i}.5\n" for i in range(12))


def test_columns_that_divide_the_rows_are_no_features_unless_kept(write: Write) -> None:
    path = write(TABLE)
    table = read_table(path, "y", groups="who")
    assert table.feature_names == ("when", "x")
    assert table.left_out == {"who": "it says how rows belong together"}
    data = table.dataset()
    assert len({f"p{i % 4}" for i in data.held_out}) == 1
    by_time = read_table(path, "y", time="when", keep=["when"], ignore=["who"])
    assert by_time.feature_names == ("when", "x")
    assert by_time.dataset(test_size=0.25).held_out.tolist() == [9, 10, 11]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"time": "who"}, TableError, "line 2, column 'who': 'p0' is not a date"),
        ({"time": "where"}, TableError, "unknown column 'where'"),
        ({"groups": "y"}, ValueError, "column 'y' is the target"),
    ],
)
def test_columns_that_cannot_divide_rows_are_refused(
    write: Write, options: dict[str, str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        read_table(write(TABLE), "y", **options)  # type: ignore[arg-type]


def test_rows_are_not_divided_in_two_ways(write: Write) -> None:
    with pytest.raises(ValueError, match="by groups or by time, not by both"):
        read_table(write(TABLE), "y", groups="who", time="when").dataset()
