"""The replay page: its data against the pass itself, and the page used in a headless Chromium as a person uses it."""

from __future__ import annotations

import json
import math
import random
import re
import struct
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import nn
from autograd import Value, backward_steps, debug, log, relu, sqrt, tanh, total
from autograd.command import main
from autograd.drawing.text import number
from autograd.graph import topological
from autograd.replaying import Replay, replay
from autograd.strategies import Graph, graphs
from tests.browser import Browser, needs_chromium
from tests.pictures import batch_loss, readme_value

NASTY = "</script><script>document.title='taken over'</script><!--<b>&amp;"


def film_in(page: Replay) -> Any:
    """The data as a browser finds it in the page."""
    found = re.findall(r'<script type="application/json" id="film">(.*?)</script>', page.html, re.S)
    assert len(found) == 1
    return json.loads(found[0])


def gradients(film: Any) -> Iterator[list[float]]:
    """What the page computes: the gradients at each moment, 0 where nothing has arrived."""
    sums = [0.0] * len(film["names"])
    sums[0] = 1.0
    yield list(sums)
    for node, parent, local in zip(film["node"], film["parent"], film["local"], strict=True):
        sums[parent] += float(local) * float(film["grads"][node])
        yield list(sums)


def bits(xs: list[float]) -> list[bytes]:
    return [struct.pack("<d", x) for x in xs]


# --- the data ---------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(graphs())
def test_the_page_knows_every_moment_to_the_last_bit(graph: Graph) -> None:
    root = graph(*[Value(x) for x in graph.inputs])
    if not isinstance(root, Value):
        return
    order = topological(root)[::-1]
    film = film_in(replay(root, depth=0))  # one box or few: the layout is not what is tested here
    moments = gradients(film)
    assert next(moments) == [1.0] + [0.0] * (len(order) - 1)
    for _, moment in zip(backward_steps(root), moments, strict=True):
        assert bits([x or 0.0 for x in moment]) == bits([node.grad or 0.0 for node in order])  # 0.0 + -0.0 is 0.0


def test_the_pass_begins_with_zeroed_gradients_and_leaves_none_behind() -> None:
    x = Value(3.0, label="x")
    y = x * x
    x.grad, y.grad = 5.0, 7.0
    film = film_in(replay(y))
    assert (film["names"], film["grads"]) == (["y", "x"], [1, 6])
    assert (x.grad, y.grad) == (5.0, 7.0)


def test_a_callback_takes_part_in_the_pass() -> None:
    x = Value(3.0, label="x")
    h = x * 2.0

    def halve(node: Value) -> None:
        node.grad /= 2.0

    with h.on_backward(halve):
        film = film_in(replay(h * 5.0))
    assert film["grads"] == [1, 2.5, 5]


def test_infinities_nan_and_signed_zeros_survive_json() -> None:
    x = Value(0.0)
    film = film_in(replay(total([log(x), -sqrt(x), x * -0.0, x * math.nan])))
    locals_ = set(map(str, film["local"]))
    assert {"Infinity", "-0.0", "NaN"} <= locals_
    assert float(film["grads"][-1]) != float(film["grads"][-1])  # inf - inf


def test_each_edge_of_the_picture_appears_once_its_product_is_done() -> None:
    x = Value(3.0, label="x")
    page = replay(x * x + x)
    film = film_in(page)
    assert sorted(film["edge"]) == list(range(len(film["edges"]))) == [0, 1, 2, 3]  # x * x has two
    for id_ in (*film["boxes"], *film["edges"]):
        assert page.html.count(f'id="{id_}"') == 1


def test_the_source_is_marked_at_the_sub_expression() -> None:
    with debug():
        x = Value(3.0)
        y = x * 2.0 + tanh(x)
    film = film_in(replay(y))
    where, before, marked, after = film["sources"][film["source"][film["names"].index("tanh")]]
    assert re.fullmatch(r"test_replay\.py:\d+ in test_the_source_is_marked_at_the_sub_expression", where)
    assert (before, marked, after) == ("y = x * 2.0 + ", "tanh(x)", "")


def test_a_value_is_called_as_the_caller_calls_it() -> None:
    answer = Value(2.0) * 3.0
    page = replay(answer)
    assert page.title == "Backward pass of answer"
    assert replay(answer, title="Six").title == "Six"


# --- the page ---------------------------------------------------------------------------------------------------------


