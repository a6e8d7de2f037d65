"""The questions put to every gradient checker, and how three peers are asked: a script that needs no project.

    python -I checkers_peers.py torch         # in the peer's own environment; prints the answers as JSON

HIPS autograd imports under the same name as this project's engine, so the two cannot share an environment. Hence
nothing here is imported from the project, and a peer only inside the function that asks it. Every checker runs with
its own default tolerances, on float64, first order.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from importlib import import_module
from importlib.metadata import version
from typing import Any

Function = Callable[[Any], Any]

SCALES = (1.0, 1e-3, 1e-6)
# A rule times 1 + error, from a thousandfold too large down to the last decade that 1 + error can show; 0: the right
# rule, which a checker has to pass for its other answers to mean anything.
ERRORS = (*[10.0**k for k in range(3, -16, -1)], 0.0)
# All differentiable there but relu at 0, where each peer has its documented choice: 0, and 1/2 in HIPS autograd.
CORRECT = (
    ("log(x)", 1e-5),
    ("log(x)", 1e-7),
    ("1 / x", 1e-4),
    ("relu(x)", 1e-7),
    ("relu(x)", -1e-7),
    ("relu(x)", 0.0),
    ("1e10 + x", 1.0),
    ("sin(1e6 * x)", 1.0),
    ("x**2", 1e8),
)
# Wrong: a factor or a term is a constant to the engine, and depends on x.
LEFT = (("x * detach(x)", 3.0), ("x + detach(x)**2", 0.5), ("log(x) - detach(x)", 1e-5))
SEEDS = 9  # for a checker that draws directions from a global generator: what most of the draws say


@dataclass(frozen=True, slots=True)
class Checker:
    """A gradient checker, and in its own arrays or nodes what the questions are about.

    `accepts(f, x)` says whether the derivative of f at x passes; `wrong_exp(error)` gives, for a `with` block, exp with
    the derivative rule exp(x) (1 + error). `detach(x)` is the number of x, without its graph.
    """

    name: str
    accepts: Callable[[Function, float], bool]
    wrong_exp: Callable[[float], AbstractContextManager[Function]]
    log: Function
    sin: Function
    relu: Function
    detach: Function | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What one checker said: per scale the largest error that passes (None: not even the right rule), per case yes/no.

    `largest` is in the order of SCALES, `passes` in that of CORRECT and `left` in that of LEFT: whether it passes too;
    None where the checker rejects the same function with nothing detached, and so has noticed nothing.
    """

    name: str
    largest: list[float | None]
    passes: list[bool]
    left: list[bool | None] = field(default_factory=list)


def answers(checker: Checker) -> Answers:
    """Put all questions to one checker."""
    correct = functions(checker)
    largest = [largest_passing(checker, scale) for scale in SCALES]
    passes = [checker.accepts(correct[name], at) for name, at in CORRECT]
    leaving = functions_left(checker)
    return Answers(
        checker.name, largest, passes, [passes_too(checker, *leaving[name], at) for name, at in LEFT if leaving]
    )


def passes_too(checker: Checker, left: Function, right: Function, at: float) -> bool | None:
    """Whether `left` passes; None where `right`, the same function with nothing detached, does not."""
    return checker.accepts(left, at) if checker.accepts(right, at) else None


def functions(checker: Checker) -> dict[str, Function]:
    """The correct functions by name, in the checker's own operations."""
    return {
        "log(x)": checker.log,
        "1 / x": lambda x: 1.0 / x,
        "relu(x)": checker.relu,
        "1e10 + x": lambda x: 1e10 + x,
        "sin(1e6 * x)": lambda x: checker.sin(1e6 * x),
        "x**2": lambda x: x**2,
    }


def functions_left(checker: Checker) -> dict[str, tuple[Function, Function]]:
    """The functions of LEFT by name, and each with nothing detached; none where the checker cannot detach."""
    detach = checker.detach
    if detach is None:
        return {}
    return {
        "x * detach(x)": (lambda x: x * detach(x), lambda x: x * x),
        "x + detach(x)**2": (lambda x: x + detach(x) ** 2, lambda x: x + x**2),
        "log(x) - detach(x)": (lambda x: checker.log(x) - detach(x), lambda x: checker.log(x) - x),
    }


