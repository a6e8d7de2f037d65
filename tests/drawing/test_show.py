"""`Drawing.show()` and the legend. Row D3."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from types import ModuleType, SimpleNamespace
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname
from xml.etree import ElementTree

import pytest

from autograd import draw, drawing
from autograd.drawing import show as show_module
from autograd.drawing.layout.geometry import box_frame
from tests.drawing.pictures import awkward_value, batch_loss, readme_value, view_box


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What a notebook has displayed."""
    found: list[object] = []
    ipython, display = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = lambda: SimpleNamespace(kernel=None)  # type: ignore[attr-defined]
    ipython.display = display  # type: ignore[attr-defined]
    display.display = found.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr(show_module, "_first", iter([True]))
    return found


def test_d3_a_notebook_displays_the_picture(shown: list[object]) -> None:
    picture = draw(readme_value())
    picture.show()
    assert shown == [picture]


def test_d3_a_notebook_has_one_legend(shown: list[object]) -> None:
    first, second = (draw(readme_value())._repr_mimebundle_()["text/html"] for _ in range(2))
    assert "contribution &gt; 0" in first
    assert second == draw(readme_value()).svg
    assert "contribution" not in draw(readme_value(), legend=False)._repr_mimebundle_()["text/html"]


def test_d3_a_terminal_opens_a_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[str] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(webbrowser, "open", lambda url: not opened.append(url))
    picture = draw(readme_value())
    picture.show()
    [url] = opened
    assert Path(url2pathname(unquote(urlparse(url).path))).read_text(encoding="utf-8") == picture.html


@pytest.mark.parametrize("problem", ["no screen", "no browser", "a browser that fails"])
def test_d3_without_a_browser_the_path_is_printed(
    problem: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(url: str) -> bool:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if problem != "no screen":
        monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(webbrowser, "open", fail if problem == "a browser that fails" else lambda url: False)
    picture = draw(readme_value())
    picture.show()
    [file] = tmp_path.iterdir()
    assert file.read_text(encoding="utf-8") == picture.html
    assert capsys.readouterr().out == f"the picture is in {file}; open it in a browser\n"


@pytest.mark.slow
@pytest.mark.parametrize("value", [readme_value, awkward_value, batch_loss], ids=lambda make: str(make.__name__))
def test_d3_a_legend_is_below_the_picture_and_explains_what_is_in_it(value: object) -> None:
    picture = draw(value(), legend=True)  # type: ignore[operator]
    left, _, right, bottom = view_box(picture.svg)
    lowest = max(box_frame(picture.layout, box)[3] for box in picture.scene.boxes)
    root = ElementTree.fromstring(picture.svg)
    places = [each.get("transform", "") for each in root if each.get("transform")]
    points = [tuple(map(float, place[10:-1].split())) for place in places]
    assert points
    assert all(left <= x < right and lowest < y < bottom for x, y in points)
    assert len(set(points)) == len(points)
    text = "".join(root.itertext())
    assert ("not finite" in text) == (value is awkward_value)
    assert ("several values" in text) == (value is batch_loss)


def test_without_a_legend_nothing_changes() -> None:
    assert draw(readme_value(), legend=False).svg == draw(readme_value()).svg
    assert drawing.Drawing(draw(readme_value()).scene).legend is None
