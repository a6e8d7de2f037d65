"""A sheet in a headless Chromium, filled in as a student would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autograd.exercises import exercise
from tests.exercises.test_exercise import questions
from tests.support.browser import Browser, needs_chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as opened:
        yield opened


def answered(browser: Browser, place: int, text: str) -> str:
    """What the page says about an answer that is typed into a blank."""
    script = """const blank = document.getElementById(arguments[0]); blank.value = arguments[1];
      blank.dispatchEvent(new Event('input')); blank.dispatchEvent(new Event('change'));"""
    browser.run(script, f"q{place}", text)
    if text.strip():
        browser.wait(f"document.getElementById('q{place}s').textContent !== ''")
    return browser.text(f"#q{place}s")


def test_the_right_answers_are_right_at_every_level(browser: Browser, tmp_path: Path) -> None:
    for level in (3, 5, 7):
        sheet = exercise(seed=2, level=level)
        sheet.save(tmp_path / f"{level}.html")
        browser.open(tmp_path / f"{level}.html")
        for place, question in enumerate(questions(sheet), start=1):
            answers = [answered(browser, place, answer) for answer in question.answers]
            assert set(answers) == {"✓ right"}, question
        assert browser.text("#score") == f"{len(sheet)} of {len(sheet)} right"
    assert browser.complaints() == []


def test_numbers_are_read_as_people_write_them(browser: Browser, tmp_path: Path) -> None:
    for seed in range(40):  # a sheet with an answer of −0.5
        sheet = exercise(seed=seed, level=3)
        halves = [i for i, each in enumerate(questions(sheet), start=1) if each.answers == ("-0.50",)]
        if halves:
            break
    sheet.save(tmp_path / "sheet.html")
    browser.open(tmp_path / "sheet.html")
    for text in ("-0.5", "−0,5", "-.5", "-1/2", " - 0.50", "-0.5001", "-0.499"):
        assert answered(browser, halves[0], text) == "✓ right", text
    for text in ("0.5", "-0.52", "-5", "0"):
        assert answered(browser, halves[0], text) == "✗ not yet", text
    for text in ("half", "1/0/0", "--1", "0x2", "1e3"):
        assert answered(browser, halves[0], text) == "✗ not a number", text
    assert browser.run(f"return document.getElementById('q{halves[0]}').getAttribute('aria-invalid')") == "true"
    assert answered(browser, halves[0], "") == ""


def test_it_is_used_by_keyboard_and_read_by_a_screen_reader(browser: Browser, tmp_path: Path) -> None:
    exercise(seed=2, level=1).save(tmp_path / "sheet.html")
    browser.open(tmp_path / "sheet.html")
    unlabelled = """return [...document.querySelectorAll('input')].filter(each =>
      !each.labels.length || !document.getElementById(each.getAttribute('aria-describedby'))).length"""
    assert browser.run(unlabelled) == 0
    browser.run("document.getElementById('q1').focus()")
    browser.press("Enter")
    assert browser.run("return document.activeElement.id") == "q2"
    assert browser.run("return document.querySelector('#score').getAttribute('role')") == "status"
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
