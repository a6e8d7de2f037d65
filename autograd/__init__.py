"""A scalar autograd engine: Values that record how they were computed, and the chain rule over that record.

Start reading at `rules.py`.
"""

from pathlib import Path

from autograd.installation import refuse_mixture

refuse_mixture(Path(__file__).parent)

from autograd import drawing, functional
from autograd.affine import affine
from autograd.backward import Step, backward_steps
from autograd.check import CheckReport, check_gradients
from autograd.compiler.compiled import Compiled, compile
from autograd.debugging.hooks import breakpoint_at
from autograd.debugging.session import step
from autograd.debugging.source import backward_source
from autograd.debugging.switch import debug
from autograd.derivative import grad
from autograd.drawing import Drawing, draw
from autograd.errors import AutogradError, CheckError, CompileError, DomainError, GraphError, NonFiniteError
from autograd.functions import (
    abs,
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    ceil,
    clip,
    cos,
    cosh,
    dot,
    elu,
    erf,
    exp,
    expm1,
    floor,
    gelu,
    hypot,
    leaky_relu,
    log,
    log1p,
    log_softmax,
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
    sigmoid,
    sign,
    silu,
    sin,
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
)
from autograd.primitive import PRIMITIVES, Primitive, define
from autograd.recording import no_graph, paused_gc
from autograd.replaying import replay
from autograd.value import Value

__all__ = [
    "PRIMITIVES",
    "AutogradError",
    "CheckError",
    "CheckReport",
    "CompileError",
    "Compiled",
    "DomainError",
    "Drawing",
    "GraphError",
    "NonFiniteError",
    "Primitive",
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
    "ceil",
    "check_gradients",
    "clip",
    "compile",
    "cos",
    "cosh",
    "debug",
    "define",
    "dot",
    "draw",
    "drawing",
    "elu",
    "erf",
    "exp",
    "expm1",
    "floor",
    "functional",
    "gelu",
    "grad",
    "hypot",
    "leaky_relu",
    "log",
    "log1p",
    "log_softmax",
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
    "reciprocal",
    "relu",
    "replay",
    "sigmoid",
    "sign",
    "silu",
    "sin",
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
]
