"""Parts of arrays: an element, a range, a row or column, a transpose; and blocks of several arrays."""

from __future__ import annotations

from dataclasses import dataclass

from autograd._numpy import NDArray, np
from autograd.notation.boxes import Box, Mark, Number, Script, joined, line

Places = NDArray[np.intp]


@dataclass(frozen=True)
class Index:
    """What stands behind the name of an array; `box` is None for all of it."""

    box: Box | None
    is_transposed: bool = False


def index_of(places: Places, shape: tuple[int, ...], start: int = 0) -> Index | None:
    """The index of elements that are at these flat places of an array of that shape; None if there is none to print.

    start  the index of the first element of a vector

    >>> from autograd.notation.latex import latex
    >>> latex(index_of(np.arange(1, 4), (5,)).box), latex(index_of(np.array([1, 4]), (2, 3)).box)
    ('1 \\\\ldots 3', '\\\\cdot , 1')
    """
    shape = tuple([n for n in shape if n > 1]) or (1,)
    places = places.reshape([n for n in places.shape if n > 1])
    if shape == (1,):
        return Index(None) if places.size == 1 else None
    if len(shape) > 2:
        return None
    whole = np.arange(np.prod(shape)).reshape(shape)
    if places.shape == shape and np.array_equal(places, whole):
        return Index(None)
    if len(shape) == 1:
        chosen = _range(places, shape[0], start) if places.ndim <= 1 else None
        return None if chosen is None else Index(chosen)
    for found, turned in ((places, False), (places.T, places.ndim == 2)):
        if (box := _of_matrix(found, shape)) is not None:
            return Index(None if np.array_equal(found, whole) else box, turned)
    return None


def _of_matrix(places: Places, shape: tuple[int, ...]) -> Box | None:
    """Rows and columns of the part of a matrix, if it is their product."""
    row, column = np.divmod(places, shape[1])
    if places.ndim == 2:
        if (row != row[:, :1]).any() or (column != column[:1]).any():
            return None
        row, column = row[:, 0], column[0]
    elif places.ndim == 1:
        if (row == row[0]).all():
            row = row[0]
        elif (column == column[0]).all():
            column = column[0]
        else:
            return None
    parts = [_range(row, shape[0]), _range(column, shape[1])]
    return joined([part for part in parts if part is not None], ",") if None not in parts else None


def _range(places: Places, length: int, start: int = 0) -> Box | None:
    first = int(places.flat[0])
    if not np.array_equal(places.ravel(), np.arange(first, first + places.size)):
        return None
    first += start
    if places.size == 1:
        return Number(str(first))
    if places.size == length:
        return Mark("·")
    return line(Number(str(first)), "…", Number(str(first + places.size - 1)))


def at(name: Box, index: Box | None) -> Box:
    """A name with an index behind those that it has."""
    if index is None:
        return name
    if isinstance(name, Script) and name.lower is not None:
        return Script(name.base, name.upper, line(name.lower, ",", index))
    return Script(name.base, name.upper, index) if isinstance(name, Script) else Script(name, lower=index)
