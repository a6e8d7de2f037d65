"""The colours of pictures and their style sheet, for light and dark mode.

The contrast of text is at least 4.5 : 1 and that of lines 3 : 1 (WCAG 2.2, AA), in both modes; a test computes it.
"""

from typing import Literal, NamedTuple, get_args

from autograd.drawing.text import Sign

Theme = Literal["auto", "light", "dark"]
SIGNS: tuple[Sign, ...] = ("pos", "neg", "zero", "bad", "mixed", "none")


class Colour(NamedTuple):
    """One colour in light and in dark mode."""

    light: str
    dark: str


PALETTE: dict[str, Colour] = {
    "bg": Colour("#ffffff", "#0d1117"),
    "fg": Colour("#1f2328", "#e6edf3"),
    "muted": Colour("#4b535d", "#b3bdc8"),
    "line": Colour("#6e7781", "#8b949e"),
}
FILLS: dict[Sign, Colour] = {
    "pos": Colour("#d9f2df", "#12351f"),
    "neg": Colour("#fde0e0", "#4a1c20"),
    "zero": Colour("#eceef0", "#24292f"),
    "bad": Colour("#ffe08a", "#5c4700"),
    "mixed": Colour("#e3e6fb", "#2a2d52"),
    "none": Colour("#f6f8fa", "#161b22"),
}
STROKES: dict[Sign, Colour] = {
    "pos": Colour("#1a7f37", "#3fb950"),
    "neg": Colour("#c4202c", "#ff7b72"),
    "zero": Colour("#6e7781", "#8b949e"),
    "bad": Colour("#8a5a00", "#e3b341"),
    "mixed": Colour("#4d52b8", "#a5a9ff"),
    "none": Colour("#6e7781", "#8b949e"),
}
DASHES: dict[Sign, str] = {"neg": "6 3", "zero": "1.5 3", "bad": "9 3 2 3"}
FONTS = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace'


def check_theme(theme: str) -> None:
    """Raise ValueError unless `theme` is a `Theme`.

    >>> check_theme("black")
    Traceback (most recent call last):
        ...
    ValueError: theme='black': choose one of 'auto', 'light', 'dark'
    """
    if theme not in get_args(Theme):
        raise ValueError(f"theme={theme!r}: choose one of {', '.join(map(repr, get_args(Theme)))}")


def stylesheet(theme: Theme = "auto") -> str:
    """The style sheet; 'auto' follows `prefers-color-scheme` by CSS variables, the others use none (for converters).

    >>> "prefers-color-scheme:dark" in stylesheet(), "var(" in stylesheet("dark")
    (True, False)
    """
    if theme == "auto":
        return variables(theme) + _rules()
    rules = _rules()
    for name, colour in _colours().items():
        rules = rules.replace(f"var(--{name})", getattr(colour, theme))
    return rules


def variables(theme: Theme = "auto") -> str:
    """The colours as CSS variables of the class `ag`; 'auto' follows `prefers-color-scheme`.

    >>> variables("light")[:15]
    '.ag{--bg:#fffff'
    """
    modes = {
        "auto": (("light", "", ""), ("dark", "@media(prefers-color-scheme:dark){", "}")),
        "light": (("light", "", ""),),
        "dark": (("dark", "", ""),),
    }
    return "".join(
        f"{query}.ag{{{';'.join(f'--{name}:{getattr(colour, mode)}' for name, colour in _colours().items())}}}{end}"
        for mode, query, end in modes[theme]
    )


def _colours() -> dict[str, Colour]:
    fills = {f"{sign}-fill": colour for sign, colour in FILLS.items()}
    return PALETTE | fills | {f"{sign}-line": colour for sign, colour in STROKES.items()}


def _rules() -> str:
    lines = [
        f".ag text{{font:12px {FONTS};fill:var(--fg);white-space:pre}}",
        ".ag .bg{fill:var(--bg)}",
        ".ag .name,.ag .title{font-weight:bold}",
        ".ag .muted,.ag .scope text,.ag .caption{fill:var(--muted)}",
        ".ag .end{text-anchor:end}.ag .mid{text-anchor:middle}",
        ".ag .title{font-size:14px}.ag .scope text,.ag .caption{font-size:11px}",
        ".ag .box rect{stroke:var(--line);stroke-width:1}.ag .rest rect,.ag .ref rect{stroke-dasharray:3 3}",
        ".ag .focus rect{stroke:var(--fg);stroke-width:3}",
        ".ag .scope rect{fill:none;stroke:var(--line);stroke-width:1;stroke-opacity:.7}",
        ".ag .edge path{fill:none}.ag .edge:hover path,.ag .box:hover rect{stroke-width:3}",
        ".ag .partial{font-size:10.5px;paint-order:stroke;stroke:var(--bg);stroke-width:3;stroke-linejoin:round}",
    ]
    for sign in SIGNS:
        lines += [
            f".ag .box.{sign} rect{{fill:var(--{sign}-fill)}}",
            f".ag .edge.{sign} path{{stroke:var(--{sign}-line)}}.ag .edge.{sign} polygon{{fill:var(--{sign}-line)}}",
        ]
    lines += [f".ag .edge.{sign} path{{stroke-dasharray:{dashes}}}" for sign, dashes in DASHES.items()]
    return "".join(lines)
