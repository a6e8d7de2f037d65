"""The evals with JAX: `jax.jit`, in float64, as `torch_sides`. It has threads of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.benchmark.compiling.frameworks import loaded

Side = Callable[[], Any]


def jitted(f: Callable[..., Any], *arrays: Any) -> Side:
    """f of arrays, compiled; it waits for the result."""
    jax = loaded("jax")
    made = [loaded("jax.numpy").asarray(each, dtype=float) for each in arrays]
    compiled = jax.jit(f)
    return lambda: jax.block_until_ready(compiled(*made))


def gradient(f: Callable[..., Any], *arrays: Any) -> Side:
    return jitted(loaded("jax").grad(f, argnums=tuple(range(len(arrays)))), *arrays)


def hello(x: float) -> Side:
    return gradient(lambda x: x * x, x)


def lse(given: Any) -> Side:
    jnp = loaded("jax.numpy")

    def logsumexp(x: Any) -> Any:
        return x.max() + jnp.log(jnp.exp(x - x.max()).sum())

    return gradient(logsumexp, given["x"])


def llsq(given: Any) -> Side:
    jnp, n, m = loaded("jax.numpy"), given["n"], len(given["x"])

    def objective(x: Any) -> Any:
        t = -1.0 + 2.0 * jnp.arange(n) / (n - 1.0)
        return ((jnp.sign(t) - jnp.vander(t, m, increasing=True) @ x) ** 2).sum() / 2.0

    return gradient(objective, given["x"])


def ode(given: Any) -> Side:
    jax, jnp, steps = loaded("jax"), loaded("jax.numpy"), given["s"]

    def last(x: Any) -> Any:
        def rate(y: Any) -> Any:
            return x * jnp.concatenate([jnp.ones(1), y[:-1]])

        def step(y: Any, _: Any) -> Any:
            a = rate(y)
            b = rate(y + h / 2.0 * a)
            c = rate(y + h / 2.0 * b)
            return y + h / 6.0 * (a + 2.0 * b + 2.0 * c + rate(y + h * c)), None

        h = 2.0 / steps
        return jax.lax.scan(step, jnp.zeros_like(x), None, length=steps)[0][-1]

    return gradient(last, given["x"])


def kmeans(given: Any) -> Side:
    jax, jnp = loaded("jax"), loaded("jax.numpy")

    def direction(centroids: Any, points: Any) -> Any:
        def cost(centroids: Any) -> Any:
            squares = (points**2).sum(1)[:, None] + (centroids**2).sum(1)
            return (squares - 2.0 * points @ centroids.T).min(1).sum()

        slopes, diagonal = jax.jvp(jax.grad(cost), (centroids,), (jnp.ones_like(centroids),))
        return slopes / diagonal

    return jitted(direction, given["centroids"], given["points"])


def gmm(given: Any) -> Side:
    jax, jnp, d, k = loaded("jax"), loaded("jax.numpy"), given["d"], given["k"]
    points = jnp.asarray(given["x"])
    columns, rows = jnp.triu_indices(d, 1)

    def varying(alpha: Any, mu: Any, q: Any, below: Any) -> Any:
        Q = jnp.zeros((k, d, d)).at[:, rows, columns].set(below)
        Q = Q.at[:, jnp.arange(d), jnp.arange(d)].set(jnp.exp(q))
        scaled = jnp.einsum("kij,nkj->nki", Q, points[:, None] - mu)
        terms = alpha + q.sum(1) - 0.5 * (scaled**2).sum(2)
        prior = given["m"] * q.sum() - 0.5 * given["gamma"] ** 2 * (Q**2).sum()
        logsumexp = jax.scipy.special.logsumexp
        return logsumexp(terms, axis=1).sum() - len(points) * logsumexp(alpha) + prior

    return gradient(varying, *[given[name] for name in ("alpha", "mu", "q", "l")])


def lstm(given: Any) -> Side:
    jax, jnp = loaded("jax"), loaded("jax.numpy")
    text, state = jnp.asarray(given["sequence"]), jnp.asarray(given["state"])
    bits = text.shape[1]

    def loss(main: Any, extra: Any) -> Any:
        def step(carry: Any, characters: Any) -> Any:
            (hidden, cell), (now, after) = carry, characters
            h, hiddens, cells = now * extra[0], [], []
            for layer in range(len(main) // 2):
                operands = jnp.concatenate([h, hidden[layer], h, hidden[layer]])
                gates = (operands * main[2 * layer] + main[2 * layer + 1]).reshape(4, bits)
                forget, ingate, outgate = jax.nn.sigmoid(gates[:3])
                cells.append(cell[layer] * forget + ingate * jnp.tanh(gates[3]))
                h = outgate * jnp.tanh(cells[-1])
                hiddens.append(h)
            y = h * extra[1] + extra[2]
            odds = after @ (y - jnp.log(jnp.exp(y).sum() + 2.0))
            return (jnp.stack(hiddens), jnp.stack(cells)), odds

        odds = jax.lax.scan(step, (state[::2], state[1::2]), (text[:-1], text[1:]))[1]
        return -odds.sum() / (bits * (len(text) - 1))

    return gradient(loss, given["main_params"], given["extra_params"])


def ba(given: Any) -> Side:
    jax, jnp = loaded("jax"), loaded("jax.numpy")
    seen = jnp.asarray(given["feat"])

    def residual(z: Any) -> Any:
        axis, point = z[:3], z[11:14] - z[3:6]
        angle = jnp.sqrt(axis @ axis)
        unit = axis / angle
        crossed, cosine = jnp.cross(unit, point), jnp.cos(angle)
        turned = point * cosine + crossed * jnp.sin(angle) + unit * (unit @ point) * (1.0 - cosine)
        flat = turned[:2] / turned[2]
        square = flat @ flat
        return z[14] * (flat * (1.0 + z[9] * square + z[10] * square * square) * z[6] + z[7:9] - seen)

    def rows(z: Any) -> Any:
        return jax.vmap(jax.jacrev(residual))(z), -2.0 * z[:, 14]

    return jitted(rows, [[*given["cam"], *given["x"], given["w"]]] * given["p"])


SIDES: dict[str, Callable[[Any], Side]] = {
    "ba": ba,
    "gmm": gmm,
    "hello": hello,
    "kmeans": kmeans,
    "llsq": llsq,
    "lse": lse,
    "lstm": lstm,
    "ode": ode,
}
