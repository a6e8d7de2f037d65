"""The SVG: safe to embed, readable in every mode, nothing clipped or on top of something else, the same bytes again."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, draw
from autograd.drawing import Drawing
from autograd.drawing.render import png
from autograd.drawing.render.theme import FILLS, PALETTE, STROKES, Colour, stylesheet
from tests.drawing.pictures import (
    GOLDEN,
    article_net,
    batch_loss,
    cases,
    frames,
    overlap,
    readme_pictures,
    readme_value,
    view_box,
    with_own_layout,
)
from tests.support.graphs import Graph, graphs

pytestmark = pytest.mark.slow

CASES = cases()
SVG = "{http://www.w3.org/2000/svg}"
# What a strict sanitizer lets through: shapes, text, descriptions and one style sheet.
ELEMENTS = {"svg", "title", "desc", "metadata", "style", "g", "rect", "path", "polygon", "text"}
ATTRIBUTES = {"class", "role", "aria-label", "width", "height", "viewBox"} | {"id", "x", "y", "rx", "d", "points"}
ATTRIBUTES |= {"stroke-width"}

every_case = pytest.mark.parametrize("drawing", CASES.values(), ids=CASES)


@every_case
def test_it_passes_a_strict_sanitizer(drawing: Drawing) -> None:
    root = ET.fromstring(drawing.svg)
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in ELEMENTS
        assert set(element.attrib) <= ATTRIBUTES
    [style] = root.iter(f"{SVG}style")
    assert "url(" not in drawing.svg
    assert "@import" not in (style.text or "")
    assert "http" not in drawing.svg.replace('xmlns="http://www.w3.org/2000/svg"', "")


@every_case
def test_it_says_what_it_is_to_those_who_cannot_see_it(drawing: Drawing) -> None:
    root = ET.fromstring(drawing.svg)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == root.findtext(f"{SVG}title") != ""
    assert root.findtext(f"{SVG}desc")


@every_case
def test_ids_are_unique(drawing: Drawing) -> None:
    ids = [element.attrib["id"] for element in ET.fromstring(drawing.svg).iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))


@every_case
def test_nothing_is_clipped(drawing: Drawing) -> None:
    left, top, right, bottom = view_box(drawing.svg)
    for one in [*frames(drawing).values(), *drawing.layout.frames.values()]:
        assert left <= one[0] <= one[2] <= right
        assert top <= one[1] <= one[3] <= bottom
    for curve in drawing.layout.curves.values():
        assert all(left <= x <= right and top <= y <= bottom for x, y in curve)


@every_case
def test_no_box_lies_on_another_and_no_label_on_a_box(drawing: Drawing) -> None:
    covered = frames(drawing)
    boxes = [covered[box.id] for box in drawing.scene.boxes]
    assert not [1 for one, other in combinations(boxes, 2) if overlap(one, other)]
    labels = [covered[edge.id] for edge in drawing.scene.edges if edge.id in covered]
    assert not [1 for box in boxes for label in labels if overlap(box, label)]
    assert not [1 for one, other in combinations(labels, 2) if overlap(one, other)]


@given(graphs(), st.text(max_size=50), st.booleans())
def test_any_graph_and_any_name_make_one_well_formed_document(graph: Graph, name: str, animate: bool) -> None:
    _, root = graph.record()
    root.label = name
    drawing = draw(root, animate=animate, title=name)
    svg = with_own_layout(drawing.scene, drawing.timeline)
    svg.encode()
    ET.fromstring(svg)
    assert svg == with_own_layout(drawing.scene, drawing.timeline)


# --- colours ----------------------------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", Colour._fields)
def test_text_and_lines_stand_out(mode: str) -> None:
    def of(colour: Colour) -> str:
        return str(getattr(colour, mode))

    background = of(PALETTE["bg"])
    for text in (PALETTE["fg"], PALETTE["muted"]):
        for behind in (background, *map(of, FILLS.values())):
            assert contrast(of(text), behind) >= 4.5  # WCAG AA for text
    for line in (PALETTE["line"], *STROKES.values()):
        assert contrast(of(line), background) >= 3.0  # WCAG AA for graphics


def test_a_converter_gets_no_variables_and_no_media_queries() -> None:
    assert "var(" in stylesheet()
    assert "@media(prefers-color-scheme:dark)" in stylesheet()
    assert not re.search(r"var\(|@media", stylesheet("light") + stylesheet("dark"))


def test_signs_are_shown_without_colour_too() -> None:
    assert ".ag .edge.neg path{stroke-dasharray" in stylesheet()
    assert "▼" in draw(readme_value()).svg


# --- the film ---------------------------------------------------------------------------------------------------------


def test_the_film_is_css_that_respects_who_wants_none() -> None:
    style = ET.fromstring(CASES["animated"].svg).findtext(f"{SVG}style") or ""
    before, _, inside = style.partition("@media(prefers-reduced-motion:no-preference)")
    assert "@keyframes" in inside
    assert "animation" not in before


def test_the_film_takes_the_steps_of_the_backward_pass_in_order() -> None:
    timeline = draw(readme_value(), animate=True).timeline
    assert timeline
    assert timeline.edges == {"e4": 2, "e2": 3, "e3": 4, "e0": 5, "e1": 6}
    x = Value(3.0, label="x")
    twice = draw(x * x, animate=True).timeline
    assert twice
    assert [(moment, row.text) for moment, row in twice.gradients["v0"]] == [(2, "3"), (3, "6")]


def test_without_the_film_the_last_state_is_seen() -> None:
    still = draw(readme_value()).scene
    assert CASES["animated"].scene == still._replace(backward=True)


def test_d3_arrows_of_a_film_run_with_the_gradient() -> None:
    """Each head is at the box of the operand; those of the picture are at the result."""
    for drawing in (CASES["readme"], CASES["animated"]):
        root = ET.fromstring(drawing.svg)
        for edge in drawing.scene.edges:
            [head] = [each for each in root.iter(f"{SVG}g") if each.attrib.get("id") == edge.id]
            tip = [float(x) for x in next(head.iter(f"{SVG}polygon")).attrib["points"].split(" ")[-1].split(",")]
            curve = drawing.layout.curves[edge.id]
            expected = curve[0] if drawing.timeline else curve[-1]
            assert math.dist(tip, expected) <= 0.1  # coordinates have one digit behind the point


def test_a_collapsed_picture_can_play_too() -> None:
    drawing = draw(article_net(), depth=1, animate=True)
    assert drawing.timeline
    assert set(drawing.timeline.edges) == {edge.id for edge in drawing.scene.edges}


def test_a_film_of_a_part_plays_without_the_result() -> None:
    drawing = draw(readme_value(), focus="a", radius=1, animate=True)
    assert drawing.timeline
    assert drawing.timeline.edges == {"e0": 2}
    ET.fromstring(drawing.svg)


def test_two_films_on_one_page_have_names_of_their_own() -> None:
    names = {re.search(r"ag-\w{8}", draw(v, animate=True).svg)[0] for v in (readme_value(), article_net())}  # type: ignore[index]
    assert len(names) == 2


# --- files ------------------------------------------------------------------------------------------------------------


def test_saving_writes_what_the_suffix_says(tmp_path: Path) -> None:
    drawing = draw(readme_value(), title="a & b")
    for suffix in (".svg", ".dot", ".html"):
        drawing.save(tmp_path / f"picture{suffix.upper()}")
    found = {path.suffix: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert found[".SVG"] == drawing.svg
    assert found[".DOT"] == drawing.dot
    assert "<title>a &amp; b</title>" in found[".HTML"]
    assert drawing.svg in found[".HTML"]


def test_another_suffix_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'.*picture\.gif': the name must end in \.svg, \.png, \.dot or \.html"):
        draw(Value(1.0)).save(tmp_path / "picture.gif")
    with pytest.raises(FileNotFoundError, match=r"absent.x\.svg"):
        draw(Value(1.0)).save(tmp_path / "absent" / "x.svg")
    assert list(tmp_path.iterdir()) == []


def test_a_png_has_twice_the_pixels(tmp_path: Path) -> None:
    pytest.importorskip("resvg_py", reason="no resvg-py: pip install resvg-py")
    drawing = CASES["readme"]
    drawing.save(tmp_path / "picture.png")
    data = (tmp_path / "picture.png").read_bytes()
    left, _, right, _ = view_box(drawing.svg)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert abs(int.from_bytes(data[16:20], "big") - png.ZOOM * (right - left)) <= png.ZOOM  # a pixel is rounded


def test_a_png_without_its_package_names_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ImportError, match=r"pip install 'scalar-autograd\[png\]'"):
        CASES["readme"].save(tmp_path / "picture.png")
    assert list(tmp_path.iterdir()) == []


def test_a_png_without_any_font_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fontless:
        @staticmethod
        def svg_to_bytes(**options: object) -> bytes:
            return b"the same, whatever the text"

    monkeypatch.setitem(sys.modules, "resvg_py", Fontless)
    with pytest.raises(RuntimeError, match="no font was found"):
        png.png_of("<svg/>")


def test_notebooks_show_the_picture_and_text_where_it_would_be_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    value = readme_value()
    bundle = value._repr_mimebundle_()  # type: ignore[attr-defined]
    assert bundle["image/svg+xml"] == bundle["text/html"] == draw(value).svg
    monkeypatch.setattr("autograd.drawing.notebook.MOST", 5)
    assert value._repr_mimebundle_() == {}  # type: ignore[attr-defined]
    assert draw(value)._repr_mimebundle_()["text/plain"].startswith("<drawing of 6 boxes")


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_draws_the_same_bytes(seed: str) -> None:
    code = "from tests.drawing.pictures import *; print(draw(batch_loss(3)).svg, draw(article_net(), focus='loss').svg)"
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
    folder = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=folder, capture_output=True, check=True)
    expected = f"{draw(batch_loss(3)).svg} {draw(article_net(), focus='loss').svg}\n"
    assert done.stdout.decode() == expected


# --- the README's pictures --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["readme.svg", "readme-animated.svg"])
def test_the_readme_shows_what_is_drawn_today(name: str) -> None:
    """On purpose changed? `python -m tests.drawing.pictures` draws them anew."""
    assert readme_pictures()[name].svg == (GOLDEN / name).read_text(encoding="utf-8")


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="no browser: apt-get install chromium")
def test_a_browser_finds_every_text_inside_its_picture(tmp_path: Path) -> None:
    """Measured with the fonts that the browser uses: each text is within its box, each box within the picture."""
    measure = """<script>
    const bad = []; let count = 0;
    for (const svg of document.querySelectorAll("svg")) {
      const all = svg.getBoundingClientRect();
      for (const text of svg.querySelectorAll("text")) {
        const box = text.closest(".box"), own = text.getBoundingClientRect();
        const frame = box ? [...box.querySelectorAll("rect")].pop().getBoundingClientRect() : all;
        count += 1;
        for (const other of box ? box.querySelectorAll("text") : []) {
          const o = other.getBoundingClientRect();
          if (other !== text && o.top === own.top && own.left < o.left && own.right > o.left)
            bad.push(svg.parentNode.id + ": " + text.textContent + " on " + other.textContent);
        }
        if (own.width && (own.left < frame.left || own.right > frame.right || own.right > all.right))
          bad.push(svg.parentNode.id + ": " + text.textContent);
      }
    }
    document.body.innerHTML = `<pre>${count} texts, wrong: ${JSON.stringify(bad)}</pre>`;
    </script>"""
    still = {name: drawing.svg for name, drawing in CASES.items() if not drawing.timeline}
    pictures = "".join(f'<div id="{name}">{svg}</div>' for name, svg in still.items())
    page = tmp_path / "page.html"
    page.write_text(f'<meta charset="utf-8"><body>{pictures}{measure}</body>', encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run(
        [str(CHROMIUM), *options, page.as_uri()], capture_output=True, text=True, check=True, timeout=120
    )
    texts = sum(svg.count("<text") for svg in still.values())
    assert f"{texts} texts, wrong: []" in done.stdout, done.stdout[-2000:]
