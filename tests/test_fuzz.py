"""The fuzzer, in small: random programs agree on every path, planted faults are found, what it prints runs.

At length: `python -m tests.fuzz --minutes 30`, and with `--mode hostile`.
"""

from __future__ import annotations

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
from tests.fuzz import __main__ as command
from tests.fuzz import campaign, source
from tests.fuzz.campaign import Campaign, Plan
from tests.fuzz.generate import KINDS, program
from tests.fuzz.oracle import expected
from tests.fuzz.paths import COMPILED, EAGER
from tests.fuzz.program import Body, Constant, Line, Program, depends, pruned
from tests.fuzz.replay import NoVerdictError
from tests.fuzz.report import Finding, listing, printed
from tests.fuzz.run import PATHS, Disagreement, run
from tests.fuzz.shrink import shrunk
from tests.fuzz.user_primitives import user_primitives

pytestmark = pytest.mark.usefixtures("defined_primitives")
MUTANTS = {(mutant.target, mutant.mutation): mutant for mutant in mutants()}
ROOT = Path(__file__).parent.parent
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


@pytest.mark.parametrize(("mode", "programs"), [("ordinary", 40), ("hostile", 50)])
def test_random_programs_agree_on_every_path(mode: str, programs: int) -> None:
    found = Campaign(Plan("smoke", mode, tuple(KINDS), compiled=1))
    found.go(programs, math.inf, workers=1)
    assert not found.findings, listing(list(found.findings.values()))
    assert sum(found.counts.programs.values()) == programs
    assert sum(found.counts.compared.values()) > 4 * programs


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


# --- programs and the oracle ------------------------------------------------------------------------------------------


def test_a_program_is_its_seed_and_every_kind_is_drawn() -> None:
    drawn = [program(str(i)) for i in range(80)]
    assert drawn == [program(str(i)) for i in range(80)]
    assert {each.kind for each in drawn} == set(KINDS)
    assert all(depends(each) and pruned(each) == each for each in drawn)
    assert {each.depth for each in drawn} >= {0, 1, 2}


def test_the_oracle_takes_nested_derivatives_of_what_is_closed_over() -> None:
    """w · d/dp(p² w) at p = 2 is 4w²: 36, 24 and 8 at 3."""
    body = Body("p", (Line("a", "square", ("p",)), Line("b", "mul", ("a", "w"))), "b")
    lines = (Line("t1", "grad", (Constant(2.0),), body), Line("t2", "mul", ("t1", "w")))
    answer = expected(Program("closures", ("w",), ((3.0,),), lines, "t2"), (3.0,))
    assert answer.numbers == {"value": [36.0], "gradient": [24.0], "hessian": [8.0]}


@pytest.mark.parametrize(("op", "slope"), [("relu", 0.0), ("abs", 0.0), ("maximum", 0.5), ("where", 1.0)])
def test_the_oracle_keeps_to_the_conventions_at_kinks(op: str, slope: float) -> None:
    operands = {"maximum": ("x", Constant(0.0)), "where": ("x", Constant(1.0), "x")}.get(op, ("x",))
    answer = expected(Program("ties", ("x",), ((0.0,),), (Line("t1", op, operands),), "t1"), (0.0,))
    assert answer.numbers["gradient"] == [slope]


def test_the_oracle_sees_the_curvature_of_a_squared_norm_at_the_origin() -> None:
    lines = (Line("t1", "hypot", ("x", "y")), Line("t2", "square", ("t1",)))
    answer = expected(Program("rows", ("x", "y"), ((0.0, 0.0),), lines, "t2"), (0.0, 0.0))
    assert answer.numbers["hessian"] == [2.0, 0.0, 0.0, 2.0]


def test_the_oracle_differentiates_a_derivative_at_zero() -> None:
    """d/dp of p³ at p = x is 3x²: the inner step must not shrink with the outer one."""
    body = Body("p", (Line("a", "fuzz_cube", ("p",)),), "a")
    answer = expected(Program("closures", ("x",), ((0.0,),), (Line("t1", "grad", ("x",), body),), "t1"), (0.0,))
    assert answer.numbers == {"value": [pytest.approx(0.0, abs=1e-30)], "gradient": [0.0], "hessian": [6.0]}


def test_the_oracle_leaves_a_length_of_zero_alone_that_relu_cuts_off() -> None:
    """Nothing moves it, so differences see 0; by the chain rule it is nan · 0 (decision 3d)."""
    lines = (Line("t1", "relu", ("x",)), Line("t2", "hypot", ("t1",)))
    with pytest.raises(NoVerdictError, match="a singular point"):
        expected(Program("rows", ("x",), ((0.0,),), lines, "t2"), (0.0,))


