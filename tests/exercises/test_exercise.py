"""Exercise sheets: determinism, answers that are the engine's own and are not in the page, the command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import autograd
from autograd.cli.main import main
from autograd.debugging.messages import Messages
from autograd.exercises import exercise
from autograd.exercises.page import hashed
from autograd.exercises.problems import Problem, Question, canonical
from autograd.exercises.sheet import LEVELS, Exercise

SEEDS = (0, 1, 7, -3, 2**70)


def problem_of(sheet: Exercise) -> Problem:
    return sheet._problem


def questions(sheet: Exercise) -> list[Question]:
    return [question for group in problem_of(sheet).groups for question in group.questions]


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
def test_a_seed_is_a_sheet(level: int) -> None:
    sheet, again = exercise(seed=7, level=level), exercise(seed=7, level=level)
    assert (sheet.html, sheet.solution) == (again.html, again.solution)
    sheets = {exercise(seed=seed, level=level).solution.partition("\n")[2] for seed in range(12)}
    assert len(sheets) > 9  # two of twelve may be alike


@pytest.mark.parametrize("level", LEVELS)
def test_every_number_can_be_computed_by_hand(level: int) -> None:
    for seed in SEEDS:
        sheet = exercise(seed=seed, level=level)
        assert 4 <= len(sheet) == len(questions(sheet)) <= 16
        for question in questions(sheet):
            assert question.answers
            if not question.is_order:
                [answer] = question.answers
                assert (float(answer) * 4).is_integer()
                assert abs(float(answer)) < 100


@pytest.mark.parametrize("level", LEVELS)
def test_answers_are_in_the_page_as_salted_hashes_only(level: int) -> None:
    sheet = exercise(seed=3, level=level)
    page = sheet.html
    fields = re.findall(r'data-salt="(.*?)" data-hashes="(.*?)"', page)
    assert len(fields) == len(sheet)
    assert len({salt for salt, _ in fields}) == len(fields)  # equal answers have different hashes
    for question, (salt, hashes) in zip(questions(sheet), fields, strict=True):
        assert sorted(hashes.split()) == hashes.split() == sorted(hashed(each, salt) for each in question.answers)
    outside = re.sub(r"<svg.*?</svg>|<style>.*?</style>|<script>.*?</script>", "", page, flags=re.DOTALL)
    answers = {answer for question in questions(sheet) for answer in question.answers}
    assert not [answer for answer in answers if answer in outside]


@pytest.mark.parametrize("level", [level for level in LEVELS if level != 6])
def test_the_picture_tells_no_derivative(level: int) -> None:
    svg = problem_of(exercise(seed=3, level=level)).svg
    assert "∂" not in svg  # tooltips
    assert not re.search(r'class="(?:box|edge)[^"]* (?:pos|neg|zero|mixed)"', svg)
    partials = re.findall(r'class="partial[^>]*>(.*?)<', svg)
    assert partials
    assert set(partials) == {"?"}
    assert set(re.findall(r"grad . ?(.*)", svg.partition("<desc>")[2].partition("</desc>")[0])) <= {"?", ""}


def test_the_policy_allows_the_page_and_nothing_else() -> None:
    page = exercise(seed=3, level=4).html
    [policy] = re.findall(r'Content-Security-Policy" content="(.*?)"', page)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert " style=" not in page
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)
    assert " on" not in "".join(re.findall(r"<(?:input|button|body|svg)[^>]*>", page))


@pytest.mark.parametrize("level", LEVELS)
def test_the_solution_is_written_as_the_stepper_writes(level: int) -> None:
    """Row E8 and this share one notation: `Messages.product` made these lines."""
    assert Messages.product.__doc__
    lines = exercise(seed=5, level=level).solution.splitlines()
    products = [line for line in lines if line.startswith("[")]
    if level != 1:
        assert products
    for line in products:
        assert re.match(r"\[\d+/\d+\] ∂L/∂(\S+) \+= ∂(\S+)/∂\1 · ∂L/∂\2 = \S+ × \S+ = \S+  \(", line)


def test_wrong_edges_are_wrong_and_the_right_gradients_differ() -> None:
    for seed in range(6):
        text = exercise(seed=seed, level=6).solution
        right, wrong = re.findall(r"is wrong: \S+ = (\S+), not (\S+)", text)[0]
        assert right != wrong


def test_canonical_numbers_have_one_zero() -> None:
    assert canonical(-0.0) == canonical(0.0) == "0.00"


def test_what_is_not_a_level_or_a_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="level=8: choose one of 1, 2, 3, 4, 5, 6, 7"):
        exercise(seed=1, level=8)
    with pytest.raises(TypeError, match=r"takes an integer as seed, got 1\.5 \(float\)"):
        exercise(seed=1.5)  # type: ignore[arg-type]


# --- saving and the command -------------------------------------------------------------------------------------------


def test_save_writes_a_page(tmp_path: Path) -> None:
    sheet = autograd.exercise(seed=7)
    sheet.save(tmp_path / "sheet.html")
    assert (tmp_path / "sheet.html").read_text("utf-8") == sheet.html
    with pytest.raises(ValueError, match=r"must end in \.html \(print the page"):
        sheet.save(tmp_path / "sheet.pdf")


def test_the_command_writes_a_sheet_or_prints_its_solution(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["exercise", "--seed", "7", "--level", "2", "-o", "a.html"]) == 0
    assert capsys.readouterr().out == "a.html: A chain, 8 blanks; open it in a browser\n"
    assert Path("a.html").read_text("utf-8") == exercise(seed=7, level=2).html
    assert main(["exercise", "--seed", "7", "--level", "2", "--solution"]) == 0
    assert capsys.readouterr().out == exercise(seed=7, level=2).solution
    assert [each.name for each in tmp_path.iterdir()] == ["a.html"]
    assert main(["exercise", "--solution", "-o", "b.html"]) == 0
    assert Path("b.html").exists()
    capsys.readouterr()
    assert main(["exercise", "-o", "c.pdf"]) == 2
    assert "for a PDF, print the page in a browser" in capsys.readouterr().err


@pytest.mark.parametrize("has_openssl", [True, False])
def test_a_python_without_openssl_computes_the_same_hash(has_openssl: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in browsers, where hashlib has no PBKDF2."""
    if not has_openssl:
        monkeypatch.setattr("autograd.exercises.page.pbkdf2_hmac", None)
    assert hashed("-3.00", "σ 7 1 3") == "e451d95fdbba8b65fba155b0"
