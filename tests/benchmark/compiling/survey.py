"""Figures that have no rival: what it takes to compile, and how many vector equations come out."""

from __future__ import annotations

import importlib.util
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import nn
from autograd import Value
from autograd.check.report import aligned
from autograd.compiler.record import Recorder
from tests.benchmark import gpt, moons
from tests.benchmark.compiling import documents, lstm
from tests.benchmark.compiling.network import images
from tests.benchmark.compiling.ours import BACKENDS, Scalars, strict
from tests.benchmark.compiling.points import pendulum_point, rosenbrock_point
from tests.benchmark.compiling.race import verdict
from tests.benchmark.measure import time_text
from tests.benchmark.report import load


class Reading(NamedTuple):
    """One figure, and the most that is promised."""

    name: str
    figure: float
    at_most: float
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """A row of figures: `take(quick, repeat)` gives them, `unit` is what they count."""

    name: str
    title: str
    unit: str
    take: Callable[[bool, int], Iterable[Reading]]


def run(survey: Survey, quick: bool, repeat: int) -> bool:
    """Take and print the figures; False when one of them could not be taken."""
    print(f"\n{survey.name}: {survey.title}{load()}")
    rows, failures = [["", survey.unit, "" if quick else "target", ""]], []
    try:
        for name, figure, at_most, remark in survey.take(quick, repeat):
            rows.append(
                [name, f"{figure:.4g}", "" if quick else f"<= {at_most:g}: {verdict(figure <= at_most)}", remark]
            )
    except Exception as error:  # whatever is wrong here, the other rows run
        failures.append(f"FAILED: {type(error).__name__}: {error}")
    print(*[f"  {line.rstrip()}" for line in (*aligned(rows).splitlines(), *failures)], sep="\n")
    return not failures


# --- compile time -----------------------------------------------------------------------------------------------------

PER_NODE = 4.0
"""Microseconds per recorded node, beyond recording, that a compilation may take."""

SEQUENTIAL = 6.0
"""The same for a program of one step after the other."""

NO_VECTORS = {"pendulum", "LSTM"}
"""Programs with nothing to do at the same time, which `auto` would never give to numpy."""


def compile_times(quick: bool, repeat: int) -> Iterable[Reading]:
    """Median time of a first call less that of recording, per node that the function made; and in eager passes.

    The programs are in plain operators: a node is an operation on one or two numbers. A neuron of `nn` is one node for
    all of its weights.
    """
    for name, make in compiled_programs(quick).items():
        for backend in ("numpy", "llvm"):
            if is_there(backend) and not (backend == "numpy" and name in NO_VECTORS):
                limit = SEQUENTIAL if name in NO_VECTORS else PER_NODE
                yield compile_time(f"{name}, {backend}", make, backend, limit, repeat)


PASSES = 6.0
"""Eager passes of a GPT document that its compilation may take in all."""


def compile_passes(quick: bool, repeat: int) -> Iterable[Reading]:
    """Median time of a first call in eager passes of the same document."""
    make = compiled_programs(quick)["GPT"]
    for backend in filter(is_there, ("numpy", "llvm")):
        taken = [first_call(make(i), backend) for i in range(repeat)]
        passes = statistics.median([each.whole / each.eager for each in taken])
        remark = f"{taken[0].nodes} nodes; an eager pass takes {time_text(statistics.median([x.eager for x in taken]))}"
        yield Reading(f"GPT, {backend}", passes, PASSES, remark)


def is_there(backend: str) -> bool:
    """Whether the package that the back end needs is installed."""
    needed = BACKENDS[backend]
    return needed is None or importlib.util.find_spec(needed) is not None


def compiled_programs(quick: bool) -> dict[str, Callable[[int], Scalars]]:
    """The programs of the races, each a little larger in every repetition, so that nothing kept is of use again."""
    (n_in, hidden, n_out), samples, point = ((4, 3, 2), 4, 20) if quick else ((64, 32, 10), 128, 1000)
    word, width = (1, 4) if quick else (6, gpt.N_EMBD)
    return {
        f"MLP {n_in}-{hidden}-{n_out}": lambda i: operator_network([n_in, hidden + i, n_out], samples),
        "Rosenbrock": lambda i: rosenbrock_point(point + i).scalars,
        "pendulum": lambda i: pendulum_point(point + i).scalars,
        "LSTM": lambda i: lstm.lstm((4 if quick else 1024) + i).scalars,
        "GPT": lambda i: documents.document("a" * (word + i), width).scalars,
    }


def operator_network(sizes: list[int], samples: int) -> Scalars:
    """A perceptron with cross-entropy, every product and sum of it written out."""
    model = moons.MLP(Value, sizes[0], sizes[1:])
    x, y = images(samples, sizes[0], sizes[-1])
    return Scalars(lambda x, y: nn.cross_entropy(model(x), y), (x, y), model.parameters(), ("x", "y"))