@pytest.mark.parametrize("x", [0.0, -3.0])
def test_the_oracle_knows_powers_below_zero_while_the_exponent_stays(x: float) -> None:
    square = expected(Program("plain", ("x",), ((x,),), (Line("t1", "pow", ("x", Constant(2.0))),), "t1"), (x,))
    assert square.numbers == {"value": [x * x], "gradient": [2.0 * x], "hessian": [2.0]}
    with pytest.raises(NoVerdictError, match="an exponent that moves"):
        expected(Program("plain", ("x",), ((0.0,),), (Line("t1", "pow", ("x", "x")),), "t1"), (0.0,))


def test_the_oracle_leaves_a_power_of_0_alone_whose_exponent_is_cut_off() -> None:
    """x ** x has second derivative ∞ at 0; where nothing moves it, the chain rule has ∞ · 0."""
    lines = (Line("t1", "maximum", (Constant(0.0), "x")), Line("t2", "pow", ("t1", "t1")))
    with pytest.raises(NoVerdictError, match="a singular point"):
        expected(Program("ties", ("x",), ((-1.8,),), lines, "t2"), (-1.8,))


FLOAT32 = 2.0**-24


def test_the_oracle_allows_for_a_product_of_two_roundings_in_float32() -> None:
    """By shifts, all softmaxes are constant: what floats leave of the slope is the product of two errors."""
    lines = (Line("t1", "softmax", ("x", "x", "x")), Line("t2", "log_softmax", ("t1",) * 5))
    answer = expected(Program("rows", ("x",), ((1.0,),), lines, "t2"), (1.0,))
    _, (error,) = answer.of(("gradient",), 2.0**-53)
    _, (float32_error,) = answer.of(("gradient",), FLOAT32)
    assert error < 2.0**-53
    assert 4.5e-16 < float32_error < FLOAT32


@pytest.mark.parametrize(("x", "words"), [(1.509, "a tie that float32 has not"), (1.5090001, "a rounding of float32")])
def test_the_oracle_knows_that_float32_may_decide_otherwise(x: float, words: str) -> None:
    lines = (Line("t1", "add", ("x", Constant(2.231))), Line("t2", "maximum", ("t1", Constant(1.509 + 2.231))))
    answer = expected(Program("ties", ("x",), ((x,),), lines, "t2"), (x,))
    assert answer.of(("gradient",), 2.0**-53)[0] == [0.5 if x == 1.509 else 1.0]
    with pytest.raises(NoVerdictError, match=words):
        answer.of(("gradient",), FLOAT32)


def test_the_oracle_knows_the_range_of_float32() -> None:
    """A derivative that is too large is infinite; of one behind a number that is, nobody knows."""
    steep = (Line("t1", "mul", ("x", Constant(1e20))), Line("t2", "square", ("t1",)))
    answer = expected(Program("plain", ("x",), ((1e-10,),), steep, "t2"), (1e-10,))
    assert answer.of(("hessian",), FLOAT32) == ([math.inf], [0.0])
    far = (Line("t1", "exp", ("x",)), Line("t2", "tanh", ("t1",)))
    answer = expected(Program("plain", ("x",), ((100.0,),), far, "t2"), (100.0,))
    with pytest.raises(NoVerdictError, match="too large for float32"):
        answer.of(("value",), FLOAT32)


def test_the_oracle_does_not_guess() -> None:
    near = (Line("t1", "mul", ("x", Constant(0.1))), Line("t2", "mul", ("x", Constant(0.3))))
    near += (Line("t3", "add", ("t1", "t1")), Line("t4", "add", ("t1", "t3")), Line("t5", "maximum", ("t2", "t4")))
    for lines in (near, (Line("t5", "sqrt", ("x",)),)):
        with pytest.raises(NoVerdictError):
            expected(Program("ties", ("x",), ((1.0 if lines is near else 0.0,),), lines, "t5"), (float(lines is near),))


@pytest.mark.parametrize("path", [*EAGER, *COMPILED], ids=lambda path: path.name)
def test_a_program_without_fault_agrees_on_every_path_but_no_other_numbers_do(path: Any) -> None:
    outcome = run(TWICE, [path])
    if path.name != "backward of a grad that closes over":
        assert not outcome.disagreements
    assert outcome.compared == (path.name,)


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
        "import autograd, tests.test_fuzz; before = list(autograd.PRIMITIVES);"
        "from tests.fuzz.__main__ import main; main(['--programs', '3', '--compiled', '0', '--kinds', 'defined']);"
        "assert list(autograd.PRIMITIVES) == before; assert not any('fuzz' in name for name in before)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)


def test_the_text_of_a_program_is_the_program() -> None:
    text = source.text(TWICE)
    assert text.splitlines()[1:3] == ["    t1 = x * y", "    t2 = autograd.sin(t1)"]
    assert source.function(TWICE)(2.0, 3.0) == math.sin(6.0)
