"""The evals with PyTorch, eager and vectorised, on one thread, in float64.

Each is `side(given)`: a function without arguments that gives the derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from tests.benchmark.compiling.frameworks import loaded
from tests.benchmark.gradbench.descent import ENOUGH, FIRST_RATE, PATIENCE

Side = Callable[[], Any]


def tensors(*arrays: Any) -> list[Any]:
    torch = loaded("torch")
    return [torch.tensor(each, dtype=torch.float64) for each in arrays]


def gradient(f: Callable[..., Any], *arrays: Any) -> Side:
    """The gradient of f by all its arguments, which are made of arrays."""
    torch = loaded("torch")
    leaves = [each.requires_grad_() for each in tensors(*arrays)]
    return lambda: torch.autograd.grad(f(*leaves), leaves)


def hello(x: float) -> Side:
    return gradient(lambda x: x * x, x)


def lse(given: Any) -> Side:
    return gradient(logsumexp, given["x"])


def logsumexp(x: Any) -> Any:
    largest = x.max()
    return largest + (x - largest).exp().sum().log()


def llsq(given: Any) -> Side:
    torch, m = loaded("torch"), len(given["x"])
    (t,) = tensors([-1.0 + 2.0 * i / (given["n"] - 1.0) for i in range(given["n"])])

    def objective(x: Any) -> Any:
        return (torch.sign(t) - torch.vander(t, m, increasing=True) @ x).square().sum() / 2.0

    return gradient(objective, given["x"])


def ode(given: Any) -> Side:
    torch, steps = loaded("torch"), given["s"]

    def last(x: Any) -> Any:
        one, h, y = torch.ones(1, dtype=x.dtype), 2.0 / steps, torch.zeros_like(x)
        for _ in range(steps):
            a = x * torch.cat([one, y[:-1]])
            b = x * torch.cat([one, (y + h / 2.0 * a)[:-1]])
            c = x * torch.cat([one, (y + h / 2.0 * b)[:-1]])
            d = x * torch.cat([one, (y + h * c)[:-1]])
            y = y + h / 6.0 * (a + 2.0 * b + 2.0 * c + d)
        return y[-1]

    return gradient(last, given["x"])


def kmeans(given: Any) -> Side:
    torch = loaded("torch")
    centroids, points = tensors(given["centroids"], given["points"])
    centroids.requires_grad_()

    def run() -> Any:
        squares = (points * points).sum(1)[:, None] + (centroids * centroids).sum(1)
        cost = (squares - 2.0 * points @ centroids.T).min(1).values.sum()
        (slopes,) = torch.autograd.grad(cost, centroids, create_graph=True)
        (diagonal,) = torch.autograd.grad(slopes.sum(), centroids)
        return (slopes / diagonal).detach()

    return run


def gmm(given: Any) -> Side:
    torch, d, k = loaded("torch"), given["d"], given["k"]
    (points,) = tensors(given["x"])
    columns, rows = torch.triu_indices(d, d, 1)

    def varying(alpha: Any, mu: Any, q: Any, below: Any) -> Any:
        Q = torch.diag_embed(q.exp()).index_put((torch.arange(k)[:, None], rows, columns), below)
        scaled = torch.einsum("kij,nkj->nki", Q, points[:, None] - mu)
        terms = alpha + q.sum(1) - 0.5 * scaled.square().sum(2)
        prior = given["m"] * q.sum() - 0.5 * given["gamma"] ** 2 * Q.square().sum()
        return terms.logsumexp(1).sum() - len(points) * alpha.logsumexp(0) + prior

    return gradient(varying, *[given[name] for name in ("alpha", "mu", "q", "l")])


def lstm(given: Any) -> Side:
    torch = loaded("torch")
    text, state = tensors(given["sequence"], given["state"])
    bits = text.shape[1]

    def loss(main: Any, extra: Any) -> Any:
        hidden, cell, total = list(state[::2]), list(state[1::2]), 0.0
        layers = list(zip(main[::2], main[1::2], strict=True))
        for now, after in pairwise(text):
            h = now * extra[0]
            for i, (weight, bias) in enumerate(layers):
                gates = torch.cat([h, hidden[i], h, hidden[i]]) * weight + bias
                forget, ingate, outgate = gates[: 3 * bits].sigmoid().chunk(3)
                cell[i] = cell[i] * forget + ingate * gates[3 * bits :].tanh()
                hidden[i] = h = outgate * cell[i].tanh()
            y = h * extra[1] + extra[2]
            total = total + after @ (y - (y.exp().sum() + 2.0).log())
        return -total / (bits * (len(text) - 1))

    return gradient(loss, given["main_params"], given["extra_params"])


def ba(given: Any) -> Side:
    """Rows of each observation by its own 15 numbers, with `torch.func`: forward mode over all observations at once."""
    torch, p = loaded("torch"), given["p"]
    (seen,) = tensors(given["feat"])

    def residual(z: Any) -> Any:
        axis, point = z[:3], z[11:14] - z[3:6]
        angle = (axis @ axis).sqrt()
        unit = axis / angle
        turned = (
            point * angle.cos()
            + torch.linalg.cross(unit, point) * angle.sin()
            + unit * (unit @ point) * (1.0 - angle.cos())
        )
        flat = turned[:2] / turned[2]
        square = flat @ flat
        return z[14] * (flat * (1.0 + z[9] * square + z[10] * square * square) * z[6] + z[7:9] - seen)

    (z,) = tensors([[*given["cam"], *given["x"], given["w"]]] * p)
    rows = torch.func.vmap(torch.func.jacrev(residual))
    return lambda: (rows(z), -2.0 * z[:, 14])


def ht(given: Any) -> Side:
    """Rows of each measured point by (u₁, u₂) and θ, with `torch.func`, from the vertices that it needs."""
    torch, data, model = loaded("torch"), given["data"], given["data"]["model"]
    bases, inverses, positions, weights, points, us, theta = tensors(
        model["base_relatives"],
        model["inverse_base_absolutes"],
        model["base_positions"],
        model["weights"],
        data["points"],
        given["us"],
        given["theta"],
    )
    corners = torch.tensor(model["triangles"])[data["correspondences"]]
    fingers = [divmod(bone - 1, 4) for bone in range(len(bases))]
    moving = torch.tensor([0 <= finger < 5 and joint > 0 for finger, joint in fingers])
    spread = torch.tensor([0 <= finger < 5 and joint == 1 for finger, joint in fingers])
    joints = torch.tensor([6 + 4 * finger + (joint if joint > 1 else 0) for finger, joint in fingers]).clamp(6, 25)

    def error(us: Any, theta: Any, rests: Any, weights: Any, point: Any) -> Any:
        flexion = torch.where(moving, theta[joints], 0.0)
        abduction = torch.where(spread, theta[(joints + 1).clamp(max=25)], 0.0)
        a, b, c, d = flexion.cos(), flexion.sin(), abduction.cos(), abduction.sin()
        zero, one = torch.zeros_like(a), torch.ones_like(a)
        rows = [(c, -d * a, d * b, zero), (d, c * a, -c * b, zero), (zero, b, a, zero), (zero, zero, zero, one)]
        own = bases @ torch.stack([torch.stack(row, 1) for row in rows], 1)
        placed: list[Any] = []
        for parent, each in zip(model["parents"], own, strict=True):
            placed.append(each if parent < 0 else placed[parent] @ each)
        places = torch.einsum("cb,bij,cj->ci", weights, torch.stack(placed) @ inverses, rests)[:, :3]
        at = torch.cat([us, 1.0 - us.sum(0, keepdim=True)]) @ places
        angle = theta[:3].norm()
        unit = theta[:3] / angle
        turned = (
            at * angle.cos() + torch.linalg.cross(unit, at) * angle.sin() + unit * (unit @ at) * (1.0 - angle.cos())
        )
        return point - turned - theta[3:6]

    rows = torch.func.vmap(torch.func.jacrev(error, argnums=(0, 1)), (0, None, 0, 0, 0))
    arguments = us, theta, positions[corners], weights[corners], points
    return lambda: torch.cat(rows(*arguments), 2)


def saddle(given: Any) -> Side:
    torch = loaded("torch")

    def surface(x: Any, y: Any) -> Any:
        return x.square().sum() - y.square().sum()

    def highest(x: Any, start: Any) -> Any:
        def slopes(y: Any) -> Any:
            y = y if y.requires_grad else y.detach().requires_grad_()
            return -torch.autograd.grad(surface(x, y), y, create_graph=True)[0]

        return argmin(lambda y: -surface(x, y), slopes, start)

    def outer(x: Any) -> Any:
        x = x.detach().requires_grad_()
        return torch.autograd.grad(surface(x, highest(x, start)), x)[0]

    (start,) = tensors(given["start"])

    def run() -> Any:
        x = argmin(lambda x: surface(x, highest(x, start)), outer, start)
        return torch.cat([x, highest(x, start)]).detach()

    return run


def argmin(f: Callable[[Any], Any], slopes: Callable[[Any], Any], x: Any) -> Any:
    """The descent of `descent`, on tensors."""
    value, slope, rate, successes = f(x), slopes(x), FIRST_RATE, 0
    while slope.norm() > ENOUGH:
        if successes == PATIENCE:
            rate, successes = 2.0 * rate, 0
            continue
        trial = x - rate * slope
        if (x - trial).norm() <= ENOUGH:
            break
        if (reached := f(trial)) < value:
            x, value, slope, successes = trial, reached, slopes(trial), successes + 1
        else:
            rate, successes = rate / 2.0, 0
    return x


SIDES: dict[str, Callable[[Any], Side]] = {
    "ba": ba,
    "gmm": gmm,
    "hello": hello,
    "ht": ht,
    "kmeans": kmeans,
    "llsq": llsq,
    "lse": lse,
    "lstm": lstm,
    "ode": ode,
    "saddle": saddle,
}
