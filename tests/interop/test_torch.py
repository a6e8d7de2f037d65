"""`torch_function`: PyTorch's own checks of first and second derivatives, in both modes. Needs PyTorch."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from autograd import CompileError, compile, pick
from autograd.interop import torch_function
from tests.interop.functions import SAMPLES, curved, drawn

pytestmark = pytest.mark.slow  # importing PyTorch takes seconds


@pytest.fixture(scope="module")
def torch() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("torch", reason="PyTorch is not installed")


def _tensors(torch: Any, batch: tuple[str, ...]) -> list[Any]:
    return [torch.tensor(each, dtype=torch.float64, requires_grad=True) for each in drawn(batch)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("batch", [(), SAMPLES], ids=["one", "samples"])
def test_pytorch_s_own_checks_pass(torch: Any, batch: tuple[str, ...]) -> None:
    fast, tensors = torch_function(compile(curved, batch=batch)), _tensors(torch, batch)

    def outputs(*args: Any) -> tuple[Any, ...]:
        found = fast(*args)
        return found["a"], found["b"]

    assert torch.autograd.gradcheck(outputs, tensors, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(outputs, tensors, check_fwd_over_rev=True, check_rev_over_rev=True)


def test_the_result_has_the_structure_of_the_compiled_function(torch: Any) -> None:
    compiled = compile(curved)
    found = torch_function(compiled)(*_tensors(torch, ()))
    expected = compiled.value(*drawn(()))
    assert found["a"].tolist() == expected["a"].tolist()
    assert found["b"].item() == expected["b"]


def test_hessians_agree_in_all_combinations_of_modes(torch: Any) -> None:
    fast = torch_function(compile(lambda x: curved(x, [2.0, 3.0], x[0])["b"]))
    x = torch.tensor([0.3, -0.7], dtype=torch.float64)
    expected = torch.tensor([[0.0, -2.8], [-2.8, 1.2]], dtype=torch.float64)  # of 2 x₁² x₀
    for outer in (torch.func.jacfwd, torch.func.jacrev):
        for inner in (torch.func.jacfwd, torch.func.jacrev):
            assert torch.allclose(outer(inner(fast))(x), expected, rtol=1e-12)


def test_gradients_of_mapped_samples_are_those_of_each(torch: Any) -> None:
    fast, (x, w, s) = torch_function(compile(curved)), _tensors(torch, ("x",))
    gradient = torch.func.grad(lambda *args: fast(*args)["b"], (0, 1))
    mapped = torch.vmap(gradient, in_dims=(0, None, None))(x, w, s)
    each = [gradient(row, w, s) for row in x]
    for found, expected in zip(mapped, zip(*each, strict=True), strict=True):
        assert torch.allclose(found, torch.stack(expected), rtol=1e-12)


def test_single_precision_stays_single(torch: Any) -> None:
    x = torch.tensor([1.5, 2.5], requires_grad=True)
    y = torch_function(compile(lambda x, k: k * x[0] * x[1]))(x, 2.0)
    y.backward()
    assert (y.dtype, x.grad.dtype, x.grad.tolist()) == (torch.float32, torch.float32, [5.0, 3.0])


def test_integers_are_constants(torch: Any) -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    torch_function(compile(lambda x, i: pick(x, i) ** 2))(x, torch.tensor(1)).backward()
    assert x.grad.tolist() == [0.0, 4.0]


def test_third_derivatives_are_refused(torch: Any) -> None:
    fast = torch_function(compile(lambda x: x * x * x))
    x = torch.tensor(2.0, requires_grad=True)
    [slope] = torch.autograd.grad(fast(x), x, create_graph=True)
    [second] = torch.autograd.grad(slope, x, create_graph=True)
    assert second.item() == 12.0
    with pytest.raises(CompileError, match="third derivative"):
        torch.autograd.grad(second, x)


def test_tensors_that_cannot_be_read_are_refused_with_the_remedy(torch: Any) -> None:
    fast = torch_function(compile(lambda x, p: p["w"] * x[0]))
    wrong = {"float16": r"x\.float\(\)", "complex64": "float64 or float32", "bool": r"x\.double\(\)"}
    for dtype, remedy in wrong.items():
        x = torch.ones(2, dtype=getattr(torch, dtype))
        with pytest.raises(CompileError, match=rf"the tensor p\['w'\] has .*{remedy}"):
            fast(torch.ones(2), {"w": x})
    with pytest.raises(CompileError, match=r"is on meta, .* x\.cpu\(\)"):
        fast(torch.ones(2, device="meta"), {"w": 1.0})
