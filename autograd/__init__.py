"""A scalar autograd engine: Values that record how they were computed, and the chain rule over that record.

Start reading at `rules.py`.
"""

from autograd._startup import end_by_signal

end_by_signal("autograd", "nn")

from os import environ
from typing import TYPE_CHECKING

from autograd._installation import refuse_mixture

refuse_mixture(__path__[0])

from autograd import _hypothesis as _hypothesis_entry
from autograd import backward as _backward
from autograd._lazy import lazy_attributes, lazy_call
from autograd._version import __version__ as __version__
from autograd.affine import affine
from autograd.backward import Step, backward_steps
from autograd.derivative import grad
from autograd.errors import (
    AutogradError,
    CheckError,
    CompileError,
    DomainError,
    GraphError,
    NonFiniteError,
    RootError,
)
from autograd.functions import (
    abs,
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    ceil,
    clip,
    cos,
    cosh,
    cosm1,
    dot,
    elu,
    erf,
    exp,
    exp2,
    expm1,
    floor,
    fmod,
    gelu,
    hypot,
    leaky_relu,
    log,
    log1mexp,
    log1p,
    log2,
    log10,
    log_sigmoid,
    log_softmax,
    logaddexp,
    logsumexp,
    maximum,
    mean,
    minimum,
    norm,
    pick,
    pow,
    prod,
    reciprocal,
    relu,
    rsqrt,
    sigmoid,
    sign,
    silu,
    sin,
    sinc,
    sinh,
    softmax,
    softplus,
    sqrt,
    square,
    std,
    tan,
    tanh,
    total,
    where,
    xlogy,
)
from autograd.primitive import PRIMITIVES, Primitive, define
from autograd.recording import no_graph, paused_gc, scope
from autograd.value import Value

if TYPE_CHECKING:
    from autograd import drawing, functional, interop
    from autograd.check import CheckReport, check_gradients
    from autograd.checkpointing import checkpointed
    from autograd.compiler.compiled import Compiled, compile
    from autograd.compiler.traced import Index
    from autograd.debugging.hooks import breakpoint_at
    from autograd.debugging.source import backward_source
    from autograd.debugging.stepper.session import step
    from autograd.debugging.switch import debug
    from autograd.derivations import Derivation, derivation
    from autograd.drawing import Drawing, draw
    from autograd.exercises import Exercise, exercise
    from autograd.exploring.explore import explore
    from autograd.exploring.replay import replay
    from autograd.implicit.root import RootResult, fixed_point, root
    from autograd.precision import DigitsReport, digits
    from autograd.uncertainty import Propagated, propagate
else:  # the same, each when it is first used: see _lazy.py
    _LAZY = {
        "autograd": ("drawing", "functional", "interop"),
        "autograd.check": ("CheckReport", "check_gradients"),
        "autograd.checkpointing": ("checkpointed",),
        "autograd.compiler.compiled": ("Compiled", "compile"),
        "autograd.compiler.traced": ("Index",),
        "autograd.debugging.hooks": ("breakpoint_at",),
        "autograd.debugging.stepper.session": ("step",),
        "autograd.debugging.source": ("backward_source",),
        "autograd.debugging.switch": ("debug",),
        "autograd.derivations": ("Derivation", "derivation"),
        "autograd.drawing": ("Drawing", "draw"),
        "autograd.exploring.explore": ("explore",),
        "autograd.exploring.replay": ("replay",),
        "autograd.exercises": ("Exercise", "exercise"),
        "autograd.implicit.root": ("RootResult", "fixed_point", "root"),
        "autograd.precision": ("DigitsReport", "digits"),
        "autograd.uncertainty": ("Propagated", "propagate"),
    }
    __getattr__ = lazy_attributes(globals(), _LAZY)
    if environ.get("AUTOGRAD_DEBUG"):  # a switch for the whole process, on from the first node
        __getattr__("debug")

__all__ = [
    "PRIMITIVES",
    "AutogradError",
    "CheckError",
    "CheckReport",
    "CompileError",
    "Compiled",
    "Derivation",
    "DigitsReport",
    "DomainError",
    "Drawing",
    "Exercise",
    "GraphError",
    "Index",
    "NonFiniteError",
    "Primitive",
    "Propagated",
    "RootError",
    "RootResult",
    "Step",
    "Value",
    "abs",
    "acos",
    "acosh",
    "affine",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "backward_source",
    "backward_steps",
    "breakpoint_at",
    "cbrt",
    "ceil",
    "check_gradients",
    "checkpointed",
    "clip",
    "compile",
    "cos",
    "cosh",
    "cosm1",
    "debug",
    "define",
    "derivation",
    "digits",
    "dot",
    "draw",
    "drawing",
    "elu",
    "erf",
    "exercise",
    "exp",
    "exp2",
    "explore",
    "expm1",
    "fixed_point",
    "floor",
    "fmod",
    "functional",
    "gelu",
    "grad",
    "hypot",
    "interop",
    "leaky_relu",
    "log",
    "log1mexp",
    "log1p",
    "log2",
    "log10",
    "log_sigmoid",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "no_graph",
    "norm",
    "paused_gc",
    "pick",
    "pow",
    "prod",
    "propagate",
    "reciprocal",
    "relu",
    "replay",
    "root",
    "rsqrt",
    "scope",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinc",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "square",
    "std",
    "step",
    "tan",
    "tanh",
    "total",
    "where",
    "xlogy",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


# What lies above the engine, and what the engine leaves to it: a debugger's pass, and what notebooks show.
_backward.debug_backward = lazy_call("autograd.debugging.switch", "debugged_pass")
Value._repr_mimebundle_ = lazy_call("autograd.drawing.notebook", "mimebundle")  # type: ignore[attr-defined]
_hypothesis_entry.register()  # if Hypothesis is there already; else it asks for it when it is imported
