"""BP1-BP4 for a layer of neurons, in matrices or neuron by neuron, as the article writes them.

BP1  δ = ∂L/∂a ⊙ σ′(z)                in the last layer
BP2  δ = ((W above)ᵀ δ above) ⊙ σ′(z)  in the others
BP3  ∂L/∂W = δ (a below)ᵀ
BP4  ∂L/∂b = δ
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd.derivations.document import Block, Equation
from autograd.derivations.layers import Layer
from autograd.derivations.layers import Operand as Node
from autograd.derivations.nodes import EQUAL, Graph, derivative, line_of_sum
from autograd.notation.boxes import Box, Fenced, Mark, Matrix, Name, Number, Script, joined, line, shortened
from autograd.notation.spelling import MOST, PRODUCT
from autograd.notation.terms import Operand, Term, partials
from autograd.value import Value

DELTA, W, Z, A, B = "δ", "W", "z", "a", "b"
LARGEST = 6  # rows and columns of a matrix that are shown


def of_layer(letter: str, layer: Layer, *indices: int) -> Box:
    """A letter with the number of a layer, and of a neuron or weight in it."""
    lower = joined([Number(str(i)) for i in indices], ",") if indices else None
    return Script(Name(letter), Fenced(Number(str(layer.number))), lower)


def names_of(layers: Sequence[Layer]) -> dict[Value, Box]:
    """The article's letters for everything in the layers."""
    found: dict[Value, Box] = {}
    for layer in layers:
        for i, (z, a, row, bias) in enumerate(zip(layer.z, layer.a, layer.weights, layer.bias, strict=True)):
            found |= {w: of_layer("w", layer, i, j) for j, w in enumerate(row)}
            found |= {a: of_layer(A, layer, i), z: of_layer(Z, layer, i)}
            if isinstance(bias, Value):
                found[bias] = of_layer(B, layer, i)
    return found


