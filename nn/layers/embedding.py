"""Embeddings: tables of learned vectors, one for each token, position or category."""

import operator
import random
from typing import Any

from autograd import Value, pick
from autograd.io.plural import counted
from nn.layers.initializers import InitializerLike, normal, random_source, start_weights
from nn.layers.inputs import as_size
from nn.layers.module import Module


class Embedding(Module):
    """`embedding[i]`, or `embedding(i)`, is row i of a table of `count` rows, as a list of `width` Values.

    count      how many rows the table has
    width      how many Values a row has
    init       of the table, by default N(0, 1); `nn.normal(0.02)` gives smaller numbers
    rng, seed  fix the draws
    name       the letter in the labels `e[i,j]` of the entries, for models with several tables

    >>> letters = Embedding(27, 2, seed=0)
    >>> letters
    Embedding(27, 2)  # 54 parameters
    >>> [value.label for value in letters[3]], letters(3) == letters[3]
    (['e[3,0]', 'e[3,1]'], True)

    Only the rows that were used get a gradient:

    >>> letters[3][1].backward()
    >>> [value.grad for value in letters[3]], [value.grad for value in letters[0]]
    ([0.0, 1.0], [0.0, 0.0])

    An index is an integer, or a float with an integer value, since `fit` passes samples as floats. An index that is a
    Value, as in a function recorded by `autograd.compile`, stays part of the computation: one program serves all
    indices.

    IndexError for an index outside 0 … count − 1, TypeError if it is not an integer, ValueError for sizes below 1.
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
        return list(self.rows[self._position(index)])

    __getitem__ = __call__

    def _position(self, index: Any) -> int:
        if isinstance(index, float) and index.is_integer():
            index = int(index)
        try:
            position = operator.index(index)
        except TypeError:
            raise TypeError(
                f"the index of an embedding must be an integer, got {index!r}; "
                "for a sequence write [embedding[i] for i in indices]"
            ) from None
        if isinstance(index, bool) or not 0 <= position < self.count:
            raise IndexError(f"there is no row {index!r}: the rows of this embedding are 0…{self.count - 1}")
        return position

    def parameters(self) -> list[Value]:
        return [value for row in self.rows for value in row]

    def __repr__(self) -> str:
        return f"Embedding({self.count}, {self.width})  # {counted(self.count * self.width, 'parameter')}"
