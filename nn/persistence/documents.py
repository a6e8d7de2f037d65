"""JSON files that are read back exactly as written, or rejected with the file name and the invalid field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from autograd import AutogradError
from nn.persistence.schema import Kind, SchemaError, check_keys, integer, shown, text

FIRST_WITH_CHECKSUM = 2  # files of schema 1 have none
LARGEST = 1 << 27  # bytes of a file
MOST = 1_000_000  # lists and objects: each takes thirty times its text


class StorageError(AutogradError, ValueError):
    """A file is damaged, edited or of another kind, or something cannot be saved.

    The message names the file and the field. No other error comes from the content of a file.
    """


@dataclass(frozen=True)
class Form:
    """A file format: the text under `format`, and the kind of every other key except `schema` and `checksum`.

    `schema` is the version that is written; with `finite`, numbers cannot be infinite or nan.
    """

    format: str
    fields: Mapping[str, Kind]
    schema: int = FIRST_WITH_CHECKSUM
    finite: bool = True

    def write(self, content: Mapping[str, Any]) -> str:
        """The text of a file with this `content`, one value per field; the same content gives the same text.

        >>> Form("a table", {"x": integer()}).write({"x": 15}).splitlines()[2:]
        [' "format": "a table",', ' "schema": 2,', ' "x": 15', '}']
        """
        document = {"format": self.format, "schema": self.schema, **content}
        document["checksum"] = _checksum(document)
        written = json.dumps(document, indent=1, sort_keys=True, allow_nan=not self.finite) + "\n"
        if len(written) > LARGEST:  # it is ASCII
            raise StorageError(f"the file would have more than {LARGEST >> 20} MiB, and could not be read again")
        return written

    def read(self, data: bytes, name: str) -> dict[str, Any]:
        """The content that `write` was given; StorageError, with the `name` of the file, if `data` is anything else.

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
        if data.count(b"[") + data.count(b"{") > MOST:
            raise SchemaError("", f"more than {MOST} lists and objects: no such file was written")
        refuse = _refuse if self.finite else None
        return json.loads(data.decode(), object_pairs_hook=_unique_keys, parse_constant=refuse)

    def _checked(self, document: Any) -> dict[str, Any]:
        if type(document) is not dict or document.get("format") != self.format:
            found = shown(document.get("format")) if type(document) is dict else f"a {type(document).__name__}"
            raise SchemaError("format", f"expected {self.format!r}, got {found}: this is another kind of file")
        version: Any = document.get("schema")
        integer(1)(version, "schema")
        if version > self.schema:
            raise SchemaError(
                "schema", f"{version} is of a newer version (this one reads up to {self.schema}): upgrade"
            )
        with_checksum = {"checksum": text()} if version >= FIRST_WITH_CHECKSUM else {}
        kinds = {"format": text(), "schema": integer(1), **self.fields, **with_checksum}
        check_keys(document, kinds.keys(), "")
        for key, kind in kinds.items():
            kind(document[key], key)
        if with_checksum and document.pop("checksum") != _checksum(document):
            raise SchemaError(
                "checksum",
                'does not match: the file is damaged, or was edited (if you edited it: delete "checksum", and set'
                ' "schema" to 1)',
            )
        return document


def _checksum(document: Mapping[str, Any]) -> str:
    """A hash of the values, independent of the layout of the text."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique: dict[str, Any] = {}
    for key, value in pairs:
        if key in unique:
            raise SchemaError(shown(key), "appears twice")
        unique[key] = value
    return unique


def _refuse(constant: str) -> NoReturn:
    raise SchemaError("", f"{constant} is not allowed in this file")
