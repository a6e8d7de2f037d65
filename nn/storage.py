"""Models as files: JSON with a schema version, floats that come back bit for bit, whole or not at all; never pickle."""

import json
import sys
from collections.abc import Mapping, Set
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, NoReturn

from autograd import AutogradError
from nn.activations import ACTIVATIONS
from nn.files import write_text
from nn.neuron import MLP

FORMAT = "scalar-autograd model"
SCHEMA = 1
KEYS = {"format", "schema", "architecture", "parameters", "extra"}
ARCHITECTURE = {"n_in", "n_outs", "hidden", "output"}


class StorageError(AutogradError, ValueError):
    """A model cannot be written, or a file is not the whole model it should be."""


def save(model: MLP, path: str | PathLike[str], *, extra: Mapping[str, Any] | None = None) -> None:
    """Write the model, and `extra` (anything JSON can hold), to a file; the same model gives the same bytes.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model = MLP(2, [3, 1], seed=0)
    ...     save(model, f"{folder}/model.json")
    ...     load(f"{folder}/model.json")([1.0, 2.0]).data == model([1.0, 2.0]).data
    True

    The file appears in one step: a reader never sees half of it. StorageError, and no file, for a model that a name
    cannot describe (a class of your own, an activation given as a function, layers changed by hand), for parameters
    that are not finite, and for an `extra` that JSON would change. OSError when the folder cannot be written.
    """
    document = {
        "format": FORMAT,
        "schema": SCHEMA,
        "architecture": _architecture(model),
        "parameters": {name: _finite(name, parameter.data) for name, parameter in model.named_parameters()},
        "extra": _extra(extra),
    }
    write_text(path, json.dumps(document, indent=1, sort_keys=True, allow_nan=False) + "\n")


def load(path: str | PathLike[str]) -> MLP:
    """The model in the file, with exactly the numbers that were saved.

    StorageError, naming what is wrong, when the file is damaged, of another kind or written by a newer version;
    FileNotFoundError when there is none. Nothing in the file is executed.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(2, [1], seed=0), f"{folder}/model.json")
    ...     load(f"{folder}/model.json")
    MLP(2, [1], hidden='relu', output='linear')  # 3 parameters
    """
    model, _ = load_document(path)
    return model


def load_document(path: str | PathLike[str]) -> tuple[MLP, dict[str, Any]]:
    """The model in the file and the `extra` that was saved beside it; StorageError as `load`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(2, [1], seed=0), f"{folder}/model.json", extra={"trained on": "xor"})
    ...     model, extra = load_document(f"{folder}/model.json")
    >>> extra
    {'trained on': 'xor'}
    """
    try:
        document = _parse(Path(path).read_bytes())
        model = _build(document["architecture"], document["parameters"])
    except StorageError as error:
        raise StorageError(f"{path}: {error}") from error.__cause__
    return model, document["extra"]


def _architecture(model: MLP) -> dict[str, Any]:
    if type(model) is not MLP:
        raise StorageError(
            f"save writes an MLP, not a {type(model).__name__}; write the named_parameters() of your own class yourself"
        )
    for activation in (model.hidden, model.output):
        if ACTIVATIONS.get(activation.name) is not activation:
            known = ", ".join(ACTIVATIONS)
            raise StorageError(
                f"the activation {activation.name!r} is a function of yours; a file can name only {known}"
            )
    twin = _empty(model.n_in, model.n_outs, model.hidden.name, model.output.name)
    if _shape(model) != _shape(twin):
        raise StorageError(f"the layers were changed by hand and are no longer those of {twin!r}")
    return {"n_in": model.n_in, "n_outs": model.n_outs, "hidden": model.hidden.name, "output": model.output.name}


def _empty(n_in: int, n_outs: list[int], hidden: str, output: str) -> MLP:
    # With a seed, because otherwise the model would draw from the `random` module and disturb the caller's numbers.
    return MLP(n_in, n_outs, hidden=hidden, output=output, init="zeros", seed=0)


def _shape(model: MLP) -> tuple[list[str], list[str]]:
    return [repr(layer) for layer in model.layers], [name for name, _ in model.named_parameters()]


def _extra(extra: Mapping[str, Any] | None) -> dict[str, Any]:
    given = dict(extra or {})
    try:
        unchanged = json.loads(json.dumps(given, allow_nan=False)) == given
    except (TypeError, ValueError, RecursionError) as error:
        raise StorageError(f"extra cannot be written as JSON: {error}") from error
    if not unchanged:
        raise StorageError(f"JSON would change extra {given!r}; use lists (not tuples) and text as keys")
    return given


def _finite(name: str, number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise StorageError(f"parameter {name} is {number!r}, not a number")
    if not abs(number) <= sys.float_info.max:
        raise StorageError(f"parameter {name} is {number!r}; only finite numbers make a model that can be used again")
    return float(number)


def _parse(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data.decode(), object_pairs_hook=_without_twins, parse_constant=_refuse)
    except StorageError:
        raise
    except (ValueError, RecursionError) as error:
        raise StorageError(f"this is no JSON, or a damaged file: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise StorageError(f'this is not a model: it has no "format": "{FORMAT}"')
    schema = document.get("schema")
    if type(schema) is not int or schema < 1:
        raise StorageError(f"the schema version is {schema!r}, not a whole number from 1 on")
    if schema > SCHEMA:
        raise StorageError(f"schema {schema} was written by a newer version (this one reads up to {SCHEMA}): upgrade")
    _check_keys("the file", document, KEYS)
    if not isinstance(document["extra"], dict):
        raise StorageError(f"extra is {document['extra']!r}, not an object")
    return document


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        twin = next(key for i, (key, _) in enumerate(pairs) if key in dict(pairs[:i]))
        raise StorageError(f"{twin!r} appears twice")
    return unique


def _refuse(constant: str) -> NoReturn:
    raise StorageError(f"{constant} is not a number that a model may hold")


def _check_keys(what: str, found: Any, wanted: Set[str]) -> None:
    if not isinstance(found, dict):
        raise StorageError(f"{what} should be an object, got {found!r}")
    for problem, names in (("lacks", wanted - found.keys()), ("has the unknown", found.keys() - wanted)):
        if names:
            first, others = min(names), len(names) - 1
            raise StorageError(f"{what} {problem} {first!r}" + (f" and {others} more" if others else ""))


def _build(architecture: Any, parameters: Any) -> MLP:
    """The model, made only when the parameters are as many as it needs: a damaged size must not fill the memory."""
    _check_keys("the architecture", architecture, ARCHITECTURE)
    n_in, n_outs = architecture["n_in"], architecture["n_outs"]
    sizes = [n_in, *n_outs] if isinstance(n_outs, list) else []
    if not sizes or any(type(size) is not int or size < 1 for size in sizes):
        raise StorageError(f"the sizes n_in={n_in!r}, n_outs={n_outs!r} are no whole numbers from 1 on")
    if isinstance(parameters, dict) and sum((m + 1) * n for m, n in pairwise(sizes)) > len(parameters):
        raise StorageError(f"{len(parameters)} parameters are too few for {n_in} inputs and layers of {n_outs}")
    try:
        model = _empty(n_in, n_outs, architecture["hidden"], architecture["output"])
    except (TypeError, ValueError) as error:
        raise StorageError(f"the architecture makes no model: {error}") from error
    wanted = dict(model.named_parameters())
    _check_keys("the list of parameters", parameters, wanted.keys())
    for name, parameter in wanted.items():
        parameter.data = _finite(name, parameters[name])
    return model
