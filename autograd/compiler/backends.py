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

from autograd import rules
from autograd._numpy import HAS_NUMPY
from autograd.compiler import llvm, python
from autograd.compiler.columns import arities
from autograd.compiler.forms import Forms
from autograd.compiler.loops.loop import Looped
from autograd.compiler.loops.vectors import VectorRunner
from autograd.compiler.numpy_backend.runner import NumpyRunner
from autograd.compiler.options import Options, Runner
from autograd.compiler.program import Program
from autograd.compiler.vector.program import VectorProgram
from autograd.errors import CompileError
from autograd.primitive import Primitive


def _by_arrays(forms: Forms, options: Options) -> NumpyRunner | VectorRunner:
    """By NumPy, with loops over time where there are some: written out, they would be as many steps as trips."""
    if forms.way not in ("loops", "arrays"):  # one that was read from disk knows, and looks for none
        forms.way = "loops" if forms.looped_arrays else "arrays"
    loops = forms.looped_arrays if forms.way == "loops" else None
    return VectorRunner(loops, options.dtype) if loops else NumpyRunner(forms.vectors, options.dtype)


BUILD: dict[str, Callable[[Forms, Options], Runner]] = {
    "python": lambda forms, options: python.build(forms.program, options),
    "numpy": _by_arrays,
    "llvm": llvm.build_from,
}
NAMES = {"python": "Python", "numpy": "NumPy", "llvm": "llvm"}  # in sentences
EXACT = ("python", "llvm")  # those that can keep the order of additions

USES = 5000  # runs over which the time of a compilation is spread
PYTHON_CALL, PYTHON_OPERATION = 0.5e-6, 40e-9  # seconds for a run, and for an operation in it
PYTHON_NUMBER = 30e-9  # for each number that comes in or out: as an object
LLVM_CALL, LLVM_OPERATION, LLVM_LANES = 8e-6, 1.5e-9, 0.45e-9  # LLVM_LANES: on as many samples as fit a register
# LLVM_PRODUCT is 62 GF/s: 784-30-10 on 128 samples, where a loop of fused additions without loads reached 82.
LLVM_STEP, LLVM_PRODUCT, LLVM_ELEMENT = 0.1e-6, 0.016e-9, 0.4e-9  # a loop, an operation in a product, elsewhere
LLVM_START, LLVM_BUILD, LLVM_STEP_BUILD = 0.03, 10e-6, 1e-3  # to build a program, for each operation, for each loop
LLVM_LOOK, LLVM_OPERAND = 4e-6, 20e-6  # to look for loops over time, for each equation; to build one, for each operand
NUMPY_CALL, NUMPY_PRODUCT, NUMPY_ELEMENT = 1.6e-6, 0.025e-9, 0.6e-9  # a step, an operation in a product, elsewhere
NUMPY_BUILD = 0.3e-3  # for each step
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
    if not HAS_NUMPY:
        _refuse_arrays(options)
    if name == "auto":
        found = sorted(estimates(forms, options, samples), key=lambda each: each.cost)
        return Choice(found[0].name, found[0].make(), f"expected for a run: {', '.join(map(str, found))}")
    if options.exact and name not in EXACT:
        raise CompileError(f"the back end {name} adds in an order of its own; exact=True needs {' or '.join(EXACT)}")
    return Choice(name, BUILD[name](forms, options), "as asked for")


def _refuse_arrays(options: Options) -> None:
    """CompileError for options that only Python cannot do."""
    asked = f"the back end {options.backend!r}" if options.backend in ("numpy", "llvm") else ""
    if asked or options.dtype != "float64":
        raise CompileError(
            f"{asked or f'dtype={options.dtype!r}'} needs NumPy, which is not installed: pip install numpy, or choose "
            + ('backend="python"' if asked else 'dtype="float64"')
        )


def next_best(forms: Forms, options: Options, samples: int, failed: Sequence[str]) -> Options:
    """The options with the back end that is expected to be fastest of those that have not failed; python is the last.

    >>> from autograd.compiler.program import Equation, Program
    >>> from autograd.rules import exp
    >>> one = Forms(Program(("x",), (Equation(exp, (0,)),), (), (1,)))
    >>> next_best(one, Options(backend="numpy", dtype="float32"), 1, ["numpy", "llvm"])
    Options(backend='python', exact=False, dtype='float64', threads=None, on_branch='record')
    """
    left = [each for each in estimates(forms, options, samples, failed) if each.name not in failed]
    if not left:
        return replace(options, backend="python", dtype="float64")
    return replace(options, backend=min(left, key=lambda each: each.cost).name)


