"""The fuzzer, in small: random programs agree on every path, planted faults are found, what it prints runs.

At length: `python -m tests.fuzz --minutes 30`, and with `--mode hostile`.
"""

from __future__ import annotations

import dis
import itertools
import math
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograd import functional
from autograd.compiler.compiled import Compiled
from autograd.compiler.numpy_backend import runner
from autograd.testing import mutants
from tests.exporting.running import needs_compiler
from tests.fuzz import __main__ as command
from tests.fuzz import campaign, kept_ways, source
from tests.fuzz.campaign import Campaign, Plan
from tests.fuzz.generate import KINDS, program
from tests.fuzz.paths import COMPILED, EAGER
from tests.fuzz.program import Line, Program, depends, pruned
from tests.fuzz.report import HEAD, HELPERS, Finding, listing, printed
from tests.fuzz.run import PATHS, Disagreement, run
from tests.fuzz.shrink import shrunk
from tests.fuzz.together import run_together
from tests.fuzz.user_primitives import user_primitives

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("defined_primitives")]
MUTANTS = {(mutant.target, mutant.mutation): mutant for mutant in mutants()}
ROOT = Path(__file__).parents[2]
TWICE = Program("plain", ("x", "y"), ((2.0, 3.0),), (Line("t1", "mul", ("x", "y")), Line("t2", "sin", ("t1",))), "t2")


@pytest.fixture(scope="module")
def defined_primitives() -> Iterator[None]:
    with user_primitives():
        yield


def first_failure(paths: tuple[str, ...], **options: Any) -> tuple[Program, Disagreement]:
    """The first random program that disagrees on one of these paths."""
    for i in itertools.count():
        assert i < 200, "nothing found"
        drawn = program(str(i), **options)
        outcome = run(drawn, [PATHS[name] for name in paths])
        if outcome.disagreements:
            return drawn, outcome.disagreements[0]
    raise AssertionError


def smallest(drawn: Program, wrong: Disagreement) -> tuple[Program, Disagreement]:
    def failures(each: Program) -> list[Disagreement]:
        return [d for d in run(each, [PATHS[wrong.path]]).disagreements if d.kind == wrong.kind]

    small = shrunk(drawn, lambda each: bool(failures(each)))
    return small, failures(small)[0]


@pytest.mark.parametrize(("mode", "programs"), [("ordinary", 20), ("hostile", 30)])
def test_random_programs_agree_on_every_path(mode: str, programs: int) -> None:
    found = Campaign(Plan("smoke", mode, tuple(KINDS), compiled=1))
    found.go(programs, math.inf, workers=1)
    assert not found.findings, listing(list(found.findings.values()))
    assert sum(found.counts.programs.values()) == programs
    assert sum(found.counts.compared.values()) > 4 * programs


def test_programs_that_are_compiled_together_agree_each() -> None:
    crowd = [program(f"crowd:{i}", "ordinary", ("plain", "rows")) for i in range(4)]
    tally = run_together(crowd)
    assert tally.disagreements == []
    assert tally.compared["python, exact"] == tally.compared["llvm, exact"] == 2 * len(crowd)
    assert tally.compared["numpy"] == 2 * (len(crowd) - tally.without_verdict) > 0


def test_a_wrong_derivative_in_a_crowd_is_found_and_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Compiled.vjp

    def wrong(self: Any, args: Any, cotangents: Any) -> Any:
        values, ([first, *others],) = right(self, args, cotangents)
        return values, ([[x * 1.001 + 1e-3 for x in first], *others],)

    monkeypatch.setattr(Compiled, "vjp", wrong)
    crowd = [program(f"crowd:{i}", "ordinary", ("plain",)) for i in range(2)]
    found = run_together(crowd).disagreements
    assert len(found) == 2 * 5  # rounds times back ends; the first program alone
    assert all(each.endswith(source.text(crowd[0])) for each in found)


# --- it finds what is planted -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "kind", "ops"),
    [
        (("sin[0]", "× (1 + 1e-6)"), "plain", {"sin"}),
        (("hypot[first]", "sign"), "rows", {"hypot", "norm"}),
        (("maximum[0]", "zero"), "ties", {"maximum"}),
        (("div[1]", "× (1 − 1e-6)"), "numpy", {"div"}),
        (("logsumexp[last]", "zero"), "rows", {"logsumexp", "softmax", "log_softmax"}),
    ],
)
def test_a_wrong_rule_is_found_and_shrinks_to_its_line(fault: tuple[str, str], kind: str, ops: set[str]) -> None:
    with MUTANTS[fault]:
        small, _ = smallest(*first_failure(("backward",), kinds=(kind,)))
    assert len(small.ops) == 1
    assert small.ops <= ops


