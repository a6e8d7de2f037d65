"""Arrays of other libraries as arguments (row F17): read by their protocols, or refused with place and remedy."""

from __future__ import annotations

import array
import collections
import decimal
import math
import re
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import CompileError, Value
from tests.support.foreign import DataFrame, Exported, Series, Tensor


class Sparse:
    def toarray(self) -> Any:
        return np.zeros((2, 2))


Point = collections.namedtuple("Point", "a b")
COLUMN, TABLE = [1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]]
COLUMNS: list[Callable[[Any], Any]] = [
    Series,
    Tensor,
    Exported,
    lambda x: np.array(x, dtype=object),
    lambda x: np.array(x, dtype=">f8"),
    lambda x: np.array(x, dtype=np.float16),
    lambda x: np.array(x, dtype=np.longdouble),
    lambda x: np.repeat(x, 2)[::2],
    np.ma.masked_array,
    lambda x: array.array("d", x),
    lambda x: memoryview(array.array("d", x)),
    lambda x: [Tensor(each) for each in x],
    lambda x: [np.array(each) for each in x],
    lambda x: [np.float32(each) for each in x],
]
TABLES: list[Callable[[Any], Any]] = [
    DataFrame,
    Tensor,
    Exported,
    lambda x: np.array(x, dtype=object),
    np.asfortranarray,
    np.ma.masked_array,
    lambda x: [Series(row) for row in x],
    lambda x: [Tensor(row) for row in x],
    lambda x: [Point(*row) for row in x],
]


def square_sum(x: Any) -> Any:
    return autograd.total([each * each for each in x])


@pytest.mark.parametrize("make", COLUMNS)
def test_a_column_of_any_library(make: Callable[[Any], Any]) -> None:
    column = make(COLUMN)
    value, gradient = autograd.compile(square_sum).value_and_grad(column)
    assert (value, list(gradient)) == (5.0, [2.0, 4.0])
    assert type(gradient) is (list if isinstance(column, list) else np.ndarray), "row C5: arrays in, arrays out"
    mean = autograd.compile(lambda x: x * x, batch=("x",))
    assert mean.value_and_grad(make(COLUMN)) == (2.5, 3.0)
    value, gradient = autograd.compile(square_sum).flat(make(COLUMN))
    assert (value, gradient.tolist()) == (5.0, [2.0, 4.0])


@pytest.mark.parametrize("make", TABLES)
@pytest.mark.parametrize("exact", [False, True])
def test_a_table_of_any_library(make: Callable[[Any], Any], exact: bool) -> None:
    rows = autograd.compile(lambda x: square_sum(map(square_sum, x)), exact=exact)
    assert rows(make(TABLE)) == 5.0**2 + 25.0**2
    chosen = autograd.compile(lambda x: autograd.where(x[0] > 2.0, x[1], x[0]), batch=("x",), exact=exact)
    assert chosen.value_and_grad(make(TABLE))[0] == 2.5


def test_a_matrix_has_rows() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        matrix = np.matrix(TABLE)
    assert autograd.compile(lambda x: x[1][0])(matrix) == 3.0
    assert autograd.compile(square_sum, batch=("x",))(matrix) == 15.0


@pytest.mark.parametrize("make", [Tensor, Series, np.array, Exported])
def test_integers_of_any_library_are_indices(make: Callable[[Any], Any]) -> None:
    fast = autograd.compile(autograd.pick, batch=("index",))
    assert fast.map([5.0, 7.0], make([1, 0, 1])).tolist() == [7.0, 5.0, 7.0]


def test_single_numbers_of_any_library() -> None:
    fast = autograd.compile(lambda x: x * x)
    for two in (Tensor(2.0), np.array(2.0), np.array(2), np.float32(2.0), Exported(2.0), np.array(2.0, dtype=object)):
        assert fast.value_and_grad(two) == (4.0, 4.0)


def test_integers_are_rounded_as_a_value_rounds_them() -> None:
    fast = autograd.compile(lambda x: x[0] * 1.0)
    for x in ([2**53 + 1], np.array([2**53 + 1]), np.array([2**64 - 1], dtype=np.uint64)):
        assert fast(x) == Value(int(x[0])).data


def test_nan_and_infinities_are_numbers() -> None:
    assert math.isnan(autograd.compile(square_sum)([math.nan, 1.0]))
    assert autograd.compile(square_sum)(np.array([math.inf, 1.0])) == math.inf


@pytest.mark.parametrize("make", [dict, collections.OrderedDict, lambda x: collections.defaultdict(float, x)])
def test_dicts_of_any_kind(make: Callable[[Any], Any]) -> None:
    fast = autograd.compile(lambda p: p["a"] * p["b"][0])
    assert fast.value_and_grad(make({"a": 2.0, "b": Series([3.0])})) == (6.0, {"a": 3.0, "b": [2.0]})


@pytest.mark.parametrize(("x", "total"), [(range(3), 3.0), (Point(1.0, 2.0), 3.0), ([], 0.0), (np.zeros(0), 0.0)])
def test_sequences_of_any_kind(x: Any, total: float) -> None:
    assert autograd.compile(lambda x: autograd.total(list(x)))(x) == total


