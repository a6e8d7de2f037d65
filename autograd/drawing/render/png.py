"""Convert SVG to PNG with the optional package resvg-py."""

from __future__ import annotations

from os.path import join
from typing import Any

ZOOM = 2
MISSING = (
    "a PNG needs the package resvg-py: pip install 'scalar-autograd[png]' (or pip install resvg-py); "
    "an .svg, .html or .dot file needs nothing"
)
NO_FONT = (
    "no font was found for the text of the picture: install one (apt-get install fonts-dejavu-core, or "
    "pip install matplotlib, which brings it), or save an .svg"
)
FONT = "DejaVu Sans Mono"


def png_of(svg: str) -> bytes:
    """The picture at twice the size, in the fonts of this machine or the one that matplotlib installs.

    ImportError without resvg-py; RuntimeError if there is no font: text would silently be left out.
    """
    try:
        import resvg_py
    except ImportError:
        raise ImportError(MISSING) from None
    options: dict[str, Any] = {"monospace_family": FONT, "font_family": FONT, "font_dirs": _font_folders()}
    words, blank = (bytes(resvg_py.svg_to_bytes(svg_string=_sample(text), **options)) for text in ("0", ""))
    if words == blank:
        raise RuntimeError(NO_FONT)
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=ZOOM, **options))


def _sample(text: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="15">{text}</text></svg>'


def _font_folders() -> list[str]:
    try:
        import matplotlib
    except ImportError:
        return []
    return [join(matplotlib.get_data_path(), "fonts", "ttf")]
