"""Sparse derivatives of graphs of Values: their equations, and the derivatives along the directions of a colouring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd import rules
from autograd.derivative import slopes
from autograd.graph import number_of, topological
from autograd.primitive import Primitive
from autograd.recording import no_graph
from autograd.sparse.compression import compressed_hessian, compressed_jacobian
from autograd.sparse.pattern import Atom, Equations, hessian_pattern, jacobian_pattern
from autograd.value import Value

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Push = Callable[[dict[Value, Any], Sequence[Value]], list[Any]]  # from the tangents of inputs to those of outputs


def equations_of(outputs: Sequence[Value], inputs: Sequence[Value]) -> tuple[Equations, list[Atom]]:
    """The equations between inputs and outputs, and the atoms of the outputs; what no input leads to is a number.

    An operand through which nothing flows here, such as the branch that `where` did not take, is a number too.

    >>> x, y = Value(2.0), Value(3.0)
    >>> equations_of([x * y + 1.0, y], [x, y])
    ([(<primitive mul(x, y)>, (0, 1)), (<primitive add(x, y)>, (2, 1.0))], [3, 1])
    """
    place = {id(x): i for i, x in enumerate(inputs)}
    equations: list[tuple[Primitive, tuple[Atom, ...]]] = []
    for node in topological(*outputs, known=inputs):
        row = node.primitive
        if row is None or id(node) in place:
            continue
        flows = {id(parent) for parent in node.parents if id(parent) in place}
        if flows:
            place[id(node)] = len(inputs) + len(equations)
            atoms = [place[id(x)] if id(x) in flows else number_of(x) for x in node.operands]
            equations.append((row, tuple(atoms)))
    return equations, [place.get(id(y), y.data) for y in outputs]


def sparse_jacobian(outputs: Sequence[Value], inputs: Sequence[Value], push: Push) -> csr_array:
    """∂outputs/∂inputs, a row for each output.

    `push` gives the tangents of outputs, given those of some nodes.
    """
    equations, atoms = equations_of(outputs, inputs)
    plan = compressed_jacobian(jacobian_pattern(len(inputs), equations, atoms, range(len(inputs))))
    if plan.mode == "forward":
        return plan.matrix(_along(plan.groups, outputs, inputs, push))
    sums = [rules.total(*[outputs[i] for i in group]) for group in plan.groups]
    with no_graph():
        return plan.matrix([_numbers(slopes(each, inputs, independent=True)) for each in sums])


def sparse_hessian(output: Value, inputs: Sequence[Value], push: Push) -> csr_array:
    """∂²output/∂inputs²: the gradient, pushed along each direction."""
    equations, (atom,) = equations_of([output], inputs)
    plan = compressed_hessian(hessian_pattern(len(inputs), equations, atom, range(len(inputs))))
    return plan.matrix(_along(plan.groups, slopes(output, inputs, independent=True), inputs, push))


def _along(
    groups: Sequence[Sequence[int]], outputs: Sequence[Value], inputs: Sequence[Value], push: Push
) -> list[list[float]]:
    """The tangents of the outputs along each direction."""
    with no_graph():
        return [_numbers(push({inputs[j]: 1.0 for j in group}, outputs)) for group in groups]


def _numbers(found: Sequence[Any]) -> list[float]:
    return [number_of(each) if isinstance(each, Value) else float(each) for each in found]
