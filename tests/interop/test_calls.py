"""What PyTorch and JAX ask of a compiled function, without either: five kinds of calls and their laws."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from autograd import CompileError, Value, compile, functional
from autograd.interop import jax_function, torch_function
from autograd.interop.calls import Arrays, Calls, Kind
from autograd.structure import key_of
from tests.interop.functions import SAMPLES, curved, drawn

KEY = key_of((0.0, 0.0, 0.0))
BATCHES = pytest.mark.parametrize("batch", [(), SAMPLES], ids=["one", "samples"])


def _calls(batch: tuple[str, ...]) -> Calls:
    return Calls(compile(curved, batch=batch), KEY, [0, 1, 2], [0, 2] if batch else [])


def _inner(a: Arrays, b: Arrays) -> float:
    return float(sum(np.sum(p * q) for p, q in zip(a, b, strict=True)))


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-12 * max(1.0, abs(a))  # sums of some ten products of numbers near 1


@BATCHES
def test_kinds_are_each_other_s_transposes(batch: tuple[str, ...]) -> None:
    """⟨ȳ, J v⟩ = ⟨Jᵀ ȳ, v⟩, and the second derivative of ȳ·y along v and w is ⟨H v, w⟩ = ⟨H w, v⟩."""
    calls, (x, v, w) = _calls(batch), [drawn(batch, seed) for seed in range(3)]
    y = [each + 1.0 for each in calls("value", 0, x)]
    along = calls("push", 0, [*x, *v])
    assert _close(_inner(y, along), _inner(calls("pull", 0, [*x, *y]), v))
    second = _inner(y, calls("second", 0, [*x, *v, *w]))
    assert _close(second, _inner(calls("hess", 0, [*x, *y, *v]), w))
    assert _close(second, _inner(calls("hess", 0, [*x, *y, *w]), v))


def test_they_are_the_engine_s_own_derivatives() -> None:
    calls, x, v = _calls(()), drawn(()), drawn((), 1)
    lists = [each.tolist() for each in x]
    value, along = functional.jvp(curved, lists, [each.tolist() for each in v])
    for kind, operands, expected in (("value", x, value), ("push", [*x, *v], along)):
        numbers = np.concatenate([each.ravel() for each in calls(kind, 0, operands)])  # type: ignore[arg-type]
        assert np.allclose(numbers, [*expected["a"], expected["b"]], rtol=1e-14)


@BATCHES
@pytest.mark.parametrize("kind", ["value", "push", "pull", "hess", "second"])
def test_axes_in_front_are_as_many_calls(batch: tuple[str, ...], kind: Kind) -> None:
    calls = _calls(batch)
    of_y = calls("value", 0, drawn(batch))
    others = {"push": 1, "hess": 1, "second": 2}.get(kind, 0)

    def operands(seed: int) -> Arrays:
        y = [each + seed for each in of_y] if kind in ("pull", "hess") else []
        return [*drawn(batch, seed), *y, *[v for i in range(others) for v in drawn(batch, seed + i + 3)]]

    each_one = [operands(seed) for seed in (0, 7)]
    together = calls(kind, 2, [np.stack(parts)[None] for parts in zip(*each_one, strict=True)])
    alone = [calls(kind, 0, one) for one in each_one]
    for found, expected in zip(together, zip(*alone, strict=True), strict=True):
        assert found.shape == (1, 2, *expected[0].shape)
        assert np.allclose(found[0], np.stack(expected), rtol=1e-12)


def test_samples_that_branch_are_called_one_by_one() -> None:
    calls = Calls(compile(lambda x: 2.0 * x if x > 0 else -x), key_of((0.0,)), [0], [])
    [found] = calls("value", 1, [np.array([1.0, -3.0])])
    assert found.tolist() == [2.0, 3.0]


def test_parameters_are_constants_that_are_read_at_each_call() -> None:
    w = Value(2.0)
    calls = Calls(compile(lambda x: w * x * x, parameters=[w]), key_of((0.0,)), [0], [])
    assert calls("value", 0, [np.array(3.0)])[0] == 18.0
    w.data = 1.0
    assert calls("value", 0, [np.array(3.0)])[0] == 9.0


def test_leaves_that_are_not_wanted_are_constants() -> None:
    calls = Calls(compile(lambda x, n: x * x * n), key_of((0.0, 0.0)), [0], [])
    assert [each.tolist() for each in calls("pull", 0, [np.array(3.0), np.array(2), np.array(1.0)])] == [12.0]


@pytest.mark.parametrize(("make", "name"), [(torch_function, "torch"), (jax_function, "jax")], ids=["torch", "jax"])
def test_a_library_that_is_missing_is_named_with_its_extra(
    make: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(CompileError, match=rf"this needs {name}: pip install 'scalar-autograd\[{name}\]'"):
        make(compile(curved))
