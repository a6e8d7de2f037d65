"""Run what `compiled.export` has written: C by a compiler, JavaScript by Node, Python by import; and a long loop."""

from __future__ import annotations

import ctypes
import importlib.util
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd import sin

Array = NDArray[np.float64]
COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-ffp-contract=off")
U = 2.0**-53


def pendulum(x: Any, steps: int = 50) -> Any:
    """A number of the angle and the speed after some steps."""
    q, p = x
    for _ in range(steps):
        p = p - 0.05 * sin(q)
        q = q + 0.05 * p
    return q * q + p


@cache
def built(path: Path, compiler: str) -> ctypes.CDLL:
    """The library that a C file makes, without a warning."""
    library = path.with_suffix(f".{compiler}.so")
    subprocess.run([compiler, *STRICT, "-fPIC", "-shared", str(path), "-o", str(library), "-lm"], check=True)
    return ctypes.CDLL(str(library))


def in_c(
    path: Path,
    function: str,
    arrays: Sequence[Any],
    samples: int | None = None,
    single: bool = False,
    compilers: Sequence[str] = COMPILERS,
) -> list[Array]:
    """What a function of a C file writes to y, by each of the compilers; the work space begins as nan."""
    text, kind = path.read_text(), np.float32 if single else np.float64
    work = int(re.search(rf"{function}_work = (\d+)", text)[1])  # type: ignore[index]
    count = int(re.search(rf"\* void {function}\(.*?y\[(\d+)\]", text, re.DOTALL)[1])  # type: ignore[index]
    found = []
    for compiler in compilers:
        y, w = np.zeros(count, kind), np.full(work, np.nan, kind)
        given = [np.ascontiguousarray(each, kind) for each in arrays]
        pointers = [each.ctypes.data_as(ctypes.c_void_p) for each in (*given, y, w)]
        counts = [] if samples is None else [ctypes.c_size_t(samples)]
        getattr(built(path, compiler), function)(*pointers[:-2], *counts, *pointers[-2:])
        found.append(y.astype(np.float64))
    return found


def in_javascript(path: Path, function: str, arrays: Sequence[Any]) -> Array:
    """What a function of an ES module returns."""
    module = path.rename(path.with_suffix(".mjs"))
    given = json.dumps([np.ravel(each).tolist() for each in arrays])
    text = f"import('{module.as_uri()}').then(m => console.log(JSON.stringify([...m.{function}(...{given})])))"
    done = subprocess.run(["node", "-e", text], capture_output=True, text=True, check=True)
    return np.array(json.loads(done.stdout))


def in_python(path: Path, function: str, arrays: Sequence[Any]) -> Array:
    """What a function of a Python module returns."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Array = getattr(module, function)(*arrays)
    return found


needs_compiler = pytest.mark.skipif(not COMPILERS, reason="needs gcc or clang")
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="needs node")


def flat(parts: Sequence[Any]) -> Array:
    return np.concatenate([np.ravel(np.asarray(each, np.float64)) for each in parts])


def assert_close(found: Array, wanted: Array, operations: int = 1000, unit: float = U) -> None:
    """Equal up to a rounding of the largest number for each operation on a path, generously counted."""
    np.testing.assert_allclose(found, wanted, rtol=0.0, atol=operations * unit * float(np.abs(wanted).max()))
