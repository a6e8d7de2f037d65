"""The options that say how a table is read."""

from __future__ import annotations

import argparse

from nn.tabular.cells import Reading
from nn.tabular.csv import DELIMITERS

TABLE_OPTIONS = (
    "target", "ignore", "keep", "task", "drop_missing", "numbers", "categories", "dates", "encoding", "delimiter",
    "decimal", "missing", "groups", "time",
)  # fmt: skip


def add_table_options(group: argparse._ArgumentGroup) -> None:
    """How a table is read; each overrules what would be found out."""
    add = group.add_argument
    add("--target", metavar="COLUMN", help="the column to predict from the others")
    add("--ignore", metavar="COLUMNS", type=names, default=(), help="columns not to use, such as id,name")
    add("--keep", metavar="COLUMNS", type=names, default=(), help="columns to use although they would be left out")
    add("--task", choices=("classification", "regression"), help="default: inferred from the target column")
    add("--drop-missing", action="store_true", help="skip rows with a missing value")
    add("--numbers", metavar="COLUMNS", type=names, default=(), help="columns that hold numbers")
    add("--categories", metavar="COLUMNS", type=names, default=(), help="columns whose numbers are categories")
    add("--dates", metavar="COLUMNS", type=names, default=(), help="columns that hold dates")
    add_reading_options(group)
    add("--dry-run", action="store_true", help="say what the table was understood to hold, and stop")


def add_reading_options(group: argparse._ActionsContainer) -> None:
    """How the text of a table is read, for training and for predicting."""
    add = group.add_argument
    add("--encoding", metavar="NAME", default="", help="of a CSV file, such as cp1252 (default: UTF-8)")
    add("--delimiter", metavar="MARK", type=delimiter, default="", help="of a CSV file: , ; tab | (default: found out)")
    add("--decimal", metavar="MARK", choices=(".", ","), default="", help="before decimals (default: found out)")
    add("--missing", metavar="WORDS", type=names, default=(), help="further words that stand for a missing value")


def reading_of(args: argparse.Namespace) -> Reading:
    """What these options say."""
    return Reading(args.encoding, args.delimiter, args.decimal, args.missing)


def delimiter(text: str) -> str:
    r"""A delimiter, which may be written `tab` or `\t`.

    >>> delimiter("tab") == delimiter(r"\t") == "\t"
    True
    """
    mark = "\t" if text in ("tab", "\\t") else text
    if text and mark not in DELIMITERS:
        known = ", ".join("tab" if each == "\t" else each for each in DELIMITERS)
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {known}")
    return mark


def names(text: str) -> tuple[str, ...]:
    """Names separated by commas.

    >>> names("id, name")
    ('id', 'name')
    """
    return tuple(part.strip() for part in text.split(",") if part.strip())
