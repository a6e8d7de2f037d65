"""Without NumPy, SciPy and llvmlite everything can be imported, and the core gives the same bits."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from operator import add, mul, sub, truediv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd._numpy import Vector, _Without
from tests.support.core_examples import EXAMPLES

ROOT = Path(__file__).parents[2]
HIDDEN = """
import sys, warnings
sys.path.insert(0, ".")
warnings.simplefilter("error")
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numpy", "scipy", "llvmlite"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
"""


def _run(program: str) -> str:
    """What a program prints in a process that has none of the three packages."""
    command = [sys.executable, "-c", HIDDEN + program]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True).stdout


@pytest.fixture(scope="module")
def without() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        _run("import json; from tests.support.core_examples import found; print(json.dumps(found()))")
    )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.__name__)
def test_the_core_gives_the_same_bits(example: Callable[[], Any], without: dict[str, Any]) -> None:
    assert without[example.__name__] == json.loads(json.dumps(example()))


def test_the_ten_lines_of_the_readme_run(without: dict[str, Any]) -> None:
    failed, attempted = without["ten_lines"]
    assert (failed, attempted > 4) == (0, True)


REFUSALS = {
    "compile(lambda x: x * x, backend='numpy')(2.0)": "CompileError: the back end 'numpy' needs NumPy",
    "compile(lambda x: x * x, backend='llvm')(2.0)": "CompileError: the back end 'llvm' needs NumPy",
    "compile(lambda x: x * x, dtype='float32')(2.0)": "CompileError: dtype='float32' needs NumPy",
    "compile(lambda x: [x[0] * x[1]]).jacobian([1.0, 2.0])": "ModuleNotFoundError: the jacobian of a compiled function",
    "compile(lambda x: x[0] * x[1]).hessian([1.0, 2.0])": "ModuleNotFoundError: the hessian of a compiled function",
    "compile(lambda x: x[0])(memoryview(b'ab'))": "ModuleNotFoundError: reading a memoryview needs NumPy",
    "nn.diagnose(nn.MLP(1, [1]), [[1.0]], [1.0])": "ModuleNotFoundError: nn.diagnose needs NumPy",
    "nn.datasets.load('moons')": "ModuleNotFoundError: nn.datasets needs NumPy",
    "nn.MLP(1, [1]).layers[0].W.T": "AttributeError: a list of numbers has no attribute 'T'",
}


TABLES = ([["a"]], [[1.0], [2.0, 3.0]], [1.0, 2.0], [[math.nan]])


@pytest.fixture(scope="module")
def said() -> list[str]:
    """The errors of the programs, one a line, then those of the tables as samples; at last a number of names."""
    return _run(f"""
import autograd, nn
from math import nan
from autograd import compile
for program in {[*REFUSALS, *[f"nn.fit(nn.MLP(1, [1]), {x}, [1.0] * len({x}))" for x in TABLES]]}:
    try:
        print(eval(program))
    except Exception as error:
        print(type(error).__name__, error, sep=": ")
print(len([getattr(package, name) for package in (autograd, nn) for name in package.__all__]))
""").splitlines()


def test_every_public_name_can_be_imported(said: list[str]) -> None:
    assert said[-1] == str(len(autograd.__all__) + len(nn.__all__))


def test_what_needs_numpy_says_so_with_the_remedy(said: list[str]) -> None:
    pairs = list(zip(said, REFUSALS.values(), strict=False))
    assert [line[: len(start)] for line, start in pairs] == [*REFUSALS.values()]
    assert all("pip install numpy" in line for line, _ in pairs)


def test_samples_are_checked_as_with_numpy(said: list[str]) -> None:
    *unfit, last = said[len(REFUSALS) : -1]
    assert len(unfit) == 3
    assert all(line.startswith("ValueError: x must be rows of numbers") for line in unfit)
    assert last.startswith("ValueError: x[0][0] is nan")


# --- the stand-in -----------------------------------------------------------------------------------------------------

NUMBERS = st.floats() | st.sampled_from([0.0, -0.0, math.inf, -math.inf])
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=4)


def _bits(numbers: Any) -> list[str]:
    """Every nan alike: its sign is that of the processor's instruction."""
    return [repr(float(x)) for x in numbers]


@given(PAIRS, st.sampled_from([add, sub, mul, truediv]))
def test_vectors_compute_as_arrays_do(pairs: list[tuple[float, float]], operator: Callable[[Any, Any], Any]) -> None:
    xs, ys = map(list, zip(*pairs, strict=True))
    with np.errstate(all="ignore"):
        assert _bits(operator(Vector(xs), Vector(ys))) == _bits(operator(np.array(xs), np.array(ys)))
        assert _bits(operator(Vector(xs), ys[0])) == _bits(operator(np.array(xs), ys[0]))
        assert _bits(operator(ys[0], Vector(xs))) == _bits(operator(ys[0], np.array(xs)))
        assert _bits(_Without().sqrt(Vector(xs))) == _bits(np.sqrt(np.array(xs)))


LOOKS: dict[str, Callable[[Any], Any]] = {
    "shape": lambda x: (x.shape, x.ndim, x.size),
    "reshape": lambda x: (x.reshape(-1, 2).tolist(), x.reshape((3, 2)).tolist(), x.ravel().tolist()),
    "columns": lambda x: (x[:, 1].tolist(), x[1:, 1:].tolist()),
    "rows": lambda x: (x[1].tolist(), x[1:].tolist(), x[[1, 0]].tolist()),
    "signs": lambda x: (-x).tolist(),
    "table and number": lambda x: (x * 2.0 - 1.0).tolist(),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_vectors_have_the_shapes_of_arrays(look: Callable[[Any], Any]) -> None:
    table = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert look(_Without().array(table)) == look(np.array(table))


def test_vectors_of_two_lengths_do_not_add() -> None:
    with pytest.raises(ValueError, match="zip"):
        Vector([1.0]) + Vector([1.0, 2.0])
    with pytest.raises(TypeError):
        Vector([1.0]) + "1"  # type: ignore[operator]
