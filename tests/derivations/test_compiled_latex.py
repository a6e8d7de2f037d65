"""`compiled.latex`: the formulas of vector programs and of loops, which compute what the program does (issue M)."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import sympy as sp

import autograd as ag
import nn
from autograd.errors import CompileError
from tests.derivations.latex_reader import Reader, check_form, read, sides


class ArrayReader(Reader):
    """Formulas of arrays, computed by NumPy; `known` are the arrays by name, vectors as columns."""

    functions = {  # noqa: RUF012
        **{name: getattr(np, name) for name in ("tanh", "cosh", "sin", "cos", "max")},
        "ln": np.log,
        "σ": lambda x: 1.0 / (1.0 + np.exp(-x)),
    }

    def __init__(self, text: str, known: dict[str, Any]) -> None:
        super().__init__(text)
        self.known = known

    def symbol(self, name: str) -> Any:  # type: ignore[override]
        if name in self.known:
            return self.known[name]
        whole, _, index = name.removesuffix("}").rpartition("_{")
        return part(self.known[whole], index)

    def product(self) -> Any:
        if self.took("-"):
            return -self.product()
        found = self.power()
        while self.next and self.next not in ("+", "-", ")", "]", "}", ",", "&", "\\\\", r"\right", r"\end"):
            if self.next in (r"\cdot", r"\odot"):
                self.take()
                found = found * self.power()
            else:
                other = self.power()
                found = found * other if 1 in (np.size(found), np.size(other)) else found @ other
        return found

    def power(self) -> Any:
        if self.took(r"\sum"):
            return np.sum(self.product())
        base = self.atom()
        if self.took("_"):
            base = part(base, "".join(self.group()))
        if not self.took("^"):
            return base
        if self.tokens[self.place + 1] == r"\mathrm":
            self.group()
            return base.T
        exponent = self.inner()
        return np.e**exponent if base is E else base ** float(exponent)

    def atom(self) -> Any:
        if self.next == r"\begin" and self.tokens[self.place + 2] == "b":
            return self.blocks()
        found = super().atom()
        return found if found is E else np.asarray(found, float)

    def blocks(self) -> Any:
        self.take()
        self.group()
        found = [self.sum()]
        while self.took("\\\\"):
            found.append(self.sum())
        self.take(r"\end")
        self.group()
        return np.vstack([np.reshape(each, (-1, 1)) if np.size(each) == 1 else each for each in found])


E = sp.E


def part(array: Any, index: str) -> Any:
    """A part of an array as a column, by an index as it is printed."""
    chosen = []
    for each in index.split(","):
        first, dots, last = each.partition(r"\ldots")
        chosen.append(slice(None) if first == r"\cdot" else slice(int(first), int(last) + 1) if dots else int(first))
    found = array[tuple(chosen)] if len(chosen) > 1 else array.ravel()[chosen[0]]
    return found if np.ndim(found) == 2 else np.reshape(found, (-1, 1))


def rows(text: str) -> list[str]:
    check_form(text)
    text = re.sub(r" *\\\\\n& \\quad \{\} ", " ", text)
    return [each.removesuffix(" \\\\") for each in text.split("\n")[1:-1]]


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
    assert r"\frac{\partial f}{\partial W^{( 1 )}} & = \delta^{( 1 )} x^{\mathrm{T}} && \mathrm{(BP3)}" in text
    known: dict[str, Any] = {"x": np.array([x]).T, "y": np.array([y]).T}
    for number, layer in enumerate(net.layers, 1):
        known |= {f"W^{{({number})}}": layer.W, f"b^{{({number})}}": layer.b[:, None]}
    for row in rows(text):
        left, right = sides(row)
        known[name_of(left)] = ArrayReader(right, known).whole()
    assert known["f"].item() == pytest.approx(loss, rel=1e-14)
    nn.train.losses.half_squared_error(net(x), y).backward()
    for number, layer in enumerate(net.layers, 1):
        by_weights = known[f"∂f/∂W^{{({number})}}"]
        assert by_weights == pytest.approx(np.array([[w.grad for w in n.w] for n in layer.neurons]), rel=1e-12)


def rosenbrock(x: Any) -> Any:
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


def softmax_loss(w: Any, x: Any, t: Any) -> Any:
    z = [sum((p * q for p, q in zip(row, x, strict=True)), 0.5) for row in w]
    exponentials = [ag.exp(each) for each in z]
    return -sum(p * ag.log(e / sum(exponentials)) for p, e in zip(t, exponentials, strict=True))


def cell(w: Any, x: Any, c: Any) -> Any:
    z = [ag.sigmoid(sum(p * q for p, q in zip(row, [*c, *x], strict=True))) for row in w]
    new = [p * q + (1.0 - p) * ag.tanh(r) for p, q, r in zip(z[:3], c, z[3:], strict=True)]
    return new, [ag.tanh(each) * p for each, p in zip(new, z, strict=False)]


def filtered(x: Any, f: Any, p: Any) -> Any:
    """Parts of matrices that are not to be said in terms of arrays."""
    y = [f[0][0] * x[0] + f[0][1] * x[1], f[1][0] * x[1] - 299792458.0 * x[0]]
    return {"y": y, "p": [[p[j][i] * y[0] + f[i][j] / x[1] for j in range(2)] for i in range(2)], "z": y[0], "c": 2.5}


RNG = np.random.default_rng(3)
EQUATIONS: dict[str, tuple[Any, dict[str, Any]]] = {
    "two numbers": (lambda x, y: 100.0 * (y - x * x) ** 2 + (1.0 - x) ** 2, {"x": 0.5, "y": -0.25}),
    "rosenbrock": (rosenbrock, {"x": RNG.normal(size=5)}),
    "softmax": (softmax_loss, {"w": RNG.normal(size=(3, 4)), "x": RNG.normal(size=4), "t": RNG.random(3)}),
    "cell": (cell, {"w": RNG.normal(size=(6, 5)), "x": RNG.normal(size=2), "c": RNG.normal(size=3)}),
    "filter": (filtered, {"x": RNG.random(2) + 1.0, "f": RNG.normal(size=(2, 2)), "p": RNG.normal(size=(2, 2))}),
    "an input as the result": (lambda x: [x[1], x[0], x[1] * 2.0], {"x": RNG.normal(size=2)}),
}


@pytest.mark.parametrize("name", EQUATIONS)
def test_equations_compute_the_results_that_they_name(name: str) -> None:
    """All of them, from the text alone; and no line repeats a number that has a name."""
    function, given = EQUATIONS[name]
    fast = ag.compile(function)
    value = fast.value(*given.values())
    results: list[tuple[str, Any]] = []
    if isinstance(value, float):
        value, slopes = fast.value_and_grad(*given.values())
        slopes = slopes if len(given) > 1 else [slopes]
        results = [(f"∂f/∂{each}", slope) for each, slope in zip(given, slopes, strict=True)]
        results.append(("f", value))
    else:
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        flat = not isinstance(value, dict) and all(isinstance(each, float) for each in value)
        results = [("y", value)] if flat else [(f"y_{{{_index(i)}}}", each) for i, each in parts]
    known = {each: column(x) for each, x in given.items()}
    lines = rows(fast.latex)
    for row in lines:
        left, right = sides(row)
        known[name_of(left)] = ArrayReader(right, known).whole()
    assert len({sides(row)[0] for row in lines}) == len(lines)
    for each, wanted in results:
        np.testing.assert_allclose(
            found(known, each, column(wanted).shape), column(wanted), rtol=1e-12, err_msg=fast.latex
        )


def curved(x: Any, k: Any) -> Any:
    return ag.sin(x[0]) * k * x[1] * x[1] + ag.exp(x[1]) * x[0] * k


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("function", [curved, lambda x, k: rosenbrock([*x, k]), lambda x, k: x[0] * x[0] + k * k])
def test_equations_of_products_repeat_what_is_used_more_than_once(function: Any, exact: bool) -> None:
    """Tangents take the same number several times, in sums and beside others."""
    fast = ag.compile(function, exact=exact)
    given, along = {"x": [0.5, 1.5], "k": 2.0}, {"dx": [0.25, -1.0], "dk": 3.0}
    at, v = tuple(given.values()), tuple(along.values())
    _, slope = fast.jvp(at, v)
    _, product = fast.hvp(at, v)
    for is_hvp in (True, False):
        if not is_hvp:
            fast.jvp(at, v)
        known = {name: column(x) for name, x in (given | along).items()}
        for row in rows(fast.latex):
            left, right = sides(row)
            known["f'" if left == r"f^{\prime}" else name_of(left)] = ArrayReader(right, known).whole()
        np.testing.assert_allclose(known["f'"].item(), slope, rtol=1e-12, err_msg=fast.latex)
        if is_hvp and not exact:
            by_x = found(known, r"∂f^{\prime}/∂x", (2, 1))
            np.testing.assert_allclose(by_x.ravel(), np.ravel(product), rtol=1e-12, err_msg=fast.latex)


def _index(i: Any) -> str:
    return f"\\mathrm{{{i}}}" if isinstance(i, str) else str(i)


def column(x: Any) -> Any:
    """Numbers as readers have them: vectors are columns."""
    array = np.asarray(x, float)
    return array if array.ndim == 2 else array.reshape(-1, 1)


def found(known: dict[str, Any], name: str, shape: tuple[int, int]) -> Any:
    """A result, put together from the parts that have lines of their own."""
    if name in known:
        return column(known[name]).reshape(shape)
    result = np.full(shape, np.nan)
    stem = name.removesuffix("}") + "," if name.endswith("}") and not name.startswith("∂") else f"{name}_{{"
    for key, value in known.items():
        if key.startswith(stem):
            view = part(np.arange(result.size).reshape(shape), key.removeprefix(stem).removesuffix("}"))
            result.flat[view.ravel()] = np.ravel(value)
    return result


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
        trips = re.search(r"&& t = 1 , \\ldots , (\d+)", lines[0])
        size = next((i for i, each in enumerate(lines) if "&&" not in each), len(lines)) if trips else 1
        block, lines = lines[:size], lines[size:]
        run(block, int(trips[1]) if trips else 1, known)
    results = [value for name, value in known.items() if name == "f" or name.startswith("∂f/∂p")]
    assert results == pytest.approx([expected[0], *expected[1]], rel=1e-12)


def run(block: list[str], trips: int, known: dict[str, float]) -> None:
    """Compute the equations of a block for t = 1 … trips."""
    for t in range(1, trips + 1):
        for row in block:
            left, right = sides(row)
            formula = read(at(right, t))
            known[key(at(left, t))] = float(
                formula.subs({symbol: known[str(symbol)] for symbol in formula.free_symbols})
            )


def at(text: str, t: int) -> str:
    """A formula with the number of the trip for t."""
    text = re.sub(r", (\d+) - t\}", lambda match: f", {int(match[1]) - t}}}", text)
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


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (["x1", "x2", "x3"], ["x_{1}", "x_{2}", "x_{3}"]),
        (["x_4", "x_5"], ["x_{4}", "x_{5}"]),
        (["x_1", "x_3"], ["x_{1}", "x_{3}"]),
        (["w[0,0]", "w[0,1]", "w[1,0]", "w[1,1]"], ["w_{0 , 0}", "w_{0 , 1}", "w_{1 , 0}"]),
        (["a", "a[1]"], ["a", "a_{1}"]),
    ],
)
def test_inputs_keep_their_own_indices(labels: list[str], shown: list[str]) -> None:
    parameters = [ag.Value(0.5, label=label) for label in labels]
    functions = (ag.sin, ag.cos, ag.tanh)
    fast = ag.compile(lambda: sum(f(p) for f, p in zip(functions, parameters, strict=False)), parameters=parameters)
    fast.value()
    for name, function in zip(shown, ("sin", "cos", "tanh"), strict=False):
        assert f"\\{function} ( {name} )" in fast.latex


def test_names_of_inputs_cannot_break_out() -> None:
    fast = ag.compile(lambda x: x["}\\input{x}"] * x["$<b>"])
    fast({"}\\input{x}": 2.0, "$<b>": 3.0})
    check_form(fast.latex)
    assert not re.search(r"\\input|<b", fast.latex)
