"""The compiler's cache on disk: what a later process finds there, and under which key (issue 16, part 6)."""

from __future__ import annotations

import importlib.util
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
from autograd.compiler import forms, lower, specialization
from autograd.compiler.cache import programs
from autograd.testing import defined, mutated
from tests.compiler.cached import (
    ROOT,
    branching,
    entries,
    made,
    outcome,
    spread,
    swish,
    without_lines,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_cache_variable")]


@pytest.fixture
def no_recovery(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The steps of a compilation beyond the recording, as they happen."""
    steps: list[str] = []

    def noted(module: Any, name: str) -> None:
        usual = getattr(module, name)

        def function(*args: Any, **options: Any) -> Any:
            steps.append(name)
            return usual(*args, **options)

        monkeypatch.setattr(module, name, function)

    for name in ("sums", "recovered", "differentiated"):
        noted(forms, name)
    noted(lower, "differentiated")
    for name in ("Reference", "choose"):
        noted(specialization, name)
    return steps


# --- found ------------------------------------------------------------------------------------------------------------

SECOND = """
import json, sys
from autograd.compiler import specialization
from autograd.compiler.llvm import engine
from autograd.compiler import forms, lower
from tests.compiler import cached

steps = []
def noted(module, name):
    usual = getattr(module, name)
    def function(*args, **options):
        steps.append(name)
        return usual(*args, **options)
    setattr(module, name, function)

for name in ("recovered", "differentiated", "sums"):
    noted(forms, name)
noted(lower, "shared")
noted(specialization, "Reference")
usual = engine.object_code
def object_code(parts, emit):
    return usual(parts, lambda: steps.append("emit") or emit())
engine.object_code = object_code
loss, samples = cached.network(backend=sys.argv[1], cache=sys.argv[2])
if sys.argv[3:]:
    print("ready", flush=True)
    sys.stdin.readline()
value, gradient = loss(*samples)
print(json.dumps([sorted(set(steps)), cached.outcome(loss), value.hex(), gradient.tobytes().hex()]))
"""


def in_a_process(backend: str, place: Path, seed: int) -> list[Any]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(seed)}
    command = [sys.executable, "-c", SECOND, backend, str(place)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_a_second_process_records_and_builds_nothing(backend: str, tmp_path: Path) -> None:
    """Calls are counted, not seconds; hashes of texts differ from process to process."""
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    first, second = [in_a_process(backend, tmp_path / "cache", seed) for seed in (1, 2)]
    made_once = ["Reference", "differentiated", *["emit"] * (backend == "llvm"), "recovered", "shared", "sums"]
    assert first[:2] == [made_once, "written"]
    assert second == [[], "read", *first[2:]]


def test_two_processes_that_compile_at_once_both_work(tmp_path: Path) -> None:
    """With machine code, which has an object file besides the program that every back end has."""
    pytest.importorskip("llvmlite")
    command = [sys.executable, "-c", SECOND, "llvm", str(tmp_path / "cache"), "together"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    both = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for each in both:
        assert each.stdout.readline() == "ready\n"
    for each in both:
        each.stdin.write("\n")
        each.stdin.flush()
    answers = [json.loads(each.communicate(timeout=300)[0]) for each in both]
    assert answers[0][2:] == answers[1][2:] == in_a_process("llvm", tmp_path / "cache", 1)[2:]
    assert {outcome for _, outcome, *_ in answers} <= {"written", "read"}
    assert entries(tmp_path / "cache") == 1


OPTIONS: list[dict[str, Any]] = [
    {"backend": "python"},
    {"backend": "numpy"},
    {"backend": "auto"},
    {"backend": "python", "exact": True},
    {"backend": "numpy", "dtype": "float32"},
]
FUNCTIONS = (swish, spread, branching)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_results_and_source_are_those_without_a_cache(
    function: Callable[..., Any], options: dict[str, Any], tmp_path: Path, no_recovery: list[str]
) -> None:
    usual, first = made(False, function, **options), made(tmp_path, function, **options)
    del no_recovery[:]
    second = made(tmp_path, function, **options)
    assert no_recovery == []
    assert [outcome(each) for each in (usual, first, second)] == ["none", "written", "read"]
    for each in (first, second):
        assert pickle.dumps(each.answer) == pickle.dumps(usual.answer)
        assert each.backend == usual.backend
        assert without_lines(each.source) == without_lines(usual.source)
        assert without_lines(str(each.program)) == without_lines(str(usual.program))
    assert without_lines(second.explain()) == without_lines(first.explain().replace("written to", "read from"))


@pytest.mark.parametrize("exact", [False, True])
def test_machine_code_gives_the_same_bits(exact: bool, tmp_path: Path) -> None:
    pytest.importorskip("llvmlite")
    for function in FUNCTIONS:
        answers = [made(place, function, backend="llvm", exact=exact) for place in (False, tmp_path, tmp_path)]
        assert [outcome(each) for each in answers] == ["none", "written", "read"]
        assert len({pickle.dumps(each.answer) for each in answers}) == 1


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_every_output_of_a_batch(backend: str, tmp_path: Path) -> None:
    if backend == "llvm":
        pytest.importorskip("llvmlite")

    def f(x: Any) -> Any:
        return autograd.tanh(x[0]) * x[1] + x[0] * x[0]

    x = np.linspace(-1.0, 2.0, 14).reshape(7, 2)
    found = []
    for place in (False, tmp_path, tmp_path):
        mean = autograd.compile(f, batch=("x",), backend=backend, cache=place)
        single = autograd.compile(f, backend=backend, cache=place)
        calls = (mean.value, mean.map, mean.value_and_grad), (single.hessian,)
        answers = [np.asarray(call(x)).tobytes() for call in calls[0][:2]] + [pickle.dumps(calls[0][2](x))]
        kinds = [outcome(mean)]
        answers.append(single.hessian(x[0]).tobytes())
        found.append((answers, [*kinds, outcome(single)]))
    assert found[0][0] == found[1][0] == found[2][0]
    assert [kinds for _, kinds in found] == [["none"] * 2, ["written"] * 2, ["read"] * 2]


def test_a_guard_that_fails_at_the_recorded_point_of_another_branch(tmp_path: Path) -> None:
    for point in [(2.0, 1.0), (1.0, 2.0), (2.0, 1.0), (1.0, 2.0)]:
        compiled = autograd.compile(branching, cache=tmp_path)
        assert compiled(*point) == branching(*point)
        assert compiled(*reversed(point)) == branching(*reversed(point))
    assert outcome(compiled) == "read"


@pytest.mark.parametrize("exact", [False, True])
def test_a_guard_of_derivatives_that_fails_where_the_entry_is_read(exact: bool, tmp_path: Path) -> None:
    """The recording is the same, the branch that its derivative took is not."""
    for point in [(0.75, 0.5), (0.5, 0.75), (0.5, 0.75), (0.75, 0.5)]:
        usual, kept = [
            autograd.compile(swish, backend="python", exact=exact, cache=place).value_and_grad(*point)
            for place in (False, tmp_path)
        ]
        assert kept == usual
    assert entries(tmp_path) == 1


def test_infinite_and_undefined_constants_come_back(tmp_path: Path) -> None:
    for _ in range(2):
        compiled = autograd.compile(
            lambda x: [x + float("inf"), x * float("nan"), x * -0.0, x - 5e-324], backend="numpy", cache=tmp_path
        )
        assert repr(compiled(1.0)) == "[inf, nan, -0.0, 1.0]"
    assert outcome(compiled) == "read"


# --- keys -------------------------------------------------------------------------------------------------------------


def test_another_constant_closure_option_or_name_is_another_entry(tmp_path: Path) -> None:
    scale = 2.0

    def scaled(x: Any, y: Any) -> Any:
        return scale * x + y

    variations: list[Callable[[], Any]] = [
        lambda: made(tmp_path, scaled),
        lambda: made(tmp_path, lambda x, y: 2.5 * x + y),
        lambda: made(tmp_path, lambda a, y: 2.0 * a + y),
        lambda: made(tmp_path, lambda x, y: y + 2.0 * x),
        lambda: made(tmp_path, scaled, backend="numpy"),
        lambda: made(tmp_path, scaled, backend="numpy", dtype="float32"),
        lambda: made(tmp_path, scaled, exact=True),
        lambda: autograd.compile(scaled, cache=tmp_path)(0.75, 0.5),
        lambda: autograd.compile(lambda x: x * 0.0, cache=tmp_path)(1.0),
        lambda: autograd.compile(lambda x: x * -0.0, cache=tmp_path)(1.0),
    ]
    for count, vary in enumerate(variations, 1):
        vary()
        assert entries(tmp_path) == count
    scale = 3.0
    assert outcome(made(tmp_path, scaled)) == "written"
    scale = 2.0
    assert outcome(made(tmp_path, scaled)) == "read"


def test_another_version_or_source_is_another_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path)
    monkeypatch.setattr(programs, "environment", lambda: "another")
    assert outcome(made(tmp_path)) == "written"
    assert entries(tmp_path) == 2


def test_the_choice_is_among_the_back_ends_that_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path)
    pytest.importorskip("llvmlite")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert outcome(made(tmp_path)) == "written"


def test_the_sources_are_part_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "autograd", tmp_path / "autograd", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(programs.resources, "files", lambda name: tmp_path / name)
    found = [programs.environment.__wrapped__()]
    for name in ("rules.py", "compiler/passes.py", "compiler/vector/adjoints.py"):
        with (tmp_path / "autograd" / name).open("a") as file:
            file.write("# changed\n")
        found.append(programs.environment.__wrapped__())
    assert len(set(found)) == 4


def test_rules_that_only_this_process_knows_are_not_kept(tmp_path: Path) -> None:
    with defined("cube_cached", lambda x: x**3, lambda out, x: 3.0 * x * x) as cube:
        assert outcome(made(tmp_path, lambda x, y: cube(x) * y)) == "not"
    with mutated("sigmoid", lambda out, x: out):
        wrong = made(tmp_path)
    assert outcome(wrong) == "not"
    assert entries(tmp_path) == 0
    right = made(tmp_path)
    with mutated("tanh", 0.5):  # a number, in a program that does not apply it
        made(tmp_path)
    assert entries(tmp_path) == 2
    assert right.answer != wrong.answer


def test_a_program_that_fell_back_is_not_kept(tmp_path: Path) -> None:
    """The next process is to be warned too."""
    for _ in range(2):
        with pytest.warns(RuntimeWarning, match="float32"):
            autograd.compile(lambda x: x * 1e300, dtype="float32", backend="numpy", cache=tmp_path)(1e-300)
    assert entries(tmp_path) == 0
