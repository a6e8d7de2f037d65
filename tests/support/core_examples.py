"""Examples of everything that needs no third-party package, each giving plain data: run with NumPy and without it."""

from __future__ import annotations

import doctest
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import autograd
import nn
from autograd import Value, compile, functional

XOR: tuple[list[list[float]], list[float]] = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0]


def ten_lines() -> Any:
    """Those of the README, as (failed, attempted)."""
    text = Path(__file__).parents[2].joinpath("README.md").read_text(encoding="utf-8")
    block = text.partition("## Ten lines")[2].partition("```python\n")[2].partition("```")[0]
    example = doctest.DocTestParser().get_doctest(block, {}, "ten lines", "README.md", 0)
    return tuple(doctest.DocTestRunner(verbose=False).run(example))


def _loss() -> Value:
    w, b = Value(0.5, label="w"), Value(-0.25, label="b")
    return ((w * 2.0 + b).tanh() - 1.0) ** 2


def checked() -> Any:
    return autograd.check_gradients(lambda x, y: x * y + autograd.relu(x), 1.5, -2.0).ok


def derivatives() -> Any:
    rosenbrock = lambda x: (1.0 - x[0]) ** 2 + 100.0 * (x[1] - x[0] ** 2) ** 2  # noqa: E731
    return functional.hessian(rosenbrock)([1.0, 2.0]), functional.grad(rosenbrock)([1.0, 2.0])


def drawn() -> Any:
    return autograd.draw(_loss()).svg


def explored() -> Any:
    return autograd.explore(_loss()).html


def replayed() -> Any:
    return autograd.replay(_loss()).html


def derived() -> Any:
    net = nn.MLP(2, [3, 1], seed=0)
    return autograd.derivation(_loss()).latex, autograd.derivation(net([1.0, 2.0]), level="layer").latex


def exercise() -> Any:
    return autograd.exercise(seed=7, level=2).html


def stepped() -> Any:
    return [str(step) for step in autograd.backward_steps(_loss())]


def _trained(**options: Any) -> Any:
    net = nn.MLP(2, [4, 1], hidden="tanh", seed=0)
    history = nn.fit(net, *XOR, epochs=20, batch_size=2, **options)
    return [row.loss for row in history], [parameter.data for parameter in net.parameters()]


def trained_by_sgd() -> Any:
    return _trained(optimizer=nn.SGD(0.1, momentum=0.9), compile=False)


def trained_by_adam() -> Any:
    return _trained(optimizer="adam", l2=0.01, compile=False)


def stepped_by_optimizers() -> Any:
    net = nn.MLP(2, [3, 1], seed=0)
    for optimizer in (nn.SGD(0.1), nn.AdamW(0.1)):
        for parameter in net.parameters():
            parameter.grad = 0.0
        nn.mse(net([1.0, 2.0]), 0.5).backward()
        optimizer.step(net.parameters())
    return [parameter.data for parameter in net.parameters()], net.layers[0].W.tolist()


def compiled() -> Any:
    def f(p: Any) -> Any:
        return (p["w"][0] * p["x"][1] + p["w"][1]).tanh() * p["x"][0]

    fast = compile(f, backend="python")
    point = {"w": [0.5, 2.0], "x": [3.0, 4.0]}
    return fast(point), fast.value_and_grad(point), fast.source, fast.jvp((point,), (point,))


def compiled_with_parameters() -> Any:
    weights = [Value(0.01 * i) for i in range(100)]
    fast = compile(lambda: sum(w * w for w in weights).exp(), parameters=weights, backend="python")
    flat = fast.flat
    value, gradient = flat(flat.start - 0.1 * fast()[1])
    return value, _plain(gradient)


def compiled_with_a_batch() -> Any:
    w = Value(3.0)
    fast = compile(lambda x, y: (w * x[0] + x[1] - y) ** 2, parameters=[w], batch=("x", "y"), backend="python")
    value, gradient = fast(XOR[0], XOR[1])
    return value, _plain(gradient), _plain(fast.map(*XOR)), _plain(fast.map_grad(*XOR))


def _plain(numbers: Any) -> Any:
    return numbers.tolist()


EXAMPLES: Sequence[Callable[[], Any]] = (
    ten_lines,
    checked,
    derivatives,
    drawn,
    explored,
    replayed,
    derived,
    exercise,
    stepped,
    trained_by_sgd,
    trained_by_adam,
    stepped_by_optimizers,
    compiled,
    compiled_with_parameters,
    compiled_with_a_batch,
)


def found() -> dict[str, Any]:
    """What each example gives."""
    return {each.__name__: each() for each in EXAMPLES}