class Backprop:
    """The equations of one layer in a graph."""

    def __init__(self, graph: Graph, layer: Layer) -> None:
        self.graph, self.layer = graph, layer
        self.z, self.w, self.b, self.delta = [of_layer(letter, layer) for letter in (Z, W, B, DELTA)]
        self.a = of_layer(A if layer.activation else Z, layer)
        self.slope = Script(Name("σ"), Mark("′"), Number(str(layer.number)))
        self.function = Script(Name("σ"), lower=Number(str(layer.number)))

    @property
    def inputs(self) -> Box:
        """The vector that the layer reads."""
        below = self.layer.below
        if below is not None:
            return of_layer(A if below.activation else Z, below)
        return Script(Name(A), Fenced(Number(str(self.layer.number - 1))))

    # --- numbers ------------------------------------------------------------------------------------------------------

    def number(self, x: float) -> Box:
        """A number of the engine."""
        return self.graph.symbols.number(x)[0]

    def column(self, numbers: Sequence[float]) -> Box:
        """A vector in numbers."""
        return self.matrix([[x] for x in numbers])

    def matrix(self, rows: Sequence[Sequence[float]]) -> Box:
        """A matrix in numbers."""
        return matrix([list(map(self.number, row)) for row in rows])

    def numbers(self, box: Box, *shown: Sequence[float]) -> tuple[Mark, Box]:
        """A box of these numbers behind = or ≈."""
        return self.graph.relation(*[x for each in shown for x in each]), box

    def equation(self, left: Box | None, right: Box, *shown: Sequence[float]) -> Equation:
        """An equation whose right side begins with these numbers."""
        return Equation(left, *self.numbers(right, *shown))

    def data(self, nodes: Sequence[Node]) -> list[float]:
        """The values of nodes."""
        return [x.data if isinstance(x, Value) else x for x in nodes]

    def adjoints(self, nodes: Sequence[Node]) -> list[float]:
        """The derivatives of the loss by nodes."""
        return [self.graph.adjoints[x] for x in nodes if isinstance(x, Value)]

    def slopes(self) -> list[float]:
        """σ′(z), as they were recorded."""
        return [self.graph.local(a, z) for z, a in zip(self.layer.z, self.layer.a, strict=True)]

    # --- the activation -----------------------------------------------------------------------------------------------

    def activation(self, z: Box, i: int | None = None) -> Box:
        """σ(z) in the words of its row; of neuron i, or of all of them."""
        row = self.layer.activation
        assert row is not None
        return self.graph.symbols(Term(row=row, operands=self._operands(z, i)))

    def derivative_of_activation(self, z: Box, a: Box, i: int | None = None) -> Box:
        """σ′(z) by the rule of its row, applied to names without numbers: it holds wherever z is."""
        row = self.layer.activation
        assert row is not None
        found = partials(row, Term(a), self._operands(z, i))
        slope = found[0] if found else None
        return line(self.slope, Fenced(z)) if slope is None else self.graph.symbols(slope)

    def _operands(self, z: Box, i: int | None) -> list[Operand]:
        """z and the parameters of an activation, each neuron's own."""
        rest = self.layer.a[i or 0].operands[1:]
        own = Script(Name("slope"), Fenced(Number(str(self.layer.number))))
        return [
            Term(z),
            *[(Term(own if i is None else self.graph.boxes[x]) if isinstance(x, Value) else x) for x in rest],
        ]

    # --- in matrices --------------------------------------------------------------------------------------------------

    def forward(self) -> Block:
        """z = W a + b and a = σ(z)."""
        layer = self.layer
        weights = [self.data(row) for row in layer.weights]
        inputs, bias, z = self.data(layer.inputs), self.data(layer.bias), self.data(layer.z)
        has_bias = layer.has_bias or any(bias)
        symbols = line(self.w, self.inputs, *(["+", self.b] if has_bias else []))
        numbers = line(self.matrix(weights), self.column(inputs), *(["+", self.column(bias)] if has_bias else []))
        equations = [] if layer.below else [self.equation(self.inputs, self.column(inputs), inputs)]
        equations += [
            Equation(self.z, EQUAL, symbols),
            self.equation(None, numbers, *weights, inputs, bias),
            self.equation(None, self.column(z), z),
        ]
        if layer.activation:
            a = self.data(layer.a)
            formula = line(self.function, Fenced(self.z), "=", self.activation(self.z))
            equations.append(Equation(self.a, EQUAL, line(formula, *self.numbers(self.column(a), a))))
        return Block(name=f"layer {layer.number}, forward", equations=tuple(equations))

    def backward(self) -> Block:
        """BP1 or BP2, then BP3 and BP4."""
        layer = self.layer
        equations = [*self._errors(), *self._weights()]
        if layer.has_bias:
            bias = self.adjoints(layer.bias)
            equations.append(Equation(self._by(self.b), EQUAL, self.delta, "BP4"))
            equations.append(self.equation(None, self.column(bias), bias))
        return Block(name=f"layer {layer.number}", equations=tuple(equations))

    def _errors(self) -> list[Equation]:
        """δ."""
        layer, above = self.layer, self.layer.above
        found = self.adjoints(layer.z)
        result = self.numbers(self.column(found), found)
        if above is None:
            shown, note = [self.adjoints(layer.a)], "BP1"
            before, numbers = self._by(self.a), self.column(shown[0])
        else:
            columns = [[row[i].data for row in above.weights] for i in range(len(layer.z))]
            shown, note = [*columns, self.adjoints(above.z)], "BP2"
            before = line(transposed(of_layer(W, above)), of_layer(DELTA, above))
            numbers = line(self.matrix(columns), self.column(shown[-1]))
        if layer.activation is None:
            first = Equation(self.delta, EQUAL, before, note)
            if above is None:
                return [first, self.equation(None, self.column(found), found)]
            return [first, self.equation(None, line(numbers, *result), *shown)]
        if above is not None:
            before, numbers = Fenced(before), Fenced(numbers)
        slope, slopes = line(self.slope, Fenced(self.z)), self.slopes()
        formula = line(self.derivative_of_activation(self.z, self.a), *self.numbers(self.column(slopes), slopes))
        return [
            Equation(self.delta, EQUAL, line(before, "⊙", slope), note),
            Equation(slope, EQUAL, formula),
            self.equation(self.delta, line(numbers, "⊙", self.column(slopes), *result), *shown, slopes),
        ]

    def _weights(self) -> list[Equation]:
        """∂L/∂W."""
        layer = self.layer
        found = [self.adjoints(row) for row in layer.weights]
        delta, inputs = self.adjoints(layer.z), self.data(layer.inputs)
        numbers = line(self.column(delta), self.matrix([inputs]), *self.numbers(self.matrix(found), *found))
        return [
            Equation(self._by(self.w), EQUAL, line(self.delta, transposed(self.inputs)), "BP3"),
            self.equation(None, numbers, delta, inputs),
        ]

    def _by(self, box: Box) -> Box:
        return derivative(self.graph.boxes[self.graph.root], box)

    # --- neuron by neuron ---------------------------------------------------------------------------------------------

    def neuron_forward(self, i: int) -> Block:
        """z and a of a neuron."""
        layer, graph = self.layer, self.graph
        equations = graph.equations(layer.z[i])
        if layer.activation:
            relation, result = graph.number(layer.a[i].data)
            z = graph.boxes[layer.z[i]]
            formula = line(self.function, Fenced(z), "=", self.activation(z, i), relation, result)
            equations.append(Equation(graph.boxes[layer.a[i]], EQUAL, formula))
        return Block(name=f"neuron {i} of layer {layer.number}, forward", equations=tuple(equations))

    def neuron_backward(self, i: int) -> Block:
        """δ of a neuron, and the derivatives by its weights and bias."""
        layer, graph = self.layer, self.graph
        delta, upstream = of_layer(DELTA, layer, i), graph.adjoints[layer.z[i]]
        equations = self._error(i)
        for j, (w, x) in enumerate(zip(layer.weights[i], layer.inputs, strict=True)):
            if MOST - 1 <= j < len(layer.weights[i]) - 1:
                equations += [Equation(Mark("⋮"), EQUAL, Mark("⋮"))] if j == MOST - 1 else []
                continue
            a = x.data if isinstance(x, Value) else x
            numbers = line(graph.relation(upstream, a), self._product(upstream, a), *graph.number(graph.adjoints[w]))
            equations.append(Equation(graph.by(w), EQUAL, line(delta, "·", self._input(j), numbers), "BP3" * (j == 0)))
        bias = layer.bias[i]
        if isinstance(bias, Value):
            equations.append(Equation(graph.by(bias), EQUAL, line(delta, *graph.number(graph.adjoints[bias])), "BP4"))
        return Block(name=f"neuron {i} of layer {layer.number}", value=upstream, equations=tuple(equations))

    def _error(self, i: int) -> list[Equation]:
        layer, graph, above = self.layer, self.graph, self.layer.above
        delta, z, a = of_layer(DELTA, layer, i), layer.z[i], layer.a[i]
        result = graph.number(graph.adjoints[z])
        if above is None:
            symbols, numbers, note = graph.by(a), graph.symbols(graph.adjoints[a], PRODUCT), "BP1"
            shown = [graph.adjoints[a]]
            if layer.activation is None:
                return [Equation(delta, EQUAL, line(symbols, *result), note)]
        else:
            pairs = [(row[i], error) for row, error in zip(above.weights, above.z, strict=True)]
            parts = [line(graph.boxes[w], "·", of_layer(DELTA, above, k)) for k, (w, _) in enumerate(pairs)]
            symbols, note = line_of_sum(parts), "BP2"
            numbers = line_of_sum([self._product(w.data, graph.adjoints[error]) for w, error in pairs])
            shown = [x for w, error in pairs for x in (w.data, graph.adjoints[error])]
            if layer.activation is None:
                numeric = Equation(None, graph.relation(*shown), line(numbers, *result))
                return [Equation(delta, EQUAL, symbols, note), numeric]
            symbols, numbers = Fenced(symbols), Fenced(numbers)
        slope, local = line(self.slope, Fenced(graph.boxes[z])), graph.local(a, z)
        formula = self.derivative_of_activation(graph.boxes[z], graph.boxes[a], i)
        whole = line(numbers, "·", graph.symbols(local, PRODUCT), *result)
        return [
            Equation(delta, EQUAL, line(symbols, "·", slope), note),
            Equation(slope, EQUAL, line(formula, *graph.number(local))),
            Equation(delta, graph.relation(*shown, local), whole),
        ]

    def _input(self, j: int) -> Box:
        """The name of an input; of a number, the element of a vector."""
        x, below = self.layer.inputs[j], self.layer.below
        if below is None and not isinstance(x, Value):
            return Script(Name(A), Fenced(Number(str(self.layer.number - 1))), Number(str(j)))
        assert isinstance(x, Value)
        return self.graph.boxes[x]

    def _product(self, x: float, y: float) -> Box:
        return line(self.graph.symbols(x, PRODUCT), "·", self.graph.symbols(y, PRODUCT))


def matrix(rows: Sequence[Sequence[Box]]) -> Box:
    """A matrix, of which a large one has dots in the middle.

    >>> wide = matrix([[Number("1")] * 100])
    >>> len(wide.rows[0])
    6
    """
    kept = shortened_rows([shortened(row, LARGEST) for row in rows])
    return Matrix(tuple([tuple(row) for row in kept]))


def shortened_rows(rows: list[list[Box]]) -> list[list[Box]]:
    """At most as many rows as are shown, with a row of dots before the last."""
    if len(rows) <= LARGEST:
        return rows
    return [*rows[: LARGEST - 2], [Mark("⋮")] * len(rows[0]), rows[-1]]


def transposed(box: Box) -> Box:
    """Its transpose."""
    return Script(Fenced(box), Name("T", "upright"))
