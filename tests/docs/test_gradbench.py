"""GradBench: its evals agree with its own reference tool, and our tool speaks its protocol."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import gradbench_tool
from tests.benchmark.command import main
from tests.benchmark.gradbench import EVALS, references, run, validity
from tests.benchmark.gradbench.descent import argmax, argmin
from tests.benchmark.gradbench.modes import GRADIENTS
from tests.benchmark.gradbench.row import OURS, Row, flattened, measured, peer_sides

ROOT = Path(__file__).parents[2]
GOLDEN = json.loads((Path(run.__file__).parent / "golden.json").read_text(encoding="ascii"))
"""What GradBench's own reference implementation (its tool `manual`) gives at the tiny inputs, and what it expects."""

FUNCTIONS = [(name, function) for name in EVALS for function in GOLDEN[name] if f"{name} {function}" != "ode gradient"]
"""All but the gradient of `ode`: the reference differentiates the exact solution, not the one by Runge-Kutta."""


def module(name: str) -> Any:
    return import_module(f"tests.benchmark.gradbench.{name}")


def tiny(name: str) -> Any:
    return module(name).generate(**module(name).SIZES["tiny"])


@cache
def prepared(name: str, function: str) -> Any:
    """A function of an eval at the tiny inputs, compiled once for all that is asked of it."""
    return module(name).FUNCTIONS[function](tiny(name))


def difference(found: Any, expected: Any) -> float:
    """The largest difference of two JSON values, relative to the largest number; infinite for other shapes."""
    if isinstance(expected, dict):
        if not isinstance(found, dict) or found.keys() != expected.keys():
            return math.inf
        return max(difference(found[key], each) for key, each in expected.items())
    a, b = np.array(found, dtype=np.float64), np.array(expected, dtype=np.float64)
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-300)) if a.shape == b.shape else math.inf


@pytest.mark.slow
class TestEvals:
    @pytest.mark.parametrize(("name", "function"), FUNCTIONS)
    def test_outputs_are_those_of_the_reference_tool(self, name: str, function: str) -> None:
        # Both sides add up the same few hundred terms in another order: 1e-12 is ten thousand roundings. Descents take
        # hundreds of steps, each of which amplifies a rounding a little.
        limit = 1e-9 if name in ("particle", "saddle") else 1e-12
        found = prepared(name, function).answer()
        assert difference(found, GOLDEN[name][function]) <= limit

    def test_each_eval_has_all_functions_of_the_reference(self) -> None:
        assert GOLDEN.keys() == set(EVALS)
        assert all(module(name).FUNCTIONS.keys() == GOLDEN[name].keys() for name in EVALS)

    @pytest.mark.parametrize("name", EVALS)
    def test_derivatives_agree_with_complex_steps_and_closed_forms(self, name: str) -> None:
        result = prepared(name, validity.DERIVATIVES[name]).run()
        assert validity.difference(name, tiny(name), result) <= 1e-12

    def test_hands_without_triangles(self) -> None:
        given = module("ht").generate(points=4, vertices=9, complicated=False)
        result = module("ht").FUNCTIONS["jacobian"](given).run()
        assert result.shape == (12, 26)
        assert validity.difference("ht", given, result) <= 1e-12

    def test_outputs_are_json(self) -> None:
        for name, function in [("ba", "jacobian"), ("gmm", "jacobian"), ("kmeans", "dir"), ("saddle", "rr")]:
            output = prepared(name, function).answer()
            assert json.loads(json.dumps(output)) == output

    def test_inputs_do_not_change_from_call_to_call(self) -> None:
        assert all(tiny(name) == tiny(name) for name in EVALS)


@pytest.mark.slow
class TestReferences:
    """The check has teeth: what is wrong by one part in a million is not valid."""

    @pytest.mark.parametrize("name", [name for name in EVALS if name not in ("particle", "saddle", "ba", "gmm")])
    def test_wrong_derivatives_are_noticed(self, name: str) -> None:
        result = prepared(name, validity.DERIVATIVES[name]).run()
        wrong = [each * (1.0 + 1e-6) for each in result] if isinstance(result, list) else result * (1.0 + 1e-6)
        assert not validity.is_valid(name, validity.difference(name, tiny(name), wrong))

    def test_nan_and_another_shape_are_not_valid(self) -> None:
        right = np.array([1.0, 2.0])
        assert validity.relative(np.array([math.nan, 2.0]), right) == math.inf
        assert validity.relative(np.array([1.0]), right) == math.inf

    def test_values_of_the_references_are_those_of_the_evals(self) -> None:
        for name, function in [("gmm", "objective"), ("lstm", "objective"), ("llsq", "primal"), ("lse", "primal")]:
            value = references.VALUES[name](references.point(name, tiny(name)), tiny(name))
            assert difference(float(value), GOLDEN[name][function]) <= 1e-12