class _Tags(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def nasty_page() -> Replay:
    with debug():
        x = Value(3.0, label=NASTY)
        y = tanh(x) * len("</script><script>document.title='taken over'</script>")
    return replay(y, title=NASTY)


def test_texts_of_the_user_are_never_markup() -> None:
    tags = _Tags(nasty_page().html).found
    assert [tag for tag, _ in tags if tag == "script"] == ["script", "script"]
    assert not [tag for tag, _ in tags if tag == "b"]
    assert NASTY in film_in(nasty_page())["names"]


def test_the_page_refers_to_nothing_outside_itself() -> None:
    page = replay(readme_value())
    for tag, attributes in _Tags(page.html).found:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base")
        assert not {"src", "href", "xlink:href", "action"} & attributes.keys(), tag
        assert not [name for name in attributes if name.startswith("on")]
    assert "default-src 'none'" in page.html
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", page.html)


def test_a_page_of_100_products_is_small() -> None:
    model = nn.MLP(2, [5, 6, 1], hidden="tanh", seed=0)
    with debug():
        loss = model([0.5, -0.5]) ** 2
    page = replay(loss)
    assert 100 <= len(page) <= 110
    assert len(page.html.encode()) <= 1000 * len(page)


def test_a_page_of_10_000_products_is_collapsed_and_compact() -> None:
    page = replay(batch_loss())
    assert len(page) > 10_000
    film = film_in(page)
    assert film["unit"] == "box"
    assert len(film["boxes"]) <= 60
    assert len(page.html.encode()) <= 100 * len(page)  # bytes a product
    assert [len(film[column]) for column in ("node", "parent", "local", "edge")] == [len(page)] * 4


def test_a_leaf_alone_has_a_page_too() -> None:
    assert len(replay(Value(1.0))) == 0
    assert "application/json" in replay(Value(1.0)).html


def test_in_a_notebook_it_is_a_frame_of_its_own() -> None:
    [(tag, attributes)] = _Tags(nasty_page()._repr_html_()).found
    assert (tag, attributes["srcdoc"], attributes["title"]) == ("iframe", nasty_page().html, NASTY)
    assert attributes["sandbox"] == "allow-scripts"


def test_saves_the_page_whole_or_not_at_all(tmp_path: Path) -> None:
    page = replay(readme_value())
    page.save(tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text("utf-8") == page.html
    with pytest.raises(ValueError, match=r"cannot write .*'a\.svg'.* must end in \.html"):
        page.save("a.svg")
    with pytest.raises(FileNotFoundError):
        page.save(tmp_path / "nowhere" / "a.html")
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


def test_refuses_what_has_no_backward_pass() -> None:
    with pytest.raises(TypeError, match=r"replay takes the Value to differentiate, got 3\.0 \(float\)"):
        replay(3.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="depth='all'"):
        replay(Value(1.0), depth="all")  # type: ignore[arg-type]


def test_the_command_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.html"
    assert main(["replay", "relu(a*b + c)", "a=2", "b=-3", "c=10", "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}: 5 products; open it in a browser\n"
    assert '["&lt;' not in out.read_text("utf-8")
    assert '"a*b"' in out.read_text("utf-8")  # the marked sub-expression
    assert main(["replay", "a*b", "a=2", "b=1", "-o", "out.svg"]) == 2
    assert "its name must end in .html" in capsys.readouterr().err


# --- the page in use --------------------------------------------------------------------------------------------------


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
    script = """return Object.fromEntries([...document.querySelectorAll('#picture .box')].map(box => {
      const caption = [...box.querySelectorAll('text.muted')].find(text => text.textContent === 'grad');
      const [glyph, number] = [caption.nextElementSibling, caption.nextElementSibling.nextElementSibling];
      return [box.querySelector('.name').textContent, `${glyph.textContent} ${number.textContent}`.trim()];
    }))"""
    found: dict[str, str] = browser.run(script)
    return found


@needs_chromium
def test_begins_before_the_first_product(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert count(browser) == "0 / 7"
    assert "∂y/∂y = 1" in browser.text("#formula")
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
    assert "∂y/∂a += ∂y/∂a × ∂y/∂y = 4 × 1 = 4" in browser.text("#formula")
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
    told = browser.run("return document.querySelector('#moment').getAttribute('aria-valuetext')")
    assert told.startswith("4 of 7. ∂y/∂")
    assert browser.run("return document.querySelector('#formula').getAttribute('aria-live')") == "polite"


@needs_chromium
def test_a_click_goes_to_the_gradient_of_a_value(browser: Browser, page: Path) -> None:
    browser.open(page)
    a = browser.run(
        "return [...document.querySelectorAll('.box')].find(b => b.querySelector('.name').textContent === 'a').id"
    )
    browser.click(f"#{a} rect")
    assert "complete" in browser.text("#formula")
    assert "∂y/∂a is the sum of" in browser.text("#sum")
    complete = count(browser)
    browser.click(f"#{a} rect")  # again: what came before
    assert count(browser) == "2 / 7"
    browser.run(f"document.getElementById('{a}').focus()")
    browser.press("Enter")
    assert count(browser) == complete
    browser.click("#sum a")
    assert count(browser) == "2 / 7"


@needs_chromium
def test_plays_to_the_end_and_can_be_paused(browser: Browser, page: Path) -> None:
    browser.open(page, "#4")
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
    assert browser.run(f"return [document.activeElement.id, {outline}]") == ["first", "solid"]


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
    assert len(moments) < 100  # not one for each of the products
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