@pytest.mark.parametrize(
    ("fault", "path"),
    [
        (("backward", "lost multiplicity"), "backward"),
        (("backward", "= for +="), "backward"),
        (("backward", "pre-order for post-order"), "backward"),
        (("grad", "= for +="), "grad"),
        (("grad", "lost multiplicity"), "functional.jacobian"),
    ],
)
def test_a_wrong_engine_is_found(fault: tuple[str, str], path: str) -> None:
    with MUTANTS[fault]:
        small, _ = smallest(*first_failure((path,), kinds=("plain", "loops")))
    assert len(small.lines) <= 3


def test_backward_that_disagrees_with_its_steps_is_found() -> None:
    with MUTANTS["backward", "seed 2"]:
        _, wrong = first_failure(("backward_steps",))
    assert wrong.path == "backward_steps"


def test_a_wrong_derivative_of_functions_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = functional.hvp
    monkeypatch.setattr(functional, "hvp", lambda f, x, v: (right(f, x, v)[0], right(f, x, x)[1]))
    small, wrong = smallest(*first_failure(("functional.hessian", "functional.hvp"), kinds=("plain",)))
    assert wrong.path == "functional.hvp"
    assert len(small.lines) == 1


def test_a_back_end_that_its_own_verification_replaces_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = runner.NumpyRunner.run

    def wrong_run(self: Any, shared: Any, samples: Any) -> Any:
        found = right(self, shared, samples)
        return found if isinstance(found, int) else found * (1.0 + 1e-6)

    monkeypatch.setattr(runner.NumpyRunner, "run", wrong_run)
    _, wrong = first_failure(("compile gradient: numpy",), kinds=("plain",))
    assert wrong.kind == ("compile gradient: numpy", "RuntimeWarning")


