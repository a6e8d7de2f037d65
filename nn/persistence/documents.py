"""JSON files that are read back exactly as they were written, or refused with their name and the field at fault."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from autograd import AutogradError
from nn.persistence.schema import Kind, SchemaError, check_keys, integer, shown, text

# Files of schema 1 were written without a checksum.
SEALED = 2


class StorageError(AutogradError, ValueError):
    """A file is not what it should be, whole and unchanged, or something cannot be written as one.

    The message names the file and the field. It is the only error that the content of a file can cause.
    """


@dataclass(frozen=True)
class Form:
    """A file format: the text under `format`, and the kind of each other key but `schema` and `checksum`.

    `schema` is the version that is written; `finite` says that numbers cannot be infinite or nan.
    """

    format: str
    fields: Mapping[str, Kind]
    schema: int = SEALED
    finite: bool = True

    def write(self, content: Mapping[str, Any]) -> str:
        """The `content`, one value for each field, as text; the same content gives the same text.

        >>> Form("a table", {"x": integer()}).write({"x": 15}).splitlines()[2:]
        [' "format": "a table",', ' "schema": 2,', ' "x": 15', '}']
        """
        document = {"format": self.format, "schema": self.schema, **content}
        document["checksum"] = _checksum(document)
        return json.dumps(document, indent=1, sort_keys=True, allow_nan=not self.finite) + "\n"

    def read(self, data: bytes, name: str) -> dict[str, Any]:
        """What `write` was given; StorageError, with the `name` of the file, for anything else.

        >>> form = Form("a table", {"x": integer()})
        >>> form.read(form.write({"x": 15}).encode(), "t.json")["x"]
        15
        >>> form.read(form.write({"x": 15}).replace("15", "16").encode(), "t.json")
        Traceback (most recent call last):
            ...
        nn.persistence.documents.StorageError: t.json: checksum: does not match: the file is damaged, or was ...
        """
        try:
            return self._checked(self._parsed(data))
        except SchemaError as error:
            raise StorageError(f"{name}: {error}") from None
        except (ValueError, RecursionError) as error:
            raise StorageError(f"{name}: not a JSON file, or damaged: {error}") from error

    def _parsed(self, data: bytes) -> Any:
        refuse = _refuse if self.finite else None
        return json.loads(data.decode(), object_pairs_hook=_without_twins, parse_constant=refuse)

    def _checked(self, document: Any) -> dict[str, Any]:
        if type(document) is not dict or document.get("format") != self.format:
            found = shown(document.get("format")) if type(document) is dict else "no object"
            raise SchemaError("format", f"expected {self.format!r}, got {found}: another kind of file")
        version: Any = document.get("schema")
        integer(1)(version, "schema")
        if version > self.schema:
            raise SchemaError(
                "schema", f"{version} was written by a newer version (this one reads up to {self.schema}): upgrade"
            )
        sealed = {"checksum": text()} if version >= SEALED else {}
        kinds = {"format": text(), "schema": integer(1), **self.fields, **sealed}
        check_keys(document, kinds.keys(), "")
        for key, kind in kinds.items():
            kind(document[key], key)
        if sealed and document.pop("checksum") != _checksum(document):
            raise SchemaError(
                "checksum",
                'does not match: the file is damaged, or was edited after it was written (if that was you: delete "'
                'checksum", and set "schema" to 1)',
            )
        return document


def _checksum(document: Mapping[str, Any]) -> str:
    """The same for the same values, however the text is laid out."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique: dict[str, Any] = {}
    for key, value in pairs:
        if key in unique:
            raise SchemaError(shown(key), "appears twice")
        unique[key] = value
    return unique


def _refuse(constant: str) -> NoReturn:
    raise SchemaError("", f"{constant} is not a number that this file may hold")
