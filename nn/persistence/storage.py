"""Save and load models: JSON with a schema version, floats that come back bit for bit, atomic writes; never pickle."""

import json
import sys
from collections.abc import Mapping
from itertools import pairwise
from os import PathLike
from typing import Any

from autograd.io.files import file_name, read_bytes, write_text
from nn.layers.activations import ACTIVATIONS
from nn.layers.mlp import MLP
from nn.persistence.documents import LARGEST, Form, StorageError
from nn.persistence.schema import SchemaError, anything, array, check_keys, finite, integer, record, shown, table, text

LONGEST_LINE = len('  "w99[9999,9999]": -1.2345678901234567e-105,\n')  # bytes of a parameter: no float is longer
MOST_PARAMETERS = LARGEST // LONGEST_LINE  # of a model that can be saved
HIDDEN = [name for name, activation in ACTIVATIONS.items() if not activation.vector]
MODEL = Form(
    "scalar-autograd model",
    {
        "architecture": record(
            {
                "n_in": integer(1),
                "n_outs": array(integer(1), least=1),
                "hidden": text(*HIDDEN),
                "output": text(*ACTIVATIONS),
            }
        ),
        "parameters": table(finite),
        "extra": table(anything),
    },
)


def save(model: MLP, path: str | PathLike[str], *, extra: Mapping[str, Any] | None = None) -> None:
    """Write the model, and `extra` (any JSON value), to a file; the same model gives the same bytes.

    A model that was trained on a data frame keeps the names of its columns: `nn.predict` and `python -m nn` use them.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model = MLP(2, [3, 1], seed=0)
    ...     save(model, f"{folder}/model.json")
    ...     load(f"{folder}/model.json")([1.0, 2.0]).data == model([1.0, 2.0]).data
    True

    The file is written atomically. StorageError, and no file, for a model that the format cannot describe (another
    class than MLP, an activation given as a function, layers that were changed), for parameters that are not finite,
    and for an `extra` that JSON would change. OSError when the folder cannot be written.
    """
    content = {
        "architecture": _architecture(model),
        "parameters": {name: _finite(name, parameter.data) for name, parameter in model.named_parameters()},
        "extra": _extra((model.recipe.to_json() if model.recipe else {}) | dict(extra or {})),
    }
    write_text(path, MODEL.write(content), sync=True)


def load(path: str | PathLike[str]) -> MLP:
    """The model in the file, with exactly the numbers that were saved.

    StorageError, naming the file and the field, if it is damaged or edited (it has a checksum), of another kind, or
    written by a newer version; FileNotFoundError if it does not exist. Nothing in the file is executed.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(2, [1], seed=0), f"{folder}/model.json")
    ...     load(f"{folder}/model.json")
    MLP(2, [1], hidden='relu', output='linear')  # 3 parameters
    """
    model, _ = load_document(path)
    return model


def load_document(path: str | PathLike[str]) -> tuple[MLP, dict[str, Any]]:
    """The model in the file and the `extra` that was saved with it; StorageError as for `load`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(2, [1], seed=0), f"{folder}/model.json", extra={"trained on": "xor"})
    ...     model, extra = load_document(f"{folder}/model.json")
    >>> extra
    {'trained on': 'xor'}
    """
    name = file_name(path)
    document = MODEL.read(read_bytes(path, LARGEST), name)
    return _build(document["architecture"], document["parameters"], name), document["extra"]


def _architecture(model: MLP) -> dict[str, Any]:
    if type(model) is not MLP:
        raise StorageError(
            f"save takes an MLP, not a {type(model).__name__}; for another class, save its named_parameters() yourself"
        )
    for activation in (model.hidden, model.output):
        if ACTIVATIONS.get(activation.name) is not activation:
            known = ", ".join(ACTIVATIONS)
            raise StorageError(f"the activation {activation.name!r} is not built in; a file can name only {known}")
    twin = _empty(model.n_in, model.n_outs, model.hidden.name, model.output.name)
    if _shape(model) != _shape(twin):
        raise StorageError(f"the layers were changed and are no longer those of {twin!r}")
    return {"n_in": model.n_in, "n_outs": model.n_outs, "hidden": model.hidden.name, "output": model.output.name}


def _empty(n_in: int, n_outs: list[int], hidden: str, output: str) -> MLP:
    # With a seed: without one, the model would draw from the `random` module and change its state.
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
        raise StorageError(f"JSON would change extra {given!r}; use lists instead of tuples, and strings as keys")
    return given


def _finite(name: str, number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise StorageError(f"parameter {name} is {number!r}, not a number")
    if not abs(number) <= sys.float_info.max:
        raise StorageError(f"parameter {name} is {number!r}; only finite numbers can be saved")
    return float(number)


def _build(architecture: dict[str, Any], parameters: dict[str, Any], name: str) -> MLP:
    """The model; it is only built if there are enough parameters, since a damaged size must not fill the memory."""
    n_in, n_outs = architecture["n_in"], architecture["n_outs"]
    needed = sum((m + 1) * n for m, n in pairwise([n_in, *n_outs]))
    if needed > len(parameters):
        raise StorageError(
            f"{name}: parameters: {len(parameters)} are too few for n_in = {shown(n_in)}, n_outs = {shown(n_outs)}"
        )
    model = _empty(n_in, n_outs, architecture["hidden"], architecture["output"])
    wanted = dict(model.named_parameters())
    try:
        check_keys(parameters, wanted.keys(), "parameters")
    except SchemaError as error:
        raise StorageError(f"{name}: {error}") from None
    for key, parameter in wanted.items():
        parameter.data = float(parameters[key])
    return model
