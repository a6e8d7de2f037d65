"""Suggest the name that was meant: the nearest of those that exist."""

from __future__ import annotations

import os
from collections.abc import Iterable
from os import PathLike

from autograd.io.files import file_name

SHARE = 3  # characters for each edit: an unrelated word needs more edits
LONGEST = 60  # longer texts are not mistyped names, and take long to compare


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that `name` was meant to be, or "" if none is near.

    >>> nearest("trian", ["train", "predict"]), nearest("ReLU", ["relu", "elu"]), nearest("cross", ["cross_entropy"])
    ('train', 'relu', 'cross_entropy')
    >>> nearest("softmax", ["max", "maximum"])
    ''

    Near means one edit for each three characters: a character inserted, deleted or replaced, or two neighbours
    exchanged (the distance of Damerau, 1964). Case and the marks - and _ do not count; the beginning of one name only
    is near, too.
    """
    names = list(known)
    word = _plain(name)
    if not 0 < len(word) <= LONGEST:
        return ""
    limit = max(1, len(word) // SHARE)
    comparable = [each for each in names if abs(len(_plain(each)) - len(word)) <= limit]
    measured = [(distance(word, _plain(each)), each) for each in comparable]
    near = [found for found in measured if found[0] <= min(limit, len(found[1]) - 1)]
    if near:
        return min(near, key=lambda found: found[0])[1]
    longer = [each for each in names if _plain(each).startswith(word)]
    return longer[0] if len(longer) == 1 and len(word) > 1 else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of an error message, or "" if no known name is near.

    >>> did_you_mean("epoch", ["epochs", "lr"]), did_you_mean("x", ["epochs"])
    ("; did you mean 'epochs'?", '')
    """
    found = nearest(name, known)
    return f"; did you mean {found!r}?" if found else ""


def no_such_file(path: str | PathLike[str]) -> str:
    """The message for a file that does not exist, with the file of its folder that was meant.

    >>> no_such_file("no-such-folder/train.py")
    'no-such-folder/train.py: no such file'
    """
    return f"{file_name(path)}: no such file{near_file(path)}"


def near_file(path: str | PathLike[str]) -> str:
    """The end of an error message: a file beside `path` with nearly its name, or with its name and another suffix."""
    folder, name = os.path.split(os.fspath(path))
    try:
        names = sorted(os.listdir(folder or "."))
    except OSError:
        return ""
    stem, suffix = os.path.splitext(name)
    parts = {each: os.path.splitext(each) for each in names}
    alike = {parts[each][0]: each for each in names if parts[each][1] == suffix}
    same = (each for each in names if parts[each][0] == stem)
    found = alike.get(nearest(stem, alike), "") or next(same, "")
    return f"; did you mean {os.path.join(folder, found)!r}?" if found else ""


def _plain(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "").strip()


def distance(a: str, b: str) -> int:
    """How many edits make one text the other; neighbours that are exchanged count as one.

    >>> distance("trian", "train"), distance("rel", "relu"), distance("softmax", "max")
    (1, 1, 4)
    """
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        row = [i]
        for j, y in enumerate(b, start=1):
            edits = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if before and j > 1 and (x, a[i - 2]) == (b[j - 2], y):
                edits = min(edits, before[j - 2] + 1)
            row.append(edits)
        before, last = last, row
    return last[-1]
