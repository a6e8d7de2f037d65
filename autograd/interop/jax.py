"""Compiled functions in JAX: primitives with rules for both modes, transposition and batches, run by callbacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from autograd._numpy import np
from autograd.compiler.compiled import Compiled
from autograd.errors import CompileError
from autograd.interop.calls import Calls, Kind
from autograd.interop.leaves import THIRD, CallsByStructure, missing
from autograd.structure import Key, rebuild

Array: TypeAlias = Any
Arrays: TypeAlias = Sequence[Array]


def jax_function(compiled: Compiled) -> Callable[..., Any]:
    """The compiled function as a function of JAX, which it differentiates, maps and jits.

    compiled    what `autograd.compile` gives

    >>> from autograd import compile, tanh
    >>> compiled = compile(lambda x: x[0] * tanh(x[1]))
    >>> jax.jit(jax.grad(jax_function(compiled)))(jax.numpy.array([2.0, 0.5]))  # doctest: +SKIP

    >>> jax_function(max)
    Traceback (most recent call last):
        ...
    TypeError: a compiled function is needed, got <built-in function max>; compile it with autograd.compile

    Arguments are arrays or numbers of float64 or float32, and lists, tuples and dicts of them; integers are constants.
    The result has the structure of `compiled.value`, with arrays. With a batch it holds the answer of each sample, as
    that of `compiled.map` does. `parameters` are constants, read at each call. Numbers are computed in the compiled
    function's own `dtype` and rounded to the widest dtype of the arguments, float32 unless `jax_enable_x64` is set.

    `grad`, `jvp`, `vjp`, `hessian` and their combinations up to second derivatives work, as do `jit`, in which the
    program is a `pure_callback`, and `vmap`, which computes all samples at once. Inside `jit` the structure of the
    result is found at made-up numbers; where the function is undefined there, call it once before.

    CompileError where JAX is not installed, for arguments of another dtype, and for third derivatives. TypeError for
    what is not compiled.
    """
    known = CallsByStructure(compiled)
    jax = _jax()

    def function(*args: Any) -> Any:
        leaves, key = known.leaves(args)
        arrays = [jax.numpy.asarray(x) for x in leaves]
        wanted = [i for i, x in enumerate(arrays) if _is_wanted(x, known, key, i)]
        calls = known.calls(key, wanted, [x.shape for x in arrays])
        if calls.result is None:
            _find_result(calls, [None if isinstance(x, jax.core.Tracer) else np.asarray(x) for x in arrays], arrays)
        assert calls.result is not None
        return rebuild(calls.result.key, iter(_ask("value", calls, 0, arrays)))

    function.__name__ = function.__qualname__ = getattr(compiled.function, "__name__", "function")
    return function


def _jax() -> Any:
    try:
        import jax
    except ImportError as error:
        raise missing("jax", "jax") from error
    return jax


def _is_wanted(x: Array, known: CallsByStructure, key: Key, i: int) -> bool:
    """Whether derivatives are by this leaf; CompileError for an array without numbers of ours."""
    if x.dtype not in (np.float64, np.float32) and x.dtype.kind not in "iu":
        raise CompileError(
            f"the array {known.names(key)[i]} has {x.dtype}; pass arrays of float64, float32 or integers, as by "
            "x.astype(float)"
        )
    return bool(x.dtype.kind == "f")


def _find_result(calls: Calls, numbers: Sequence[Any], arrays: Arrays) -> None:
    """Call the function once for the structure of its result, at made-up numbers for what is being traced."""
    source = np.random.default_rng(0)
    at = [
        x if x is not None else source.uniform(0.5, 1.5, of.shape) if of.dtype.kind == "f" else np.zeros(of.shape, int)
        for x, of in zip(numbers, arrays, strict=True)
    ]
    try:
        calls("value", 0, at)
    except Exception as error:  # the function's own, of any kind
        raise CompileError(
            f"the structure of the result is not known yet, and made-up arguments do not find it ({error}); call the "
            "function once outside of jit, with arguments of these shapes"
        ) from error


# --- one primitive for each kind of call ------------------------------------------------------------------------------


def _ask(kind: Kind, calls: Calls, lead: int, *operands: Arrays) -> list[Array]:
    return [*_primitive(kind).bind(*[x for part in operands for x in part], calls=calls, lead=lead)]


@lru_cache(maxsize=8)
def _primitive(kind: Kind) -> Any:
    from jax.core import ShapedArray
    from jax.extend.core import Primitive
    from jax.interpreters import ad, batching, mlir

    found = Primitive(f"compiled_{kind}")
    found.multiple_results = True

    def run(*operands: Array, calls: Calls, lead: int) -> list[Array]:
        return _callback(kind, calls, lead, operands)

    def shapes(*operands: Array, calls: Calls, lead: int) -> list[Any]:
        return [ShapedArray(shape, dtype) for shape, dtype in _results(kind, calls, lead, operands)]

    def tangents(primals: Arrays, along: Arrays, *, calls: Calls, lead: int) -> tuple[list[Array], list[Array]]:
        count, of_all = calls.count, [*map(ad.instantiate_zeros, along)]
        v, others = [of_all[i] for i in calls.wanted], of_all[count:]
        moved = _JVP[kind](calls, lead, (primals[:count], primals[count:]), (v, others))
        return _ask(kind, calls, lead, primals), moved

    def transposed(cotangents: Arrays, *operands: Array, calls: Calls, lead: int) -> list[Array | None]:
        y = [*map(ad.instantiate_zeros, cotangents)]
        is_linear = [ad.is_undefined_primal(x) for x in operands]
        return _transposed(kind, calls, lead, y, operands, is_linear)

    def mapped(operands: Arrays, axes: Sequence[int | None], *, calls: Calls, lead: int) -> tuple[list[Array], Any]:
        outputs = _ask(kind, calls, lead + 1, _in_front(operands, axes))
        return outputs, [0] * len(outputs)

    found.def_impl(run)
    found.def_abstract_eval(shapes)
    mlir.register_lowering(found, mlir.lower_fun(run, multiple_results=True))
    ad.primitive_jvps[found] = tangents
    ad.primitive_transposes[found] = transposed
    batching.primitive_batchers[found] = mapped
    return found


def _results(kind: Kind, calls: Calls, lead: int, operands: Arrays) -> list[tuple[tuple[int, ...], Any]]:
    """The shapes and dtypes of an answer."""
    if kind in ("pull", "hess"):
        return [(operands[i].shape, operands[i].dtype) for i in calls.wanted]
    assert calls.result is not None
    front: tuple[int, ...] = ()
    if calls.samples or operands:
        front = operands[calls.samples[0]].shape[: lead + 1] if calls.samples else operands[0].shape[:lead]
    of_all = [operands[i].dtype for i in calls.wanted] or [np.dtype(np.float32)]
    widest = np.result_type(*of_all)
    return [((*front, *shape), widest) for shape in calls.result.shapes]


def _callback(kind: Kind, calls: Calls, lead: int, operands: Arrays) -> list[Array]:
    jax = _jax()
    wanted = _results(kind, calls, lead, operands)

    def run(*numbers: Any) -> list[Any]:
        found = calls(kind, lead, [*map(np.asarray, numbers)])
        return [np.asarray(x, dtype).reshape(shape) for x, (shape, dtype) in zip(found, wanted, strict=True)]

    return [*jax.pure_callback(run, [jax.ShapeDtypeStruct(*each) for each in wanted], *operands)]


def _in_front(operands: Arrays, axes: Sequence[int | None]) -> list[Array]:
    """Operands with the mapped axis in front of all of them."""
    numpy = _jax().numpy
    size = next(x.shape[axis] for x, axis in zip(operands, axes, strict=True) if axis is not None)
    return [
        numpy.broadcast_to(x, (size, *x.shape)) if axis is None else numpy.moveaxis(x, axis, 0)
        for x, axis in zip(operands, axes, strict=True)
    ]


# --- derivatives of each kind -----------------------------------------------------------------------------------------

Parts: TypeAlias = tuple[Arrays, Arrays]  # of the leaves of the arguments, and of the other operands


def _value_jvp(calls: Calls, lead: int, at: Parts, along: Parts) -> list[Array]:
    return _ask("push", calls, lead, at[0], along[0])


def _pull_jvp(calls: Calls, lead: int, at: Parts, along: Parts) -> list[Array]:
    (x, y), (v, of_y) = at, along
    return _sums(_ask("hess", calls, lead, x, y, v), _ask("pull", calls, lead, x, of_y))


def _push_jvp(calls: Calls, lead: int, at: Parts, along: Parts) -> list[Array]:
    (x, v), (w, of_v) = at, along
    return _sums(_ask("second", calls, lead, x, v, w), _ask("push", calls, lead, x, of_v))


def _refuse_third(calls: Calls, lead: int, at: Parts, along: Parts) -> list[Array]:
    raise CompileError(THIRD)


_JVP: dict[Kind, Callable[[Calls, int, Parts, Parts], list[Array]]] = {
    "value": _value_jvp,
    "pull": _pull_jvp,
    "push": _push_jvp,
    "hess": _refuse_third,
    "second": _refuse_third,
}


def _sums(a: Arrays, b: Arrays) -> list[Array]:
    return [x + y for x, y in zip(a, b, strict=True)]


def _transposed(
    kind: Kind, calls: Calls, lead: int, y: Arrays, operands: Arrays, is_linear: Sequence[bool]
) -> list[Array | None]:
    """The cotangents of the operands in which a kind is linear, from those of its results; None for the others.

    `push` is linear in v, `pull` in ȳ, `hess` in ȳ and in v, `second` in v and in w.
    """
    count, of_v = calls.count, len(calls.wanted)
    x, others = operands[:count], operands[count:]
    if kind == "push":
        found = _ask("pull", calls, lead, x, y)
    elif kind == "pull":
        found = _ask("push", calls, lead, x, y)
    elif kind == "hess":
        cut = len(others) - of_v
        if any(is_linear[count + cut :]):
            found = [*[None] * cut, *_ask("hess", calls, lead, x, others[:cut], y)]
        else:
            found = [*_ask("second", calls, lead, x, others[cut:], y), *[None] * of_v]
    else:
        first = any(is_linear[count : count + of_v])
        known = others[of_v:] if first else others[:of_v]
        gradients = _ask("hess", calls, lead, x, y, known)
        found = [*gradients, *[None] * of_v] if first else [*[None] * of_v, *gradients]
    return [part if linear else None for part, linear in zip([*[None] * count, *found], is_linear, strict=True)]
