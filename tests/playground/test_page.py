"""The playground in a headless Chromium, used as a person would: typed into, stepped, stopped, sent as a link."""

from __future__ import annotations

import os
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograd.playground.build import build
from autograd.playground.serve import address_of, server_of
from autograd.playground.snapshot import NAME
from tests.support.browser import Browser, needs_chromium

PACKAGES = os.environ.get("PLAYGROUND_PACKAGES", "")
needs_packages = pytest.mark.skipif(
    not PACKAGES,
    reason="no npm packages for the page: PLAYGROUND_PACKAGES is a node_modules folder, or 'npm' to ask npm",
)
pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium, needs_packages]

LOADING = 240.0  # seconds for Python to come, on a machine with much else to do
IDLE = "document.body.dataset.state === 'idle'"
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("playground")
    build(folder, None if PACKAGES == "npm" else Path(PACKAGES))
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with server_of(folder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield address_of(server)
        server.shutdown()


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Browser]:
    """The page with its first example drawn. Loading Python takes seconds, so it is loaded once."""
    with Browser() as browser:
        browser.visit(address)
        browser.wait(f"{IDLE} && document.querySelector('#picture svg')", LOADING)
        yield browser


@pytest.fixture(autouse=True)
def _no_complaints(page: Browser) -> Iterator[None]:
    yield
    assert page.complaints() == []


def link_of(program: str) -> str:
    return "#program=" + urlsafe_b64encode(program.encode()).decode().rstrip("=")


def boxes(page: Browser) -> int:
    """How many there are in the picture, without those of its legend."""
    return int(page.run("return document.querySelectorAll('#picture .box[data-id]').length"))


def opened(page: Browser, fragment: str) -> None:
    page.run("location.hash = arguments[0]", fragment)
    page.wait("location.hash === " + repr(fragment) + " && true")


def ran(page: Browser, program: str) -> None:
    """Open a link and press Run."""
    page.run("location.hash = ''")
    opened(page, link_of(program))
    page.wait("!document.getElementById('notice').hidden")
    page.click("#run")
    page.wait(f"document.getElementById('notice').hidden && {IDLE}")


def test_the_first_example_is_drawn_and_printed(page: Browser) -> None:
    opened(page, "#example=ten-lines")
    page.wait(f"{IDLE} && document.getElementById('output').textContent.includes('-3.0')")
    assert boxes(page) == 6
    assert page.run("return document.querySelectorAll('#numbers tbody tr').length") == 6


def test_python_starts_from_the_snapshot_with_new_random_numbers(page: Browser) -> None:
    """The fixture `_no_complaints` fails where the snapshot is refused."""
    assert page.run("return document.body.dataset.snapshot") == "yes"
    seen = []
    for _ in range(2):
        page.run("location.hash = ''")
        opened(page, link_of("while True:\n    pass\n"))
        page.click("#run")
        page.wait("!document.getElementById('stop').disabled")
        page.click("#stop")
        page.wait(IDLE, LOADING)
        ran(page, "import random, nn\nprint(random.random(), len(nn.MLP(2, [1]).parameters()))")
        seen.append(page.text("#output"))
        assert page.text("#output").endswith(" 3\n")
    assert seen[0] != seen[1], "the generator is not that of the snapshot"


