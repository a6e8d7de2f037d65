# mypy: ignore-errors
"""A training program in the dialect of micrograd: a small MLP learns which of two rings a point lies on."""

import math
import random

from autograd import Value
from nn import MLP


def rings(n):
    points, labels = [], []
    for i in range(n):
        angle, label = random.uniform(0, 2 * math.pi), 1 if i % 2 else -1
        radius = (0.5 if label > 0 else 1.5) + random.gauss(0, 0.1)
        points.append([radius * math.cos(angle), radius * math.sin(angle)])
        labels.append(label)
    return points, labels


def make_model():
    model = MLP(2, [6, 5, 1])
    start = random.Random(3)  # not the random start of the package that MLP came from
    for layer in model.layers:
        for neuron in layer.neurons:
            for w in neuron.w:
                w.data = start.uniform(-1, 1)
            neuron.b.data = start.uniform(-0.1, 0.1)
    return model


def loss_of(model, points, labels):
    inputs = [list(map(Value, point)) for point in points]
    scores = list(map(model, inputs))
    losses = [(1 + -y * score).relu() for y, score in zip(labels, scores, strict=True)]
    data_loss = sum(losses) * (1.0 / len(losses))
    reg_loss = 1e-4 * sum(p * p for p in model.parameters())
    accuracy = [(y > 0) == (score.data > 0) for y, score in zip(labels, scores, strict=True)]
    return data_loss + reg_loss, sum(accuracy) / len(accuracy)


def train(steps):
    """Losses, accuracies and the gradients of the first step, in the order of the neurons."""
    random.seed(7)
    points, labels = rings(20)
    model = make_model()
    losses, accuracies, gradients = [], [], []
    for k in range(steps):
        total, accuracy = loss_of(model, points, labels)
        model.zero_grad()
        total.backward()
        if k == 0:
            gradients = [p.grad for layer in model.layers for n in layer.neurons for p in [*n.w, n.b]]
        learning_rate = 0.5 - 0.4 * k / steps
        for p in model.parameters():
            p.data -= learning_rate * p.grad
        losses.append(total.data)
        accuracies.append(accuracy)
    return losses, accuracies, gradients


def every_operator(a, b):
    """An expression with each of micrograd's operators; the result, and the gradients of all named nodes."""
    x, y = Value(a), Value(b)
    c = x + y * 2
    d = 3 - x / y + y**3
    e = (c * d - 1).relu() + (-c).relu() * 0.25
    f = 10.0 / (e + 2.5) + 1 + c**2
    g = 5 * f - sum([x, y, d]) / 2
    g.backward()
    return g.data, [node.grad for node in (x, y, c, d, e, f, g)]
