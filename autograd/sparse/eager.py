"""Sparse derivatives of graphs of Values: their equations, and the derivatives along the directions of a colouring."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any, Literal

from autograd.derivative import slopes
from autograd.errors import GraphError
from autograd.graph import number_of, topological
from autograd.numerics import inner
from autograd.per_sample import in_order
from autograd.scopes import hooks
from autograd.sparse.compression import Compression, compressed_hessian, compressed_jacobian, scipy_sparse
from autograd.sparse.pattern import Atom, Equations, flows_of, hessian_pattern, jacobian_pattern
from autograd.structure import leaves_of
from autograd.tracing import Argnums, eager, number, own, taken, traced
from autograd.value import Value

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def sparse_derivative(
    name: Literal["jacobian", "hessian"], f: Callable[..., Any], argnum: Argnums
) -> Callable[..., Any]:
    """x ↦ the sparse Jacobian or Hessian of f, by argument `argnum`; see `functional.jacobian`."""

    def derivative(*args: Any, **named: Any) -> Any:
        args = in_order(f, args, named)

        def take() -> Any:
            x, inputs = traced(args, argnum)
            y = eager(f)(*inputs)
            if name == "hessian":
                return sparse_hessian(number(y, f), leaves_of(x))
            return sparse_jacobian([number(each, f) for each in leaves_of(y)], leaves_of(x))

        _refuse_nodes()
        scipy_sparse()
        found = own(f, f"sparse_{name}", args, argnum)
        return taken(take, lambda leaf: None) if found is NotImplemented else found

    return derivative


def _refuse_nodes() -> None:
    around = hooks()
    if around.differentiating or around.recorder is not None:
        raise GraphError(
            "a sparse derivative holds floats, which cannot be differentiated or recorded; leave out sparse=True "
            "inside another derivative or a compiled function"
        )


def sparse_jacobian(outputs: Sequence[Value], inputs: Sequence[Value]) -> csr_array:
    """∂outputs/∂inputs, a row for each output.

    >>> x = [Value(2.0), Value(3.0), Value(4.0)]
    >>> sparse_jacobian([x[0] * x[1], x[1] * x[2]], x).toarray()
    array([[3., 2., 0.],
           [0., 4., 3.]])
    """
    graph = Recorded(outputs, inputs)
    pattern = jacobian_pattern(len(inputs), graph.equations, graph.outputs, range(len(inputs)))
    return graph.matrix(compressed_jacobian(pattern))


def sparse_hessian(output: Value, inputs: Sequence[Value]) -> csr_array:
    """∂²output/∂inputs²: the gradient, forward along each direction.

    >>> x = [Value(2.0), Value(3.0), Value(4.0)]
    >>> sparse_hessian(x[0] * x[1] + x[2] ** 2, x).toarray()
    array([[0., 1., 0.],
           [1., 0., 0.],
           [0., 0., 2.]])
    """
    graph = Recorded([output], inputs)
    pattern = hessian_pattern(len(inputs), graph.equations, graph.outputs[0], range(len(inputs)))
    return Recorded(slopes(output, inputs, independent=True), inputs).matrix(compressed_hessian(pattern))


class Recorded:
    """A graph of Values from inputs to outputs as equations, with the numbers of its partials.

    equations  (row, operands); what no input leads to is a number, and so is an operand through which nothing flows
               here, such as the branch that `where` did not take
    outputs    their atoms

    >>> x, y = Value(2.0), Value(3.0)
    >>> graph = Recorded([x * y + 1.0, y], [x, y])
    >>> graph.equations, graph.outputs
    ([(<primitive mul(x, y)>, (0, 1)), (<primitive add(x, y)>, (2, 1.0))], [3, 1])
    """

    def __init__(self, outputs: Sequence[Value], inputs: Sequence[Value]) -> None:
        self.inputs = len(inputs)
        self.equations: list[tuple[Any, tuple[Atom, ...]]] = []
        self._partials: list[Sequence[float | None]] = []
        self._places = {id(x): i for i, x in enumerate(inputs)}
        for node in topological(*outputs, known=inputs):
            if node.primitive is not None and any(id(x) in self._places for x in node.parents):
                self._add(node)
        self.outputs: list[Atom] = [self._places.get(id(y), number_of(y)) for y in outputs]

    def _add(self, node: Value) -> None:
        """An equation for a node, unless it is an input."""
        places, row = self._places, node.primitive
        if row is None or id(node) in places:
            return
        numbers = [number_of(x) for x in node.operands]
        partials = row.partials_at(number_of(node), numbers)
        flowing = zip(node.operands, numbers, partials, strict=True)
        atoms = [number if partial is None else places.get(id(x), number) for x, number, partial in flowing]
        places[id(node)] = self.inputs + len(self.equations)
        self.equations.append((row, tuple(atoms)))
        self._partials.append(partials)

    def matrix(self, plan: Compression) -> csr_array:
        """The matrix, from the derivatives along each direction."""
        edges = list(self._edges(self.equations))
        along = self._backward if plan.mode == "reverse" else self._forward
        return plan.matrix([along(group, edges) for group in plan.groups])

    def _edges(self, equations: Equations) -> Iterator[tuple[int, list[tuple[int, float]]]]:
        """For each equation its place, and where it flows from with which partial: as the pattern has it."""
        for place, equation in enumerate(equations, self.inputs):
            pairs = zip(equation[1], self._partials[place - self.inputs], strict=True)
            yield place, [(int(x), float(partial or 0.0)) for x, partial in compress(pairs, flows_of(equation))]

    def _forward(self, group: Sequence[int], edges: Sequence[Any]) -> list[float]:
        """The tangents of the outputs, where those of the inputs in `group` are 1."""
        tangents = dict.fromkeys(group, 1.0)
        for place, incoming in edges:
            moving = [(partial, tangents[x]) for x, partial in incoming if x in tangents]
            if moving:
                tangents[place] = inner([d for d, _ in moving], [t for _, t in moving], 0.0)
        return [tangents.get(int(each), 0.0) if type(each) is int else 0.0 for each in self.outputs]

    def _backward(self, group: Sequence[int], edges: Sequence[Any]) -> list[float]:
        """The adjoints of the inputs, where those of the outputs in `group` are 1."""
        adjoints: dict[Atom, float] = {}
        for i in group:
            adjoints[self.outputs[i]] = adjoints.get(self.outputs[i], 0.0) + 1.0
        for place, incoming in reversed(edges):
            adjoint = adjoints.get(place)
            if adjoint is not None:
                for x, partial in incoming:
                    adjoints[x] = adjoints.get(x, 0.0) + partial * adjoint
        return [adjoints.get(place, 0.0) for place in range(self.inputs)]
