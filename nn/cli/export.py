"""`python -m nn export`: write a saved model as a file of another language."""

from __future__ import annotations

import argparse
import re

from autograd.cli.frame import OK
from autograd.io.files import file_name
from nn.cli.folders import MODEL_HELP, model_file
from nn.interop.exporting import export

EXAMPLES = """\
examples:
  python -m nn export runs/flowers/model.json -o net.c
  python -m nn export runs/flowers/model.json -o net.onnx
  python -m nn export runs/digits/model.json -o digits.html
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `export`."""
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    parser.add_argument(
        *("-o", "--out"),
        required=True,
        metavar="FILE",
        help="where to write: .c, .js, .py (NumPy), .tex (equations), .onnx, or .html (a page to draw or type in)",
    )
    parser.add_argument(
        "--image",
        type=_size,
        metavar="8x8",
        help="of a page: the height and width of the image that the features are (default: by names as pixel_0_0)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the file."""
    export(model_file(args.model), args.out, image=args.image)
    print(f"written to {file_name(args.out)}")
    return OK


def _size(text: str) -> tuple[int, int]:
    """The height and width of an image.

    >>> _size("8x8")
    (8, 8)
    """
    found = re.fullmatch(r"([1-9]\d?)x([1-9]\d?)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a height and a width of at most 99; write it as in 8x8")
    return int(found[1]), int(found[2])
