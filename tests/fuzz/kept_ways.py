"""The ways through files: programs that a cache keeps, and exports."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import autograd
from tests.exporting.running import COMPILERS, in_c, in_python
from tests.fuzz.eager_ways import F, Points


def cached(f: F, points: Points, **options: Any) -> list[float]:
    """By programs that are read back."""
    with TemporaryDirectory() as folder:
        found = []
        for _ in range(2):
            fast = autograd.compile(lambda xs: f(*xs), threads=1, cache=folder, **options)
            both = [fast.value_and_grad(list(point)) for point in points]
            found.append([float(x) for value, slopes in both for x in (value, *slopes)])
    assert repr(found[0]) == repr(found[1]), f"what is read back gives {found[1]}, what was kept gave {found[0]}"
    return found[0]


def exported_to_python(f: F, points: Points, **options: Any) -> list[float]:
    numbers: list[float] = []
    with TemporaryDirectory() as folder:
        path = Path(folder, "f.py")
        autograd.compile(f, **options).export(path, tuple(points[0]), functions=["gradient"])
        for point in points:
            numbers += map(float, in_python(path, "gradient", [point]))
    return numbers


def exported_to_c(f: F, points: Points, **options: Any) -> list[float]:
    """The gradient of a sum of copies, by the last of them."""
    with TemporaryDirectory() as folder:
        xs = [list(point) for point in [*points] * 19]
        path = Path(folder, "f.c")
        fast = autograd.compile(lambda xs: sum(f(*x) for x in xs), **options)
        fast.export(path, (xs,), name="f", functions=["gradient"])
        (y,) = in_c(path, "f_gradient", [[number for x in xs for number in x]], compilers=COMPILERS[:1])
        return [float(x) for x in y[-len(points) * len(points[0]) :]]
