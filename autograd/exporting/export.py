"""`compiled.export(path)`: a file in the language that the suffix names."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping, Sequence
from os import PathLike, fspath
from pathlib import PurePath
from typing import Any

from autograd.compiler.asked import Asked
from autograd.errors import CompileError
from autograd.exporting import c, javascript, onnx, python, tex
from autograd.exporting.collect import FUNCTIONS, Recorder, collect, default_functions
from autograd.exporting.request import Request
from autograd.io.files import file_name, write_bytes

# What makes the contents of a file, by its suffix.
WRITERS: dict[str, Callable[[Request], str | bytes]] = {
    ".c": c.source,
    ".js": javascript.source,
    ".py": python.source,
    ".tex": tex.source,
}


def export(
    compiled: Asked,
    path: str | PathLike[str],
    args: Sequence[Any] | None,
    functions: Sequence[str] | None,
    name: str | None,
    exact: bool | None,
    frozen: bool,
    texts: Mapping[str, Sequence[str]] | None,
) -> None:
    """Write the file; `Compiled.export` says what is what, and what is meant where nothing is given."""
    suffix = PurePath(fspath(path)).suffix
    own = name or getattr(compiled.function, "__name__", "") or "f"
    if suffix == ".onnx":
        _check_onnx(functions, exact)
        write_bytes(path, onnx.source(Recorder(compiled, args, False), own))
        return
    if suffix not in WRITERS:
        known = ", ".join([*WRITERS, ".onnx"])
        raise CompileError(f"no export writes {file_name(path)}: the suffix must be one of {known}")
    for each in functions or ():
        if each not in FUNCTIONS:
            raise CompileError(f"functions={each!r} is not one of {', '.join(FUNCTIONS)}")
    for each in texts or ():
        if not (each.isidentifier() and each.isascii()) or keyword.iskeyword(each):
            raise CompileError(f"texts names {each!r}, which is not a name in other languages; use letters and digits")
    chosen = tuple(dict.fromkeys(functions)) if functions else default_functions(compiled, args)
    is_exact = compiled.options.exact if exact is None else exact
    contents = WRITERS[suffix](collect(compiled, own, args, chosen, is_exact, frozen, texts or {}))
    write_bytes(path, contents.encode() if isinstance(contents, str) else contents)


def _check_onnx(functions: Sequence[str] | None, exact: bool | None) -> None:
    if functions is not None and tuple(functions) != ("value",):
        raise CompileError(f'an .onnx file holds the value; functions={functions!r} is not ("value",)')
    if exact:
        raise CompileError("an .onnx file cannot be exact: ONNX leaves the order of operations to what runs it")
