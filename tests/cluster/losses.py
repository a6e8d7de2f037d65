"""Losses written in NumPy for the tests of clusters, one of which raises; workers import them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

N_IN, N_HIDDEN = 6, 5
SIZE = N_HIDDEN * (N_IN + 1) + N_HIDDEN


class Tanh:
    """Half squared error of v·tanh(W x + b); θ is W, b, v in this order."""

    def flat(self, theta: Any, x: Any, y: Any) -> tuple[float, Any]:
        w, b = theta[: N_HIDDEN * N_IN].reshape(N_HIDDEN, N_IN), theta[N_HIDDEN * N_IN : -N_HIDDEN]
        v = theta[-N_HIDDEN:]
        a = np.tanh(x @ w.T + b)
        r = a @ v - y
        delta = np.outer(r, v) * (1.0 - a * a)
        gradient = np.concatenate([(delta.T @ x).ravel(), delta.sum(axis=0), a.T @ r]) / len(x)
        return 0.5 * float(r @ r) / len(x), gradient


class Stumbling:
    """Raises in the shard that holds the target 13."""

    def flat(self, theta: Any, x: Any, y: Any) -> tuple[float, Any]:
        if 13.0 in y:
            raise FileNotFoundError("no such thirteen")
        return 0.0, np.zeros_like(theta)


def samples(count: int = 203) -> tuple[Any, Any]:
    """Samples whose number is not divisible by numbers of shards."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(count, N_IN))
    return x, np.sin(x.sum(axis=1))


def write_csv(folder: Path, bodies: list[str]) -> list[Path]:
    """CSV files of columns x1, x2, y."""
    paths = [folder / f"b{i}.csv" for i in range(len(bodies))]
    for path, body in zip(paths, bodies, strict=True):
        path.write_text("x1,x2,y\n" + body, encoding="utf-8")
    return paths
