"""JSON for other programs: one document, without the numbers that JSON does not have."""

from __future__ import annotations

import codecs
import json
import math
import sys
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """The value with text in place of numbers that JSON does not have, and lists in place of tuples.

    >>> plain({"x": (1.0, float("nan"), float("-inf"))})
    {'x': [1.0, 'nan', '-inf']}
    """
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def json_text(document: Any, *, ascii_only: bool = False) -> str:
    r"""The document as text.

    >>> print(json_text({"name": "δ", "loss": float("inf")}))
    {
      "name": "δ",
      "loss": "inf"
    }
    """
    return json.dumps(plain(document), ensure_ascii=ascii_only, indent=2, allow_nan=False)


def print_json(document: Any) -> None:
    """Print the document; where the encoding of stdout has not every character, these are escaped as in JSON.

    >>> print_json([1])
    [
      1
    ]
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(json_text(document, ascii_only=codecs.lookup(encoding).name != "utf-8"))
