"""The jobs to interrupt: each makes a task, used for many trials or, where its first run matters, for one."""

from __future__ import annotations

import contextlib
import copy
import pickle
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import nn
from autograd import (
    Value,
    backward_steps,
    check_gradients,
    compile,
    debug,
    dot,
    functional,
    grad,
    logsumexp,
    maximum,
    no_graph,
    paused_gc,
    tanh,
    where,
)  # fmt: skip
from autograd.backward import use_backward
from autograd.recording import watching
from tests.interrupts.trial import Task

X = [[0.1, -0.7], [1.2, 0.4], [-0.5, 0.9], [0.8, -1.1]]
Y = [0.5, -0.25, 1.0, 0.0]


class Job(NamedTuple):
    """`make` makes a task; `share` is how many trials it gets for one of the slowest job."""

    make: Callable[[], Task]
    share: int
    is_fresh: bool = False  # a new task for each trial


# --- engine -----------------------------------------------------------------------------------------------------------


def f(x: Any, y: Any) -> Any:
    """All kinds of nodes, shared ones among them."""
    h = tanh(x * y + 1.0)
    z = dot([h, x, y], [x, h, 0.5], h)
    return z * h + where(x, maximum(x, y, h), x) + logsumexp([x, y, h]) / (y * y + 2.0)


def bits(*numbers: Any) -> list[str]:
    """As text that tells −0.0 from 0.0."""
    return [float(x).hex() for x in numbers]


def blocks() -> Task:
    x = Value(2.0)
    seen: list[Any] = []

    @no_graph()
    def silent() -> Iterator[int]:
        yield len((x * x).parents)
        yield len((x * x).parents)

    def work() -> object:
        seen.clear()
        with no_graph(), paused_gc():
            counts = [len((x * 3.0).parents)]
            with watching(seen.append):
                counts += [len((x * x).parents), *silent()]
        with watching(seen.append), no_graph(), no_graph():
            counts += [len((x * x).parents), *silent()]
        with debug(anomaly=True), debug(mirror=True), use_backward(seen.append), contextlib.ExitStack() as stack:
            stack.enter_context(no_graph())
            counts.append(len((x * x).parents))
        return counts, len(seen)

    return Task(work, [x])


def backward() -> Task:
    x, y = Value(0.5), Value(-1.5)
    z = f(x, y)

    def work() -> object:
        x.grad = y.grad = 0.0
        z.backward()
        first = bits(x.grad, y.grad)
        x.grad = y.grad = 0.0
        for _ in backward_steps(z):
            pass
        return first, bits(x.grad, y.grad)

    return Task(work, [x, y])


def nested() -> Task:
    w = Value(3.0)

    def slope(p: Any) -> Any:
        return functional.grad(lambda q: q * q * w * p)(2.0) * w

    def work() -> object:
        w.grad = 0.0
        slope(1.5).backward()
        hessian = functional.hessian(lambda xs: f(*xs))([0.5, -1.5])
        pushed = functional.jvp(f, (0.5, -1.5), (1.0, 2.0))
        return bits(w.grad, *hessian[0], *hessian[1], *pushed), bits(functional.grad(functional.grad(slope))(2.0))

    return Task(work, [w])


def gradients() -> Task:
    x, y = Value(0.5), Value(-1.5)

    def work() -> object:
        first = grad(f(x, y), [x, y])
        return bits(*[each.data for each in first], grad(first[0] * first[1], x).data)

    return Task(work, [x, y])


def debugging() -> Task:
    x, y = Value(0.5), Value(-1.5)

    def work() -> object:
        x.grad = y.grad = 0.0
        with debug(anomaly=True):
            f(x, y).backward()
            f(x, y).backward(debug=True)
        return bits(x.grad, y.grad)

    return Task(work, [x, y])


def callbacks() -> Task:
    x, y = Value(0.5), Value(-1.5)

    def work() -> object:
        seen: list[float] = []
        z = x * y
        with z.on_backward(lambda node: seen.append(node.grad)):
            (z * z).backward()
        (z * z).backward()
        return bits(*seen)

    return Task(work, [x, y])


def copies() -> Task:
    x, y = Value(0.5), Value(-1.5)
    z = f(x, y)

    def work() -> object:
        twins = copy.deepcopy([z, x]), pickle.loads(pickle.dumps([z, x]))
        for twin, _ in twins:
            twin.backward()
        return bits(*[leaf.grad for _, leaf in twins])

    return Task(work, [x, y])


def checked() -> Task:
    def work() -> object:
        report = check_gradients(f, 0.5, -1.5, order=2)
        return report.ok, len(report.rows) if hasattr(report, "rows") else 0

    return Task(work)


