"""The back ends by name, and the choice between them.

`auto` adds up what a program would cost: its calls, its operations, and the building shared out over some thousand
runs. The seconds below were measured on one machine; what they decide is a factor of two or ten, so they need not be
those of yours. They are constants, since the same program has to get the same back end in every process: another one
adds up in another order, and a training that is run again would not end with the same bits.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from autograd.compiler import llvm, python
from autograd.compiler.forms import Forms
from autograd.compiler.numpy_backend import runner as numpy_backend
from autograd.compiler.options import Options, Runner
from autograd.compiler.work import depth, operations
from autograd.errors import CompileError

BUILD: dict[str, Callable[[Forms, Options], Runner]] = {
    "python": lambda forms, options: python.build(forms.program, options),
    "numpy": lambda forms, options: numpy_backend.NumpyRunner(forms.vectors, options.dtype),
    "llvm": llvm.build_from,
}
NAMES = {"python": "Python", "numpy": "NumPy", "llvm": "llvm"}  # in sentences
EXACT = ("python", "llvm")  # those that can keep the order of additions

USES = 5000  # runs over which the time of a compilation is spread
PYTHON_CALL, PYTHON_OPERATION = 0.5e-6, 40e-9  # seconds for a run, and for an operation in it
LLVM_CALL, LLVM_OPERATION, LLVM_LANES = 15e-6, 1.5e-9, 0.45e-9  # LLVM_LANES: on as many samples as fit a register
LLVM_START, LLVM_BUILD = 0.03, 20e-6  # to build a program, and for each of its equations
LLVM_LOOK = 4e-6  # to look for loops over time, for each equation
NUMPY_CALL, NUMPY_PRODUCT, NUMPY_ELEMENT = 1.6e-6, 0.025e-9, 0.6e-9  # a step, an operation in a product, elsewhere
NUMPY_BUILD = 40e-6
WITH_DERIVATIVES = 3.0  # operations of a value and its gradient, where those of the value are 1
WORTH_LOOKING = 60e-6  # seconds of a run that matrices may save; less is not worth looking for them
LARGE = 400_000  # more operations than this take minutes to build as machine code


class Choice(NamedTuple):
    """A back end, ready to run, and why it was chosen."""

    name: str
    runner: Runner
    reason: str


class Estimate(NamedTuple):
    """Seconds that a run is expected to take, and to build the program; `make` does what is left to do."""

    name: str
    run: float
    build: float
    make: Callable[[], Runner]

    @property
    def cost(self) -> float:
        """Seconds for a run, with its share of the time to build."""
        return self.run + self.build / USES

    def __str__(self) -> str:
        return f"{self.name} {1e6 * self.run:.3g} us"


def choose(forms: Forms, options: Options, samples: int) -> Choice:
    """The runner of the back end that was asked for, or with `auto` of the one that is expected to be fastest.

    CompileError when it cannot do what the other options ask.
    """
    name = options.backend
    if name == "auto":
        found = sorted(estimates(forms, options, samples), key=lambda each: each.cost)
        return Choice(found[0].name, found[0].make(), f"expected for a run: {', '.join(map(str, found))}")
    if options.exact and name not in EXACT:
        raise CompileError(f"the back end {name} adds in an order of its own; exact=True needs {' or '.join(EXACT)}")
    return Choice(name, BUILD[name](forms, options), "as asked for")


def next_best(forms: Forms, options: Options, samples: int, failed: Sequence[str]) -> Options:
    """The options with the back end that is expected to be fastest of those that have not failed; python is the last.

    >>> from autograd.compiler.program import Equation, Program
    >>> from autograd.rules import exp
    >>> one = Forms(Program(("x",), (Equation(exp, (0,)),), (), (1,)))
    >>> next_best(one, Options(backend="numpy", dtype="float32"), 1, ["numpy", "llvm"])
    Options(backend='python', exact=False, dtype='float64', threads=None, on_branch='record')
    """
    left = [each for each in estimates(forms, options, samples) if each.name not in failed]
    if not left:
        return replace(options, backend="python", dtype="float64")
    return replace(options, backend=min(left, key=lambda each: each.cost).name)


def estimates(forms: Forms, options: Options, samples: int) -> Iterator[Estimate]:
    """The time that each back end which can run the program would take, where it may be worth it."""
    batched = bool(forms.forward.batched)
    times = 1.0 if forms.wanted is None else WITH_DERIVATIVES
    program = forms.flattened_forward
    work, equations = times * operations(program), times * len(program.equations)
    best = float("inf")
    if options.dtype == "float64":
        best = run = (PYTHON_CALL + PYTHON_OPERATION * work) * samples
        yield Estimate("python", run, 0.0, partial(BUILD["python"], forms, options))
    has_llvm = importlib.util.find_spec("llvmlite") is not None
    loops = llvm.sequential(forms, options) if has_llvm else None
    if loops or (has_llvm and work <= LARGE):
        lanes = 8 if options.dtype == "float32" else 4
        each = LLVM_LANES * -(-samples // lanes) if batched else LLVM_OPERATION
        run = LLVM_CALL + each * work
        best = min(best, run)
        looking = LLVM_LOOK * len(program.equations) if loops else 0.0
        build = LLVM_START + looking + LLVM_BUILD * (loops.written if loops else equations)
        yield Estimate("llvm", run, build, partial(BUILD["llvm"], forms, options))
    if not options.exact and max(NUMPY_CALL * min(times, 2.0) * depth(program), WORTH_LOOKING) < best:
        vectors = forms.vectors
        products, elements = vectors.costs(samples)
        run = NUMPY_CALL * vectors.equations + NUMPY_PRODUCT * products + NUMPY_ELEMENT * elements
        yield Estimate("numpy", run, NUMPY_BUILD * equations, partial(BUILD["numpy"], forms, options))
