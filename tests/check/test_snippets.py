"""The program that a failure prints runs as it stands in a fresh process, and fails in the same way."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from autograd import Primitive, Value, check_gradients, tanh
from autograd.check import Failure
from autograd.testing import defined

pytestmark = pytest.mark.slow

SCALE = 2.0


def doubled(x: Value | float) -> Value | float:
    """A global of this file, with another."""
    return SCALE * x


def a_pair_of_lambdas(factor: float) -> Primitive:
    # fmt: off
    return defined("one_line", lambda x: factor * x**3, lambda out, x: 3.1 * factor * x * x, kinks=(0.0,), formula="a")
    # fmt: on


def lines_of_lambdas(factor: float) -> Primitive:
    return defined(
        "several_lines",
        lambda x: (
            x * x  # a comment
        ),
        lambda out, x: factor * x,
        domain=[(0.0, math.inf)],
        symbol="✶",
    )


def functions(factor: float) -> Primitive:
    table = {"a": [1.0, (2.0, math.inf)], "b": None}

    def value(x: float, scale: float = SCALE) -> float:
        """With a docstring,
        an annotation, a default."""
        return math.exp(doubled(x)) * table["a"][0] * scale / SCALE  # type: ignore[index]

    def slope(out: Value, x: Value) -> Value:
        return out * doubled(1.0) * factor + 0.0 * tanh(x)

    return defined("of_functions", value, slope)


def many_operands(factor: float) -> Primitive:
    def flows(out: Value, *xs: Value) -> list[float]:
        return [factor for _ in xs]

    return defined("many_operands", lambda *xs: sum(xs), variadic=flows)


def a_name_of_the_program(factor: float) -> Primitive:
    f, x0, v1 = factor, 2.0, 3.0
    return defined("named_alike", lambda x: x * x0 * v1, lambda out, x: f * x0 * v1)


def a_graph(row: Primitive) -> Callable[[Value], Value]:
    return lambda x: row(tanh(x)) if row.arity else row(tanh(x), x)


MAKERS = (a_pair_of_lambdas, lines_of_lambdas, functions, many_operands, a_name_of_the_program)
RUN = """
import json, sys
from autograd import CheckError
for name, snippet in json.load(sys.stdin):
    try:
        exec(compile(snippet, name, "exec"), {})
        print("nothing")
    except CheckError as error:
        print(json.dumps([failure.title for failure in error.report.failures]))
"""


@pytest.fixture(scope="module")
def failures() -> Iterator[list[Failure]]:
    with ExitStack() as stack:
        rows = [stack.enter_context(make(1.5)) for make in MAKERS]
        reports = [check_gradients(a_graph(row), 0.7, raise_on_failure=False) for row in rows]
        yield [report.failures[0] for report in reports]


def test_snippets_fail_in_a_fresh_process_as_they_did_here(failures: list[Failure]) -> None:
    given = json.dumps([(failure.rule, failure.snippet) for failure in failures])
    found = subprocess.run([sys.executable, "-c", RUN], input=given, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert [titles[0] for titles in lines] == [failure.title for failure in failures]
    assert len({failure.title for failure in failures}) == len(MAKERS)


def test_a_constant_that_cannot_be_written_is_to_be_filled_in() -> None:
    unknown = object()
    with defined("with_an_object", lambda x: x if unknown else 0.0, lambda out, x: 2.0) as row:
        snippet = check_gradients(row, 0.7, raise_on_failure=False).failures[0].snippet
    assert "# fill in: define('with_an_object', …) from " in snippet
    assert "test_snippets.py:" in snippet
    assert "it uses unknown = <object object" in snippet


def test_functions_without_source_are_to_be_filled_in() -> None:
    names: dict[str, Callable[..., float]] = {}
    exec("value, slope = lambda x: x * x, lambda out, x: 3.0 * x", names)
    with defined("without_source", names["value"], names["slope"]) as row:
        snippet = check_gradients(row, 0.7, raise_on_failure=False).failures[0].snippet
    assert "# fill in: define('without_source', …) from <string>:1; the source of <lambda> is not known" in snippet


def test_values_with_one_name_are_to_be_filled_in() -> None:
    def value(k: float) -> Callable[[float], float]:
        return lambda x: k * x

    def slope(k: float) -> Callable[[float, float], float]:
        return lambda out, x: k

    with defined("two_of_a_name", value(2.0), slope(3.0)) as row:
        snippet = check_gradients(row, 0.7, raise_on_failure=False).failures[0].snippet
    assert "it uses two values called k" in snippet
