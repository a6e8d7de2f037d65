"""`nn.export(model, "net.html")`: the page in a headless Chromium, drawn on and filled in as a person does."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import softmax
from nn.cli.main import main
from nn.interop.page import page_of
from nn.tabular.columns import Column
from nn.tabular.preprocessing import Recipe, Scaling
from tests.exporting.test_nets import CLASSES, TASKS
from tests.support.browser import Browser, needs_chromium

in_chromium = [pytest.mark.browser, pytest.mark.slow, needs_chromium]
HOSTILE = "<!--<script>alert(1)</script>"
ANSWER = "return [...document.querySelectorAll('#rows data')].map(each => Number(each.value))"
DRAW = """const paper = document.getElementById('paper'), box = paper.getBoundingClientRect();
  paper.setPointerCapture = () => {};  // these pointers are made here
  const send = (kind, [x, y]) => paper.dispatchEvent(new PointerEvent(kind,
    {pointerId: 1, bubbles: true, clientX: box.left + x * box.width, clientY: box.top + y * box.height}));
  for (const stroke of arguments[0]) {
    send('pointerdown', stroke[0]);
    stroke.slice(1).forEach(point => send('pointermove', point));
    send('pointerup', stroke.at(-1));
  }"""
SEVEN = [[[0.2, 0.15], [0.5, 0.12], [0.8, 0.15], [0.65, 0.45], [0.45, 0.85]], [[0.35, 0.5], [0.7, 0.5]]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as opened:
        yield opened


def digits() -> nn.MLP:
    """A net for images of 8 x 8 pixels, which are named as those of the built-in digits."""
    columns = tuple(Column(f"pixel_{i}_{j}") for i in range(8) for j in range(8))
    classes = tuple("0123456789")
    scaling = Scaling((5.0,) * 64, (4.0,) * 64)
    model = nn.MLP(64, [12, 10], seed=0)
    model.recipe = Recipe("classification", "cross_entropy", "digit", columns, classes, scaling, Scaling.none(1))
    return model


def mixed(columns: tuple[Column, ...], task: str, classes: tuple[str, ...] = ()) -> tuple[nn.MLP, Recipe]:
    """A net for columns of all kinds."""
    loss, outputs, _ = TASKS[task]
    n_in = sum(len(column.feature_names) for column in columns)
    y = Scaling((10.0,), (4.0,)) if task == "regression" else Scaling.none(1)
    named = "binary" if task == "hinge" else task
    recipe = Recipe(named, loss, "target", columns, classes, Scaling((0.25,) * n_in, (2.0,) * n_in), y)  # type: ignore[arg-type]
    return nn.MLP(n_in, [4, outputs], seed=0), recipe


def test_the_policy_allows_the_program_and_the_styles_of_the_page_alone() -> None:
    page = page_of(*mixed((Column(HOSTILE), Column("b", ("</STYLE>", "ü"))), "classification", CLASSES))
    policy = unescape(re.findall(r'Content-Security-Policy" content="([^"]*)"', page)[0])
    [program] = re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL)
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    for text, kind in ((program, "script-src"), (style, "style-src")):
        assert f"{kind} 'sha256-{b64encode(sha256(text.encode()).digest()).decode()}';" in policy
    assert policy.startswith("default-src 'none';")
    assert not re.search(r"\sstyle=|\son\w+=|https?:", page)
    assert not re.search(r"<(?=[!/]|script)", program, re.IGNORECASE)


def test_an_image_has_as_many_pixels_as_the_net_has_features(tmp_path: Path) -> None:
    model = nn.MLP(6, [1], seed=0)
    nn.export(model, tmp_path / "net.html", image=(2, 3))
    assert '"image": [2, 3]' in (tmp_path / "net.html").read_text()
    with pytest.raises(ValueError, match="3 x 3 pixels has 9 features, and the net has 6"):
        nn.export(model, tmp_path / "other.html", image=(3, 3))
    with pytest.raises(ValueError, match=r"is for an \.html file"):
        nn.export(model, tmp_path / "other.c", image=(2, 3))
    assert not list(tmp_path.glob("other*"))


def test_the_command_takes_the_size_of_the_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nn.save(nn.MLP(6, [1], seed=0), tmp_path / "model.json")
    command = ["export", str(tmp_path / "model.json"), "-o", str(tmp_path / "net.html"), "--image"]
    assert main([*command, "2x3"]) == 0
    assert '"image": [2, 3]' in (tmp_path / "net.html").read_text()
    assert main([*command, "3x3"]) == 2
    assert "3 x 3 pixels has 9 features" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*command, "2"])
    assert "write it as in 8x8" in capsys.readouterr().err


class TestInChromium:
    """What one sees."""

    pytestmark = in_chromium

    def test_a_drawn_digit_gets_the_probabilities_of_the_net(self, browser: Browser, tmp_path: Path) -> None:
        model = digits()
        nn.export(model, tmp_path / "net.html")
        browser.open(tmp_path / "net.html")
        assert browser.text("#best") == "Draw something"
        browser.run(DRAW, SEVEN)
        pixels = np.array(browser.text("#numbers").split(), np.float64)
        assert pixels.shape == (64,)
        assert pixels.max() == 16.0
        assert set(pixels % 1.0) == {0.0}
        assert pixels.reshape(8, 8)[[0, 7]].any(axis=1).all()  # it is as high as the image
        frame = {f"pixel_{i}_{j}": [pixels[8 * i + j]] for i in range(8) for j in range(8)}
        wanted = softmax(nn.predict(model, frame)[0])
        np.testing.assert_allclose(browser.run(ANSWER), wanted, rtol=0.0, atol=1e-12)
        assert browser.text("#status").startswith(f"{int(np.argmax(wanted))}, ")
        browser.click("#undo")
        assert browser.run(ANSWER) != wanted
        browser.click("#clear")
        assert browser.text("#status") == "Draw something"
        assert browser.complaints() == []

    def test_a_digit_is_drawn_by_keyboard(self, browser: Browser, tmp_path: Path) -> None:
        nn.export(digits(), tmp_path / "net.html")
        browser.open(tmp_path / "net.html")
        browser.press("Tab", "Space", *["ArrowLeft"] * 6)
        assert "pen down, row 5, column 2" in browser.text("#status")
        assert np.count_nonzero(np.array(browser.text("#numbers").split(), np.float64)) > 6
        browser.press("Space")
        assert "pen up" in browser.text("#status")

    @pytest.mark.parametrize("task", TASKS)
    def test_a_form_has_a_field_for_each_column(self, task: str, browser: Browser, tmp_path: Path) -> None:
        columns = (
            Column(HOSTILE),
            Column("colour", ("a", HOSTILE, "b")),
            Column("member", ("no", "yes"), is_boolean=True),
            Column("since", dates="ISO 8601"),
        )
        names = {"classification": CLASSES, "regression": ()}.get(task, CLASSES[:2])
        model, model.recipe = mixed(columns, task, names)
        nn.export(model, tmp_path / "net.html")
        browser.open(tmp_path / "net.html")
        fill = """const [a, b, c, d] = document.querySelectorAll('form input, form select');
          a.value = '1.5'; b.selectedIndex = 1; c.selectedIndex = 1; d.value = '1970-01-03';
          a.dispatchEvent(new Event('input', {bubbles: true}));
          return [...document.querySelectorAll('form label')].map(each => each.textContent)"""
        assert browser.run(fill) == [column.name for column in columns]
        x = model.recipe.x_scaling.apply(np.array([[1.5, 0.0, 1.0, 0.0, 1.0, 2.0]]))
        np.testing.assert_allclose(browser.run(ANSWER), meant(model.recipe, nn.predict(model, x)[0]), atol=1e-12)
        browser.run("document.querySelector('form input').value = ''; " + fill.replace("a.value = '1.5'", ""))
        assert browser.text("#status") == f"{HOSTILE} needs a number"
        assert browser.run("return document.querySelectorAll('script').length") == 1
        assert browser.complaints() == []

    def test_it_fits_a_phone_and_its_fields_have_labels(self, browser: Browser, tmp_path: Path) -> None:
        nn.export(digits(), tmp_path / "draw.html")
        model, model.recipe = mixed((Column("w" * 200), Column("b", ("x" * 200, "y"))), "classification", CLASSES)
        nn.export(model, tmp_path / "form.html")
        for name in ("draw.html", "form.html"):
            browser.resize(390, 800)
            browser.open(tmp_path / name)
            assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
        assert browser.run("return [...document.querySelectorAll('input, select')].every(each => each.labels.length)")
        browser.resize(1000, 800)


def meant(recipe: Recipe, output: Any) -> Any:
    """The numbers that the page shows for an output of the model."""
    if recipe.task == "regression":
        return recipe.y_scaling.undo(np.array([output]))
    return recipe.scheme.probabilities(output) if recipe.scheme.probabilities else [output]
