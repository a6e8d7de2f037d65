"""This project's gradient checker beside those of three peers: which wrong rules pass, which correct functions fail.

The only times taken are those of our own checks. The peers run in environments of their own (see `checkers_peers`);
they are no test dependencies.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import process_time
from typing import Any

import autograd
from autograd.check.report import aligned
from autograd.testing import mutated
from tests.benchmark import checkers_peers
from tests.benchmark.checkers_peers import CORRECT, ERRORS, LEFT, SCALES, Answers, Checker, Function, answers

NAME = "checkers"
TITLE = "gradient checkers with their own default tolerances, first order, float64"
PEERS = {"torch": "torch==2.14.1", "jax": "jax==0.10.2", "hips": "autograd==1.9.1"}  # what their environments need
ORACLES = ("auto", "complex", "differences", "function")  # ours: the first is the default, and the one with a promise
HINT = f"peers   --peers DIR adds {', '.join(PEERS)}, from environments in that folder, and says how to make them"
PROMISE = 1e-12
RUNS = 9  # of a check that is timed
SECONDS = 600  # a peer takes about 10: beyond this it hangs


class PeerError(Exception):
    """A peer's environment is there, yet gave no answers."""


def run(folder: Path | None, ours: Sequence[Checker] | None = None) -> bool:
    """Ask our checker, and the peers that have an environment in `folder`; print the table.

    False when the first of `ours` breaks the promise, or when a peer's environment fails; one that is missing is only
    named, with the command that makes it.
    """
    print(f"\n{NAME}: {TITLE}")
    columns = [answers(checker) for checker in ours or map(our_checker, ORACLES)]
    found, notes, sound = ask_all(folder) if folder else ([], [HINT], True)
    default = columns[0]
    lines = (*table([*columns, *found]), *notes, *cost_lines(), promise_line(default))
    print(*[f"  {line}" for line in lines], sep="\n")
    return keeps_promise(default) and sound


# --- ours -------------------------------------------------------------------------------------------------------------


def our_checker(oracle: str) -> Checker:
    """`autograd.check_gradients` with one of its oracles."""

    def accepts(f: Function, x: float) -> bool:
        return autograd.check_gradients(f, x, oracle=oracle, raise_on_failure=False).ok

    name = autograd.check_gradients(autograd.exp, 0.0, oracle=oracle).oracle
    return Checker(
        f"ours, {name}", accepts, wrong_exp, autograd.log, autograd.sin, autograd.relu, autograd.Value.detach
    )


@contextmanager
def wrong_exp(error: float) -> Iterator[Function]:
    """The engine's own exp, with its row in the table out of order for the block."""
    with mutated("exp", lambda out, x: out * (1.0 + error)):
        yield autograd.exp


def keeps_promise(ours: Answers) -> bool:
    """Whether every rule wrong by PROMISE or more is caught and what left the graph noticed, and no correct one fails.

    >>> keeps_promise(Answers("sharp", [1e-13, 0.0], [True])), keeps_promise(Answers("dull", [1e-12, 0.0], [True]))
    (True, False)
    """
    noticed = all(passes is False for passes in ours.left)
    return noticed and all(ours.passes) and all(error is not None and error < PROMISE for error in ours.largest)


# --- peers ------------------------------------------------------------------------------------------------------------


def ask_all(folder: Path) -> tuple[list[Answers], list[str], bool]:
    """The answers of the peers, notes on those that gave none, and whether every environment that is there works."""
    found, notes, sound = [], [], True
    for peer in PEERS:
        try:
            found.append(asked(peer, folder / peer))
        except FileNotFoundError:
            notes.append(f"{peer}: skipped, it has no environment; {making(peer, folder / peer)}")
        except PeerError as error:
            notes.append(f"{peer}: FAILED: {error}; to make its environment: {making(peer, folder / peer)}")
            sound = False
    return found, notes, sound


def asked(peer: str, environment: Path) -> Answers:
    """The answers of a peer in its environment; FileNotFoundError without one, PeerError when there are no answers."""
    python = interpreter(environment)
    if not python.exists():
        raise FileNotFoundError(python)
    return ask([str(python), "-I", checkers_peers.__file__, peer])