masked = np.ma.masked_array(COLUMN, [False, True])
REFUSED = [
    (masked, "", r"masked array.*1 number\(s\), first x\[1\].*filled.*compressed"),
    (Tensor(COLUMN, requires_grad=True), "", r"got a Tensor with requires_grad.*x\.detach\(\)"),
    (Tensor(COLUMN, device="cuda:0"), "", r"NumPy cannot read a Tensor.*cuda:0.*x\.detach\(\)\.cpu\(\)"),
    (np.array([True, False]), "", r"got an array of bools; pass x\.astype\(float\)"),
    (np.array(["1", "2"]), "", "got an array of text"),
    (np.array([b"1", b"2"]), "", "got an array of text"),
    (np.array([1j, 2.0]), "", r"got an array of complex numbers; pass x\.real"),
    (np.array(["2020-01-01"], dtype="M8[D]"), "", r"got an array of dates.*timedelta64\(1, 'D'\)"),
    (np.array([1], dtype="m8[s]"), "", "got an array of durations"),
    (np.array([(1.0,)], dtype=[("a", float)]), "", r"got an array of records; pass its columns, x\[name\]"),
    (Sparse(), "", r"got a Sparse, which is sparse; pass x\.toarray\(\)"),
    ([Value(1.0)], "[0]", r"got Value\(.*pass x\.data, or list it in parameters="),
    (np.array([Value(1.0)]), "[0]", r"got Value\("),
    ([1.0, None], "[1]", "got None"),
    ([1.0, decimal.Decimal(1)], "[1]", r"Decimal.*float\(\.\.\.\)"),
    ([1.0, 10**5000], "[1]", "this int is larger than any float"),
    ([1.0, True], "[1]", "got True"),
    ([1.0, masked], "[1]", "got a masked array"),
    ([1.0, np.ma.masked], "[1]", "got a masked array"),
    ([1.0, Tensor(1.0, requires_grad=True)], "[1]", "got a Tensor with requires_grad"),
    ([[1.0], [1.0, {2.0}]], "[1][1]", r"got a set.*sorted\(x\)"),
]


@pytest.mark.parametrize(("x", "place", "words"), REFUSED)
def test_what_holds_no_numbers_is_refused_with_place_and_remedy(x: Any, place: str, words: str) -> None:
    at = re.escape(place)
    with pytest.raises(CompileError, match=f"argument x: .*{words}" + (place and f".*at x{at}")):
        autograd.compile(lambda x: x)(x)
    with pytest.raises(CompileError, match=f"argument x.*{words}"):
        autograd.compile(lambda x: x, batch=("x",))(x)
    with pytest.raises(CompileError, match=f"argument vector: .*{words}" + (place and f".*at vector{at}")):
        autograd.compile(lambda x: x).flat(x)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: (x for x in COLUMN), r"got a generator; pass list\(x\)"),
        (lambda: {1.0}, r"got a set; pass sorted\(x\)"),
        ({"a": 1.0}.values, r"got a dict_values; pass list\(x\)"),
        (lambda: types.MappingProxyType({"a": 1.0}), r"got a mappingproxy; pass dict\(x\)"),
        (lambda: b"ab", "got b'ab'"),
    ],
)
def test_an_argument_that_is_not_a_sequence_is_refused(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(CompileError, match=f"argument p: .*{words}"):
        autograd.compile(lambda p: p)(make())
    with pytest.raises(CompileError, match="argument p is batched: give a list or array"):
        autograd.compile(lambda p: p, batch=("p",))(make())


@pytest.mark.parametrize("backend", ["python", "numpy", "llvm"])
@pytest.mark.parametrize("x", [np.zeros((3, 0)), [[], [], []], np.zeros((3, 2, 0))])
def test_samples_without_numbers(x: Any, backend: str) -> None:
    w = Value(3.0)
    with pytest.raises(CompileError, match="the samples of x hold no numbers"):
        autograd.compile(lambda x: w * w, parameters=[w], batch=("x",), backend=backend)(x)
    beside = autograd.compile(lambda x, y: w * y, parameters=[w], batch=("x", "y"), backend=backend)
    assert beside(x, [1.0, 2.0, 6.0])[0] == 9.0
    assert beside.map(x, [1.0, 2.0, 6.0]).tolist() == [3.0, 6.0, 18.0]


@pytest.mark.parametrize("x", [[[1.0], [1.0, 2.0]], np.array([[1.0], [1.0, 2.0]], dtype=object)])
def test_ragged_samples_are_named(x: Any) -> None:
    with pytest.raises(CompileError, match=r"argument x: sample 1 has 2 number\(s\)"):
        autograd.compile(square_sum, batch=("x",))(x)


def test_a_single_number_is_neither_a_batch_nor_a_vector() -> None:
    with pytest.raises(CompileError, match="batched: give a list or array"):
        autograd.compile(lambda x: x, batch=("x",))(np.array(2.0))
    with pytest.raises(CompileError, match="flat list or array"):
        autograd.compile(square_sum).flat(np.array(2.0))


def test_a_result_of_bools_is_refused() -> None:
    with pytest.raises(CompileError, match="must return numbers"):
        autograd.compile(lambda x: np.array([True]))(1.0)


@pytest.mark.parametrize("x", [Series([1.0] * 200), np.zeros((3, 0)), np.ones((90, 2)), np.array([("a", 1)], "U1,i4")])
def test_f17_what_is_not_a_number_is_named_on_one_short_line(x: Any) -> None:
    for refusing in (Value, autograd.tanh, autograd.functional.grad(lambda v: v)):
        with pytest.raises(TypeError, match=rf"real numbers?, got .*\({type(x).__name__}\)") as caught:
            refusing(x)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 250