def largest_passing(checker: Checker, scale: float) -> float | None:
    """The largest of ERRORS that passes in scale · exp(x) at 0, where output and derivative both equal the scale."""
    for error in ERRORS:
        with checker.wrong_exp(error) as exp:
            if checker.accepts(scaled(scale, exp), 0.0):
                return error
    return None


def scaled(scale: float, f: Function) -> Function:
    """x ↦ scale · f(x)."""
    return lambda x: scale * f(x)


def torch_checker() -> Checker:
    """`torch.autograd.gradcheck`."""
    torch = import_module("torch")

    def accepts(f: Function, x: float) -> bool:
        at = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        return bool(torch.autograd.gradcheck(f, (at,), raise_exception=False))

    @contextmanager
    def wrong_exp(error: float) -> Iterator[Function]:
        class WrongExp(torch.autograd.Function):  # type: ignore[misc, name-defined]
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                out = torch.exp(x)
                ctx.save_for_backward(out)
                return out

            @staticmethod
            def backward(ctx: Any, upstream: Any) -> Any:
                return upstream * ctx.saved_tensors[0] * (1.0 + error)

        yield WrongExp.apply

    return Checker(
        f"torch {torch.__version__}", accepts, wrong_exp, torch.log, torch.sin, torch.relu, lambda x: x.detach()
    )


def jax_checker() -> Checker:
    """`jax.test_util.check_grads`, forward and reverse."""
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    check_grads = import_module("jax.test_util").check_grads
    jax.config.update("jax_enable_x64", True)

    def accepts(f: Function, x: float) -> bool:
        return not raises_assertion(lambda: check_grads(f, (jnp.asarray(x, jnp.float64),), order=1))

    @contextmanager
    def wrong_exp(error: float) -> Iterator[Function]:
        exp = jax.custom_jvp(jnp.exp)

        def rule(primals: Any, tangents: Any) -> Any:
            out = jnp.exp(primals[0])
            return out, out * (1.0 + error) * tangents[0]

        exp.defjvp(rule)
        yield exp

    return Checker(f"jax {jax.__version__}", accepts, wrong_exp, jnp.log, jnp.sin, jax.nn.relu, jax.lax.stop_gradient)


def hips_checker() -> Checker:
    """`autograd.test_util.check_grads` of HIPS autograd, forward and reverse, along random directions."""
    np, anp, extend = map(import_module, ("numpy", "autograd.numpy", "autograd.extend"))
    detach = import_module("autograd.tracer").getval
    check_grads = import_module("autograd.test_util").check_grads

    def accepts(f: Function, x: float) -> bool:
        return sum(accepts_along(f, x, seed) for seed in range(SEEDS)) > SEEDS // 2

    def accepts_along(f: Function, x: float, seed: int) -> bool:
        np.random.seed(seed)
        return not raises_assertion(lambda: check_grads(f, order=1)(x))

    @contextmanager
    def wrong_exp(error: float) -> Iterator[Function]:
        exp = extend.primitive(np.exp)
        extend.defvjp(exp, lambda out, x: lambda upstream: upstream * out * (1.0 + error))
        extend.defjvp(exp, lambda tangent, out, x: tangent * out * (1.0 + error))
        yield exp

    def relu(x: Any) -> Any:
        return anp.maximum(x, 0.0)

    return Checker(f"HIPS autograd {version('autograd')}", accepts, wrong_exp, anp.log, anp.sin, relu, detach)


def raises_assertion(check: Callable[[], object]) -> bool:
    """How two of the peers reject; any other exception is a fault of the question and goes through."""
    try:
        check()
    except AssertionError:
        return True
    return False


PEERS = {"torch": torch_checker, "jax": jax_checker, "hips": hips_checker}


if __name__ == "__main__":
    if sys.argv[1:] not in [[name] for name in PEERS]:
        sys.exit(f"usage: python -I {sys.argv[0]} {{{','.join(PEERS)}}}, got {sys.argv[1:]!r}")
    print(json.dumps(asdict(answers(PEERS[sys.argv[1]]()))))
