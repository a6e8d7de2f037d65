# mypy: ignore-errors
"""A training program in the dialect of microgpt: a character model with attention, trained by a hand-written Adam.

Nodes are made by hand where the engine lacks an operation, the optimiser's state hangs on the parameters, and the
backward pass is once walked by the program itself, over ``_children`` and ``_local_grads``.
"""

import math
import random

from autograd import Value

WORDS = ["otto", "anna", "toto", "nana"]
LETTERS = sorted(set("".join(WORDS)))
END = len(LETTERS)
N_EMBD = 4


def matrix(rows, columns):
    return [[Value(random.gauss(0, 0.3)) for _ in range(columns)] for _ in range(rows)]


def make_state():
    shapes = {"wte": END + 1, "wpe": 6, "q": N_EMBD, "k": N_EMBD, "v": N_EMBD, "up": 2 * N_EMBD, "head": END + 1}
    state = {name: matrix(rows, N_EMBD) for name, rows in shapes.items()}
    state["down"] = matrix(N_EMBD, 2 * N_EMBD)
    params = [p for mat in state.values() for row in mat for p in row]
    for p in params:
        p.m = p.v = 0.0
    return state, params


def tanh(x):
    t = math.tanh(x.data)
    return Value(t, (x,), (1 - t * t,))


def linear(x, w):
    return [sum(wi * xi for wi, xi in zip(row, x, strict=True)) for row in w]


def softmax(logits):
    top = max(z.data for z in logits)
    exps = [(z - top).exp() for z in logits]
    total = sum(exps)
    return [e / total for e in exps]


def step(state, token, pos, keys, values):
    x = [t + p for t, p in zip(state["wte"][token], state["wpe"][pos], strict=True)]
    rms = (sum(xi * xi for xi in x) / N_EMBD + 1e-5) ** -0.5
    q = linear([xi * rms for xi in x], state["q"])
    keys.append(linear(x, state["k"]))
    values.append(linear(x, state["v"]))
    scores = softmax([sum(a * b for a, b in zip(q, key, strict=True)) / N_EMBD**0.5 for key in keys])
    mixed = [sum(s * value[i] for s, value in zip(scores, values, strict=True)) for i in range(N_EMBD)]
    x = [a + b for a, b in zip(x, mixed, strict=True)]
    hidden = [tanh(h) for h in linear(x, state["up"])]
    x = [a + b.relu() for a, b in zip(x, linear(hidden, state["down"]), strict=True)]
    return softmax(linear(x, state["head"]))


def word_loss(state, word):
    tokens = [END, *(LETTERS.index(letter) for letter in word), END]
    keys, values, losses = [], [], []
    for pos in range(len(tokens) - 1):
        probs = step(state, tokens[pos], pos, keys, values)
        losses.append(-probs[tokens[pos + 1]].log())
    return (1 / len(losses)) * sum(losses)


def walked_gradients(loss, params):
    """d loss / d parameter by the program's own walk over the graph."""
    order, seen, adjoints = [], set(), {}

    def visit(v):
        if v not in seen:
            seen.add(v)
            for child in v._children:
                visit(child)
            order.append(v)

    visit(loss)
    adjoints[loss] = 1.0
    for v in reversed(order):
        for child, local in zip(v._children, v._local_grads, strict=True):
            adjoints[child] = adjoints.get(child, 0.0) + local * adjoints[v]
    return [adjoints.get(p, 0.0) for p in params]


def adam(params, t, lr=0.05):
    for p in params:
        p.m = 0.85 * p.m + 0.15 * p.grad
        p.v = 0.99 * p.v + 0.01 * p.grad**2
        p.data -= lr * (p.m / (1 - 0.85**t)) / ((p.v / (1 - 0.99**t)) ** 0.5 + 1e-8)
        p.grad = 0


def sample(state):
    token, word, keys, values = END, "", [], []
    for pos in range(6):
        probs = step(state, token, pos, keys, values)
        token = random.choices(range(END + 1), weights=[p.data for p in probs])[0]
        if token == END:
            break
        word += LETTERS[token]
    return word


def train(steps):
    """Losses, the first step's gradients by ``backward`` and by the walk, and words that the model made up."""
    random.seed(11)
    state, params = make_state()
    losses, gradients, walked = [], [], []
    for t in range(steps):
        loss = word_loss(state, WORDS[t % len(WORDS)])
        loss.backward()
        if t == 0:
            gradients, walked = [p.grad for p in params], walked_gradients(loss, params)
        adam(params, t + 1)
        losses.append(loss.data)
    return losses, gradients, walked, [sample(state) for _ in range(3)]