# --- compile ----------------------------------------------------------------------------------------------------------


def first_call(backend: str) -> Callable[[], Task]:
    """Recording and building for arguments of three kinds, and for another branch."""

    def make() -> Task:
        w, v = Value(0.5), Value(-1.5)

        def net(x: Any) -> Any:
            return f(w * x, v) if x > 0.0 else functional.grad(lambda p: p * p * w)(x)

        fast = compile(net, parameters=[w, v], backend=backend, threads=1)

        def work() -> object:
            return [bits(value, *gradient) for value, gradient in (fast(2.0), fast(-2.0))]

        return Task(work, [w, v], [fast._lock, fast._recording])

    return make


def first_batch(backend: str) -> Callable[[], Task]:
    """The same with samples."""

    def make() -> Task:
        w, v = Value(0.5), Value(-1.5)
        fast = compile(lambda x: f(w * x, v), parameters=[w, v], batch=("x",), backend=backend, threads=1)

        def work() -> object:
            value, gradient = fast([2.0, 1.0, -0.5])
            return bits(value, *gradient, *fast.map([1.0, 3.0]))

        return Task(work, [w, v], [fast._lock, fast._recording])

    return make


def later_calls() -> Task:
    task = first_call("python")()
    task.run()
    return task


def later_batches() -> Task:
    task = first_batch("numpy")()
    task.run()
    return task


def pickled() -> Task:
    fast = compile(f)
    fast(0.5, -1.5)

    def work() -> object:
        twin = pickle.loads(pickle.dumps(fast))
        return bits(twin(0.5, -1.5), *twin.hessian(0.5, -1.5).ravel())

    return Task(work, (), [fast._lock, fast._recording])


# --- nn ---------------------------------------------------------------------------------------------------------------


def training(**options: Any) -> Callable[[], Task]:
    """A few epochs from the same start; the parameters are always those of the start or of an epoch."""

    def make() -> Task:
        model = nn.MLP(2, [2, 1], hidden="tanh", seed=0)
        parameters = model.parameters()
        start = [parameter.data for parameter in parameters]
        states = [bits(*start)]

        def current() -> list[str]:
            return bits(*[parameter.data for parameter in parameters])

        def prepare() -> None:
            for parameter, number in zip(parameters, start, strict=True):
                parameter.data = number

        def work() -> object:
            # It gets worse in the second epoch, so that the first is what it goes back to.
            more = {
                "loss": "mse",
                "epochs": 2,
                "batch_size": 2,
                "optimizer": "sgd",
                "lr": 1.5,
                "progress": False,
            } | options
            nn.fit(model, X, Y, on_epoch=lambda _: states.append(current()), **more)
            return current()

        work()
        known = list(states)
        return Task(work, parameters, prepare=prepare, is_whole=lambda: current() in known)

    return make


_scratch = tempfile.TemporaryDirectory(prefix="interrupts")


def files() -> Task:
    folder = Path(_scratch.name)
    model = nn.MLP(2, [2, 1], seed=0)

    def work() -> object:
        nn.save(model, folder / "model.json")
        return bits(*[parameter.data for parameter in nn.load(folder / "model.json").parameters()])

    work()
    before = (folder / "model.json").read_bytes()
    whole = lambda: (folder / "model.json").read_bytes() == before  # noqa: E731
    return Task(work, model.parameters(), folder=folder, files=frozenset(["model.json"]), is_whole=whole)


JOBS: dict[str, Job] = {
    "blocks": Job(blocks, 200),
    "backward": Job(backward, 200),
    "nested derivatives": Job(nested, 20),
    "grad": Job(gradients, 60),
    "debugging": Job(debugging, 10),
    "callbacks": Job(callbacks, 100),
    "copies": Job(copies, 60),
    "check_gradients": Job(checked, 1),
    "compile and call: python": Job(first_call("python"), 12, is_fresh=True),
    "compile and call: numpy": Job(first_call("numpy"), 2, is_fresh=True),
    "compile and call: llvm": Job(first_call("llvm"), 2, is_fresh=True),
    "compile a batch: numpy": Job(first_batch("numpy"), 2, is_fresh=True),
    "compile a batch: llvm": Job(first_batch("llvm"), 1, is_fresh=True),
    "compiled calls": Job(later_calls, 200),
    "compiled batches": Job(later_batches, 100),
    "pickled programs": Job(pickled, 4),
    "fit, eager": Job(training(compile=False), 20),
    "fit, compiled": Job(training(), 2),
    "files": Job(files, 60),
}
