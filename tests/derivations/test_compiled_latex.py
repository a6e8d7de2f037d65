"""`compiled.latex`: the formulas of vector programs and of loops, which compute what the program does (issue M)."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd.errors import CompileError
from tests.derivations.latex_reader import Reader, check_form, read, sides


class ArrayReader(Reader):
    """Formulas of matrices, computed by NumPy; `known` are the arrays by name, vectors as columns."""

    functions = {"tanh": np.tanh, "cosh": np.cosh, "sin": np.sin, "sum": lambda x: x.sum(axis=0, keepdims=True)}  # noqa: RUF012

    def __init__(self, text: str, known: dict[str, Any]) -> None:
        super().__init__(text)
        self.known = known

    def symbol(self, name: str) -> Any:  # type: ignore[override]
        return self.known[name]

    def product(self) -> Any:
        if self.took("-"):
            return -self.product()
        found = self.power()
        while self.next and self.next not in ("+", "-", ")", "}", ",", r"\right"):
            if self.next in (r"\cdot", r"\odot"):
                self.take()
                found = np.asarray(found, float) * np.asarray(self.power(), float)
            else:
                found = found @ self.power()
        return found

    def power(self) -> Any:
        base = self.atom()
        if self.next == "^" and self.tokens[self.place + 2 : self.place + 3] == [r"\mathrm"]:
            self.take("^")
            self.group()
            return base.T
        return base ** float(self.inner()) if self.took("^") else base


def rows(text: str) -> list[str]:
    check_form(text)
    return text.split("\n")[1:-1]


def name_of(text: str) -> str:
    """The name on a left side, as readers see it."""
    found: list[str] = []
    reader = ArrayReader(text, {})
    reader.symbol = found.append  # type: ignore[method-assign]
    reader.atom()
    return found[0]


@pytest.mark.parametrize("backend", ["numpy", "python"])
def test_a_networks_formulas_compute_its_loss_and_gradient(backend: Any) -> None:
    net = nn.MLP(3, [4, 2], hidden="tanh", seed=1)
    x, y = [0.1, -0.2, 0.3], [1.0, 0.5]
    fast = ag.compile(
        lambda x, y: nn.train.losses.half_squared_error(net(x), y), parameters=net.parameters(), backend=backend
    )
    loss, _ = fast(x, y)
    text = fast.latex
    assert r"z^{( 1 )} & = W^{( 1 )} x + b^{( 1 )}" in text
    assert (
        r"\frac{\partial \mathit{loss}}{\partial W^{( 1 )}} & = \delta^{( 1 )} x^{\mathrm{T}} && \mathrm{(BP3)}" in text
    )
    known: dict[str, Any] = {"x": np.array([x]).T, "y": np.array([y]).T}
    for number, layer in enumerate(net.layers, 1):
        known |= {f"W^{{({number})}}": layer.W, f"b^{{({number})}}": layer.b[:, None]}
    for row in rows(text):
        left, right = sides(row)
        known[name_of(left)] = ArrayReader(right, known).whole()
    assert known["loss"].item() == pytest.approx(loss, rel=1e-14)
    nn.train.losses.half_squared_error(net(x), y).backward()
    for number, layer in enumerate(net.layers, 1):
        by_weights = known[f"∂\\mathit{{loss}}/∂W^{{({number})}}"]
        assert by_weights == pytest.approx(np.array([[w.grad for w in n.w] for n in layer.neurons]), rel=1e-12)


def pendulum(p: Any) -> Any:
    angle, speed = p
    for _ in range(30):
        angle, speed = angle + 0.01 * speed, speed - 0.01 * ag.sin(angle)
    return angle * speed


@pytest.mark.parametrize("with_gradient", [False, True])
def test_loops_are_recurrences(with_gradient: bool) -> None:
    """Run by SymPy's functions, trip by trip: a state at 0, then each equation at t from those at t and t − 1."""
    fast, at = ag.compile(pendulum), [1.0, 0.5]
    expected = fast.value_and_grad(at) if with_gradient else (fast.value(at), [])
    lines = rows(fast.latex)
    assert any("t - 1" in each for each in lines)
    assert len(lines) < 25
    known: dict[str, float] = {"p_{0}": at[0], "p_{1}": at[1]}
    while lines:
        trips = re.search(r"&& t = 1 , \\cdots , (\d+)", lines[0])
        size = next((i for i, each in enumerate(lines) if "&&" not in each), len(lines)) if trips else 1
        block, lines = lines[:size], lines[size:]
        run(block, int(trips[1]) if trips else 1, known)
    results = [known[name] for name in known if name.startswith("y")]
    assert results == pytest.approx([expected[0], *expected[1]], rel=1e-12)


def run(block: list[str], trips: int, known: dict[str, float]) -> None:
    """Compute the equations of a block for t = 1 … trips."""
    for t in range(1, trips + 1):
        for row in block:
            left, right = sides(row)
            if "cdots" in right:  # a sequence: its numbers go back from the end, one by one
                first, second = [re.findall(r"(u_\{\d+ , )(\d+)", each) for each in right.split("} , ")[:2]]
                step = int(second[0][1]) - int(first[0][1])
                name = f"{first[0][0]}{int(first[0][1]) + (t - 1) * step}}}"
                last = right.rpartition(r"\cdots ,")[2].strip(" )")
                value = known[key(last if t == trips else name)]
            else:
                formula = read(at(right, t))
                value = float(formula.subs({symbol: known[str(symbol)] for symbol in formula.free_symbols}))
            known[key(at(left, t))] = value


def at(text: str, t: int) -> str:
    return re.sub(r", t( - 1)?\}", lambda match: f", {t - bool(match[1])}}}", text)


def key(text: str) -> str:
    return str(read(text))


def test_what_has_not_run_has_no_formulas_and_other_shapes_have() -> None:
    fast = ag.compile(lambda x: ag.total([a * b for a, b in pairwise(x)]), backend="numpy")
    with pytest.raises(CompileError, match="nothing is recorded yet"):
        _ = fast.latex
    fast([1.0, 2.0, 3.0])
    check_form(fast.latex)
    for function in (lambda x: [ag.relu(a) for a in x], ag.logsumexp, lambda x: x[0] ** 2.5 / x[1]):
        other = ag.compile(function)
        other([1.0, 2.0, 3.0])
        check_form(other.latex)
        assert other.latex.count("&") >= 1


def test_names_of_inputs_cannot_break_out() -> None:
    fast = ag.compile(lambda x: x["}\\input{x}"] * x["$<b>"])
    fast({"}\\input{x}": 2.0, "$<b>": 3.0})
    check_form(fast.latex)
    assert not re.search(r"\\input|<b", fast.latex)
