"""Interrupts at random bytecodes, a few of each job (row F12); many: `python -m tests.interrupts --times 100000`."""

from __future__ import annotations

import random
import re
import sys
from contextvars import copy_context
from itertools import islice
from typing import Any

import numpy as np
import pytest

from autograd import Value, no_graph
from autograd.compiler.silent import silently
from nn.train.history import History
from nn.train.monitor import Monitor
from tests.interrupts import __main__ as command
from tests.interrupts.jobs import JOBS, Job
from tests.interrupts.trial import Place, Places, State, Task, faults, interrupted

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", JOBS)
def test_an_interrupt_leaves_nothing_behind(name: str) -> None:
    count = min(JOBS[name].share + 1, 20)
    more = command.trials(name, random.Random(0))
    trials = list(islice(more, count))
    while not any(trial.where for trial in trials) and len(trials) < 20:  # machine code that is there is not made again
        trials.append(next(more))
    assert [trial for trial in trials if trial.faults] == []
    assert any(trial.where for trial in trials)


# --- it finds what is left behind -------------------------------------------------------------------------------------


def left_behind(work: Any, **options: Any) -> set[str]:
    """The words for what an interrupt leaves, at any bytecode."""
    task = Task(work, **options)
    expected = task.run()
    places, found = Places(work), set()

    def trial(place: Place) -> list[str]:
        state = State()
        interrupted(task, place)
        return faults(task, place, state, expected)

    for number in range(places.ends[-1]):  # in contexts of their own, which end with what is left in them
        found.update(fault.partition(":")[0] for fault in copy_context().run(trial, places.at(number)))
    return found


def test_a_block_that_is_left_open_is_found() -> None:
    def work() -> None:
        block = no_graph()
        opened.append(block.__enter__())
        block.__exit__(None, None, None)

    opened: list[Any] = []
    assert left_behind(work) == set()  # whoever enters by hand holds the block by a local name, which goes
    blocks = [no_graph() for _ in range(1000)]

    def leaks() -> None:
        block = blocks.pop()
        opened.append(block)
        block.__enter__()
        block.__exit__(None, None, None)

    assert {"the hooks", "operations are not recorded"} <= left_behind(leaks)


def test_half_of_an_update_is_found() -> None:
    parameters = [Value(0.0), Value(0.0)]

    def work() -> None:
        for parameter in parameters:
            parameter.data = 1.0 - parameter.data
        for parameter in parameters:
            parameter.data = 1.0 - parameter.data

    def is_whole() -> bool:
        return parameters[0].data == parameters[1].data

    assert left_behind(work, parameters=parameters, is_whole=is_whole) == {"half of a step is left"}


def test_a_result_that_hangs_on_what_was_interrupted_is_found() -> None:
    seen: list[int] = []

    def work() -> int:
        seen.append(1)
        count = len(seen)
        seen.clear()
        return count

    assert left_behind(work) == {"the next run gives 2, not 1"}


def test_every_bytecode_is_a_place_and_is_reached() -> None:
    def work() -> float:
        return (Value(2.0) * 3.0).data

    places = Places(work)
    reached = [interrupted(Task(work), places.at(number)) for number in range(places.ends[-1])]
    assert all(reached)
    assert len(reached) > 10
    assert not interrupted(Task(work), Place(10**6, 0))
    assert sys.gettrace() is None or "coverage" in repr(sys.gettrace())


def test_a_training_ends_with_the_parameters_of_one_epoch() -> None:
    parameters = [Value(1.0), Value(1.0)]

    def prepare() -> None:
        for parameter in parameters:
            parameter.data = 1.0

    def work() -> None:
        with Monitor(History(), parameters, lambda history: None):
            for parameter in parameters:
                parameter.data = 2.0

    def is_whole() -> bool:
        return parameters[0].data == parameters[1].data

    assert left_behind(work, parameters=parameters, prepare=prepare, is_whole=is_whole) == set()


def test_silence_of_numpy_ends() -> None:
    assert left_behind(lambda: silently(float, 1.0)) == set()

    def leaks() -> None:
        with np.errstate(all="ignore"):
            pass

    assert any("NumPy's errors" in fault for fault in left_behind(leaks))


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_counts_and_ends_with_1_when_something_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command.main(["--times", "30", "--jobs", "backward", "grad"]) == 0
    counted = re.search(r"(\d+) interrupts, 0 left something behind", capsys.readouterr().out)
    assert counted is not None
    assert 0 < int(counted[1]) <= 30  # a few may come too late: the first run fills caches

    def forgets() -> Task:
        seen: list[int] = []

        def work() -> int:
            seen.append(1)
            return seen.clear() or len(seen)  # type: ignore[func-returns-value]

        return Task(work, is_whole=lambda: not seen)

    monkeypatch.setitem(JOBS, "forgets", Job(forgets, 1))
    assert command.main(["--times", "20", "--jobs", "forgets"]) == 1
    assert "half of a step is left" in capsys.readouterr().out


def test_ctrl_c_prints_what_there_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_trial", stop)
    assert command.main(["--jobs", "backward"]) == 0
    assert "interrupted; so far:" in capsys.readouterr().out