def estimates(forms: Forms, options: Options, samples: int, failed: Sequence[str] = ()) -> Iterator[Estimate]:
    """The time that each back end which can run the program would take, where it may be worth it."""
    times = 1.0 if forms.wanted is None else WITH_DERIVATIVES
    program = forms.flattened_forward
    work = times * operations(program)
    numbers = len(program.names) + len(program.outputs) + len(forms.wanted or ())
    python_run = (PYTHON_CALL + PYTHON_OPERATION * work + PYTHON_NUMBER * numbers) * samples
    if options.dtype == "float64":
        yield Estimate("python", python_run, 0.0, partial(BUILD["python"], forms, options))
    if not HAS_NUMPY:
        return
    has_llvm = importlib.util.find_spec("llvmlite") is not None
    shortest = NUMPY_CALL * min(times, 2.0) * forms.forward_depth
    others = options.dtype == "float64" or (has_llvm and work <= LARGE)
    looks = not options.exact and (max(shortest, WORTH_LOOKING) < python_run or not others)
    best = _by_llvm(forms, options, samples, work, looks, python_run) if has_llvm else None
    if best:
        yield best
        # What loses by the number of its calls alone is not built.
        looks = looks and ("llvm" in failed or shortest < best.cost)
    if looks and forms.looped_arrays:
        yield _by_numpy_loops(VectorRunner(forms.looped_arrays, options.dtype), samples)
    elif looks:
        yield _by_numpy(forms.vectors, samples, partial(BUILD["numpy"], forms, options))


def _by_llvm(
    forms: Forms, options: Options, samples: int, work: float, looks: bool, python_run: float
) -> Estimate | None:
    """Machine code by the way that it would take; None where that is too large to be built."""
    program, make = forms.flattened_forward, partial(BUILD["llvm"], forms, options)
    may_loop = python_run > LLVM_CALL and not options.exact  # less is not to be had by them
    loops = llvm.over_time(forms, options) if may_loop else None
    if loops:
        return _over_time(loops, program, options, work, samples, make)
    if (looks or (may_loop and forms.looped)) and llvm.is_regular(forms):  # bodies too large for loops
        return _by_loops(forms.vectors, options, samples, make)
    return _written_out(program, options, work, samples, make) if work <= LARGE else None


def _by_numpy(vectors: VectorProgram, samples: int, make: Callable[[], Runner]) -> Estimate:
    products, elements = vectors.costs(samples)
    run = NUMPY_CALL * vectors.equations + NUMPY_PRODUCT * products + NUMPY_ELEMENT * elements
    return Estimate("numpy", run, NUMPY_BUILD * vectors.equations, make)


def _by_numpy_loops(runner: VectorRunner, samples: int) -> Estimate:
    """A loop over time takes few calls to build, and those of a body in each trip."""
    calls, products, elements = runner.costs(samples)
    run = NUMPY_CALL * calls + NUMPY_PRODUCT * products + NUMPY_ELEMENT * elements
    return Estimate("numpy", run, 0.0, lambda: runner)


def _by_loops(vectors: VectorProgram, options: Options, samples: int, make: Callable[[], Runner]) -> Estimate:
    """Machine code with a loop for each step."""
    products, elements = vectors.costs(samples)
    width = 0.5 if options.dtype == "float32" else 1.0
    work = width * (LLVM_PRODUCT * products + LLVM_ELEMENT * elements)
    run = LLVM_CALL + LLVM_STEP * vectors.equations + work
    return Estimate("llvm", run, LLVM_START + LLVM_STEP_BUILD * vectors.equations, make)


def _over_time(
    loops: Looped, program: Program, options: Options, work: float, samples: int, make: Callable[[], Runner]
) -> Estimate:
    """Machine code with an instruction for each operation of a body, whatever its trips; each waits for another one."""
    build = LLVM_START + LLVM_LOOK * len(program.equations) + LLVM_OPERAND * loops.written
    tiles = _tiles(options, samples) if program.batched else 1
    return Estimate("llvm", LLVM_CALL + LLVM_OPERATION * work * tiles, build, make)


def _written_out(program: Program, options: Options, work: float, samples: int, make: Callable[[], Runner]) -> Estimate:
    """Machine code with an instruction for each operation."""
    each = LLVM_LANES * _tiles(options, samples) if program.batched else LLVM_OPERATION
    return Estimate("llvm", LLVM_CALL + each * work, LLVM_START + LLVM_BUILD * work, make)


def _tiles(options: Options, samples: int) -> int:
    """How many vectors the samples of a batch fill."""
    return -(-samples // (8 if options.dtype == "float32" else 4))


def operations(program: Program) -> int:
    """Additions, multiplications and function values of one run for one sample.

    >>> from autograd.compiler.program import Equation
    >>> operations(Program(("x", "y"), (Equation(rules.dot, (0, 1, 1, 0, 0.0)), Equation(rules.mul, (2, 2))), (), (3,)))
    3
    """
    found = arities(program.equations).items()
    return sum([times * _operations_of(row, count) for (row, count), times in found])


def _operations_of(row: Primitive, operands: int) -> int:
    if row is rules.dot:
        return operands // 2
    return operands if row.variadic else 1
