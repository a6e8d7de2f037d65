"""Damage files in many ways, for tests of their readers: bytes, JSON values, members of a zip archive."""

from __future__ import annotations

import hashlib
import io
import json
import math
import warnings
import zipfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any

import numpy as np

Place = tuple[Any, Any]  # an object or list, and a key or index in it

DEEP: Any = []
for _ in range(200):
    DEEP = [DEEP]
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 7, 2.5, -0.0, 1e308, math.nan, math.inf, 10**400, -(10**30), "", "x", "\ud800\n"),
    *([], {}, [None], [1, "a"], {"a": 1}, DEEP, "linear", "regression", [[]], {"name": "x", "categories": ["a", "a"]}),
]


# --- bytes ------------------------------------------------------------------------------------------------------------


def bytes_damaged(data: bytes, rng: Random) -> bytes:
    """The bytes with one to three places flipped, cut, duplicated, moved or overwritten."""
    found = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        a, b = sorted(rng.randrange(len(found) + 1) for _ in range(2))
        b = min(b, a + rng.choice([1, 4, 40, len(found)]))
        piece = bytes(found[a:b])
        change = rng.choice(["flip", "cut", "end", "double", "zero", "noise", "move", "digit"])
        if change == "flip" and found:
            found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
        elif change == "digit":
            digits = [i for i, byte in enumerate(found) if chr(byte).isdigit()]
            for i in digits and [rng.choice(digits)]:
                found[i] = ord(rng.choice("0123456789"))
        elif change == "end":
            del found[a:]
        elif change in ("cut", "move"):
            del found[a:b]
        if change in ("double", "move"):
            at = rng.randrange(len(found) + 1)
            found[at:at] = piece
        elif change in ("zero", "noise"):
            found[a:b] = bytes(len(piece)) if change == "zero" else rng.randbytes(len(piece))
    return bytes(found)


# --- JSON -------------------------------------------------------------------------------------------------------------


def _places(value: Any) -> Iterator[Place]:
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


def _any_value(rng: Random) -> Any:
    return deepcopy(rng.choice(VALUES))


def json_damaged(text: str, rng: Random, *, seal: bool = False) -> str:
    """The document with one or two values replaced, dropped, added, renamed or swapped.

    `seal` corrects its checksum. Sometimes a key appears twice, which is only possible in the text.
    """
    document = json.loads(text)
    for _ in range(rng.randint(1, 2)):
        inside, key = rng.choice(list(_places(document)) or [({"": document}, "")])
        change = rng.choice(["replace", "replace", "drop", "add", "rename", "exchange"])
        if change == "replace":
            inside[key] = _any_value(rng)
        elif change == "drop":
            del inside[key]
        elif change == "exchange":
            other, name = rng.choice(list(_places(document)))
            inside[key], other[name] = deepcopy(other[name]), deepcopy(inside[key])  # one may be within the other
        elif isinstance(inside, list):
            inside.insert(key, _any_value(rng))
        else:
            inside[rng.choice(["x", "", "a\nb", "checksum", "schema"])] = (
                inside.pop(key) if change == "rename" else _any_value(rng)
            )
    if seal:
        document = sealed(document)
    written = json.dumps(document)
    if rng.random() < 0.1 and written.startswith("{"):
        written = written.replace("{", '{"schema": 2, ', 1)
    return written


def sealed(document: Any) -> Any:
    """The document with the correct checksum."""
    if not isinstance(document, dict):
        return document
    open_ = {key: value for key, value in document.items() if key != "checksum"}
    canonical = json.dumps(open_, sort_keys=True, separators=(",", ":"))
    return open_ | {"checksum": hashlib.sha256(canonical.encode()).hexdigest()}


# --- zip archives -----------------------------------------------------------------------------------------------------


def members_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: list[tuple[str, bytes]], kind: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", kind) as archive:
        warnings.simplefilter("ignore")  # two members with the same name are intended
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, kind)
    return file.getvalue()


def _npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def _other_array(content: bytes, rng: Random) -> bytes:
    array = np.load(io.BytesIO(content))
    changes: list[Callable[[], Any]] = [
        lambda: array.astype(np.float32),
        lambda: array.astype(np.int64),
        lambda: array[:-1],
        lambda: array[None],
        lambda: array.astype(object),
        lambda: array.astype(str),
        lambda: np.array(1.0),
        lambda: np.zeros(0),
        lambda: np.array([("a", 1)], dtype=[("f", "U1"), ("g", "i4")]),
    ]
    return _npy(rng.choice(changes)())


def zip_damaged(data: bytes, rng: Random, header: str, *, seal: bool = False) -> bytes:
    """The archive with a member dropped, renamed, duplicated, swapped, changed or compressed.

    `seal` corrects the digests.
    """
    members = list(members_of(data).items())
    kind, i, j = zipfile.ZIP_STORED, rng.randrange(len(members)), rng.randrange(len(members))
    (name, content), (other, foreign) = members[i], members[j]
    change = rng.choice(["drop", "rename", "double", "exchange", "bytes", "array", "header", "compress", "empty"])
    if change == "drop":
        del members[i]
    elif change == "rename":
        members[i] = (rng.choice(["theta.npy", "x.npy", "optimizer.lr.npy", "../a", "", other]), content)
    elif change == "double":
        members.append((name, foreign))
    elif change == "exchange":
        members[i], members[j] = (name, foreign), (other, content)
    elif change == "bytes":
        members[i] = (name, bytes_damaged(content, rng))
    elif change == "array" and name != header:
        members[i] = (name, _other_array(content, rng))
    elif change == "compress":
        kind = zipfile.ZIP_DEFLATED
    elif change == "empty":
        members = []
    elif change == "header":
        changed = [(each, text) for each, text in members if each != header]
        text = json_damaged(dict(members)[header].decode(), rng, seal=seal)
        members = [(header, text.encode()), *changed]
    return packed(_with_digests(members, header) if seal else members, kind)


def _with_digests(members: list[tuple[str, bytes]], header: str) -> list[tuple[str, bytes]]:
    try:
        document = json.loads(dict(members)[header])
        document["arrays"] = {
            name.removesuffix(".npy"): hashlib.sha256(content).hexdigest()
            for name, content in members
            if name != header
        }
    except (KeyError, ValueError, TypeError):
        return members
    return [(name, json.dumps(sealed(document)).encode() if name == header else data) for name, data in members]
