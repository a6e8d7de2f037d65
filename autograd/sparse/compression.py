"""Few directions instead of many: which inputs or outputs share one, and the matrix from the derivatives along them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from autograd.sparse.colouring import Colours, column_colours, count, star_colours
from autograd.sparse.pattern import Pattern

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

Mode = Literal["forward", "reverse", "symmetric"]


@dataclass(frozen=True)
class Compression:
    """How a sparse matrix is computed: the derivatives along direction c, for each colour c, hold all its entries.

    pattern  where entries are
    mode     directions are of inputs ("forward", jvp), of outputs ("reverse", vjp), or of the inputs of a gradient
             ("symmetric", hvp)
    colours  of the columns, of the rows, or of both
    """

    pattern: Pattern
    mode: Mode
    colours: Colours

    @cached_property
    def count(self) -> int:
        """The number of directions."""
        return count(self.colours)

    @cached_property
    def groups(self) -> list[list[int]]:
        """For each direction the places where it is 1; it is 0 elsewhere."""
        found: list[list[int]] = [[] for _ in range(self.count)]
        for place, colour in enumerate(self.colours):
            if colour >= 0:
                found[colour].append(place)
        return found

    @cached_property
    def sources(self) -> tuple[list[int], list[int]]:
        """For each entry, row by row, the direction and the place in its derivative where it can be read."""
        read = {"forward": self._forward, "reverse": self._reverse}.get(self.mode, self._symmetric)
        pairs = [pair for i, row in enumerate(self.pattern.rows) for pair in read(i, row)]
        return [colour for colour, _ in pairs], [place for _, place in pairs]

    def _forward(self, i: int, row: Sequence[int]) -> list[tuple[int, int]]:
        return [(self.colours[j], i) for j in row]

    def _reverse(self, i: int, row: Sequence[int]) -> list[tuple[int, int]]:
        return [(self.colours[i], j) for j in row]

    def _symmetric(self, i: int, row: Sequence[int]) -> list[tuple[int, int]]:
        """In row i if no other entry of that row has the colour, else in row j, where then none has that of i."""
        colours = self.colours
        seen: dict[int, int] = {}
        for j in row:
            seen[colours[j]] = seen.get(colours[j], 0) + 1
        return [(colours[j], i) if seen[colours[j]] == 1 else (colours[i], j) for j in row]

    @property
    def directions(self) -> NDArray[np.float64]:
        """The directions as rows of 0 and 1.

        >>> Compression(Pattern(3, ((0, 1), (1, 2))), "forward", (0, 1, 0)).directions
        array([[1., 0., 1.],
               [0., 1., 0.]])
        """
        import numpy as np

        found = np.zeros((self.count, len(self.colours)))
        for row, group in zip(found, self.groups, strict=True):
            row[group] = 1.0
        return found

    def matrix(self, derivatives: Any) -> csr_array:
        """The matrix, from an array (directions, places) of the derivatives along each direction.

        Entries of the pattern that happen to be 0 are stored.
        """
        import numpy as np

        width = self.pattern.width if self.mode != "forward" else len(self.pattern.rows)
        table = np.asarray(derivatives, dtype=np.float64).reshape(self.count, width)
        return self.filled(table[self._gathered])

    def picked(self, dense: NDArray[np.float64]) -> csr_array:
        """The matrix, from a dense one."""
        columns, _ = self._layout
        rows = [i for i, row in enumerate(self.pattern.rows) for _ in row]
        return self.filled(dense[rows, columns])

    def filled(self, entries: Any) -> csr_array:
        """The matrix with these entries, in the order of the pattern."""
        return scipy_sparse().csr_array((entries, *self._layout), shape=self.pattern.shape)

    @cached_property
    def _gathered(self) -> tuple[Any, Any]:
        """`sources` as arrays."""
        import numpy as np

        colours, places = self.sources
        return np.array(colours, dtype=np.intp), np.array(places, dtype=np.intp)

    @cached_property
    def _layout(self) -> tuple[Any, Any]:
        """The columns of the entries, and where rows begin."""
        import numpy as np

        index = np.int32 if max(self.pattern.size, *self.pattern.shape) < 2**31 else np.int64
        columns = np.array([j for row in self.pattern.rows for j in row], dtype=index)
        return columns, np.cumsum([0, *map(len, self.pattern.rows)], dtype=index)

    def __str__(self) -> str:
        rows, columns = self.pattern.shape
        colours = f"{self.count} colour{'s' * (self.count != 1)}"
        return f"{rows} × {columns}, {self.pattern.size} nonzeros, {colours}, {self.mode}"


def compressed_jacobian(pattern: Pattern) -> Compression:
    """Forward or reverse, whichever needs fewer directions; forward where they are equal.

    >>> print(compressed_jacobian(Pattern(4, ((0, 1), (1, 2), (2, 3)))))
    3 × 4, 6 nonzeros, 2 colours, forward
    >>> print(compressed_jacobian(Pattern(3, ((0, 1, 2),))))
    1 × 3, 3 nonzeros, 1 colour, reverse
    """
    transposed = pattern.transposed()
    fewest = [max(map(len, each.rows), default=0) for each in (pattern, transposed)]  # no colouring needs fewer
    if fewest[0] <= fewest[1]:
        forward = Compression(pattern, "forward", column_colours(pattern))
        if forward.count <= fewest[1]:
            return forward
        reverse = Compression(pattern, "reverse", column_colours(transposed))
    else:
        reverse = Compression(pattern, "reverse", column_colours(transposed))
        if reverse.count < fewest[0]:
            return reverse
        forward = Compression(pattern, "forward", column_colours(pattern))
    return min(forward, reverse, key=lambda each: each.count)


def compressed_hessian(pattern: Pattern) -> Compression:
    """With a star colouring: both an entry and its mirror image may be read, so fewer directions do.

    >>> print(compressed_hessian(Pattern(4, ((0, 1, 2, 3), (0, 1), (0, 2), (0, 3)))))
    4 × 4, 10 nonzeros, 2 colours, symmetric
    """
    return Compression(pattern, "symmetric", star_colours(pattern))


def scipy_sparse() -> Any:
    """The module `scipy.sparse`; ImportError, with the remedy, without it."""
    try:
        import scipy.sparse
    except ImportError as error:
        raise ImportError(
            "sparse=True gives an array of scipy.sparse, and SciPy is not installed: "
            "pip install 'scalar-autograd[sparse]', or leave out sparse=True"
        ) from error
    return scipy.sparse
