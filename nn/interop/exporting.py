"""`nn.export`: a trained net as a file of another language, with its preprocessing."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import PurePath

import autograd
from autograd import CompileError
from autograd.errors import UsageError
from autograd.io.files import file_name, write_bytes
from nn.interop.onnx import to_onnx
from nn.interop.page import page_of
from nn.layers.mlp import MLP
from nn.tabular.answers import answers, read

SUFFIXES = (".c", ".js", ".py", ".tex", ".onnx", ".html")


def export(
    model: MLP | str | PathLike[str], path: str | PathLike[str], *, image: tuple[int, int] | None = None
) -> None:
    """Write a net as a file of C, JavaScript, Python, LaTeX or ONNX, or as a page to draw or type in.

    model  a model, or a file that `save` or `python -m nn train` has written
    path   .c (C99), .js (an ES module), .py (NumPy), .tex (equations), .onnx (see `to_onnx`) or .html (a page)
    image  of a page: the height and width of the image that the features are, row by row; None: features that are named
           as those of digits, pixel_0_0, …, are an image

    The function, `net_value` in C, else `value`, takes features in the user's units, standardises them as the training
    did, and gives probabilities of the classes where the loss makes outputs mean such, numbers in the user's units for
    a regression, else the outputs. A category is a feature that is 1 for it and 0 else. The file lists the names of
    the features and the classes. LaTeX has names for weights and biases, and not their numbers.

    The page works offline and sends nothing. Of an image one draws its strokes; else it has a field for each column.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     export(MLP(2, [3, 1], seed=0), f"{folder}/net.c")
    ...     "void net_value(const double *restrict x," in Path(folder, "net.c").read_text()
    True

    StorageError for a file that is not a model; `autograd.CompileError` for another suffix. UsageError, a ValueError,
    for an image of another size than the features, or for a file that is not a page. The file is written atomically.
    """
    suffix = PurePath(fspath(path)).suffix
    if suffix not in SUFFIXES:
        raise CompileError(f"no export writes {file_name(path)}: the suffix must be one of {', '.join(SUFFIXES)}")
    if image is not None and suffix != ".html":
        raise UsageError(f"the size of an image is for an .html file, and this is {file_name(path)}")
    net, recipe = read(model)
    if suffix == ".onnx":
        to_onnx(model, path)
    elif suffix == ".html":
        write_bytes(path, page_of(net, recipe, image).encode())
    else:
        texts: dict[str, Sequence[str]] = {}
        if recipe is not None:
            texts = {"features": recipe.feature_names}
            texts |= {"classes": recipe.class_names} if recipe.class_names else {}
        fast = autograd.compile(answers(net, recipe), parameters=net.parameters())
        fast.export(path, ([0.0] * net.n_in,), functions=["value"], name="net", frozen=True, texts=texts)
