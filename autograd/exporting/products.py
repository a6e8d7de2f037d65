"""Products of matrices as loops, in the order in which neighbours in memory are met one after the other."""

from __future__ import annotations

from contextlib import ExitStack

from autograd.exporting.operands import Access, merged
from autograd.exporting.spelling import sum_of
from autograd.exporting.writing import Lines

PARTIAL = 4  # sums that run side by side


def write_product(
    to: Lines, sizes: tuple[int, int, int], out: Access, w: Access, x: Access, start: Access | None, adds: bool = False
) -> None:
    """out (r, c) = w (r, k) x (k, c) + start, or added to what `out` has; `sizes` are (r, c, k)."""
    r, c, k = sizes
    if k == 1:
        _outer(to, (r, c), out, w, x, start, adds)
    elif c == 1 and not _by_columns(w, r):
        _dots(to, sizes, out, w, x, start, adds)
    elif c == 1:
        _columns(to, (r, 1, k), out, w, x, start, adds)
    else:
        _columns(to, sizes, out, w, x, start, adds)


def _by_columns(w: Access, rows: int) -> bool:
    """Whether the columns of a matrix follow each other in memory."""
    return rows > 1 and not w.table and abs(w.steps[0]) == 1


def _pair(to: Lines, start: str, w: str, x: str) -> str:
    return sum_of("" if start == to.language.literal(0.0) else start, [(w, x)], to.language.literal(1.0))


def _outer(
    to: Lines, shape: tuple[int, int], out: Access, w: Access, x: Access, start: Access | None, adds: bool
) -> None:
    left = Access(w.pointer, w.offset, (w.steps[0], 0), w.table, w.text)
    right = Access(x.pointer, x.offset, (0, x.steps[1]), x.table, x.text)
    begin = start or Access("", 0, (0, 0), text="")
    lengths, (result, a, b, s) = merged(shape, [out, left, right, begin])
    with ExitStack() as stack:
        at = [stack.enter_context(to.loop(length)) for length in lengths]
        to.add(f"{result.at(at)} {'+=' if adds else '='} {_pair(to, s.at(at), a.at(at), b.at(at))};")


def _dots(
    to: Lines, sizes: tuple[int, int, int], out: Access, w: Access, x: Access, start: Access | None, adds: bool
) -> None:
    """Row by row of w, with partial sums, so that additions do not wait for each other."""
    r, _, k = sizes
    zero = to.language.literal(0.0)
    count = PARTIAL if k >= 2 * PARTIAL else 1
    rest = k % count
    with to.loop(r) as i:
        for part in range(count):
            begin = (start.at([i, 0]) if start and part == 0 else "") or zero
            head = [_pair(to, begin, w.at([i, part]), x.at([part, 0]))] if part < rest else [begin]
            to.variable(f"a{part}", head[0])
        with to.loop(k - rest, step=count) as j:
            for part in range(count):
                to.add(f"a{part} += {_pair(to, '', _at(w, 1, i, j, rest + part), _at(x, 0, '0', j, rest + part))};")
        total = "a0" if count == 1 else "(a0 + a1) + (a2 + a3)"
        to.add(f"{out.at([i, 0])} {'+=' if adds else '='} {total};")


def _at(access: Access, axis: int, other: str, index: str, shift: int) -> str:
    """An element with a shifted index on one of two axes."""
    moved = Access(access.pointer, access.offset + shift * access.steps[axis], access.steps, access.table, access.text)
    if not access.pointer:
        return access.text
    where: list[str | int] = [other, index] if axis else [index, 0]
    return moved.at(where)


def _columns(
    to: Lines, sizes: tuple[int, int, int], out: Access, w: Access, x: Access, start: Access | None, adds: bool
) -> None:
    """Each column of w times a row of x is added to all numbers at once: the innermost loop has nothing to wait for."""
    r, c, k = sizes
    begin = start or Access("", 0, (0, 0), text="")
    if c == 1:
        with to.loop(r) as i:
            to.add(
                f"{out.at([i, 0])} {'+=' if adds else '='} {_pair(to, begin.at([i, 0]), w.at([i, 0]), x.at([0, 0]))};"
            )
        with to.loop(k - 1) as j, to.loop(r) as i:
            to.add(f"{out.at([i, 0])} += {_pair(to, '', _at2(w, i, j, 1), _at(x, 0, '0', j, 1))};")
        return
    with to.loop(r) as i:
        with to.loop(c) as j:
            to.add(
                f"{out.at([i, j])} {'+=' if adds else '='} {_pair(to, begin.at([i, j]), w.at([i, 0]), x.at([0, j]))};"
            )
        with to.loop(k - 1) as n, to.loop(c) as j:
            left = _at2(w, i, n, 1)
            right = Access(x.pointer, x.offset + x.steps[0], x.steps, x.table, x.text).at([n, j])
            to.add(f"{out.at([i, j])} += {_pair(to, '', left, right)};")


def _at2(w: Access, i: str, j: str, shift: int) -> str:
    """The element of row i and column j + shift."""
    if not w.pointer:
        return w.text
    return Access(w.pointer, w.offset + shift * w.steps[1], w.steps, w.table, w.text).at([i, j])