def compile_time(name: str, make: Callable[[int], Scalars], backend: str, limit: float, repeat: int) -> Reading:
    """One reading."""
    calls = [first_call(make(i), backend) for i in range(repeat)]
    taken = statistics.median([(each.whole - each.recording) / each.nodes * 1e6 for each in calls])
    passes = statistics.median([each.whole / each.eager for each in calls])
    *_, last = calls
    remark = f"{last.nodes} nodes, recorded in {time_text(last.recording)}; {passes:.1f} eager passes in all"
    return Reading(name, taken, limit, remark)


class FirstCall(NamedTuple):
    """How many nodes were recorded, and the seconds of the call, of recording alone and of an eager pass."""

    nodes: int
    whole: float
    recording: float
    eager: float


def first_call(scalars: Scalars, backend: str) -> FirstCall:
    """What a first call takes."""
    nodes, recording = recorded(scalars)
    compiled = scalars.compiled(backend)
    call = partial(compiled.flat, *scalars.operands())
    start = time.perf_counter()
    strict(call, compiled, backend)
    return FirstCall(nodes, time.perf_counter() - start, recording, eager_pass(scalars))


def eager_pass(scalars: Scalars) -> float:
    """Seconds for value and gradient of one sample by Values."""
    arguments = [(argument[0] if scalars.batch else argument).tolist() for argument in scalars.arguments]
    arguments = [int(each) if isinstance(each, float) else each for each in arguments]  # the index of a class
    if scalars.parameters is None:
        arguments = [[Value(x) for x in arguments[0]]]
    start = time.perf_counter()
    scalars.f(*arguments).backward()
    return time.perf_counter() - start


def recorded(scalars: Scalars) -> tuple[int, float]:
    """How many nodes the function makes while it is recorded, and the seconds that takes."""
    recorder = Recorder({id(each): each.data for each in scalars.parameters or ()})

    def inputs(x: object) -> object:
        return [inputs(each) for each in x] if isinstance(x, list) else recorder.argument(x)  # type: ignore[arg-type]

    values = [inputs((argument[0] if scalars.batch else argument).tolist()) for argument in scalars.arguments]
    start = time.perf_counter()
    recorder.run(scalars.f, *values)
    return len(recorder.nodes), time.perf_counter() - start


# --- a loop of a million nodes ----------------------------------------------------------------------------------------

MILLION = 1_000_000
NODES = 6  # of a step of the pendulum
SECONDS, GIGABYTES = 5.0, 1.0


def million(quick: bool, repeat: int) -> Iterable[Reading]:
    """Seconds to compile a pendulum of that many nodes, and the largest memory of the process that does."""
    steps = (1000 if quick else MILLION) // NODES
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        seconds, recording, peak = pool.submit(compiled_pendulum, steps).result()
    remark = f"{NODES * steps} nodes; {time_text(recording)} of it to record"
    yield Reading("seconds to the first result", seconds, SECONDS, remark)
    if peak is not None:
        yield Reading("gigabytes at most", peak, GIGABYTES, "of the whole process")


def compiled_pendulum(steps: int) -> tuple[float, float, float | None]:
    """Seconds of a first call and of recording, and the peak of this process's memory in gigabytes."""
    scalars = pendulum_point(steps).scalars
    compiled = scalars.compiled("auto")
    start = time.perf_counter()
    compiled.flat(*scalars.operands())
    whole = time.perf_counter() - start
    peak = peak_memory()
    return whole, recorded(scalars)[1], peak


def peak_memory() -> float | None:
    """The most gigabytes that this process had so far; None on Windows, where Python cannot tell."""
    if sys.platform == "win32":
        return None
    if sys.platform == "linux":  # there, `ru_maxrss` of a new process begins with what its parent had
        status = Path("/proc/self/status").read_text()
        return 1024 * int(status.partition("VmHWM:")[2].split()[0]) / 1e9
    resource = import_module("resource")
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit / 1e9


# --- vector equations -------------------------------------------------------------------------------------------------

EQUATIONS = 160
"""The most vector equations that a document of any length may take."""


def document_equations(quick: bool, repeat: int) -> Iterable[Reading]:
    """Vector equations of the GPT's value and gradient by the length of the document."""
    for length in (1, 2) if quick else (3, 6, 9, 14):
        scalars = documents.document("abcdefghijklmno"[:length], 4 if quick else gpt.N_EMBD).scalars
        yield Reading(f"word of {length}", vector_equations(scalars), EQUATIONS, f"{recorded(scalars)[0]} nodes")


def vector_equations(scalars: Scalars) -> int:
    """How many equations the vector program of value and gradient has."""
    compiled = scalars.compiled("numpy")
    compiled.flat(*scalars.operands())
    return int(compiled._ran().runner.vectors.equations)
