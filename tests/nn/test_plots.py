"""Pictures of runs: complete SVG files with their labels, the same bytes for the same run."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from nn.plotting.plots import boundary_picture, loss_picture
from nn.tabular.datasets import Dataset, load
from nn.train.history import Epoch, History

pytestmark = pytest.mark.slow

HISTORY = History([Epoch(1, 0.5, 0.6), Epoch(2, 0.01, 0.2), Epoch(3, 0.02, math.nan)], "diverged")


def answer(points: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(points[:, 0] > 0.5, dtype=float)


def surface() -> Dataset:
    x = np.random.RandomState(0).uniform(-1, 1, (20, 2))
    return Dataset("s", x, x[:, 0] + x[:, 1], ("left", "right"), (), "regression", np.arange(16), np.arange(16, 20))


def draw_loss(path: Path) -> None:
    loss_picture(HISTORY, path)


def draw_classes(path: Path) -> None:
    boundary_picture(load("moons"), answer, path, title="two moons")


def draw_numbers(path: Path) -> None:
    boundary_picture(surface(), lambda points: points.sum(axis=1), path, title="a slope")


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (draw_loss, ["epoch", "loss", "training loss", "validation loss", "best epoch, 2"]),
        (draw_classes, ["x1", "x2", "upper", "lower", "held out", "two moons"]),
        (draw_numbers, ["left", "right", "prediction", "a slope"]),
    ],
)
def test_a_picture_is_complete_labelled_and_reproducible(tmp_path: Path, draw, words) -> None:  # type: ignore[no-untyped-def]
    draw(tmp_path / "a.svg")
    draw(tmp_path / "b.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert text == (tmp_path / "b.svg").read_text(encoding="utf-8")
    assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    # Letters are drawn as curves (no font is needed), with the text in a comment.
    assert [word for word in words if f"<!-- {word} -->" not in text] == []
    assert "fill: #ffffff" in text  # a white background, so that black axes are visible on a dark page
    assert "@media(prefers-color-scheme:dark){" in text  # row D3
    assert "dc:date" not in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.svg", "b.svg"]


def test_losses_over_many_magnitudes_get_a_logarithmic_axis(tmp_path: Path) -> None:
    def axis(*losses: float) -> bool:
        history = History([Epoch(i, loss) for i, loss in enumerate(losses, start=1)])
        loss_picture(history, tmp_path / "loss.svg")
        return r"10^{" in (tmp_path / "loss.svg").read_text(encoding="utf-8")

    assert axis(1.0, 0.01)
    assert not axis(1.0, 0.5)
    assert not axis(1.0, 0.0)


def test_drawing_leaves_the_users_settings_alone(tmp_path: Path) -> None:
    from matplotlib import rcParams

    before = dict(rcParams)
    draw_loss(tmp_path / "a.svg")
    assert dict(rcParams) == before


def test_what_cannot_be_drawn_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no complete epoch"):
        loss_picture(History(), tmp_path / "a.svg")
    with pytest.raises(ValueError, match="a boundary needs two inputs, 'digits' has 64"):
        boundary_picture(load("digits"), answer, tmp_path / "a.svg", title="")
    assert list(tmp_path.iterdir()) == []


def test_d3_a_theme_fixes_the_colours(tmp_path: Path) -> None:
    for theme in ("light", "dark"):
        loss_picture(HISTORY, tmp_path / f"{theme}.svg", theme=theme)
    light, dark = ((tmp_path / f"{theme}.svg").read_text(encoding="utf-8") for theme in ("light", "dark"))
    assert "@media" not in light + dark
    assert '[style*="fill: #ffffff"]{fill:#0d1117!important}' in dark
    assert ET.fromstring(dark).tag == ET.fromstring(light).tag
    with pytest.raises(ValueError, match="theme='black': choose one of"):
        loss_picture(HISTORY, tmp_path / "black.svg", theme="black")  # type: ignore[arg-type]