def test_without_a_usable_snapshot_python_starts_as_usual(address: str, folder: Path, page: Browser) -> None:
    whole = (folder / NAME).read_bytes()
    (folder / NAME).write_bytes(whole[: len(whole) // 2])
    try:
        page.visit(address)
        page.wait(f"{IDLE} && document.querySelector('#picture svg')", LOADING)
        complaints = page.complaints()
        assert any("starts without its snapshot" in each for each in complaints), complaints
    finally:
        (folder / NAME).write_bytes(whole)


def test_typing_draws_again(page: Browser) -> None:
    ran(page, "from autograd import Value\nx = Value(2.0)\ny = x * x\ny.backward()\n")
    page.run("document.querySelector('#editor').shadowRoot.querySelector('.cm-content').focus()")
    page.type("z = y + 1\nz.backward()\n")  # the cursor is at the beginning: a line that cannot run yet
    page.wait("!document.getElementById('failure').hidden")
    assert "NameError" in page.text("#failure")
    page.wait(
        "document.querySelector('#editor').shadowRoot.querySelector('.cm-lintRange-error, .cm-lint-marker-error')"
    )


def test_an_error_is_shown_with_its_line_and_announced(page: Browser) -> None:
    ran(page, "from autograd import Value\nx = Value(2.0)\ny = x * x\nprint(1 / 0)\n")
    assert "ZeroDivisionError" in page.text("#failure")
    assert page.text("#status") == "ZeroDivisionError in line 4."
    assert page.run("return document.getElementById('failure').getAttribute('role')") == "alert"
    assert boxes(page) == 2, "what was made before is drawn"


def test_steps_light_the_line_and_the_edge(page: Browser) -> None:
    ran(page, "from autograd import Value\nx = Value(3.0)\ny = x * x\ny.backward()\n")
    page.click("#first")
    page.wait("document.getElementById('message').textContent.includes('seed')")
    page.click("#forwards")
    page.wait("document.getElementById('message').textContent.startsWith('[1/2]')")
    assert "∂L/∂x += ∂y/∂x · ∂L/∂y = 3 × 1 = 3" in page.text("#message")
    lit = "return document.querySelector('#editor').shadowRoot.querySelector('.now-part').textContent"
    assert page.run(lit) == "x * x"
    assert page.run("return document.querySelectorAll('#picture .edge.now').length") == 1
    page.run("document.getElementById('moment').focus()")
    page.press("ArrowRight")
    page.wait("document.getElementById('message').textContent.startsWith('[2/2]')")
    assert page.text("#count") == "2 / 2"
    page.click("#back")
    page.wait("document.getElementById('message').textContent.startsWith('[1/2]')")


def test_gradients_are_checked_and_derived(page: Browser) -> None:
    opened(page, "#example=wrong-gradient")
    page.wait(f"{IDLE} && document.getElementById('numbers').textContent.includes('cube')")
    page.click("#check")
    page.wait("!document.getElementById('report').hidden")
    assert "the rule of cube is wrong" in page.text("#report")
    page.click("#derivation summary")
    page.wait("document.querySelector('#formulas math mfrac')")
    page.click("#derivation summary")


def test_a_loop_is_stopped_and_python_comes_back(page: Browser) -> None:
    page.run("location.hash = ''")
    opened(page, link_of("while True:\n    pass\n"))
    page.wait("!document.getElementById('notice').hidden")
    page.click("#run")
    page.wait("!document.getElementById('stop').disabled")
    page.click("#stop")
    page.wait(IDLE, LOADING)
    ran(page, "print('back')")
    assert page.text("#output") == "back\n"


def test_a_link_carries_the_program_and_waits_for_a_click(page: Browser) -> None:
    program = "print('δ → 1')\n"
    ran(page, "print('before')")
    page.run("location.hash = ''")
    opened(page, link_of(program))
    page.wait("!document.getElementById('notice').hidden")
    assert page.text("#output") != "δ → 1\n", "it has not run"
    page.click("#run")
    page.wait("document.getElementById('output').textContent === 'δ → 1\\n'")
    page.run("location.hash = ''")
    page.wait("document.getElementById('notice').hidden")
    opened(page, link_of(program))
    page.click("#link")
    page.wait("document.getElementById('status').textContent.startsWith('The link is')")
    assert page.run("return location.hash") == link_of(program)


@pytest.mark.parametrize(
    "fragment",
    [
        "#program=%3Cscript%3E",
        "#program=AAA$",
        "#program=_____w",
        "#program=gICA",
        f"#{HOSTILE}",
        "#program=" + "A" * 90_000,
    ],
    ids=["tag", "alphabet", "length", "utf-8", "markup", "huge"],
)
def test_damaged_and_hostile_links_are_refused(page: Browser, fragment: str) -> None:
    page.run("location.hash = ''")
    page.wait("document.getElementById('notice').hidden")
    page.run("location.hash = arguments[0]", fragment)
    page.wait("!document.getElementById('notice').hidden")
    assert "link" in page.text("#notice")
    assert page.run("return document.querySelectorAll('img, iframe, object').length") == 0
    page.wait(IDLE)


def test_what_a_program_says_is_text(page: Browser) -> None:
    make = f"from autograd import Value\nx = Value(1.0, label={HOSTILE!r})\ny = x * 2\n"
    program = f"{make}print({HOSTILE!r})\nraise ValueError({HOSTILE!r})\n"
    ran(page, program)
    assert HOSTILE in page.text("#output")
    assert HOSTILE in page.text("#failure")
    assert page.run("return document.querySelectorAll('#playground img, #playground script').length") == 0


def test_forged_markup_is_left_out(page: Browser) -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script>'
        '<a href="javascript:alert(1)"><text>a</text></a><foreignObject/>'
        '<g id="v0" onclick="alert(1)" fill="url(http://example.org)"><text>b</text></g></svg>'
    )
    script = """const [text, done] = arguments;
        import(new URL('markup.js', location.href)).then(({ picture }) => done(picture(text).outerHTML))"""
    found = page.run_async(script, svg)
    assert [each for each in page.complaints() if "has been blocked" not in each] == []
    assert found == '<svg><g data-id="v0"><text>b</text></g></svg>'


def test_a_program_reaches_no_other_place(page: Browser) -> None:
    program = (
        "import js\nprint([name for name in dir(js) if 'fetch' in name or 'XML' in name])\n"
        "from pyodide.code import run_js\n"
        "try:\n    run_js('1')\nexcept BaseException as error:\n    print(type(error).__name__)\n"
    )
    ran(page, program)
    assert page.text("#output").startswith("[]\n")


def test_controls_have_names_and_sliders_say_what_they_mean(page: Browser) -> None:
    ran(page, "from autograd import Value\nx = Value(3.0)\ny = x * x\ny.backward()\n")
    tree = page.accessibility_tree()
    controls = [
        each for each in tree if each[0] in ("button", "slider", "combobox", "checkbox", "textbox", "table", "image")
    ]
    assert len(controls) > 12
    assert [each for each in controls if not each[1]] == []
    assert {("slider", "Products done"), ("image", "Computation graph of y")} <= set(tree)
    spoken = "return document.getElementById(arguments[0]).getAttribute('aria-valuetext')"  # the tree leaves it out
    assert page.run(spoken, "moment") == "2 of 2"
    assert page.run(spoken, "rate") == "0.32"
    live = (
        "return [...document.querySelectorAll('[role=status], [role=alert], [aria-live=polite]')].map(({ id }) => id)"
    )
    assert {"status", "notice", "failure", "message", "report"} <= set(page.run(live))


def test_it_fits_a_phone(page: Browser) -> None:
    page.resize(390, 844)
    try:
        assert page.run("return document.documentElement.scrollWidth") <= 390
        opened(page, "#example=article")
        page.wait(f"{IDLE} && document.getElementById('output').textContent.includes('hidden layer')")
        page.click("#first")
        page.wait("document.querySelector('#picture .box.now')")
        edges = "(id) => document.querySelector(id).getBoundingClientRect()"
        script = f"const of = {edges}, box = of('#picture .box.now'), place = of('#picture');"
        inside = "return place.left <= box.left && box.right <= place.right"
        assert page.run(script + inside), "the result, far to the right, is in sight"
        assert page.run("return document.getElementById('picture').scrollLeft") > 0
    finally:
        page.resize(1000, 800)


def test_a_net_learns_while_one_looks(page: Browser) -> None:
    page.click("#show-training")
    page.wait("document.getElementById('training').dataset.state === 'ready'", LOADING)
    assert page.run("return document.querySelectorAll('#net canvas').length") == 17
    page.click("#play")
    page.wait("Number(document.getElementById('training').dataset.steps) > 20")
    page.click("#play")
    assert "loss" in page.text("#training-status")
    assert page.run("return document.querySelectorAll('#deltas tbody tr').length") == 3
    page.click("#show-playground")
    assert page.run("return document.getElementById('training').hidden")
