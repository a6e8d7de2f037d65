"""`autograd.debug` and AUTOGRAD_DEBUG: what is on, where, and for how long."""

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import autograd
import autograd.debugging.switch as switch
from autograd import NonFiniteError, Value, debug
from autograd.backward import use_backward
from autograd.debugging.switch import DebugSettings, parse_settings
from autograd.origin import position

HUGE = 1e200


def is_remembered():
    return position(Value(1.0)) is not None


def is_checked():
    """Whether a product that overflows is refused."""
    try:
        Value(HUGE) * HUGE
    except NonFiniteError:
        return True
    return False


def is_pass_checked():
    """Whether a gradient that overflows is refused."""
    try:
        (Value(1e-300) * HUGE * HUGE).backward()
    except NonFiniteError:
        return True
    return False


def state():
    return is_remembered(), is_checked()


def test_off_unless_asked_for():
    assert state() == (False, False)


def test_blocks_nest_and_inherit_what_they_do_not_mention():
    with debug():
        assert state() == (True, False)
        with debug(anomaly=True):
            assert state() == (True, True)
            with debug():
                assert state() == (True, True)
            with debug(anomaly=False):
                assert state() == (True, False)
                with debug(anomaly=True):
                    assert state() == (True, True)
            assert state() == (True, True)
        assert state() == (True, False)
    assert state() == (False, False)


def test_after_an_exception_it_is_switched_off():
    with pytest.raises(KeyError), debug(anomaly=True):
        raise KeyError
    assert state() == (False, False)


def test_it_decorates_functions():
    assert debug(anomaly=True)(state)() == (True, True)
    assert state() == (False, False)


def test_other_threads_are_left_alone():
    with debug(anomaly=True), ThreadPoolExecutor(1) as pool:
        assert pool.submit(state).result() == (False, False)
        assert pool.submit(debug()(state)).result() == (True, False)
        assert state() == (True, True)


def test_other_tasks_are_left_alone():
    async def inside(entered, done):
        with debug():
            entered.set()
            await done.wait()
            return is_remembered()

    async def main():
        entered, done = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(inside(entered, done))
        await entered.wait()
        outside = is_remembered()
        done.set()
        return outside, await task

    assert asyncio.run(main()) == (False, True)


def test_backward_is_checked_where_nodes_are():
    found = [is_pass_checked()]
    with debug():
        found.append(is_pass_checked())
    with debug(anomaly=True):
        with debug():
            found.append(is_pass_checked())
        with debug(anomaly=False):
            found.append(is_pass_checked())
    assert found == [False, False, True, False]


def test_a_pass_chosen_by_use_backward_is_kept():
    seen = []
    with use_backward(seen.append), debug():
        Value(1.0).backward()
    assert len(seen) == 1


def test_the_function_hides_no_module():
    assert callable(autograd.debug)
    assert switch.debug is autograd.debug


# --- AUTOGRAD_DEBUG ---------------------------------------------------------------------------------------------------

PROGRAM = """
from concurrent.futures import ThreadPoolExecutor
from autograd import debug
from tests.debugging.test_debug_switch import is_pass_checked, state
with ThreadPoolExecutor(1) as pool:
    print(state(), pool.submit(state).result(), pool.submit(is_pass_checked).result())
for anomaly in False, True:
    with debug(anomaly=anomaly):
        print(state())
"""


def run(words):
    place = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "AUTOGRAD_DEBUG": words}
    return subprocess.run([sys.executable, "-c", PROGRAM], env=place, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize(("words", "expected"), [("1", (True, False)), ("anomaly", (True, True))])
def test_the_variable_switches_on_all_threads(words, expected):
    found = run(words)
    assert found.stdout.splitlines() == [
        f"{expected} {expected} {expected[1]}",
        "(True, False)",
        "(True, True)",
    ], found.stderr


def test_an_unknown_word_is_refused_with_those_that_are_known():
    assert "AUTOGRAD_DEBUG='anomoly': unknown word 'anomoly'; use 1, anomaly" in run("anomoly").stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("0", None),
        (" , ", None),
        ("1", DebugSettings()),
        ("1,", DebugSettings()),
        ("anomaly", DebugSettings(anomaly=True)),
        (" 1 , Anomaly", DebugSettings(anomaly=True)),
    ],
)
def test_words_are_separated_by_commas(text, expected):
    assert parse_settings(text) == expected


@pytest.mark.parametrize("text", ["2", "anomaly;1", "anomaly,speed"])
def test_words_are_checked(text):
    with pytest.raises(ValueError, match="unknown word"):
        parse_settings(text)
