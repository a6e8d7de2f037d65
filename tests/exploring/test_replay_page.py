"""The replay page in a headless Chromium, used as a person would."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograd import Value, debug, relu
from autograd.drawing.text import number
from autograd.exploring import replay
from tests.drawing.pictures import batch_loss
from tests.exploring.test_replay import NASTY, nasty_page
from tests.support.browser import Browser, needs_chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """y = relu(a*b + c) * a: 7 products, two of them for a."""
    with debug():
        a, b, c = Value(2.0), Value(-3.0), Value(10.0)
        h = relu(a * b + c)
        y = h * a
    path = tmp_path_factory.mktemp("replay") / "page.html"
    replay(y).save(path)
    return path


def count(browser: Browser) -> str:
    return browser.text("#count")


def shown_gradients(browser: Browser) -> dict[str, str]:
    """The name and the gradient in each box."""
    script = """return Object.fromEntries([...document.querySelectorAll('#picture0 .box')].map(box => {
      const [glyph, number] = [box.querySelector('.glyph'), box.querySelector('.gradient')];
      return [box.querySelector('.name').textContent, `${glyph.textContent} ${number.textContent}`.trim()];
    }))"""
    found: dict[str, str] = browser.run(script)
    return found


@needs_chromium
def test_begins_before_the_first_product(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert count(browser) == "0 / 7"
    assert "L = y: ∂L/∂y = 1" in browser.text("#formula")
    assert shown_gradients(browser) == {"a": "–", "b": "–", "c": "–", "mul": "–", "add": "–", "h": "–", "y": "▲ 1"}
    assert browser.run("return [...document.querySelectorAll('.edge')].every(e => e.classList.contains('todo'))")
    assert browser.complaints() == []


@needs_chromium
def test_writes_numbers_as_the_picture_does(browser: Browser, page: Path) -> None:
    rng = random.Random(0)
    xs = [sign * rng.uniform(1, 10) * 10.0**power for power in range(-30, 30) for sign in (1, -1)]
    xs += [0.0, -0.0, 1.0, -12.0, 999999.0, 1e6, 999999.5, 0.1, 1e-4, 9.9996e-5, 0.00099996, 9999.6, 1e300, 5e-324]
    browser.open(page)
    assert browser.run("return arguments[0].map(x => number(x))", xs) == list(map(number, xs))
    strange = browser.run("return [Infinity, -Infinity, NaN].map(x => number(x))")
    assert strange == list(map(number, (math.inf, -math.inf, math.nan)))


@needs_chromium
def test_a_deep_link_opens_a_moment(browser: Browser, page: Path) -> None:
    browser.open(page, "#2")
    assert count(browser) == "2 / 7"
    assert "∂L/∂a += ∂y/∂a · ∂L/∂y = 4 × 1 = 4" in browser.text("#formula")
    assert "0 → 4" in browser.text("#formula")
    assert browser.text("#sum").count("pending") == 1
    assert browser.text("#source mark") == "h * a"
    for wrong, moment in (("#99", "7 / 7"), ("#-1", "0 / 7"), ("#x", "0 / 7"), ("#1.7", "1 / 7")):
        browser.open(page, wrong)
        assert count(browser) == moment
    browser.run("location.hash = '#4'")
    browser.wait("document.querySelector('#count').textContent === '4 / 7'")


@needs_chromium
def test_keys_step_forwards_and_back(browser: Browser, page: Path) -> None:
    browser.open(page)
    before = shown_gradients(browser)
    browser.press("ArrowRight", "ArrowRight")
    assert count(browser) == "2 / 7"
    assert shown_gradients(browser)["a"] == "▲ 4"
    assert browser.run("return location.hash") == "#2"
    browser.press("ArrowLeft", "ArrowLeft", "ArrowLeft")
    assert (count(browser), shown_gradients(browser)) == ("0 / 7", before)
    browser.press("End")
    assert shown_gradients(browser) == {
        "a": "▼ −2", "b": "▲ 4", "c": "▲ 2", "mul": "▲ 2", "add": "▲ 2", "h": "▲ 2", "y": "▲ 1",
    }  # fmt: skip
    browser.press("PageUp")
    assert count(browser) == "0 / 7"


@needs_chromium
def test_the_slider_moves_and_tells_a_screen_reader_where(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.run("const s = document.querySelector('#moment'); s.value = 3; s.dispatchEvent(new Event('input'))")
    assert count(browser) == "3 / 7"
    browser.run("document.querySelector('#moment').focus()")
    browser.press("ArrowRight")  # one step, not one for the slider and one for the page
    assert count(browser) == "4 / 7"
    value = browser.run("return document.querySelector('#moment').getAttribute('aria-valuetext')")
    assert value.startswith("4 of 7. ∂L/∂")
    assert browser.run("return document.querySelector('#formula').getAttribute('aria-live')") == "polite"


@needs_chromium
def test_a_click_goes_to_the_gradient_of_a_value(browser: Browser, page: Path) -> None:
    browser.open(page)
    a = browser.run(
        "return [...document.querySelectorAll('.box')].find(b => b.querySelector('.name').textContent === 'a').id"
    )
    browser.click(f"#{a} .body")
    assert "complete" in browser.text("#formula")
    assert "∂L/∂a is the sum of" in browser.text("#sum")
    complete = count(browser)
    browser.click(f"#{a} .body")  # again: what came before
    assert count(browser) == "2 / 7"
    browser.run(f"document.getElementById('{a}').focus()")
    browser.press("Enter")
    assert count(browser) == complete
    browser.click("#sum a")
    assert count(browser) == "2 / 7"


@needs_chromium
def test_plays_to_the_end_and_can_be_paused(browser: Browser, page: Path) -> None:
    browser.open(page, "#6")
    browser.press("Space")
    assert browser.text("#play") == "Pause"
    assert browser.run("return document.querySelector('#formula').getAttribute('aria-live')") == "off"
    browser.wait("document.querySelector('#count').textContent === '7 / 7'")
    assert browser.text("#play") == "Play"
    browser.click("#play")  # from the beginning
    browser.click("#play")
    assert browser.text("#play") == "Play"
    assert count(browser) in ("0 / 7", "1 / 7")


@needs_chromium
def test_everything_that_can_be_pressed_has_a_name_and_shows_its_focus(browser: Browser, page: Path) -> None:
    browser.open(page, "#3")
    pressed = "button, input, select, [role=button], a[href]"
    unnamed = browser.run(
        "return [...document.querySelectorAll(arguments[0])].filter(e =>"
        " !(e.ariaLabel || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML)",
        pressed,
    )
    assert unnamed == []
    browser.press("Tab")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert browser.run(f"return [document.activeElement.id, {outline}]") == ["search", "solid"]


@needs_chromium
def test_follows_light_dark_and_less_motion(browser: Browser, page: Path) -> None:
    browser.open(page)
    background = "return getComputedStyle(document.body).backgroundColor"
    duration = "return getComputedStyle(document.querySelector('.box')).transitionDuration"
    browser.emulate(prefers_color_scheme="light", prefers_reduced_motion="no-preference")
    light = browser.run(background)
    assert browser.run(duration) == "0.15s"
    browser.emulate(prefers_color_scheme="dark", prefers_reduced_motion="reduce")
    assert browser.run(background) != light
    assert browser.run(duration) == "0s"
    browser.emulate()


@needs_chromium
def test_a_page_cannot_be_taken_over(browser: Browser, tmp_path: Path) -> None:
    nasty_page().save(tmp_path / "page.html")
    browser.open(tmp_path / "page.html", "#2")
    assert browser.run("return document.title") == NASTY
    assert NASTY in browser.text("#formula")
    assert "</script>" in browser.text("#source")
    assert browser.run("return document.querySelectorAll('b').length") == 0
    assert browser.complaints() == []


@needs_chromium
def test_a_collapsed_graph_is_stepped_box_by_box(browser: Browser, tmp_path: Path) -> None:
    page = replay(batch_loss(samples=12))
    page.save(tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    total_ = len(page)
    browser.press("ArrowRight")
    assert "layer" not in browser.text("#formula")
    moments = [int(count(browser).partition(" ")[0])]
    while moments[-1] != total_ and len(moments) < 200:
        browser.press("ArrowRight")
        moments.append(int(count(browser).partition(" ")[0]))
    assert moments[-1] == total_
    assert len(moments) < 200  # not one for each of the products
    browser.press("Home")
    assert count(browser).startswith("0 /")
    assert browser.complaints() == []


@needs_chromium
def test_works_in_the_frame_of_a_notebook(browser: Browser, tmp_path: Path) -> None:
    x = Value(3.0, label="x")
    (tmp_path / "notebook.html").write_text(f"<!DOCTYPE html><body>{replay(x * x)._repr_html_()}")
    browser.open(tmp_path / "notebook.html")
    browser.enter("iframe")
    try:
        browser.press("End")
        browser.click("#end")
        assert count(browser) == "2 / 2"
        browser.click("#sum a")  # a link would lead out of the frame
        assert count(browser) == "1 / 2"
    finally:
        browser.enter(None)
    assert browser.complaints() == []