@pytest.mark.parametrize("path", ["compile gradient: python", "compile gradient: llvm, exact"])
def test_a_wrong_compiler_is_found(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = Compiled.value_and_grad

    def wrong_gradient(self: Compiled, *args: Any) -> Any:
        value, gradient = right(self, *args)
        return value, [x * (1.0 + 1e-9) for x in gradient] if isinstance(gradient, tuple) else gradient

    monkeypatch.setattr(Compiled, "value_and_grad", wrong_gradient)
    _, wrong = first_failure((path,), kinds=("plain",))
    assert wrong.kind == (path, "wrong numbers")


def test_a_value_that_is_not_that_of_the_gradient_is_found_if_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Compiled.value
    monkeypatch.setattr(Compiled, "value", lambda self, *args: right(self, *args) * (1.0 + 2.0**-52))
    _, wrong = first_failure(("compile value: python", "compile gradient: python, exact"), kinds=("plain",))
    assert wrong.kind == ("compile gradient: python, exact", "AssertionError")


# --- programs ---------------------------------------------------------------------------------------------------------


def test_a_program_is_its_seed_and_every_kind_is_drawn() -> None:
    drawn = [program(str(i)) for i in range(80)]
    assert drawn == [program(str(i)) for i in range(80)]
    assert {each.kind for each in drawn} == set(KINDS)
    assert all(depends(each) and pruned(each) == each for each in drawn)
    assert {each.depth for each in drawn} >= {0, 1, 2}


WAYS = {path.function: [other for other in COMPILED if other.function is path.function] for path in COMPILED}
IN_TURN = [paths[i % len(paths)] for i, paths in enumerate(WAYS.values())]  # each way by one back end


@pytest.mark.parametrize("path", [*EAGER, *IN_TURN], ids=lambda path: path.name)
def test_a_program_without_fault_agrees_on_every_path_but_no_other_numbers_do(path: Any) -> None:
    outcome = run(TWICE, [path])
    if path.name != "backward of a grad that closes over":
        assert not outcome.disagreements
    assert outcome.compared == (path.name,)


@needs_compiler
def test_c_is_among_the_ways() -> None:
    assert kept_ways.exported_to_c in WAYS


# --- what is printed --------------------------------------------------------------------------------------------------


def fails_when_run(code: str) -> bool:
    names: dict[str, Any] = {}
    exec(compile(code, "<printed>", "exec"), names)
    test: Callable[[], None] = next(each for name, each in names.items() if name.startswith("test_"))
    try:
        test()
    except AssertionError:
        return True
    return False


def test_what_is_printed_imports_what_each_way_uses() -> None:
    names: dict[str, Any] = {each.__name__: each for each in HELPERS}
    exec(HEAD, names)
    for path in (*EAGER, *COMPILED):
        read = {each.argval for each in dis.get_instructions(path.function) if each.opname == "LOAD_GLOBAL"}
        assert read & path.function.__globals__.keys() <= names.keys(), path.name


@pytest.mark.parametrize("path", ["backward", "grad of grad", "functional.jvp", "compile gradient: python"])
def test_a_printed_failure_runs_and_fails_until_the_fault_is_gone(path: str) -> None:
    with MUTANTS["sin[0]", "× (1 + 1e-6)"]:
        small, wrong = smallest(TWICE, run(TWICE, [PATHS[path]]).disagreements[0])
        code = printed(Finding(small, wrong, [path]))
        assert fails_when_run(code)
    assert not fails_when_run(code)


def test_a_printed_failure_brings_the_primitives_of_users_along() -> None:
    lines = (Line("t1", "fuzz_cube", ("x",)),)
    wrong = Disagreement("backward", (8.0, 12.0), (8.0, 13.0), (0.0, 0.0))
    code = printed(Finding(Program("defined", ("x",), ((2.0,),), lines, "t1"), wrong, ["backward"]))
    assert 'defined("fuzz_cube"' in code
    assert fails_when_run(code)


# --- the command ------------------------------------------------------------------------------------------------------

QUICK = ["--programs", "4", "--compiled", "0", "--kinds", "plain"]


def test_the_command_prints_a_table_and_is_the_same_for_a_seed(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [(command.main([*QUICK, "--seed", "7"]), capsys.readouterr().out) for _ in range(2)]
    assert runs[0] == runs[1]
    assert "4 programs" in runs[0][1]


def test_a_failure_is_printed_and_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    with MUTANTS["backward", "seed 2"]:
        assert command.main(QUICK) == 1
    assert "def test_backward():" in capsys.readouterr().out


def test_an_interrupt_prints_what_there_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: Plan, i: int) -> Any:
        if i == 2:
            raise KeyboardInterrupt
        return TWICE, run(TWICE, [PATHS["backward"]])

    monkeypatch.setattr(campaign.Plan, "one", stop)
    assert command.main(QUICK) == 0
    assert "interrupted; so far:" in (out := capsys.readouterr().out)
    assert "2 programs, 2 comparisons, 0 disagreements" in out


def test_workers_find_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    with MUTANTS["backward", "seed 2"]:  # here only: what workers run is right
        assert command.main([*QUICK, "--workers", "2"]) == 0
    by_workers = capsys.readouterr().out
    assert command.main(QUICK) == 0
    assert by_workers == capsys.readouterr().out


def test_ctrl_c_is_not_for_workers_and_an_interrupt_ends_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with campaign.processes(2) as pool:
        assert pool.submit(signal.getsignal, signal.SIGINT).result() == signal.SIG_IGN
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Campaign, "_explain", stop)
    assert command.main(["--kinds", "plain", "--compiled", "0", "--workers", "2"]) == 0
    assert "interrupted; so far:" in (out := capsys.readouterr().out)
    assert "1 programs" in out
    assert not multiprocessing.active_children()


def test_a_worker_that_dies_ends_the_run_with_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(plan: Plan, programs: int | None, workers: int) -> Iterator[Any]:
        with campaign.processes(workers) as pool:
            yield pool.submit(os.abort).result()

    monkeypatch.setattr(campaign, "_outcomes", die)
    assert command.main([*QUICK, "--workers", "2"]) == 1
    assert "a worker process died" in capsys.readouterr().out


def test_nothing_stays_defined() -> None:
    """In a process of its own: here the fixture has defined them."""
    code = (
        "import autograd, tests.testing.test_fuzz; before = list(autograd.PRIMITIVES);"
        "from tests.fuzz.__main__ import main; main(['--programs', '3', '--compiled', '0', '--kinds', 'defined']);"
        "assert list(autograd.PRIMITIVES) == before; assert not any('fuzz' in name for name in before)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)


def test_the_text_of_a_program_is_the_program() -> None:
    text = source.text(TWICE)
    assert text.splitlines()[1:3] == ["    t1 = x * y", "    t2 = autograd.sin(t1)"]
    assert source.function(TWICE)(2.0, 3.0) == math.sin(6.0)
