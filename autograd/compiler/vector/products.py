"""Matrix products among dots: every row on the left with every row on the right, once.

Rows are compared by a hash of their lanes. Dots that share a left row are looked at together with all that share a
right row with them; if such a component is complete (r rows, c columns, r · c dots), it is the product of an (r, k)
and a (k, c) matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from autograd._numpy import NDArray, np
from autograd.compiler.vector.program import Lanes

PRODUCTS = 8  # in one group; more are computed lane by lane
WORTH = 2048  # multiplications: a product of its own pays even if there are many
WORTH_FEW = 128  # and if there are more than two
LONG = 64  # pairs: a single dot of that many is a product


@dataclass(frozen=True)
class Block:
    """A complete product: `left` (r, k) and `right` (c, k) lanes; `members` (r, c) numbers the dots."""

    left: Lanes
    right: Lanes
    members: NDArray[np.intp]


def turned(left: Lanes, right: Lanes, age: Callable[[Lanes], Lanes]) -> tuple[Lanes, Lanes]:
    """Both sides with the older number on the left, in every pair: `w * x` or `x * w` is the same."""
    swap = age(right) < age(left)
    return (np.where(swap, right, left), np.where(swap, left, right)) if swap.any() else (left, right)


def blocks(left: Lanes, right: Lanes, over_samples: bool = False) -> tuple[list[Block], NDArray[np.intp]]:
    """The products among the dots `left[i] · right[i]` (rows of lanes), and which dots are left over.

    A dot over the samples is long, so that even a row times a column is worth a product.
    """
    best: tuple[list[Block], NDArray[np.intp]] = ([], np.arange(len(left)))
    for arranged in _arrangements(left, right):
        found = _blocks(*arranged, over_samples)
        if not found[1].size:
            return found
        if found[1].size < best[1].size:
            best = found
    return best


def _arrangements(left: Lanes, right: Lanes) -> Iterator[tuple[Lanes, Lanes]]:
    """The pairs of each dot in the order of the left lanes, of the right ones, and as they are."""
    if left.shape[1] == 1:
        yield left, right
        return
    for side in (left, right):
        order = np.argsort(side, axis=1, kind="stable")
        yield np.take_along_axis(left, order, 1), np.take_along_axis(right, order, 1)
    yield left, right


def _blocks(left: Lanes, right: Lanes, over_samples: bool) -> tuple[list[Block], NDArray[np.intp]]:
    first_left, ia = _distinct_rows(left)
    first_right, ib = _distinct_rows(right)
    least = np.full(len(first_left), len(first_right), np.intp)
    np.minimum.at(least, ia, ib)
    component = least[ia]
    rows = np.bincount(least, minlength=len(first_right))
    edges = np.bincount(component, minlength=len(first_right))
    pairs = np.unique(component * len(first_right) + ib)
    columns = np.bincount(pairs // len(first_right), minlength=len(first_right))
    same = np.unique(ia * len(first_right) + ib).size == len(ia)
    complete = np.flatnonzero((rows * columns == edges) & (edges > 0)) if same else np.zeros(0, np.intp)
    chosen = _chosen(complete, rows, columns, WORTH_FEW if over_samples else left.shape[1], len(left))
    order = np.argsort(component, kind="stable")
    starts = np.searchsorted(component[order], chosen)
    found = [
        _block(left, right, first_left, first_right, ia, ib, order[start : start + edges[label]])
        for label, start in zip(chosen, starts, strict=True)
    ]
    taken = np.zeros(len(left), bool)
    for block in found:
        taken[block.members] = True
    found.sort(key=lambda block: (int(block.left[0, 0]), int(block.right[0, 0])))
    return found, np.flatnonzero(~taken)


def _chosen(
    complete: NDArray[np.intp], rows: NDArray[np.intp], columns: NDArray[np.intp], k: int, dots: int
) -> NDArray[np.intp]:
    """The components that are worth a product of their own."""
    r, c = rows[complete], columns[complete]
    if len(complete) == 1 and r[0] * c[0] == dots:
        return complete
    outer = bool(((r > 1) & (c > 1)).all())
    few = len(complete) <= PRODUCTS and (outer or len(complete) <= 2 or (r * c * k).mean() >= WORTH_FEW)
    long = (r * c > 1) | (k > LONG)
    wide = (r > 1) & (c > 1) if k == 1 else long
    worth = (r * c * k >= WORTH) & wide
    return complete[wide if few else worth]


def _block(
    left: Lanes,
    right: Lanes,
    first_left: NDArray[np.intp],
    first_right: NDArray[np.intp],
    ia: NDArray[np.intp],
    ib: NDArray[np.intp],
    dots: NDArray[np.intp],
) -> Block:
    a, b = np.unique(ia[dots]), np.unique(ib[dots])
    a = a[_by_lanes(left[first_left[a]])]
    b = b[_by_lanes(right[first_right[b]])]
    row, column = np.zeros(len(first_left), np.intp), np.zeros(len(first_right), np.intp)
    row[a], column[b] = np.arange(len(a)), np.arange(len(b))
    members = np.zeros((len(a), len(b)), np.intp)
    members[row[ia[dots]], column[ib[dots]]] = dots
    return Block(left[first_left[a]], right[first_right[b]], members)


def _by_lanes(rows: Lanes) -> NDArray[np.intp]:
    return np.lexsort((rows[:, -1], rows[:, 0]))


def _distinct_rows(rows: Lanes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where each different row is first, and which of these every row is."""
    if rows.shape[1] == 1:
        key = rows[:, 0]
    else:
        factors = np.random.default_rng(0).integers(1, 2**62, rows.shape[1]) | 1
        key = (rows * factors).sum(axis=1)  # modulo 2⁶⁴
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    inverse = inverse.ravel()
    if not np.array_equal(rows[first][inverse], rows):  # two rows with one hash: each its own
        return np.arange(len(rows)), np.arange(len(rows))
    return first, inverse
