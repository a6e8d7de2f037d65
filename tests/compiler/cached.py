"""Compiled functions with a cache on disk, for the tests of it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd.compiler.cache.store import PROGRAM

ROOT = Path(autograd.__file__).parents[1]
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has neither owners nor permissions of this kind")
KEY = "ab" * 32


def swish(x: Any, y: Any) -> Any:
    return x * autograd.sigmoid(x * y) + autograd.where(x > y, x, 2.0 * y)


def spread(xs: Sequence[Any]) -> Any:
    return autograd.logsumexp(xs) + sum(x * x for x in xs) / len(xs)


def branching(x: Any, y: Any) -> Any:
    return x * y if x > y else x - y


def network(**options: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The mean loss of a small network, and samples."""
    model = nn.MLP(3, [4, 4, 1], seed=0)
    x = np.random.default_rng(0).normal(size=(11, 3))
    loss = autograd.compile(
        lambda x, y: nn.hinge(model(x), y), parameters=model.parameters(), batch=("x", "y"), **options
    )
    return loss, (x, np.sign(x[:, 0]))


def made(place: Any, function: Callable[..., Any] = swish, **options: Any) -> Any:
    """A compiled function after its first call, for a value and a gradient, at a fixed point."""
    compiled = autograd.compile(function, cache=place, **options)
    arguments = ([0.5, -1.0, 2.0],) if function is spread else (0.75, 0.5)
    compiled.answer = compiled.value_and_grad(*arguments)
    return compiled


def outcome(compiled: Any) -> str:
    """What `explain` says about the cache."""
    found = [line for line in compiled.explain().splitlines() if line.startswith("cache: ")]
    return found[0].removeprefix("cache: ").split()[0] if found else "none"


def without_lines(text: str) -> str:
    """A text without the lines that guards name: those of derivatives name whoever asked for the derivatives."""
    return re.sub(r"\w+\.py:\d+", "line", text)


def only(place: Path, kind: str = PROGRAM) -> Path:
    """The one program, or object file, in a cache."""
    (path,) = place.glob(f"*.{kind}")
    return path


def entries(place: Path) -> int:
    return len(list(place.glob(f"*.{PROGRAM}")))


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
