"""Compiled functions as C functions that SciPy calls without Python: integrands of `quad` and `nquad`."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from autograd.compiler.compiled import Compiled
from autograd.compiler.given import given
from autograd.compiler.kinds import Derivative
from autograd.compiler.llvm.entry import OF_ARRAY, OF_NUMBER, entry
from autograd.compiler.lower import VALUE
from autograd.compiler.program import Program
from autograd.errors import CompileError
from autograd.interop.leaves import missing
from autograd.structure import NUMBER, size_of

if TYPE_CHECKING:
    from scipy import LowLevelCallable

Signature: TypeAlias = Literal["double (int, double *, void *)", "double (double, void *)"]
_TYPES: dict[str, tuple[str, list[Any]]] = {
    "double (int, double *, void *)": (OF_ARRAY, [ctypes.c_int, ctypes.POINTER(ctypes.c_double), ctypes.c_void_p]),
    "double (double, void *)": (OF_NUMBER, [ctypes.c_double, ctypes.c_void_p]),
}


def low_level_callable(
    compiled: Compiled,
    *args: Any,
    argnum: int | None = None,
    signature: Signature = "double (int, double *, void *)",
) -> LowLevelCallable:
    """The compiled function as a `scipy.LowLevelCallable`: machine code that takes the numbers of its arguments.

    compiled    what `autograd.compile` gives, of a function that returns one number
    args        arguments for one call, which have the structure of all calls
    argnum      for the derivative by this argument, a number, instead of the value
    signature   of the C function: of an array, for `nquad` and `quad`, or of one number

    >>> from scipy.integrate import nquad
    >>> import autograd
    >>> f = low_level_callable(autograd.compile(lambda x, y: x * y), 0.5, 0.5)
    >>> f.signature
    'double (int, double *, void *)'
    >>> round(nquad(f, [(0.0, 1.0), (0.0, 2.0)])[0], 9)
    1.0

    Arrays and lists among the arguments are numbers in a row, too. What SciPy passes as `args` follows what it
    integrates over. `parameters` have the numbers that they have now. Called with another number of arguments, it
    answers nan. CompileError where SciPy or llvmlite is not installed, for a function with a batch or of several
    numbers, and for one with branches (`if`), since C cannot record others.
    """
    try:
        from scipy import LowLevelCallable
    except ImportError as error:
        raise missing("scipy", "sparse") from error
    if compiled.batch:
        raise CompileError("a C function has no batch; compile the function without batch=")
    program, output, parameters = _program(compiled, args, argnum)
    _check(program, len(program.names) - len(parameters), signature)
    name, types = _TYPES[signature]
    machine = entry(program, output, parameters, compiled.options.exact)
    function = machine.function(name, ctypes.c_double, *types)
    function.machine = machine  # keeps the code
    return LowLevelCallable(function)


def _program(compiled: Compiled, args: Sequence[Any], argnum: int | None) -> tuple[Program, int, list[float]]:
    """A recording, which of its outputs is wanted, and the numbers of the parameters."""
    arguments, parameters = compiled._arguments(args), compiled._current()
    kind: Any = VALUE
    if argnum is not None:
        chosen, _ = compiled._chosen(argnum, argnum, len(args))
        assert chosen is not None
        if arguments.keys[chosen[0]] is not NUMBER:
            raise CompileError(f"argnum={argnum}: the derivative has to be by one number; got an argument of several")
        kind = Derivative("grad", chosen)
    lowered = compiled._run(kind, given(arguments, parameters))[0].lowered
    if size_of(lowered.result) != 1:
        raise CompileError(f"an integrand returns one number; the function returns {size_of(lowered.result)}")
    return lowered.program, int(argnum is not None), [float(x) for x in parameters]


def _check(program: Program, free: int, signature: str) -> None:
    if signature not in _TYPES:
        raise CompileError(f"signature={signature!r} is not supported; supported: {' or '.join(map(repr, _TYPES))}")
    if signature == "double (double, void *)" and free != 1:
        raise CompileError(f"signature={signature!r} takes one number, and the function takes {free}")
    if program.guards:
        first = program.guards[0]
        raise CompileError(
            f"{first.where}: C cannot record another branch; write where(condition, x, y) instead of an if"
        )
