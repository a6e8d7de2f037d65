"""The explorer page in a headless Chromium, used as a person would."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograd import Value, cos, debug, explore, tanh, total
from autograd.graph import topological
from tests.drawing.pictures import batch_loss, readme_value
from tests.exploring.test_replay import NASTY
from tests.support.browser import Browser, needs_chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium]

SHOWN = "[...document.querySelectorAll('#picture0 .box')]"
SIZES = f"{SHOWN}.map(box => Number(box.dataset.size))"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def batch() -> Value:
    return batch_loss(3)


@pytest.fixture(scope="module")
def page(batch: Value, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network over 3 samples: some 500 values in modules."""
    path = tmp_path_factory.mktemp("explore") / "page.html"
    explore(batch, depth=0).save(path)
    return path


def test_boxes_open_and_close_in_place_and_their_counts_add_up(browser: Browser, page: Path, batch: Value) -> None:
    values = len(topological(batch))
    browser.open(page)
    assert sum(browser.run(f"return {SIZES}")) == values
    closed = sorted(browser.run(f"return {SIZES}"))
    rng = random.Random(0)
    for _ in range(6):
        boxes = browser.run(
            "return [...document.querySelectorAll('#picture0 [aria-expanded]')].map(b => b.dataset.item)"
        )
        browser.run(
            "document.querySelector(`#picture0 [data-item='${arguments[0]}']`).dispatchEvent(new Event('click'))",
            rng.choice(boxes),
        )
        assert sum(browser.run(f"return {SIZES}")) == values
        assert browser.text(".caption").startswith(f"{values} values in ")
    browser.run("document.getElementById('openlevel').click()")
    assert sum(browser.run(f"return {SIZES}")) == values
    browser.run("document.getElementById('closeall').click()")
    assert sorted(browser.run(f"return {SIZES}")) == closed
    assert browser.complaints() == []


def test_a_box_opens_by_its_key_and_keeps_the_focus(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.run(f"{SHOWN}.find(box => box.getAttribute('aria-label').startsWith('layer 1')).focus()")
    focused = (
        "const on = document.activeElement; return [on.getAttribute('aria-expanded'), on.getAttribute('aria-label')]"
    )
    assert browser.run(focused)[0] == "false"
    browser.press("Enter")
    expanded, label = browser.run(focused)
    assert (expanded, label.startswith("layer 1"), label.endswith("open")) == ("true", True, True)
    assert "opened" in browser.text("#status")
    browser.run("window.frame = Number(document.activeElement.dataset.item)")
    browser.press("Tab")
    assert browser.run("return panes[0].graph.boxOf(Number(document.activeElement.dataset.item))") == browser.run(
        "return window.frame - panes[0].graph.count"
    )
    browser.run("panes[0].picture.elementOf(window.frame).focus()")
    browser.press("Enter")
    assert browser.run(focused)[0] == "false"


def test_search_finds_a_value_in_closed_boxes(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.run(f"return {SHOWN}.filter(box => box.textContent.includes('w2[3,1]')).length") == 0
    browser.run(
        "const s = document.getElementById('search'); s.focus(); s.value = 'W2[3,1]';"
        " s.dispatchEvent(new Event('input'))"
    )
    assert "result" in browser.text("#foundcount")
    browser.press("Enter")
    assert browser.text("#details h2") == "w2[3,1]"
    assert "selected" in browser.run(
        f"return {SHOWN}.find(box => box.querySelector('.name').textContent === 'w2[3,1]').getAttribute('class')"
    )


def test_an_address_opens_a_value_and_says_everything_about_it(browser: Browser, tmp_path: Path) -> None:
    with debug():
        a, b = Value(2.0, label="a"), Value(-3.0, label="b")
        h = a * b
        y = tanh(h) + a
    explore(y).save(tmp_path / "page.html")
    browser.open(tmp_path / "page.html", "#a")
    said = browser.text("#details")
    assert "The gradient is a sum of 2" in said
    assert "1 × 1 = 1 through y" in said
    assert "The strongest path to y" not in said  # it is the direct one
    browser.open(tmp_path / "page.html", "#b")
    said = browser.text("#details")
    assert "The strongest path to y" in said
    assert "∂h/∂b = 2" in said
    assert browser.run("return document.querySelectorAll('#picture0 .edge.onpath').length") == 3
    browser.open(tmp_path / "page.html", "#h")
    assert browser.text("#details mark") == "a * b"


def test_zoom_and_move_by_keys_and_wheel(browser: Browser, page: Path) -> None:
    browser.open(page)
    state = "return [panes[0].view.scale, panes[0].view.x]"
    scale, _ = browser.run(state)
    key = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: arguments[0], bubbles: true}))"
    browser.run(key, "+")
    larger, moved = browser.run(state)
    assert larger > scale
    browser.press("ArrowRight")
    assert browser.run(state)[1] < moved
    browser.run(
        "document.getElementById('picture0').dispatchEvent(new WheelEvent('wheel', {deltaY: 100, cancelable: true}))"
    )
    assert browser.run(state)[0] < larger
    browser.run(key, "0")
    fitted = browser.run("const p = panes[0]; return [p.picture.bounds.w * p.view.scale, p.host.clientWidth]")
    assert fitted[0] <= fitted[1]


