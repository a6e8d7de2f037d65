"""Networks: models, losses, training, files."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import assert_type

import numpy as np
import pytest

import nn
from autograd import CheckReport, Drawing, Value
from nn.layers.mlp import Output

X, Y = [[0.0, 1.0], [1.0, 0.0]], [1.0, 0.0]


class Line(nn.Module):
    def __init__(self) -> None:
        self.slope = Value(2.0, label="slope")

    def __call__(self, x: float) -> Value:
        return self.slope * x

    def parameters(self) -> list[Value]:
        return [self.slope]


def models() -> None:
    model = nn.MLP(2, [3, 1], hidden="tanh", seed=0)
    assert_type(model([0.5, 1.0]), Output)
    assert_type(model([0.5, 1.0]).data, float)
    assert_type(model([0.5, 1.0]) * 2, Value)
    assert_type(nn.MLP(2, [3], seed=0)([0.5, 1.0])[0], Value)
    assert_type([each.data for each in nn.MLP(2, [3], seed=0)([0.5, 1.0])], list[float])
    assert_type(nn.Neuron(2, seed=0)([0.5, 1.0]), Value)
    assert_type(nn.Layer(2, 3, seed=0).neurons[0].w, list[Value])
    assert_type(nn.Embedding(3, 2, seed=0)(1), list[Value])
    assert_type(nn.Embedding(3, 2, seed=0)[1], list[Value])
    assert_type(model.parameters(), list[Value])
    assert_type(model.zero_grad(), None)
    assert_type(model.draw(), Drawing)


def modules_of_ones_own() -> None:
    line = Line()
    assert_type(line(3.0), Value)
    assert_type([name for name, _ in line.named_parameters()], list[str])


def losses() -> None:
    model = nn.MLP(2, [1], seed=0)
    assert_type(nn.mse(model([0.5, 1.0]), 1.0), Value)
    assert_type(nn.mse(0.5, 1.0), float)
    assert_type(nn.mse([0.5, 1.0], [1.0, 0.0]), float)
    assert_type(nn.mse(np.array([0.5]), np.array([1.0])), float)
    assert_type(nn.cross_entropy([Value(0.0), Value(1.0)], 1), Value)
    assert_type(nn.hinge(Value(0.5), -1), Value)
    assert_type(nn.mae(0.5, Value(1.0)), Value)
    assert_type(nn.l2_penalty(model.parameters(), 0.1), Value)
    nn.mse(model([0.5, 1.0]), 1.0).backward()


def training() -> None:
    model = nn.MLP(2, [1], seed=0)
    history = nn.fit(model, X, Y, loss="mse", optimizer=nn.Adam(lr=0.1), epochs=2, compile=False, progress=False)
    assert_type(history, nn.History)
    assert_type(history.losses, list[float])
    assert_type(history.best, nn.Epoch | None)
    assert_type(history.rows[0].loss, float)
    assert_type(nn.get_optimizer("sgd", lr=0.1), nn.Optimizer)
    assert_type(nn.check_gradients(model, X[0], Y[0], loss=nn.mse), CheckReport)
    assert_type(nn.diagnose(model, X, Y), nn.Diagnosis)
    nn.fit(model, np.array(X), np.array(Y), loss=nn.mse, epochs=1, compile=False, progress=False)
    nn.fit(Pair(), X, Y, epochs=1, compile=False, progress=False)


class Pair(nn.Module):
    """A model of a user, with a loss of the library."""

    def __init__(self) -> None:
        self.w = [Value(1.0), Value(2.0)]

    def __call__(self, x: list[float]) -> Value:
        return self.w[0] * x[0] + self.w[1] * x[1]

    def parameters(self) -> list[Value]:
        return self.w


def files() -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        assert_type(nn.save(nn.MLP(2, [1], seed=0), path), None)
        assert_type(nn.load(path), nn.MLP)


def mistakes() -> None:
    model = nn.MLP(2, [3, 1], seed=0)
    with pytest.raises(AttributeError):
        model([0.5, 1.0]).bakward()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    with pytest.raises(AttributeError):
        model.layers[0].neurons[0].bias()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    with pytest.raises(TypeError):
        nn.MLP(2, [3, 1], hiden="tanh")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError):
        nn.check_gradients(model, X[0], Y[0], ordr=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError):
        nn.fit(model, X, Y, epoch=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(AttributeError):
        nn.mse(model([0.5, 1.0]), 1.0).bakward()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