class TestDescent:
    @pytest.mark.parametrize("mode", "fr")
    def test_least_and_greatest_points_of_a_parabola(self, mode: str) -> None:
        def bowl(x: Any) -> Any:
            return (x[0] - 1.0) ** 2 + (x[1] + 2.0) ** 2

        def hill(x: Any) -> Any:
            return -bowl(x)

        # It stops where the slope 2|x - x*|, or a step, is at most 1e-5; the rate, which is 1e-5 at first, has grown by
        # then, since ten steps of it are far less than the way.
        assert math.dist(argmin(bowl, GRADIENTS[mode](bowl), [0.0, 0.0]), (1.0, -2.0)) <= 1e-3
        assert math.dist(argmax(hill, GRADIENTS[mode](hill), [0.0, 0.0]), (1.0, -2.0)) <= 1e-3


# --- the tool ---------------------------------------------------------------------------------------------------------


class Driver:
    """What GradBench's intermediary does: sends a message, waits for the response with the same id."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.gradbench_tool"]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        self.tool = subprocess.Popen(command, **pipes, cwd=ROOT, text=True, encoding="latin-1")  # any byte can be sent
        self.sent = 0

    def __call__(self, kind: str, **fields: Any) -> dict[str, Any]:
        message = {"id": self.sent, "kind": kind, **fields}
        self.sent += 1
        self.line(json.dumps(message))
        assert self.tool.stdout is not None
        response: dict[str, Any] = json.loads(self.tool.stdout.readline())
        assert response.pop("id") == message["id"]
        return response

    def line(self, text: str) -> None:
        assert self.tool.stdin is not None
        self.tool.stdin.write(text + "\n")
        self.tool.stdin.flush()

    def end(self) -> tuple[int, str]:
        """Close the input; the exit status, and what was written to the error stream."""
        _, errors = self.tool.communicate(timeout=60)
        return self.tool.returncode, errors


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    made = Driver()
    yield made
    if made.tool.poll() is None:
        made.end()


class TestTool:
    def test_a_session_as_the_protocol_describes_it(self, driver: Driver) -> None:
        assert driver("start", eval="hello") == {"tool": "scalar-autograd"}
        defined = driver("define", module="hello")
        assert defined["success"] is True
        x = 1.0
        for _ in range(4):  # as GradBench's `hello` does: 1, 2, 8, 128
            squared = driver("evaluate", module="hello", function="square", input=x)
            assert driver("analysis", of=driver.sent - 1, valid=True) == {}
            doubled = driver("evaluate", module="hello", function="double", input=squared["output"])
            assert (squared["output"], doubled["output"]) == (x * x, 2.0 * x * x)
            x = doubled["output"]

    def test_timings_are_those_of_the_runs_that_were_asked_for(self, driver: Driver) -> None:
        given = {"x": [0.0, 0.0], "min_runs": 5, "min_seconds": 0.0}
        response = driver("evaluate", module="lse", function="gradient", input=given, description="two")
        assert response["success"] is True
        assert response["output"] == [0.5, 0.5]
        names = [each["name"] for each in response["timings"]]
        assert names.count("evaluate") == 5
        assert all(type(each["nanoseconds"]) is int and each["nanoseconds"] >= 0 for each in response["timings"])

    def test_runs_last_as_long_as_was_asked(self, driver: Driver) -> None:
        given = {"x": [0.0, 0.0], "min_runs": 1, "min_seconds": 0.02}
        timings = driver("evaluate", module="lse", function="primal", input=given)["timings"]
        assert sum(each["nanoseconds"] for each in timings if each["name"] == "evaluate") >= 0.02e9

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"module": "chess", "function": "mate", "input": 1.0}, "no module 'chess'; there are ba, det"),
            ({"module": "lse", "function": "hessian", "input": {}}, "no function 'hessian'; it has primal, gradient"),
            ({"module": "lse", "function": "primal"}, 'needs an "input"'),
            ({"module": "lse", "function": "primal", "input": {}}, "KeyError: 'x'"),
            ({"module": "lse", "function": ["primal"], "input": {}}, "['primal']"),
            ({"function": "primal", "input": {}}, "no module None"),
            ({"module": "hello", "function": "square", "input": 1e300}, "JSON cannot hold"),
        ],
    )
    def test_what_cannot_be_evaluated_is_an_error_with_its_reason(
        self, driver: Driver, fields: dict[str, Any], words: str
    ) -> None:
        response = driver("evaluate", **fields)
        assert response["success"] is False
        assert words in response["error"]

    def test_a_module_that_is_not_there_is_not_defined(self, driver: Driver) -> None:
        response = driver("define", module="chess")
        assert response["success"] is False
        assert "no module 'chess'" in response["error"]

    def test_other_kinds_are_acknowledged(self, driver: Driver) -> None:
        assert driver("stretch", arms=2) == {}

    def test_lines_that_are_no_messages_are_reported_and_the_next_answered(self) -> None:
        lines = ["{", "", "[1, 2]", '{"kind": "start"}', '{"id": true, "kind": "start"}', '{"id": 7, "kind": "start"}']
        out, errors = io.StringIO(), io.StringIO()
        assert gradbench_tool.serve(io.StringIO("\n".join(lines)), out, errors) == 1
        assert json.loads(out.getvalue()) == {"id": 7, "tool": "scalar-autograd"}
        reported = errors.getvalue().splitlines()
        assert [line.partition(":")[0] for line in reported] == ["line 1", "line 3", "line 4", "line 5"]
        assert "not JSON" in reported[0]
        assert 'integer "id"' in reported[1]

    def test_the_process_says_what_was_wrong_with_a_line_and_exits_with_one(self) -> None:
        made = Driver()
        for line in ("chess", "\xff\xfe", "[" * 100_000):
            made.line(line)
        assert made("start") == {"tool": "scalar-autograd"}
        status, errors = made.end()
        assert status == 1
        assert [line.partition("(")[0] for line in errors.splitlines()] == [f"line {i}: not JSON " for i in (1, 2, 3)]

    def test_what_a_function_prints_stays_out_of_the_responses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gradbench_tool, "answer", lambda message: print("noise") or {})
        out, errors = io.StringIO(), io.StringIO()
        assert gradbench_tool.serve(io.StringIO('{"id": 0, "kind": "start"}'), out, errors) == 0
        assert json.loads(out.getvalue()) == {"id": 0}
        assert errors.getvalue() == "noise\n"


class TestBenchmark:
    def test_quick_runs_check_evals(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """Two of them: `.ci/run` runs all."""
        monkeypatch.setattr(run, "EVALS", evals := ("det", "llsq"))
        assert main(["--quick", "--repeat", "1", "gradbench"]) == 0
        text = capsys.readouterr().out
        assert all(f"  {name} " in text for name in evals)
        assert "FAILED" not in text

    def test_a_wrong_derivative_fails_and_is_named(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(run, "EVALS", ("hello",))
        monkeypatch.setitem(references.VALUES, "hello", lambda x, given: x[0] ** 3)
        assert not run.run(True, 1, None, False)
        assert "FAILED  hello: ours: differs from the reference" in capsys.readouterr().out

    def test_a_row_has_the_times_of_both_sides(self) -> None:
        row = measured("hello", "tiny", 1, ("NumPy",))
        assert (row.seconds.keys(), row.wrong) == ({OURS, "NumPy"}, {})

    @pytest.mark.slow
    @pytest.mark.parametrize("name", module("numpy_sides").SIDES)
    def test_numpy_by_hand_computes_the_same(self, name: str) -> None:
        right = prepared(name, validity.DERIVATIVES[name]).run()
        wrong: dict[str, str] = {}
        assert peer_sides(name, tiny(name), flattened(name, right), ["NumPy"], wrong).keys() == {"NumPy"}, wrong

    def test_verdicts_count_who_is_ahead_and_name_what_compiles_slowly(self) -> None:
        rows = [Row("lse", "small", {"ours": 1.0, "PyTorch": 2.0, "JAX": 0.5}, compile=3.5)]
        text = "\n".join(run.verdicts(rows, ["ode, middle: more than 300 s"]))
        assert "MISSED: lse small 3.5 s, ode middle" in text
        assert "ahead of PyTorch in >= 9 evals: 1 of 1 that it has, MISSED" in text
        assert "ahead of JAX in >= 7 evals: 0 of 1 that it has, MISSED" in text

    def test_results_are_compared_number_by_number(self) -> None:
        assert flattened("", {"a": [1.0, np.array([[2.0, 3.0]])]}).tolist() == [1.0, 2.0, 3.0]
        assert flattened("ba", ([0], [1], [5.0])).tolist() == [5.0]
