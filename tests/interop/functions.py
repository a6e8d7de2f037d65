"""Functions and arguments for the tests of other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import exp, tanh

SAMPLES = ("x", "s")


def curved(x: Any, w: Any, s: Any) -> Any:
    """Several numbers of two vectors and a number, none of whose second derivatives vanish."""
    return {"a": [tanh(x[0] * x[1] * s) * w[0], exp(x[0]) * w[1]], "b": x[1] * x[1] * w[0] * s}


def drawn(batch: tuple[str, ...], seed: int = 0) -> list[NDArray[np.float64]]:
    """Arguments for it, five samples of those in the batch."""
    source = np.random.default_rng(seed)
    shapes = {"x": (2,), "w": (2,), "s": ()}
    return [source.normal(size=(5,) * (name in batch) + shape) for name, shape in shapes.items()]