def ask(command: Sequence[str]) -> Answers:
    """Run a command that prints answers as JSON, on the last line of its output; PeerError with its last words if not.

    >>> import sys
    >>> program = "import json; print(json.dumps(dict(name='p', largest=[0.1], passes=[True])))"
    >>> ask([sys.executable, "-c", program])
    Answers(name='p', largest=[0.1], passes=[True], left=[])
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
        return Answers(**json.loads(done.stdout.rstrip().rpartition("\n")[2]))
    except subprocess.CalledProcessError as error:
        words = error.stderr.strip().rpartition("\n")[2] or f"exit code {error.returncode}, without a word"
        raise PeerError(words) from error
    except (OSError, subprocess.TimeoutExpired, ValueError, TypeError) as error:
        raise PeerError(str(error)) from error


def interpreter(environment: Path) -> Path:
    """Where a virtual environment has its Python."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def making(peer: str, environment: Path) -> str:
    """The command that makes a peer's environment."""
    place, python = shlex.quote(str(environment)), shlex.quote(str(interpreter(environment)))
    return f"python3 -m venv {place} && {python} -m pip install {PEERS[peer]}"


# --- text -------------------------------------------------------------------------------------------------------------


def table(columns: Sequence[Answers]) -> list[str]:
    """One column per checker, one row per question."""
    blank = [""] * len(columns)
    rows = [["", *[column.name for column in columns]], ["largest error of a rule that passes", *blank]]
    rows += [[f"  output {scale:g}", *[error_text(c.largest[i]) for c in columns]] for i, scale in enumerate(SCALES)]
    rows += [["correct functions", *blank]]
    for i, (name, x) in enumerate(CORRECT):
        rows.append([f"  {name} at {x:g}", *["passes" if column.passes[i] else "FAILS" for column in columns]])
    rows.append(["a number left the graph", *blank])
    for i, (name, x) in enumerate(LEFT):
        rows.append([f"  {name} at {x:g}", *[left_text(column.left, i) for column in columns]])
    return aligned(rows).splitlines()


def left_text(left: Sequence[bool | None], i: int) -> str:
    """What became of a number that left: noticed, or not.

    >>> left_text([True, False], 0), left_text([True, False], 1), left_text([None], 0), left_text([], 0)
    ('PASSES', 'noticed', 'right one fails', '-')
    """
    return {True: "PASSES", False: "noticed", None: "right one fails"}[left[i]] if left else "-"


def cost_lines() -> list[str]:
    """What it costs to call f again: CPU milliseconds for a check of f beside one of the graph that it recorded."""
    lines = []
    for name, f, at in (("tanh(x y) + x", two_inputs, (0.7, -1.3)), ("a net of 61 nodes", net, (0.5, -0.25))):
        again = least_ms(lambda f=f, at=at: autograd.check_gradients(f, *at))  # type: ignore[misc]
        graph = least_ms(lambda f=f, at=at: autograd.check_gradients(f(*map(autograd.Value, at))))  # type: ignore[misc]
        lines.append(f"cost    {name}: {again:.1f} ms of CPU time, without calling f again {graph:.1f} ms")
    return lines


def two_inputs(x: Any, y: Any) -> Any:
    """A function of a few operations."""
    return autograd.tanh(x * y) + x


def net(x: Any, y: Any) -> Any:
    """A net with two hidden layers of four."""
    layer = [x, y]
    for k in range(3):
        layer = [
            autograd.tanh(sum((each * (0.3 + 0.1 * (i + j + k)) for j, each in enumerate(layer)), 0.1))
            for i in range(4 if k < 2 else 1)
        ]
    return layer[0]


def least_ms(work: Callable[[], object]) -> float:
    """The CPU time of the fastest of several runs, in milliseconds: what else the machine does can only add to it."""
    times = []
    for _ in range(RUNS):
        start = process_time()
        work()
        times.append(process_time() - start)
    return 1e3 * min(times)


def error_text(error: float | None) -> str:
    """The largest error that passes, relative to the derivative.

    >>> error_text(0.001), error_text(0.0), error_text(None)
    ('0.001', '< 1e-15', 'right rule fails')
    """
    if error is None:
        return "right rule fails"
    return f"{error:g}" if error else f"< {min(filter(None, ERRORS)):g}"


def promise_line(ours: Answers) -> str:
    """The promise, and whether it holds."""
    promise = f"ours catches every rule that is wrong by {PROMISE:g} or more, and fails no correct function"
    return f"target  {promise}: {'met' if keeps_promise(ours) else 'MISSED'}"
