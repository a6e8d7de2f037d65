"""This project as a tool of GradBench: `python -m tests.gradbench_tool` answers its messages, one JSON line each.

    {"id": 0, "kind": "start"}                                 ->  {"id": 0, "tool": "scalar-autograd"}
    {"id": 1, "kind": "define", "module": "lse"}               ->  {"id": 1, "success": true}
    {"id": 2, "kind": "evaluate", "module": "lse", "function": "gradient", "input": {"x": [0.0, 0.0]}}
        ->  {"id": 2, "success": true, "output": [0.5, 0.5], "timings": [{"name": "evaluate", "nanoseconds": ...}]}

What cannot be done is answered with "success": false and an "error"; other kinds of message only with their id. The
timing "prepare" is for reading the input, "evaluate" for each run: the first of them records and compiles. GradBench's
own driver runs it as `gradbench run --eval EVAL --tool "python -m tests.gradbench_tool"`.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from io import TextIOWrapper
from time import perf_counter_ns
from typing import Any, TextIO

import autograd
from tests.benchmark.gradbench import EVALS
from tests.benchmark.gradbench.task import Functions

NAME = "scalar-autograd"


class ToolError(Exception):
    """What the answer to a message, or a line on the standard error stream, says is wrong."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer messages until the input ends; 0, or 1 if a line was not a message."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.gradbench_tool",
        description="Answer the messages of GradBench's protocol: JSON lines on standard input and output.",
    )
    parser.parse_args(arguments)
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")  # a broken byte spoils its line only
    return serve(sys.stdin, sys.stdout, sys.stderr)


def serve(messages: TextIO, responses: TextIO, errors: TextIO) -> int:
    """One response for each message; a line that is not a message is reported, and the next one read."""
    status = 0
    for number, line in enumerate(messages, 1):
        if not line.strip():
            continue
        try:
            message = parsed(line)
        except ToolError as error:
            print(f"line {number}: {error}", file=errors, flush=True)
            status = 1
            continue
        with redirect_stdout(errors):  # the output is for responses only
            response = {"id": message["id"], **answer(message)}
        try:
            print(json.dumps(response), file=responses, flush=True)
        except BrokenPipeError:
            break
    return status


def parsed(line: str) -> dict[str, Any]:
    """The message on a line; ToolError says why it is not one.

    >>> parsed('{"id": 3, "kind": "start"}')
    {'id': 3, 'kind': 'start'}
    """
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ToolError(f"not JSON ({error}): {shortened(line)}") from error
    if not isinstance(message, dict) or type(message.get("id")) is not int:
        raise ToolError(f'a message must be a JSON object with an integer "id": {shortened(line)}')
    return message


def shortened(line: str) -> str:
    """The beginning of a line, for a message about it."""
    text = line.strip()
    return repr(text if len(text) <= 80 else f"{text[:77]}...")


def answer(message: Mapping[str, Any]) -> dict[str, Any]:
    """The response to a message, without the id."""
    answers: dict[Any, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
        "start": lambda message: {"tool": NAME},
        "define": define,
        "evaluate": evaluate,
    }
    try:
        return answers.get(message.get("kind"), lambda message: {})(message)
    except ToolError as error:
        return {"success": False, "error": str(error)}
    except Exception:  # whatever goes wrong with one message, the next one is answered
        return {"success": False, "error": traceback.format_exc()}


def define(message: Mapping[str, Any]) -> dict[str, Any]:
    """Whether there is such a module; how long it took to load."""
    start = perf_counter_ns()
    functions_of(message.get("module"))
    _ = autograd.compile  # loads the compiler, which is imported when it is first used
    return {"success": True, "timings": [timing("load", perf_counter_ns() - start)]}


def evaluate(message: Mapping[str, Any]) -> dict[str, Any]:
    """Run a function at an input as often as asked, and give the output of the last run."""
    functions = functions_of(message.get("module"))
    name = message.get("function")
    if not isinstance(name, str) or name not in functions:
        known = ", ".join(functions)
        raise ToolError(f"module {message['module']!r} has no function {name!r}; it has {known}")
    if "input" not in message:
        raise ToolError('an "evaluate" message needs an "input"')
    given = message["input"]
    start = perf_counter_ns()
    task = functions[name](given)
    timings = [timing("prepare", perf_counter_ns() - start)]
    result, runs = repeated(task.run, *wanted_runs(given))
    timings += [timing("evaluate", each) for each in runs]
    output = task.output(result)
    if not is_finite(output):
        raise ToolError(f"the output has a number that JSON cannot hold: {shortened(str(output))}")
    return {"success": True, "output": output, "timings": timings}


def wanted_runs(given: Any) -> tuple[int, float]:
    """`min_runs` and `min_seconds` of an input: both have to be reached."""
    if not isinstance(given, Mapping):
        return 1, 0.0
    return max(1, int(given.get("min_runs", 1))), float(given.get("min_seconds", 0.0))


def repeated(run: Callable[[], Any], least: int, seconds: float) -> tuple[Any, list[int]]:
    """The last result, and the nanoseconds of each run."""
    taken: list[int] = []
    while len(taken) < least or sum(taken) < seconds * 1e9:
        start = perf_counter_ns()
        result = run()
        taken.append(perf_counter_ns() - start)
    return result, taken


def functions_of(module: Any) -> Functions:
    """The functions of a module of GradBench; ToolError if there is none of this name."""
    if module not in EVALS:
        raise ToolError(f"no module {module!r}; there are {', '.join(EVALS)}")
    functions: Functions = import_module(f"tests.benchmark.gradbench.{module}").FUNCTIONS
    return functions


def timing(name: str, nanoseconds: int) -> dict[str, Any]:
    """An entry of "timings"."""
    return {"name": name, "nanoseconds": nanoseconds}


def is_finite(output: Any) -> bool:
    """Whether all numbers are finite: JSON has no other ones."""
    if isinstance(output, Mapping):
        return all(map(is_finite, output.values()))
    if isinstance(output, list):
        return all(map(is_finite, output))
    return math.isfinite(output)


if __name__ == "__main__":
    sys.exit(main())
