"""The perceptron's step with other people's tools, from the same numbers. Each is imported when its side is made."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from tests.benchmark.compiling.network import Network, gradient_vector
from tests.benchmark.compiling.ours import Array, as_answer
from tests.benchmark.contest import Answer, Side
from tests.benchmark.moons import neuron_order, training_side


def loaded(module: str) -> Any:
    """A module of a peer, on one thread and in float64 where it has to be told."""
    if module.startswith("jax"):
        import_module("jax").config.update("jax_enable_x64", True)
    found = import_module(module)
    if module == "torch":
        found.set_num_threads(1)
    return found


def threads() -> str:
    """The remark on JAX, which cannot be told to use one."""
    return "has threads of its own"


def pairs(flat: Any) -> list[tuple[Any, Any]]:
    """[W1, b1, W2, b2, ...] in pairs.

    >>> pairs("WbWb")
    [('W', 'b'), ('W', 'b')]
    """
    return list(zip(flat[::2], flat[1::2], strict=True))


def torch_side(task: Network) -> Side:
    """PyTorch as it comes: eager, `torch.autograd.grad` into fresh tensors, one thread."""
    torch = loaded("torch")
    functional = torch.nn.functional
    parameters = [torch.tensor(each, requires_grad=True) for layer in task.layers for each in layer]
    layers, x = pairs(parameters), torch.tensor(task.x)
    sides, classes = torch.tensor(task.y[:, None]), torch.tensor(task.y.astype(np.int64))
    losses = {
        "hinge": lambda z: functional.relu(1.0 - sides * z).mean(),
        "cross-entropy": lambda z: functional.cross_entropy(z, classes),
    }

    def step() -> tuple[float, Any]:
        a = x
        for W, b in layers[:-1]:
            a = functional.relu(functional.linear(a, W, b))
        loss = losses[task.loss](functional.linear(a, *layers[-1]))
        return loss.item(), torch.autograd.grad(loss, parameters)

    def answer() -> Answer:
        value, gradient = step()
        return as_answer(value, gradient_vector(pairs(gradient)))

    return Side("PyTorch", step, answer)


def jax_side(task: Network) -> Side:
    """`jax.jit(jax.value_and_grad(loss))`, waited for; XLA uses threads of its own."""
    jax, jnp = loaded("jax"), loaded("jax.numpy")
    rows, sides, classes = np.arange(len(task.y)), jnp.asarray(task.y[:, None]), jnp.asarray(task.y.astype(np.int64))
    losses = {
        "hinge": lambda z: jax.nn.relu(1.0 - sides * z).mean(),
        "cross-entropy": lambda z: (jax.nn.logsumexp(z, axis=1) - z[rows, classes]).mean(),
    }

    def loss(layers: Any, x: Any) -> Any:
        for W, b in layers[:-1]:
            x = jax.nn.relu(x @ W.T + b)
        W, b = layers[-1]
        return losses[task.loss](x @ W.T + b)

    fast = jax.jit(jax.value_and_grad(loss))
    layers, x = [(jnp.asarray(W), jnp.asarray(b)) for W, b in task.layers], jnp.asarray(task.x)

    def step() -> Any:
        return jax.block_until_ready(fast(layers, x))

    def answer() -> Answer:
        value, gradient = step()
        return as_answer(value, gradient_vector(gradient))

    return Side("jax.jit", step, answer, remark=threads)


def casadi_side(task: Network) -> Side:
    """CasADi: the scalar graph of one sample with its gradient, mapped over the samples, sums inside, buffers outside.

    Hinge only: a class number is no symbol that CasADi could index with.
    """
    casadi = loaded("casadi")
    theta = casadi.SX.sym("theta", sum(W.size + b.size for W, b in task.layers))
    x, y = casadi.SX.sym("x", task.x.shape[1]), casadi.SX.sym("y")
    a, start = x, 0
    for rows, columns in [W.shape for W, _ in task.layers]:
        matrix = casadi.reshape(theta[start : start + rows * (columns + 1)], columns + 1, rows).T
        z = matrix[:, :columns] @ a + matrix[:, columns]
        a, start = casadi.fmax(z, 0.0), start + rows * (columns + 1)
    loss = casadi.fmax(1.0 - y * z, 0.0) / len(task.y)
    one = casadi.Function("one", [theta, x, y], [loss, casadi.gradient(loss, theta)])
    mapped = one.map("mapped", "serial", len(task.y), [0], [0, 1])
    return casadi_calls("CasADi", mapped, gradient_vector(task.layers), task.x, task.y)


def casadi_calls(name: str, function: Any, *arguments: Array) -> Side:
    """A CasADi function of a vector and more, giving value and gradient, called through its buffers."""
    buffer, call = function.buffer()
    value, gradient = np.zeros(1), np.zeros(arguments[0].size)
    inputs = [np.ascontiguousarray(each) for each in arguments]
    for place, each in enumerate(inputs):
        buffer.set_arg(place, each.data)
    for place, each in enumerate((value, gradient)):
        buffer.set_res(place, each.data)
    held = buffer, inputs, value, gradient  # nobody else keeps what the call reads and writes

    def step() -> object:
        call()
        return held

    def answer() -> Answer:
        step()
        return as_answer(value[0], gradient)

    return Side(name, step, answer)


def micrograd_side(task: Network) -> Side:
    """micrograd's own step with its own `nn`: hinge over the samples, forward and backward."""
    model = loaded("micrograd.nn").MLP(task.x.shape[1], [len(b) for _, b in task.layers])
    parameters = neuron_order(model)
    for parameter, number in zip(parameters, gradient_vector(task.layers).tolist(), strict=True):
        parameter.data = number
    samples, sides = task.x.tolist(), task.y.tolist()

    def forward() -> Any:
        return sum((1 + -y * model(x)).relu() for x, y in zip(samples, sides, strict=True)) * (1.0 / len(samples))

    return training_side("micrograd", parameters, forward)
