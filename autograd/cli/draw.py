"""`python -m autograd draw`: draw the graph of an expression, or of a function or Value of a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Literal, get_args

from autograd.check.subject import subject
from autograd.cli.target import add_target, read_target, reporting_user_errors
from autograd.debugging.switch import debug
from autograd.drawing.build import has_passed
from autograd.drawing.collapse import DepthOption
from autograd.drawing.drawing import FORMATS, SUFFIXES
from autograd.drawing.graph import draw
from autograd.drawing.layout.engines import AUTO, BUILT_IN, ENGINES, VARIABLE
from autograd.drawing.render.theme import Theme
from autograd.drawing.scene import Direction
from autograd.errors import UsageError
from autograd.graph import topological
from autograd.io.suggestions import did_you_mean

EXAMPLES = """examples:
  python -m autograd draw "relu(a*b + c)" a=2 b=-3 c=10 -o out.svg
  python -m autograd draw "relu(a*b + c)" a=2 b=-3 c=10 --animate
  python -m autograd draw train.py:loss --at 1.5,-2 --depth 1 -o loss.png
"""
EVERY_VALUE: Literal["all"] = "all"
OUT_HELP = f"file to write, whose name ends in {SUFFIXES} (default graph.svg)"
DEPTH_HELP = f"levels of modules to show: a number, {EVERY_VALUE} or auto (default auto)"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `draw`."""
    add_target(parser)
    parser.add_argument("-o", "--out", metavar="FILE", default="graph.svg", help=OUT_HELP)
    parser.add_argument("--depth", type=depth_option, default="auto", help=DEPTH_HELP)
    parser.add_argument("--focus", metavar="NAME", help="show only the neighbourhood of the value with this name")
    parser.add_argument(
        "--radius", type=_count, metavar="EDGES", help="maximum distance from --focus, in edges (default 2)"
    )
    parser.add_argument(
        "--rankdir", choices=get_args(Direction), default="LR", help="direction of the arrows (default LR)"
    )
    parser.add_argument("--title", help="title above the picture")
    parser.add_argument(
        "--engine", choices=ENGINES, default=AUTO, help=f"layout engine (default {AUTO}: ${VARIABLE} or {BUILT_IN})"
    )
    parser.add_argument(
        "--theme", choices=get_args(Theme), default="auto", help="colours (default auto: as the reader's system)"
    )
    parser.add_argument("--legend", action="store_true", help="explain colours, lines and shapes below the picture")
    parser.add_argument("--animate", action="store_true", help="animate the backward pass")
    parser.add_argument(
        "--forward", action="store_true", help="draw the state before the backward pass, without gradients"
    )


def run(args: argparse.Namespace) -> int:
    """Write the picture and print what it contains; 0. UsageError for wrong input or an unknown suffix."""
    if Path(args.out).suffix.lower() not in FORMATS:
        raise UsageError(f"--out {args.out}: the name must end in {SUFFIXES}")
    with debug():  # values get the names they have in the source
        f, at, file = read_target(args)
        with reporting_user_errors(file):
            root = subject(f, at, None).root
    if not args.forward and not has_passed(topological(root)):
        root.backward()
    drawing = draw(
        root,
        focus=args.focus,
        radius=args.radius,
        depth=args.depth,
        rankdir=args.rankdir,
        animate=args.animate,
        title=args.title,
        engine=args.engine,
        theme=args.theme,
        legend=args.legend,
    )
    try:
        drawing.save(args.out)
    except (ImportError, RuntimeError) as error:  # a PNG needs a package and a font
        raise UsageError(str(error)) from None
    print(f"{args.out}: {drawing.summary}")
    return 0


def depth_option(text: str) -> DepthOption:
    """A depth, for argparse.

    >>> depth_option("all"), depth_option("2")
    ('all', 2)
    """
    if text == EVERY_VALUE:
        return EVERY_VALUE
    if text == "auto":
        return "auto"
    try:
        return _count(text)
    except argparse.ArgumentTypeError as error:
        hint = did_you_mean(text, (EVERY_VALUE, "auto"))
        raise argparse.ArgumentTypeError(f"{error}, nor {EVERY_VALUE} or auto{hint}") from None


def _count(text: str) -> int:
    """A non-negative integer, for argparse.

    >>> _count("2")
    2
    """
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a non-negative integer")
    return int(text)
