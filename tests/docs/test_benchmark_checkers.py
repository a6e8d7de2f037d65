"""The benchmark of gradient checkers: its questions, its peers, and what breaks the promise."""

from __future__ import annotations

import math
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmark import checkers, checkers_peers
from tests.benchmark.checkers_peers import CORRECT, ERRORS, SCALES, Checker
from tests.benchmark.command import main

pytestmark = pytest.mark.slow


def toy_checker(limit: float, alarm: float = math.inf) -> Checker:
    """Lets scale times error pass up to a limit (that is asked at 0), and fails functions at points from `alarm` on."""

    def accepts(f: Any, x: float) -> bool:
        return bool(f(x) <= limit) if x == 0.0 else x < alarm

    return Checker("toy", accepts, lambda error: nullcontext(lambda x: error), math.log, math.sin, abs)


@pytest.fixture(autouse=True)
def _one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs are printed, not judged: one run of each check instead of the fastest of nine."""
    monkeypatch.setattr(checkers, "RUNS", 1)


class TestCheckers:
    def test_ours_keeps_its_promise(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--quick", "--only", "checkers"]) == 0
        text = capsys.readouterr().out
        assert "correct function: met" in text
        assert "--peers DIR" in text
        assert "FAILS" not in text

    @given(st.floats(-1.0, 1e4), st.sampled_from(SCALES))
    def test_the_largest_error_within_the_limit_is_found(self, limit: float, scale: float) -> None:
        passing = [error for error in ERRORS if scale * error <= limit]
        assert checkers_peers.largest_passing(toy_checker(limit), scale) == max(passing, default=None)

    @pytest.mark.parametrize(
        ("checker", "words"),
        [
            (toy_checker(1.5e-12), "0.001   1e-09"),
            (toy_checker(0.0, alarm=1e8), "x**2 at 1e+08   FAILS"),
            (toy_checker(-1.0), "1     right rule fails"),
        ],
    )
    def test_a_checker_that_breaks_the_promise_fails_the_run(
        self, checker: Checker, words: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert not checkers.run(None, [checker])
        text = " ".join(capsys.readouterr().out.split())
        assert " ".join(words.split()) in text
        assert "MISSED" in text

    def test_a_checker_that_rejects_the_right_function_too_has_noticed_nothing(self) -> None:
        """What it says of a number that left is worth something only where it passes when nothing left."""
        leaves, wary = "accepts what is detached, at 3 alone", "rejects everything"
        accepting = {leaves: lambda f, x: x == 3.0, wary: lambda f, x: False}
        for name, accepts in accepting.items():
            checker = Checker(name, accepts, lambda error: nullcontext(abs), math.log, math.sin, abs, abs)
            left = checkers_peers.answers(checker).left
            assert left == ([True, None, None] if name == leaves else [None] * 3)
        sharp = checkers_peers.Answers("sharp", [0.0], [True], [False])
        assert checkers.keeps_promise(sharp)
        assert not any(checkers.keeps_promise(replace(sharp, left=[each])) for each in (True, None))

    def test_what_is_detached_is_all_that_differs(self) -> None:
        checker = replace(toy_checker(0.0), detach=lambda x: 0.0 * x)
        for name, (left, right) in checkers_peers.functions_left(checker).items():
            names = {"log": math.log, "x": 2.5}
            assert left(2.5) == eval(name, {**names, "detach": lambda x: 0.0})
            assert right(2.5) == eval(name, {**names, "detach": lambda x: x})

    def test_missing_peers_are_named_with_the_command_that_makes_them(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert checkers.run(tmp_path, [toy_checker(0.0)])
        text = capsys.readouterr().out
        for peer, packages in checkers.PEERS.items():
            assert f"{peer}: skipped" in text
            assert f"-m pip install {packages}" in text

    def test_a_broken_environment_fails_the_run_and_the_rest_is_shown(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        python = checkers.interpreter(tmp_path / "jax")
        python.parent.mkdir(parents=True)
        python.touch()
        assert not checkers.run(tmp_path, [toy_checker(0.0)])
        text = capsys.readouterr().out
        assert "jax: FAILED: " in text
        assert "torch: skipped" in text
        assert "correct function: met" in text

    @pytest.mark.parametrize(
        ("program", "words"),
        [
            ("import no_such_peer", "No module named 'no_such_peer'"),
            ("raise SystemExit(3)", "exit code 3, without a word"),
            ("print('hello')", "Expecting value"),
            ("print('{}')", "missing 3 required positional arguments"),
            ("print()", "Expecting value"),
        ],
    )
    def test_a_peer_without_answers_says_why(self, program: str, words: str) -> None:
        with pytest.raises(checkers.PeerError, match=words):
            checkers.ask([sys.executable, "-c", program])

    def test_the_script_for_the_peers_runs_by_itself(self, tmp_path: Path) -> None:
        script = [sys.executable, "-I", "-S", checkers_peers.__file__, "chess"]
        done = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr.endswith("{torch,jax,hips}, got ['chess']\n")

    def test_every_peer_has_packages_and_a_checker(self) -> None:
        assert checkers.PEERS.keys() == checkers_peers.PEERS.keys()

    def test_the_functions_are_what_they_are_called(self) -> None:
        names = {"log": math.log, "sin": math.sin, "relu": abs}
        for name, function in checkers_peers.functions(toy_checker(0.0)).items():
            assert function(2.5) == eval(name, names, {"x": 2.5})
        assert {name for name, _ in CORRECT} == checkers_peers.functions(toy_checker(0.0)).keys()
