"""A table of learnt vectors, one for each of `count` things: tokens, positions, categories."""

import operator
import random
from typing import Any

from autograd import Value, pick
from nn.layers.initializers import InitializerLike, normal, random_source, start_weights
from nn.layers.inputs import as_size
from nn.layers.module import Module


class Embedding(Module):
    """`embedding[i]`, or `embedding(i)`, is row i of a table of `count` rows, as a list of `width` Values.

    `init` is the start of the table, N(0, 1) by default; `nn.normal(0.02)` makes it smaller. `seed` or `rng` fixes the
    draws. The entry of row i and column j is labelled `e[i,j]`; `name` replaces the letter, where a model has several
    tables.

    >>> letters = Embedding(27, 2, seed=0)
    >>> letters
    Embedding(27, 2)  # 54 parameters
    >>> [value.label for value in letters[3]], letters(3) == letters[3]
    (['e[3,0]', 'e[3,1]'], True)

    Only the row that was used gets a gradient:

    >>> letters[3][1].backward()
    >>> [value.grad for value in letters[3]], [value.grad for value in letters[0]]
    ([0.0, 1.0], [0.0, 0.0])

    An index is a whole number, also as a float, since `fit` hands over samples as floats. An index that is a Value, as
    in a function that `autograd.compile` records, stays a part of the computation: one program serves all indices.

    IndexError for an index outside 0 … count − 1, TypeError for what is no whole number, ValueError for sizes below 1.
    """

    def __init__(
        self,
        count: int,
        width: int,
        *,
        init: InitializerLike | None = None,
        rng: random.Random | None = None,
        seed: int | None = None,
        name: str = "e",
    ) -> None:
        self.count, self.width, self.name = as_size(count, "count"), as_size(width, "width"), name
        start = start_weights(init or normal(), self.count, self.width, random_source(rng, seed))
        self.rows = [[Value(w, label=f"{name}[{i},{j}]") for j, w in enumerate(row)] for i, row in enumerate(start)]
        self.columns = list(zip(*self.rows, strict=True))

    def __call__(self, index: Any) -> list[Value]:
        if isinstance(index, Value):
            return [pick(column, index) for column in self.columns]
        return list(self.rows[self._place(index)])

    __getitem__ = __call__

    def _place(self, index: Any) -> int:
        if isinstance(index, float) and index.is_integer():
            index = int(index)
        try:
            place = operator.index(index)
        except TypeError:
            raise TypeError(
                f"the index of an embedding is one whole number, got {index!r}; "
                "for a sequence write [embedding[i] for i in indices]"
            ) from None
        if isinstance(index, bool) or not 0 <= place < self.count:
            raise IndexError(f"there is no row {index!r}: this embedding has the rows 0…{self.count - 1}")
        return place

    def parameters(self) -> list[Value]:
        return [value for row in self.rows for value in row]

    def __repr__(self) -> str:
        return f"Embedding({self.count}, {self.width})  # {self.count * self.width} parameters"