def test_a_drag_moves_the_picture_and_opens_nothing(browser: Browser, page: Path) -> None:
    browser.open(page)
    middle = browser.run(
        f"const r = {SHOWN}.find(box => box.dataset.size > 1).getBoundingClientRect();"
        " return [r.x + r.width / 2, r.y + r.height / 2]"
    )
    x, y = map(round, middle)
    before = browser.run("return [panes[0].view.x, document.querySelectorAll('#picture0 .box').length]")
    moves = [
        (x, y, "pointerMove"),
        (x, y, "pointerDown"),
        (x + 60, y + 30, "pointerMove"),
        (x + 60, y + 30, "pointerUp"),
    ]
    actions = [
        {"type": kind, "button": 0} if kind != "pointerMove" else {"type": kind, "x": at, "y": down, "duration": 20}
        for at, down, kind in moves
    ]
    browser._send("/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": actions}]})
    after = browser.run("return [panes[0].view.x, document.querySelectorAll('#picture0 .box').length]")
    assert after == [before[0] + 60, before[1]]


def test_the_clock_can_be_shown(browser: Browser, tmp_path: Path) -> None:
    explore(readme_value()).save(tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    assert browser.run("return document.getElementById('clock').hidden")
    browser.click("#turn")
    assert browser.text("#count") == "0 / 5"
    browser.press("ArrowRight")
    assert browser.text("#count") == "1 / 5"
    browser.click("#turn")
    assert browser.run(f"return {SHOWN}.every(box => box.querySelector('.gradient').textContent !== '–')")


def test_bars_are_as_long_as_gradients_are_large(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.run("const h = document.getElementById('heat'); h.value = 'grad'; h.dispatchEvent(new Event('change'))")
    bars = browser.run(f"return {SHOWN}.map(box => Number(box.querySelector('.heat').getAttribute('width')))")
    assert max(bars) > min(bars) >= 0


def test_bars_of_lost_digits(browser: Browser, tmp_path: Path) -> None:
    explore(1.0 - cos(Value(1e-8, label="x")), digits=True).save(tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    browser.run("const h = document.getElementById('heat'); h.value = 'digits'; h.dispatchEvent(new Event('change'))")
    x, cosine, difference = browser.run(
        f"return {SHOWN}.map(box => Number(box.querySelector('.heat').getAttribute('width')))"
    )
    assert difference > 10.0 * cosine >= 10.0 * x


def test_two_graphs_beside_each_other(browser: Browser, tmp_path: Path) -> None:
    w, x = Value(2.0, label="w"), Value(3.0, label="x")
    before = explore(total([w * x, x * 5.0]))
    w.data = 2.5
    explore(before, total([w * x, x * 5.0]) * 1.0).save(tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    marks = (
        "return Object.fromEntries([...document.querySelectorAll(`#picture${arguments[0]} .box`)].map(box =>"
        " [box.querySelector('.name').textContent,"
        " [...box.querySelectorAll('.mark')].map(mark => mark.textContent).join('')]))"
    )
    left, right = browser.run(marks, 0), browser.run(marks, 1)
    assert (left["w"], left["x"], right["w"]) == ("≠", "≠", "≠")
    assert left["mul_2"] == ""  # x * 5
    assert "∅∅" in right.values()  # the sum inside, which is the result on the left
    assert "differ" in browser.text("#difference")
    browser.click("#largest .link")
    chosen = "return [0, 1].map(i => document.querySelector(`#picture${i} .selected .name`).textContent)"
    one, other = browser.run(chosen)
    assert one == other
    browser.run(
        "const t = document.getElementById('tolerance'); t.value = '0.01'; t.dispatchEvent(new Event('change'))"
    )
    assert browser.run(marks, 0)["w"] == "≠"
    assert browser.complaints() == []


def test_equal_graphs_have_no_marks(browser: Browser, tmp_path: Path) -> None:
    explore(readme_value(), readme_value()).save(tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    assert browser.text("#difference") == "All 6 values and gradients are equal."
    assert browser.run("return document.querySelectorAll('.differs').length") == 0


def test_hostile_texts_are_shown_as_they_are(browser: Browser, tmp_path: Path) -> None:
    bidi = "a\u202eb \u05d0\u05d1\u0007\"'`${x}"
    x = Value(3.0, label=NASTY + ".w")
    y = Value(2.0, label=bidi)
    explore(tanh(x) * y, title=NASTY).save(tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    assert browser.run("return document.title") == NASTY
    names = browser.run("return Array.from({length: panes[0].graph.count}, (_, i) => panes[0].graph.name(i))")
    assert f"{NASTY}.w" in names
    assert not any("\u202e" in name or "\u0007" in name for name in names)
    assert browser.run("return document.querySelectorAll('#picture0 b, #details script').length") == 0
    assert browser.complaints() == []


def test_everything_that_can_be_pressed_has_a_name(browser: Browser, page: Path) -> None:
    browser.open(page)
    unnamed = browser.run(
        "return [...document.querySelectorAll('button, input, select, [role=button]')].filter(e =>"
        " !(e.ariaLabel || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML)"
    )
    assert unnamed == []
    overflow = "return document.documentElement.scrollWidth > innerWidth"
    assert browser.run(overflow) is False
