"""Compiled functions in PyTorch: nodes of its graph, with derivatives up to the second in both modes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from autograd._numpy import np
from autograd.compiler.compiled import Compiled
from autograd.errors import CompileError
from autograd.interop.calls import Calls, Kind
from autograd.interop.leaves import THIRD, CallsByStructure, missing
from autograd.structure import rebuild

Tensor: TypeAlias = Any
Tensors: TypeAlias = Sequence[Tensor]


def torch_function(compiled: Compiled) -> Callable[..., Any]:
    """The compiled function as a function of PyTorch, from tensors to tensors, which it differentiates.

    compiled    what `autograd.compile` gives

    >>> from autograd import compile, tanh
    >>> compiled = compile(lambda x: x[0] * tanh(x[1]))
    >>> f = torch_function(compiled)  # doctest: +SKIP
    >>> x = torch.tensor([2.0, 0.5], requires_grad=True)  # doctest: +SKIP
    >>> f(x).backward()  # doctest: +SKIP

    >>> torch_function(max)
    Traceback (most recent call last):
        ...
    TypeError: a compiled function is needed, got <built-in function max>; compile it with autograd.compile

    Arguments are CPU tensors of float64 or float32, and lists, tuples and dicts of them; numbers and integer tensors
    are constants. The result has the structure of `compiled.value`, with tensors. With a batch it holds the answer of
    each sample, as that of `compiled.map` does. `parameters` are constants, read at each call. Numbers are computed in
    the compiled function's own `dtype` and rounded to the widest dtype of the tensors.

    Gradients may be differentiated again (`create_graph=True`, by Hessian products), and forward mode and `torch.func`
    work. Under `torch.vmap` all samples are computed at once.

    CompileError where PyTorch is not installed, at a call for tensors of another dtype or device, and for third
    derivatives. TypeError for what is not compiled.
    """
    known = CallsByStructure(compiled)
    torch = _torch()

    def function(*args: Any) -> Any:
        leaves, key = known.leaves(args)
        wanted = [i for i, x in enumerate(leaves) if _is_wanted(torch, x, known, key, i)]
        tensors = [*map(torch.as_tensor, leaves)]
        calls = known.calls(key, wanted, [tuple(x.shape) for x in tensors])
        outputs = _node("value").apply(calls, 0, *tensors)
        assert calls.result is not None
        return rebuild(calls.result.key, iter(outputs))

    function.__name__ = function.__qualname__ = getattr(compiled.function, "__name__", "function")
    return function


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise missing("torch", "torch") from error
    return torch


def _is_wanted(torch: Any, x: Any, known: CallsByStructure, key: Any, i: int) -> bool:
    """Whether derivatives are by this leaf; CompileError for a tensor that cannot be read."""
    if not isinstance(x, torch.Tensor):
        return False
    remedy = ""
    if x.device.type != "cpu":
        remedy = f"is on {x.device}, and compiled functions run on the CPU; pass x.cpu()"
    elif x.layout is not torch.strided:
        remedy = f"is {x.layout}; pass x.to_dense()"
    elif x.dtype in (torch.float16, torch.bfloat16):
        remedy = f"has {x.dtype}; pass x.float(), and convert the result"
    elif x.dtype == torch.bool:
        remedy = "has bools; pass x.double()"
    elif x.dtype not in (torch.float64, torch.float32) and (x.is_complex() or x.is_floating_point()):
        remedy = f"has {x.dtype}; pass tensors of float64 or float32"
    if remedy:
        raise CompileError(f"the tensor {known.names(key)[i]} {remedy}")
    return bool(x.is_floating_point())


# --- one node of PyTorch's graph for each kind of call ----------------------------------------------------------------


@lru_cache(maxsize=8)
def _node(kind: Kind) -> Any:
    """The `torch.autograd.Function` of a kind. Its inputs are the calls, the number of mapped axes, and tensors."""
    rules: dict[str, Callable[..., Any]] = {
        "forward": lambda calls, lead, *operands: _forward(kind, calls, lead, operands),
        "setup_context": _setup_context,
        "backward": lambda ctx, *cotangents: (None, None, *_BACKWARD[kind](ctx, cotangents)),
        "jvp": lambda ctx, calls, lead, *tangents: tuple(_JVP[kind](ctx, _filled(ctx, tangents))),
        "vmap": lambda info, in_dims, *inputs: _vmap(kind, info.batch_size, in_dims, *inputs),
    }
    members = {name: staticmethod(rule) for name, rule in rules.items()}
    return type(f"Compiled{kind.capitalize()}", (_torch().autograd.Function,), members)


def _forward(kind: Kind, calls: Calls, lead: int, operands: Tensors) -> tuple[Tensor, ...]:
    torch = _torch()
    found = calls(kind, lead, [each.detach().resolve_neg().numpy() for each in operands])
    own = [operands[i].dtype for i in calls.wanted]
    if kind not in ("pull", "hess"):
        widest = torch.float64 if torch.float64 in own else torch.float32 if own else torch.get_default_dtype()
        own = [widest] * len(found)
    return tuple([torch.from_numpy(np.array(x)).to(dtype) for x, dtype in zip(found, own, strict=True)])


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensors) -> None:
    ctx.calls, ctx.lead, *operands = inputs
    ctx.save_for_backward(*operands)
    ctx.save_for_forward(*operands)


def _vmap(kind: Kind, size: int, in_dims: Sequence[int | None], calls: Calls, lead: int, *operands: Tensor) -> Any:
    """Mapped axes come first, and each operand has them."""
    moved = [
        each.expand(size, *each.shape) if axis is None else each.movedim(axis, 0)
        for each, axis in zip(operands, in_dims[2:], strict=True)
    ]
    outputs = _node(kind).apply(calls, lead + 1, *moved)
    return outputs, (0,) * len(outputs)


def _parts(ctx: Any) -> tuple[list[Tensor], list[Tensor]]:
    """The leaves of the arguments, and the other operands."""
    saved = [*ctx.saved_tensors]
    return saved[: ctx.calls.count], saved[ctx.calls.count :]


def _ask(ctx: Any, kind: Kind, *operands: Tensors) -> list[Tensor]:
    return [*_node(kind).apply(ctx.calls, ctx.lead, *[x for part in operands for x in part])]


def _by_leaf(ctx: Any, gradients: Tensors) -> list[Tensor | None]:
    """Gradients by wanted leaves, with None for the others."""
    by = dict(zip(ctx.calls.wanted, gradients, strict=True))
    return [by.get(i) for i in range(ctx.calls.count)]


def _value_backward(ctx: Any, y: Tensors) -> list[Tensor | None]:
    return _by_leaf(ctx, _ask(ctx, "pull", _parts(ctx)[0], y))


def _pull_backward(ctx: Any, v: Tensors) -> list[Tensor | None]:
    """Of x̄ = Jᵀ ȳ: by x a Hessian product, by ȳ the tangent J v."""
    x, y = _parts(ctx)
    needed = ctx.needs_input_grad[2:]
    by_x = _ask(ctx, "hess", x, y, v) if any(needed[: len(x)]) else [None] * len(v)
    return [*_by_leaf(ctx, by_x), *(_ask(ctx, "push", x, v) if any(needed[len(x) :]) else [None] * len(y))]


def _push_backward(ctx: Any, y: Tensors) -> list[Tensor | None]:
    """Of J v: by x a Hessian product, by v the gradient Jᵀ ȳ."""
    x, v = _parts(ctx)
    return [*_by_leaf(ctx, _ask(ctx, "hess", x, y, v)), *_ask(ctx, "pull", x, y)]


def _refuse_third(ctx: Any, others: Tensors) -> Any:
    raise CompileError(THIRD)


_BACKWARD: dict[Kind, Callable[[Any, Tensors], list[Tensor | None]]] = {
    "value": _value_backward,
    "pull": _pull_backward,
    "push": _push_backward,
    "hess": _refuse_third,
    "second": _refuse_third,
}


# --- forward mode -----------------------------------------------------------------------------------------------------


def _filled(ctx: Any, tangents: Sequence[Tensor | None]) -> tuple[list[Tensor], list[Tensor]]:
    """The tangents of wanted leaves and of the other operands, zeros where there are none."""
    torch = _torch()
    saved = ctx.saved_tensors
    filled = [torch.zeros_like(x) if v is None else v for x, v in zip(saved, tangents, strict=True)]
    return [filled[i] for i in ctx.calls.wanted], filled[ctx.calls.count :]


def _value_jvp(ctx: Any, tangents: tuple[Tensors, Tensors]) -> list[Tensor]:
    return _ask(ctx, "push", _parts(ctx)[0], tangents[0])


def _pull_jvp(ctx: Any, tangents: tuple[Tensors, Tensors]) -> list[Tensor]:
    (x, y), (v, along) = _parts(ctx), tangents
    return _sums(_ask(ctx, "hess", x, y, v), _ask(ctx, "pull", x, along))


def _push_jvp(ctx: Any, tangents: tuple[Tensors, Tensors]) -> list[Tensor]:
    (x, v), (w, along) = _parts(ctx), tangents
    return _sums(_ask(ctx, "second", x, v, w), _ask(ctx, "push", x, along))


def _sums(a: Tensors, b: Tensors) -> list[Tensor]:
    return [x + y for x, y in zip(a, b, strict=True)]


_JVP: dict[Kind, Callable[[Any, tuple[Tensors, Tensors]], list[Tensor]]] = {
    "value": _value_jvp,
    "pull": _pull_jvp,
    "push": _push_jvp,
    "hess": _refuse_third,
    "second": _refuse_third,
}
