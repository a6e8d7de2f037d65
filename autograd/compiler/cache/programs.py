"""Recordings that were compiled before: the key of one, and what its entry holds."""

from __future__ import annotations

import importlib.util
import json
import marshal
import platform
import sys
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from types import FunctionType
from typing import NamedTuple

from autograd._numpy import HAS_NUMPY, np
from autograd._version import __version__
from autograd.compiler.cache.data import OWN_ROWS, from_bytes, to_bytes
from autograd.compiler.cache.store import PROGRAM, Store
from autograd.compiler.columns import rows_of
from autograd.compiler.lower import GRADIENT, Lowered
from autograd.compiler.options import Options
from autograd.compiler.program import Program
from autograd.compiler.vector.program import VectorProgram

_ROWS = frozenset(OWN_ROWS.values())
# Where the rules of the package's rows are written: the sources among them are part of the key.
_WRITTEN_IN = {"autograd.rules", "autograd.numerics", "autograd.special", "math", "_operator", "builtins"}


class Kept(NamedTuple):
    """The back end that was chosen for a recording, and verified; why; and the forms of the program that it runs.

    `way` is which of its ways the back end took.
    """

    name: str
    reason: str
    way: str
    forms: dict[str, Program | VectorProgram]


def key_of(lowered: Lowered, options: Options, samples: int) -> str | None:
    """The key of a recording that is to be compiled so; None if a rule may change that only this process knows.

    That is one of the user's, or one that was replaced, by `autograd.testing.mutated` for example. The key is a hash of
    the equations, guards and names, of the options, and of everything that a change of the compiler or of a rule would
    change. The number of samples and the back ends that there are matter to the choice among them only.
    """
    recorded = lowered.recorded
    rules = _rules()
    if rules is None or not rows_of(recorded.equations) <= _ROWS:
        return None
    choice = bool(importlib.util.find_spec("llvmlite")), samples if recorded.batched else 0
    parts = (
        environment(), rules, lowered.kind, lowered.wanted,
        options.backend, options.exact, options.dtype, options.threads,
        choice if options.backend == "auto" else (),
        recorded.names, [(row.name, operands) for row, operands in recorded.equations],
        [tuple(guard) for guard in recorded.guards], recorded.outputs, recorded.batched, recorded.per_sample,
    )  # fmt: skip
    # Version 2 of the format depends on values alone, not on which objects are shared; it is never read.
    return sha256(marshal.dumps(parts, 2)).hexdigest()


def _rules() -> str | None:
    """What the rules of the package's rows are in this process; None if one of them is not written in this package."""
    found: list[object] = []
    for name, row in OWN_ROWS.items():
        found.append(name)
        for part in (row.value, *row.partials, row.variadic):
            if not callable(part):
                found.append(part)
            elif part.__module__ in _WRITTEN_IN:
                found += _described(part)
            else:
                return None
    return repr(found)


def _described(rule: Callable[..., object]) -> list[object]:
    """What tells a rule from others of the same sources."""
    cells = [cell.cell_contents for cell in getattr(rule, "__closure__", None) or ()]
    code = [rule.__code__.co_firstlineno, rule.__code__.co_code] if isinstance(rule, FunctionType) else []
    return [rule.__module__, rule.__qualname__, *code, *[getattr(each, "__name__", each) for each in cells]]


@cache
def environment() -> str:
    """What a compiled program depends on besides its recording: versions, and the sources of the engine."""
    versions = [
        __version__,
        sys.version,
        np.__version__ if HAS_NUMPY else "",
        _version("llvmlite"),
        platform.machine(),
        sys.platform,
    ]
    sources = sha256()
    package = resources.files("autograd")
    for folder in (package, package / "compiler"):
        _hash(folder, sources.update, nested=folder is not package)
    return json.dumps([*versions, sources.hexdigest()])


def _hash(folder: Traversable, update: Callable[[bytes], object], nested: bool) -> None:
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        if each.name.endswith(".py"):
            update(each.name.encode() + b"\n" + each.read_bytes())
        elif nested and each.is_dir():
            _hash(each, update, nested)


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def read(store: Store, key: str, lowered: Lowered) -> Kept | None:
    """The entry of a recording; None if there is none, or one that does not hold what it should."""
    content = store.read(key, PROGRAM)
    if content is None:
        return None
    recorded = lowered.recorded
    wanted = lowered.wanted if lowered.kind == GRADIENT else ()
    inputs = Program(recorded.names, (), (), (), recorded.batched, recorded.per_sample, wanted)
    try:
        data = from_bytes(content, inputs)
        return Kept(str(data.pop("name")), str(data.pop("reason")), str(data.pop("way")), data)
    except Exception:  # whatever is in the file, it is not worth more than making the program anew
        return None


def write(store: Store, key: str, kept: Kept) -> str:
    """Add an entry; returns why that was not possible, else an empty text."""
    try:
        content = to_bytes({"name": kept.name, "reason": kept.reason, "way": kept.way, **kept.forms})
    except TypeError as error:
        return str(error)
    return store.write(key, PROGRAM, content)
