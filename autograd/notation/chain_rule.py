"""How derivatives are written wherever one is shown: stepper, editor, replay, generated source, exercises.

    ∂L/∂a += ∂b/∂a · ∂L/∂b

∂L/∂a  the accumulated gradient of a: L stands for the root of the pass, whatever its name
∂b/∂a  the local derivative of the operation that made b
∂L/∂b  the upstream gradient, of b
"""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

SYMBOLS = ("L", "J", "E", "Loss")
DOT = " · "


def partial(of: str, by: str) -> str:
    """A derivative.

    >>> partial("b", "a")
    '∂b/∂a'
    """
    return f"∂{of}/∂{by}"


class Notation(NamedTuple):
    """The derivatives of one pass; `loss` is the symbol of its root, `root` the root's name.

    >>> notation = notation_of("loss", {"a", "b", "loss"})
    >>> notation.product("b", "a")
    '∂L/∂a += ∂b/∂a · ∂L/∂b'
    """

    loss: str
    root: str

    def gradient(self, name: str) -> str:
        """`∂L/∂a`: the gradient of the node called `name`."""
        return partial(self.loss, name)

    def product(self, node: str, parent: str) -> str:
        """What one edge of the graph contributes: accumulated += local · upstream."""
        return f"{self.gradient(parent)} += {self.term(node, parent)}"

    def term(self, node: str, parent: str) -> str:
        """`∂b/∂a · ∂L/∂b`: local · upstream."""
        return f"{partial(node, parent)}{DOT}{self.gradient(node)}"

    @property
    def definition(self) -> str:
        """`L = loss`, or `L` for a root of that name."""
        return self.loss if self.loss == self.root else f"{self.loss} = {self.root}"


def notation_of(root: str, names: Container[str]) -> Notation:
    """The notation for a graph with these names: L, unless another node is called so.

    >>> notation_of("L", {"L", "x"}).definition, notation_of("y", {"L", "y"}).definition
    ('L', 'J = y')
    """
    free = (symbol for symbol in SYMBOLS if symbol == root or symbol not in names)
    return Notation(next(free, root), root)
