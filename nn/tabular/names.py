"""Turn file names into names of data sets."""

from os import PathLike
from pathlib import Path

FORBIDDEN = frozenset('<>:"/\\|?*')  # in file names, on some system
DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{kind}{i}" for kind in ("COM", "LPT") for i in range(1, 10))})


def plain_name(path: str | PathLike[str]) -> str:
    """The name of a file without its suffix, made fit to name a folder and to stand in a title.

    >>> plain_name("data/flowers.csv"), plain_name("...csv"), plain_name(" a:b .csv"), plain_name("..")
    ('flowers', 'csv', 'a_b', 'data')

    Characters that are not printable, or forbidden on some system, become "_"; dots and spaces at the ends are removed.
    """
    target = Path(path)
    kept = (target.stem.strip(". "), target.name.strip(". "), "data")
    name = "".join(c if c.isprintable() and c not in FORBIDDEN else "_" for c in next(filter(None, kept)))
    return f"{name}_" if name.partition(".")[0].upper() in DEVICES else name
