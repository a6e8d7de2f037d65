"""The benchmark runs at tiny size, and its correctness checks reject what is wrong."""

from __future__ import annotations

import gc
import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import CheckError
from tests.benchmark import gpt, measure, moons, operations, report, tuples
from tests.benchmark.command import Entry, entry, main
from tests.benchmark.compiling.rows import SETUP
from tests.benchmark.contest import TOLERANCE, Answer, Contest, Side, difference
from tests.benchmark.measure import Figures, Measure, seconds, take_turns
from tests.benchmark.workloads import WORKLOADS, Target, Workload

pytestmark = pytest.mark.slow

finite = st.floats(-1e6, 1e6)


def constant_side(name: str, loss: float, gradients: Sequence[float]) -> Side:
    return Side(name, lambda: None, lambda: Answer(loss, gradients))


def workload(ours: Side, peer: Side | None = None, **row: Any) -> Workload:
    return Workload("toy", "a toy", lambda quick: Contest(ours, peer), **row)


RIGHT = constant_side("ours", 2.0, [1.0, -4.0])


class TestCommand:
    @pytest.fixture(autouse=True)
    def a_turn_is_one_call(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is measured here is of no interest, nor is the garbage that all tests have left."""
        monkeypatch.setattr(measure, "TURN", 0.0)
        monkeypatch.setattr(measure.gc, "collect", lambda: 0)

    @pytest.mark.parametrize("row", WORKLOADS, ids=lambda row: row.name)
    def test_every_workload_passes_its_check_at_tiny_size(
        self, row: Workload, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["--quick", "--repeat", "1", "--only", row.name]) == 0
        text = capsys.readouterr().out
        assert f"{row.name}: " in text
        assert "skipped" in text or "worst difference" in text

    @pytest.mark.parametrize("wrong", [(2.0, [1.0, -4.001]), (2.001, [1.0, -4.0]), (math.nan, [1.0, -4.0])])
    def test_a_wrong_peer_fails_the_run_and_is_not_timed(
        self, wrong: tuple[float, list[float]], capsys: pytest.CaptureFixture[str]
    ) -> None:
        rows = [workload(RIGHT, constant_side("peer", *wrong)), workload(RIGHT, RIGHT)]
        assert main(["--quick", "--repeat", "1"], [*map(entry, rows)]) == 1
        failed, passed = capsys.readouterr().out.split("toy: ")[1:]
        assert "FAILED: ours differs from peer" in failed
        assert "median" not in failed
        assert "median" in passed

    def test_a_missing_peer_is_named_and_the_rest_runs(self, capsys: pytest.CaptureFixture[str]) -> None:
        rows = [workload(RIGHT, RIGHT, needs="no_such_peer"), workload(RIGHT, RIGHT)]
        assert main(["--quick", "--repeat", "1"], [*map(entry, rows)]) == 0
        text = capsys.readouterr().out
        assert "python -m pip install no_such_peer" in text
        assert text.count("worst difference") == 1

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--only", "chess"], "'chess'"),
            (["chess"], "invalid choice: 'chess' (choose from compile, moons-operators"),
            (["--repeat", "0"], "must be a positive integer, got '0'"),
            (["--repeat", "few"], "must be a positive integer, got 'few'"),
            (
                ["--only", "gpt", "--peers", "side"],
                "--peers is for checkers, gradbench, export and compile; add --only checkers",
            ),
        ],
    )
    def test_bad_options_are_refused(
        self, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 2
        assert words in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("arguments", "names"),
        [
            ([], ["one", "two", "three"]),
            (["two"], ["two"]),
            (["--only", "two", "three"], ["two", "three"]),
            (["pair"], ["one", "two"]),
        ],
    )
    def test_names_and_groups_choose(self, arguments: list[str], names: list[str]) -> None:
        ran: list[str] = []

        def toy(name: str, group: str) -> Entry:
            return Entry(name, lambda options: ran.append(name) is None, group)

        assert main(arguments, [toy("one", "pair"), toy("two", "pair"), toy("three", "")]) == 0
        assert ran == names

    def test_help_says_how_to_get_all_peers(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as stop:
            main(["--help"])
        assert stop.value.code == 0
        text = capsys.readouterr().out
        assert all(command in text for command in SETUP)


class TestCheck:
    @given(st.lists(finite, min_size=1), finite, st.data())
    def test_a_change_is_seen_exactly_beyond_the_tolerance(
        self, gradients: list[float], loss: float, data: st.DataObject
    ) -> None:
        scale = max(map(abs, gradients))
        place = data.draw(st.integers(0, len(gradients) - 1))
        for factor, accepted in ((0.5, True), (2.0, False)):
            # Half and twice the tolerance: the rounding of this addition, u times scale, does not reach the limit.
            moved = [g + factor * TOLERANCE * scale * (i == place) for i, g in enumerate(gradients)]
            worst = difference(Answer(loss, moved), Answer(loss, gradients))
            assert (worst <= TOLERANCE) == (accepted or moved == gradients)

    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_not_a_number_never_agrees(self, bad: float) -> None:
        for answer in (Answer(bad, [1.0]), Answer(1.0, [bad])):
            assert difference(answer, answer) == math.inf
            assert difference(answer, Answer(1.0, [1.0])) == math.inf

    def test_something_against_nothing_is_infinitely_wrong(self) -> None:
        assert difference(Answer(1.0, [1e-30]), Answer(1.0, [0.0])) == math.inf
        assert difference(Answer(0.0, [0.0]), Answer(0.0, [0.0])) == 0.0

    def test_other_parameters_are_refused(self) -> None:
        with pytest.raises(CheckError, match="2 gradients against 1"):
            difference(Answer(1.0, [1.0, 2.0]), Answer(1.0, [1.0]))

    def test_nothing_to_compare_with_is_refused(self) -> None:
        with pytest.raises(CheckError, match="give the contest a peer or an expected answer"):
            Contest(RIGHT).check()


class TestMeasure:
    def test_sides_take_turns_and_figures_are_per_node(self) -> None:
        turns: list[str] = []
        ours, peer = (Side(name, partial(turns.append, name), RIGHT.answer) for name in "AB")
        figures = take_turns([ours, peer], Measure(run_and_find_five, str), repeat=3, nodes=10)
        assert turns == list("ABABAB")
        assert [side.taken for side in figures] == [(0.5, 0.5, 0.5)] * 2

    @pytest.mark.parametrize(("cost", "calls"), [(0.01, 1 + 5), (0.04, 1 + 1), (0.06, 1)])
    def test_short_steps_are_repeated_until_they_fill_a_turn(
        self, cost: float, calls: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = [0.0]

        def step() -> None:
            clock.append(clock[-1] + cost)

        monkeypatch.setattr(measure, "TURN", 0.055)
        monkeypatch.setattr(measure.time, "perf_counter", lambda: clock[-1])
        # Differences of at most 6 sums of the cost: each is off by an ulp of 0.4 at most.
        assert measure.per_call(Side("ours", step, RIGHT.answer)) == pytest.approx(cost, rel=1e-13)
        assert len(clock) == 1 + calls

    @pytest.mark.parametrize(("collector", "enabled"), [("left alone", True), ("paused", False)])
    def test_collector_is_in_the_stated_state(self, collector: Any, enabled: bool) -> None:
        states: list[bool] = []
        seconds(Side("ours", lambda: states.append(gc.isenabled()), RIGHT.answer, collector))
        assert states == [enabled]
        assert gc.isenabled()


def run_and_find_five(side: Side) -> float:
    """A measure whose figure is known."""
    side.step()
    return 5.0


class TestReport:
    @pytest.mark.parametrize(
        ("target", "met"),
        [
            (Target("at least", 2.0), True),
            (Target("at least", 2.5), False),
            (Target("at most", 3.0), True),
            (Target("at most", 2.9), False),
        ],
    )
    def test_targets_are_judged_by_the_medians(self, target: Target, met: bool) -> None:
        figures = [Figures("ours", (1.0, 3.0, 4.0)), Figures("peer", (6.0, 6.0, 6.0))]
        assert report.meets(target, figures) == met
        assert report.target_line(target, figures, WORKLOADS[0].measure).endswith("met" if met else "MISSED")

    def test_heading_names_each_collector_when_they_differ(self) -> None:
        paused = Side("autograd", RIGHT.step, RIGHT.answer, "paused")
        assert "collector paused for autograd, left alone for ours" in report.heading(
            workload(paused, RIGHT), Contest(paused, RIGHT)
        )


class TestPrograms:
    def test_gpt_has_about_sixty_thousand_nodes(self) -> None:
        loss = gpt.gpt_loss(gpt.gpt_parameters(tuples.Value), gpt.document("tamara"))
        assert 55_000 < len(tuples.sorted_nodes(loss)) < 65_000

    def test_gpt_starts_near_chance(self) -> None:
        loss = gpt.gpt_loss(gpt.gpt_parameters(tuples.Value), gpt.document("ada")).data
        assert loss == pytest.approx(math.log(gpt.BOUNDARY + 1), rel=0.1)

    def test_moons_are_seeded_and_balanced(self) -> None:
        (x, y), (again, _) = moons.moons(50), moons.moons(50)
        assert x.tolist() == again.tolist()
        assert x.shape == (50, 2)
        assert sorted(set(y.tolist())) == [-1, 1]
        assert y.sum() == 0

    @given(st.floats(0.5, 2.0), st.floats(0.5, 2.0))
    def test_slots_and_tuples_differentiates_rightly(self, a: float, b: float) -> None:
        x, y = tuples.Value(a), tuples.Value(b)
        every_operator(x, y).backward()

        def value(a: float, b: float) -> float:
            return every_operator(tuples.Value(a), tuples.Value(b)).data

        h = 1e-5
        by_x, by_y = value(a + h, b) - value(a - h, b), value(a, b + h) - value(a, b - h)
        # Central differences, with f and its third derivatives below 1e3 on this square: both errors,
        # of the method (h**2 over 6 times the latter) and u f / h of the rounding, stay below 2e-8.
        assert [x.grad, y.grad] == pytest.approx([by_x / (2 * h), by_y / (2 * h)], rel=0, abs=1e-7)


def every_operator(x: tuples.Value, y: tuples.Value) -> tuples.Value:
    """Each operation of the peer, forward and reflected, away from the kink of relu."""
    powers = 2.0 * x.exp() + (x * y).relu() ** 1.5 - y.log() * 0.5
    return powers + 1.0 - x / y + 3.0 / x - (1.0 - y) + -(y**3) + (1.0 + x)


def test_operations_agree_with_their_peer_and_a_difference_is_noticed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert operations.run(quick=True)
    assert capsys.readouterr().out.count("slots and tuples") == len(operations.OPERATIONS)
    monkeypatch.setattr(operations.Peer, "tanh", lambda x: x.exp())
    assert not operations.run(quick=True)
    assert capsys.readouterr().out.count("DIFFERENT NUMBERS") == 1
