"""The compile benchmark: what is wrong fails, what is missing is named, what is by hand is right."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import functional
from tests.benchmark.command import Entry, entry, main
from tests.benchmark.compiling import frameworks, lstm, network, points, sequences, survey
from tests.benchmark.compiling.ours import Scalars, strict
from tests.benchmark.compiling.race import JUDGED, Entrant, Goal, Race, goal_line, table
from tests.benchmark.compiling.rows import ROWS
from tests.benchmark.compiling.survey import Reading, Survey
from tests.benchmark.contest import TOLERANCE, Answer, Side, difference
from tests.benchmark.measure import Figures

pytestmark = pytest.mark.slow

RACES = [row for row in ROWS if isinstance(row, Race)]

SAME_WHEN_TINY = ("mlp-10000", "mlp-784", "gpt-batch-float64", "pendulum-build")
"""Rows that differ from another in sizes only, or in an option: CI runs all of them."""

Ran = list[str]


def side(name: str, ran: Ran, gradients: Sequence[float] = (1.0, -4.0)) -> Side:
    return Side(name, lambda: ran.append(name), lambda: Answer(2.0, gradients))


def entrant(name: str, ran: Ran, gradients: Sequence[float] = (1.0, -4.0), **options: Any) -> Entrant:
    return Entrant(name, lambda task: side(name, ran, gradients), **options)


def broken(reason: Exception) -> Callable[[Any], Side]:
    def make(task: Any) -> Side:
        raise reason

    return make


def race(*others: Entrant, ran: Ran, goals: tuple[Goal, ...] = ()) -> Race:
    reference = entrant("by hand", ran, peer=False)
    return Race(
        "toy", "a toy", lambda quick: None, (entrant(JUDGED, ran, peer=False), reference, *others), "by hand", goals
    )


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Ran:
    """Which sides were measured; a turn is one call, and no garbage is looked for in what all tests have left."""
    monkeypatch.setattr("tests.benchmark.measure.TURN", 0.0)
    monkeypatch.setattr("tests.benchmark.measure.gc.collect", lambda: 0)
    return []


class TestRace:
    def test_rows_pass_at_tiny_size(self, ran: Ran, capsys: pytest.CaptureFixture[str]) -> None:
        """Two of them: `.ci/run` runs all."""
        rows = ("rosenbrock", "pendulum")
        assert main([*rows, "--quick", "--repeat", "1"]) == 0
        text = capsys.readouterr().out
        assert all(f"\n{row}: " in text for row in rows)
        assert text.count("sides agree") == len(rows)

    def test_sides_that_agree_take_turns(self, ran: Ran, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--repeat", "2"], [entry(race(entrant("peer", ran), ran=ran))]) == 0
        assert ran == [JUDGED, "by hand", "peer"] * 2
        assert "3 sides agree: value 2 and 2 derivatives, worst difference 0.0e+00" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            (Entrant("peer", lambda task: side("peer", [], [1.0, -4.001])), "peer: differs from by hand by 0.00025"),
            (Entrant("peer", lambda task: side("peer", [], [1.0])), "peer: 1 gradients against 2"),
            (Entrant("peer", broken(autograd.CompileError("no way"))), "peer: CompileError: no way"),
            (Entrant("peer", broken(TypeError("not so"))), "peer: TypeError: not so"),
            (Entrant("peer", lambda task: Side("peer", list, lambda: Answer(1 / 0, []))), "peer: ZeroDivisionError"),
        ],
    )
    def test_a_wrong_side_fails_the_run_and_only_the_others_are_timed(
        self, wrong: Entrant, words: str, ran: Ran, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["--repeat", "1"], [entry(race(wrong, ran=ran))]) == 1
        text = capsys.readouterr().out
        assert f"FAILED: {words}" in text
        assert "2 sides agree" in text
        assert ran == [JUDGED, "by hand"]

    def test_when_ours_is_wrong_no_goal_is_judged(self, ran: Ran, capsys: pytest.CaptureFixture[str]) -> None:
        goals = (Goal("by hand", at_least=1e-9), Goal(at_most=1e9))
        row = race(ran=ran, goals=goals)
        row = replace(row, entrants=(entrant(JUDGED, ran, (1.0, math.nan)), *row.entrants[1:]))
        assert main(["--repeat", "1"], [entry(row)]) == 1
        text = capsys.readouterr().out
        assert text.count("not judged, ours, auto did not run") == 2
        assert "met" not in text

    def test_without_the_reference_nobody_is_timed(self, ran: Ran, capsys: pytest.CaptureFixture[str]) -> None:
        row = race(ran=ran)
        wrong = Entrant(row.reference, broken(TypeError("not so")), peer=False)
        assert main(["--repeat", "1"], [entry(replace(row, entrants=(row.entrants[0], wrong)))]) == 1
        assert "FAILED: by hand: TypeError: not so" in capsys.readouterr().out
        assert ran == []

    def test_goals_are_judged_but_do_not_fail_the_run(self, ran: Ran, capsys: pytest.CaptureFixture[str]) -> None:
        goals = (Goal("by hand", at_least=1e9), Goal(at_most=1e9), Goal("hare", at_least=1.0))
        assert main(["--repeat", "1"], [entry(race(ran=ran, goals=goals))]) == 0
        targets = [line for line in capsys.readouterr().out.splitlines() if "target" in line]
        assert [line.rpartition(",")[2].strip() for line in targets] == ["MISSED", "met", "hare did not run"]

    def test_a_missing_package_is_named_and_the_rest_runs(self, ran: Ran, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--repeat", "1"], [entry(race(entrant("peer", ran, needs="no_such_peer"), ran=ran))]) == 0
        assert "skipped peer: no_such_peer is not installed; --help has the command" in capsys.readouterr().out
        assert ran == [JUDGED, "by hand"]

    def test_quick_runs_are_without_peers_and_goals(self, ran: Ran, capsys: pytest.CaptureFixture[str]) -> None:
        row = race(entrant("peer", ran), ran=ran, goals=(Goal("peer", at_least=2.0),))
        assert main(["--quick", "--repeat", "1"], [entry(row)]) == 0
        assert ran == [JUDGED, "by hand"]
        assert "target" not in capsys.readouterr().out


def toy_survey(figure: Callable[[], float]) -> Survey:
    return Survey("toy", "a toy", "things", lambda quick, repeat: (Reading("all", figure(), 3.0) for _ in range(1)))


class TestSurvey:
    @pytest.mark.parametrize(("figure", "words"), [(3.0, "<= 3: met"), (3.5, "<= 3: MISSED")])
    def test_figures_are_judged(self, figure: float, words: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([], [entry(toy_survey(lambda: figure))]) == 0
        assert words in capsys.readouterr().out

    def test_a_figure_that_cannot_be_taken_fails_the_run(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([], [entry(toy_survey(lambda: 1.0 / 0.0)), entry(toy_survey(lambda: 1.0))]) == 1
        text = capsys.readouterr().out
        assert "FAILED: ZeroDivisionError" in text
        assert "<= 3: met" in text

    def test_nodes_are_counted_as_they_are_recorded(self) -> None:
        w = autograd.Value(2.0)
        single = Scalars(lambda x: x[0] * x[1] + 1.0, (np.array([1.0, 2.0]),))
        batch = Scalars(lambda x, y: (w * x - y) ** 2, (np.ones(5), np.ones(5)), [w], ("x", "y"))
        assert [survey.recorded(each)[0] for each in (single, batch)] == [2, 3]
        assert type(w) is autograd.Value

    def test_programs_grow_so_that_nothing_kept_helps(self) -> None:
        for make in survey.compiled_programs(quick=True).values():
            assert len({survey.recorded(make(i))[0] for i in range(3)}) == 3
        growing = points.Growing(points.pendulum_point, 3)
        assert [growing.next().size, growing.first.size, growing.next().size] == [4, 3, 5]


class TestRows:
    @pytest.mark.parametrize("row", RACES, ids=lambda row: row.name)
    def test_goals_and_reference_are_among_the_sides(self, row: Race) -> None:
        names = [each.name for each in row.entrants]
        assert len(names) == len(set(names))
        for name in (row.reference, *[name for goal in row.goals for name in (goal.side, goal.rival) if name]):
            assert name in names

    @pytest.mark.parametrize("row", RACES, ids=lambda row: row.name)
    def test_the_reference_is_always_there(self, row: Race) -> None:
        (reference,) = [each for each in row.entrants if each.name == row.reference]
        assert reference.needs is None
        assert not reference.peer

    def test_goals_are_bounds(self) -> None:
        for goal in [goal for row in RACES for goal in row.goals]:
            assert (goal.at_least > 0.0) == (goal.rival is not None)
            assert (goal.at_most > 0.0) == (goal.rival is None)


class TestOurs:
    def test_a_warning_fails_the_side(self) -> None:
        def warn() -> tuple[float, Any]:
            warnings.warn("runs by something else", RuntimeWarning, stacklevel=1)
            return 1.0, np.ones(1)

        with pytest.raises(RuntimeWarning, match="something else"):
            strict(warn, Explained("numpy"), "numpy")

    @pytest.mark.parametrize(
        ("asked", "ran", "accepted"), [("numpy", "numpy", 1), ("auto", "llvm", 1), ("llvm", "python", 0)]
    )
    def test_another_back_end_than_asked_for_fails_the_side(self, asked: str, ran: str, accepted: bool) -> None:
        def call() -> tuple[float, Any]:
            return 2.0, np.ones(2)

        if accepted:
            assert strict(call, Explained(ran), asked) == Answer(2.0, [1.0, 1.0])
            return
        with pytest.raises(autograd.CheckError, match="llvm was asked for, and what ran is python"):
            strict(call, Explained(ran), asked)


class Explained:
    """A compiled function that says which back end ran."""

    def __init__(self, backend: str) -> None:
        self.explain = lambda: f"back end: {backend} (a reason)\nrecordings: 1"


class TestByHand:
    @given(st.lists(st.floats(-2.0, 2.0), min_size=2, max_size=6))
    def test_rosenbrock(self, x: list[float]) -> None:
        expected = functional.value_and_grad(points.rosenbrock)(x)
        assert_equal(points.rosenbrock_by_hand(np.array(x), len(x)), expected)

    @given(st.integers(0, 20), st.tuples(st.floats(-3.0, 3.0), st.floats(-5.0, 5.0), st.floats(0.1, 20.0)))
    def test_pendulum(self, steps: int, x: tuple[float, float, float]) -> None:
        task = points.Point("pendulum", steps, np.array(x))
        expected = functional.value_and_grad(task.scalars.f)(list(x))
        assert_equal(points.pendulum_by_hand(task.x, steps), expected)

    @pytest.mark.parametrize("loss", network.LOSSES)
    @pytest.mark.parametrize("sizes", [[3, 2], [4, 3, 2], [5, 4, 3, 2]])
    def test_network(self, loss: str, sizes: list[int]) -> None:
        sizes = [*sizes[:-1], 1] if loss == "hinge" else sizes
        sizes = [2, *sizes[1:]] if loss == "hinge" else sizes
        task = network.network(sizes, 6, loss)
        assert difference(network.numpy_side(task).answer(), eager_answer(task)) <= TOLERANCE


def eager_answer(task: network.Network) -> Answer:
    """The mean loss over the samples and its gradient by a graph."""
    parameters = list(task.scalars.parameters or ())
    targets = map(int, task.y)
    loss = autograd.mean([task.scalars.f(x, y) for x, y in zip(task.x.tolist(), targets, strict=True)])
    loss.backward()
    return Answer(loss.data, [parameter.grad for parameter in parameters])


def assert_equal(found: tuple[float, Any], expected: tuple[Any, Any]) -> None:
    """Up to rounding. Both sides take a few hundred operations on numbers below 1e5 in size."""
    scale = 1e5
    assert found[0] == pytest.approx(float(expected[0]), rel=1e-12, abs=1e-12 * scale)
    assert list(found[1]) == pytest.approx([float(each) for each in expected[1]], rel=1e-12, abs=1e-12 * scale)


class TestFrameworks:
    def test_parameters_are_paired(self) -> None:
        assert frameworks.pairs([1, 2, 3, 4]) == [(1, 2), (3, 4)]


class TestSequences:
    @pytest.mark.parametrize(
        "task", [sequences.ode(3, 4), sequences.logsumexp(5), lstm.lstm(6)], ids=["ode", "lse", "lstm"]
    )
    def test_derivatives_by_hand_are_those_of_the_scalar_program(self, task: sequences.Sequential) -> None:
        value, gradient = functional.value_and_grad(task.scalars.f)(task.x.tolist())
        expected = Answer(float(value), [float(each) for each in gradient])
        assert difference(sequences.by_hand_side(task).answer(), expected) <= TOLERANCE


class TestExpectations:
    def test_the_table_shows_what_was_expected_of_the_back_end_that_ran(self) -> None:
        names = [JUDGED, "ours, numpy", "by hand"]
        remarks = ["llvm (expected for a run: llvm 20 us, numpy 50 us)", "numpy (as asked for)", ""]
        figures = {name: Figures(name, (2e-5,)) for name in names}
        lines = table(figures, dict(zip(names, remarks, strict=True)), per=2)
        assert [line.split("us")[2].strip() for line in lines[1:3]] == ["10", "25"]
        assert "as asked for" in lines[2]
        assert lines[3].count(" us") == 2

    def test_a_goal_may_allow_seconds_for_what_the_rival_does_not_do(self) -> None:
        figures = {name: Figures(name, (seconds,)) for name, seconds in ((JUDGED, 3.0), ("rival", 1.0))}
        assert goal_line(Goal("rival", at_least=1.0, besides=2.0), figures).endswith("1, met")
        assert goal_line(Goal("rival", at_least=1.0, besides=1.0), figures).endswith("0.5, MISSED")


def test_packages_of_peers_are_looked_at_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = tmp_path / "casadi" / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"
    found.mkdir(parents=True)
    (tmp_path / "old" / "lib" / "python2.7" / "site-packages").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", ["first"])
    assert main(["--peers", str(tmp_path)], [Entry("compile", lambda options: True, "compile")]) == 0
    assert sys.path == ["first", str(found)]
