"""The problems of levels 1, 2, 3 and 6: local derivatives, a chain, sharing, a wrong edge."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from autograd.debugging.messages import Messages
from autograd.debugging.naming import Names
from autograd.debugging.walk import Walk
from autograd.drawing.formula import expression_of
from autograd.drawing.render.animate import zeroed_gradients
from autograd.drawing.text import number
from autograd.exercises import graphs
from autograd.exercises.picture import picture
from autograd.graph import topological
from autograd.notation.chain_rule import notation_of, partial
from autograd.value import Value


class Question(NamedTuple):
    """One blank: `label` says what belongs there, `answers` are all that are right, as `canonical` writes them."""

    label: str
    answers: tuple[str, ...]
    is_order: bool = False


class Group(NamedTuple):
    """Questions under one heading."""

    heading: str
    questions: Sequence[Question]


class Problem(NamedTuple):
    """What a sheet asks: a task, formulas, a picture and groups of questions; and how it is solved."""

    title: str
    task: str
    given: Sequence[str]
    svg: str
    groups: Sequence[Group]
    solution: Sequence[str]


def canonical(x: float) -> str:
    """A number as the page writes it before it hashes it.

    >>> canonical(-3.0), canonical(0.25), canonical(-0.0)
    ('-3.00', '0.25', '0.00')
    """
    return f"{x + 0.0:.2f}"


def numeric(label: str, x: float) -> Question:
    """The question for one number."""
    return Question(label, (canonical(x),))


# --- words ------------------------------------------------------------------------------------------------------------


def names_of(root: Value) -> Names:
    """The labels of all nodes."""
    return Names(topological(root))


def formulas(root: Value) -> list[str]:
    """`p = a × b`, a line for each operation, in forward order."""
    names = names_of(root).of
    return [f"{names[node]} = {_expression(node, names)}" for node in topological(root) if node.op]


def _expression(node: Value, names: dict[Value, str]) -> str:
    if node.op != "dot":
        return expression_of(node, names)
    *factors, bias = [names[each] for each in node.parents]
    half = len(factors) // 2
    return " + ".join([*(f"{w} × {x}" for w, x in zip(factors[:half], factors[half:], strict=True)), bias])


def forward(root: Value) -> list[str]:
    """The forward pass with numbers."""
    values = [number(node.data) for node in topological(root) if node.op]
    return [f"{line} = {value}" for line, value in zip(formulas(root), values, strict=True)]


def local_derivatives(root: Value) -> list[str]:
    """`∂p/∂a = b = −3`, in the order of the backward pass."""
    names = names_of(root).of
    return [
        f"{partial(names[node], names[parent])} = {rule}{number(local)}"
        for node, parent, local, rule in _edges(root, names)
    ]


def backward(root: Value) -> list[str]:
    """The products of the backward pass, as the stepper shows them."""
    with zeroed_gradients(topological(root)), Walk(root) as walk:
        messages = Messages(walk, names_of(root))
        lines = [messages.gradient(root)]
        while not walk.at_end:
            lines.append(messages.product(walk.step()))
    return lines


def _edges(root: Value, names: Mapping[Value, str]) -> Iterator[tuple[Value, Value, float, str]]:
    for node in reversed(topological(root)):
        operands = iter(_rule(node, names))
        for parent, local in zip(node.parents, node.partials, strict=True):
            yield node, parent, local, next(operands, "")


def _rule(node: Value, names: Mapping[Value, str]) -> list[str]:
    """For each parent, the local derivative in symbols, followed by an equals sign; '' where it is a constant."""
    own, operands = names[node], [names.get(x, "") for x in node.operands]  # '' for a plain number
    match node.op:
        case "mul" if all(operands):
            return [f"{other} = " for other in reversed(operands)]
        case "pow":
            return [f"2 · {operands[0]} = "]
        case "relu":
            return [f"(1 for {operands[0]} > 0, else 0) = "]
        case "sigmoid":
            return [f"{own} · (1 − {own}) = "]
        case "tanh":
            return [f"1 − {own}² = "]
        case "dot":
            ws, xs = operands[: len(operands) // 2], operands[len(operands) // 2 : -1]
            return [f"{each} = " for each in (*xs, *ws)]
        case _:
            return []


# --- levels -----------------------------------------------------------------------------------------------------------


def local_questions(root: Value) -> list[Question]:
    """A question for each edge, in forward order."""
    names = names_of(root).of
    order = [node for node in topological(root) if node.op]
    return [
        numeric(partial(names[node], names[parent]), local)
        for node in order
        for parent, local in zip(node.parents, node.partials, strict=True)
    ]


def gradient_questions(root: Value, nodes: Sequence[Value] | None = None) -> list[Question]:
    """A question for the gradient of each node but the root, in the order of the pass."""
    notation = notation_of(root.label, ())
    chosen = topological(root)[-2::-1] if nodes is None else nodes
    return [numeric(notation.gradient(node.label), node.grad) for node in chosen]


def local(rng: random.Random) -> Problem:
    """Level 1: the local derivative of every edge of a tree."""
    root = graphs.draw_until(graphs.tree, lambda root: True, rng)
    return Problem(
        "Local derivatives",
        "Write the local derivative at each edge: how much the result of an operation changes per unit of one operand, "
        "with the others fixed. Put the numbers of the graph in.",
        formulas(root),
        picture(root),
        [Group("Local derivatives", local_questions(root))],
        [*forward(root), "", *local_derivatives(root)],
    )


def chain(rng: random.Random) -> Problem:
    """Level 2: local derivatives and gradients along a chain."""
    root = graphs.draw_until(graphs.chain, graphs.is_chain_of_different_steps, rng)
    return Problem(
        "A chain",
        "Write the local derivatives, then multiply them from the right: ∂L/∂a += ∂b/∂a · ∂L/∂b, beginning with "
        "∂L/∂L = 1.",
        formulas(root),
        picture(root),
        [Group("Local derivatives", local_questions(root)), Group("Gradients", gradient_questions(root))],
        [*forward(root), "", *local_derivatives(root), "", *backward(root)],
    )


def sharing(rng: random.Random) -> Problem:
    """Level 3: gradients of nodes that are used twice."""
    root = graphs.draw_until(graphs.shared, lambda root: max(graphs.uses(root).values()) == 2, rng)
    x = next(node for node in topological(root) if node.label == "x")
    names = names_of(root).of
    notation = notation_of("L", ())
    contributions = [
        numeric(notation.term(names[node], "x"), slope * node.grad)
        for node in reversed(topological(root))
        for parent, slope in zip(node.parents, node.partials, strict=True)
        if parent is x
    ]
    return Problem(
        "Sharing",
        "x and p are used twice. Each use contributes to the gradient, and the contributions add up. A node may pass "
        "its gradient on only when the gradient is complete.",
        formulas(root),
        picture(root),
        [
            Group("Local derivatives", local_questions(root)),
            Group(f"Contributions to {notation.gradient('x')}", contributions),
            Group("Gradients", gradient_questions(root)),
        ],
        [*forward(root), "", *local_derivatives(root), "", *backward(root)],
    )


# --- a wrong edge -----------------------------------------------------------------------------------------------------


class Mistake(NamedTuple):
    """A wrong local derivative at one edge, and the gradients that it leads to."""

    node: Value
    slot: int
    local: float
    why: str
    gradients: Mapping[Value, float]


def wrong_edge(rng: random.Random) -> Problem:
    """Level 6: a pass with one wrong local derivative."""
    while True:
        root = graphs.draw_until(graphs.shared, lambda root: True, rng)
        mistakes = [each for each in _mistakes(root) if all(map(graphs.is_nice, each.gradients.values()))]
        if len({(each.node, each.slot) for each in mistakes}) >= 3:
            break
    mistake = rng.choice(mistakes)
    parent, right = mistake.node.parents[mistake.slot], mistake.node.partials[mistake.slot]
    edges = [(node, slot) for node in topological(root) for slot in range(len(node.parents))]
    place = edges.index((mistake.node, mistake.slot)) + 1
    leaves = [node for node in topological(root) if not node.op]
    edge = partial(mistake.node.label, parent.label)
    return Problem(
        "Find the wrong edge",
        "A student has done this backward pass with one wrong local derivative; everything else follows from it "
        "correctly. At each edge you see its number and the local derivative that was used. Which edge is wrong, what "
        "belongs there, and what are the right gradients?",
        formulas(root),
        picture(root, gradients=mistake.gradients, locals_={(mistake.node, mistake.slot): mistake.local}),
        [
            Group("The wrong edge", [numeric("number of the edge", place), numeric("its local derivative", right)]),
            Group("The right gradients", gradient_questions(root, leaves)),
        ],
        [
            f"edge {place} is wrong: {edge} = {number(right)}, not {number(mistake.local)} ({mistake.why})",
            "",
            *local_derivatives(root),
            "",
            *backward(root),
        ],
    )


def _mistakes(root: Value) -> Iterator[Mistake]:
    for node in topological(root):
        for slot, (parent, right) in enumerate(zip(node.parents, node.partials, strict=True)):
            for wrong, why in _wrong(node, parent, right):
                if wrong != right and wrong != 0.0 and graphs.is_nice(wrong):
                    yield Mistake(node, slot, wrong, why, _gradients(root, node, slot, wrong))


def _wrong(node: Value, parent: Value, right: float) -> Iterator[tuple[float, str]]:
    if node.op == "mul":
        yield parent.data, "that is the operand itself, not the other factor"
    if node.op == "sub":
        yield -right, "the sign of a difference"
    if node.op == "pow":
        yield parent.data, "the exponent is missing"
    if node.op == "add":
        yield parent.data, "a sum passes the gradient on as it is"


def _gradients(root: Value, wrong_node: Value, wrong_slot: int, wrong: float) -> dict[Value, float]:
    found = dict.fromkeys(topological(root), 0.0)
    found[root] = 1.0
    for node in reversed(found):
        for slot, (parent, right) in enumerate(zip(node.parents, node.partials, strict=True)):
            found[parent] += (wrong if (node, slot) == (wrong_node, wrong_slot) else right) * found[node]
    return found
