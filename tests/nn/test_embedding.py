"""`nn.Embedding`: rows by plain and by symbolic indices, gradients, initialisation, error messages."""

from __future__ import annotations

import copy
import pickle
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value, total

COUNT, WIDTH = 5, 3


def table() -> nn.Embedding:
    return nn.Embedding(COUNT, WIDTH, seed=1)


@given(st.integers(0, COUNT - 1))
def test_a_plain_index_gives_the_row_itself(index: int) -> None:
    embedding = table()
    expected = embedding.parameters()[WIDTH * index : WIDTH * (index + 1)]
    for row in (embedding[index], embedding(index), embedding[np.int64(index)], embedding[float(index)]):
        assert all(x is y for x, y in zip(row, expected, strict=True))


@given(st.integers(0, COUNT - 1))
def test_an_index_in_the_graph_gives_the_same_numbers_and_the_gradient_of_its_row(index: int) -> None:
    embedding = table()
    row = embedding[Value(float(index))]
    assert [x.data for x in row] == [x.data for x in embedding[index]]
    total([j * x for j, x in enumerate(row)]).backward()
    gradient = [[x.grad for x in embedding[i]] for i in range(COUNT)]
    assert gradient == [[float(j) if i == index else 0.0 for j in range(WIDTH)] for i in range(COUNT)]


def test_one_program_serves_all_indices() -> None:
    embedding = table()
    compiled = autograd.compile(lambda i: total(embedding(i)), parameters=embedding.parameters())
    for index in range(COUNT):
        value, gradient = compiled(index)
        # Three summands in another order: off by at most two roundings of their sizes.
        size = sum(abs(x.data) for x in embedding[index])
        assert value == pytest.approx(sum(x.data for x in embedding[index]), abs=2 * 2.0**-53 * size)
        assert np.flatnonzero(gradient).tolist() == list(range(WIDTH * index, WIDTH * (index + 1)))
    assert "recordings: 1" in compiled.explain()


def test_changing_a_returned_row_leaves_the_table_unchanged() -> None:
    embedding = table()
    row = embedding[2]
    row[0] = row[0] + 1.0
    assert embedding[2][0].label == "e[2,0]"


def test_names_parameters_and_start() -> None:
    positions = nn.Embedding(2, 2, init=nn.given([[1, 2], [3, 4]]), name="position")
    assert {name: p.data for name, p in positions.named_parameters()} == {
        "position[0,0]": 1.0,
        "position[0,1]": 2.0,
        "position[1,0]": 3.0,
        "position[1,1]": 4.0,
    }
    assert [x.data for row in nn.Embedding(3, 2, seed=7) for x in row] == [
        x.data for x in nn.Embedding(3, 2, rng=random.Random(7)).parameters()
    ]
    # 4000 draws from N(0, 1): their mean square is 1 with the standard deviation √(2/4000) = 0.022.
    squares = [x.data**2 for x in nn.Embedding(1000, 4, seed=0).parameters()]
    assert sum(squares) / len(squares) == pytest.approx(1.0, abs=5 * 0.022)


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_is_a_table_of_its_own(twin: Any) -> None:
    embedding = table()
    other = twin(embedding)
    other[3][1].data = 99.0
    assert other[Value(3.0)][1].data == 99.0
    assert embedding[3][1].data != 99.0


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: table()[COUNT], IndexError, "there is no row 5: the rows of this embedding are 0…4"),
        (lambda: table()[-1], IndexError, "no row -1"),
        (lambda: table()(5.0), IndexError, "no row 5"),
        (lambda: table()[True], IndexError, "no row True"),
        (lambda: table()[0.5], TypeError, "must be an integer, got 0.5"),
        (lambda: table()[float("nan")], TypeError, "got nan"),
        (lambda: table()([0, 1]), TypeError, r"\[0, 1\]; for a sequence write \[embedding\[i\] for i in indices\]"),
        (lambda: table()["a"], TypeError, "'a'"),
        (lambda: nn.Embedding(0, 2), ValueError, "count must be at least 1, got 0"),
        (lambda: nn.Embedding(2, 1.5), TypeError, "width must be an integer, got 1.5"),  # type: ignore[arg-type]
        (lambda: nn.Embedding(2, 2, init=nn.given([[1, 2]])), ValueError, r"needs 2 of length 2"),
        (lambda: nn.Embedding(2, 2, init="nrmal"), ValueError, "did you mean 'normal'"),
    ],
)
def test_error_messages(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()
