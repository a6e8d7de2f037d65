"""The data of `python -m nn train`: a built-in set or a table, and the recipe for reading new rows."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from autograd.errors import UsageError
from autograd.io.files import file_name
from autograd.io.suggestions import did_you_mean, near_file
from nn.cli.table_options import TABLE_OPTIONS, reading_of
from nn.tabular.cells import TableError
from nn.tabular.columns import Column
from nn.tabular.datasets import DATASETS, Dataset, load
from nn.tabular.formats import read_cells
from nn.tabular.preprocessing import Recipe, Scaling
from nn.tabular.table import Table, read_table
from nn.train.tasks import scheme

TARGET_NAMES = {"xor": "xor", "moons": "moon", "digits": "digit"}
T = TypeVar("T")


class Data(NamedTuple):
    """The samples, how to read new ones, and the table that they come from, if they do."""

    dataset: Dataset
    recipe: Recipe
    table: Table | None


def read(args: argparse.Namespace) -> Data:
    """The samples, and the recipe for reading new rows."""
    if args.data in DATASETS:
        given = [f"--{name.replace('_', '-')}" for name in TABLE_OPTIONS if getattr(args, name)]
        if given or args.dry_run:
            raise UsageError(f"{', '.join(given) or '--dry-run'}: for tables only, not for the data set {args.data}")
        dataset, table = load(args.data), None
        columns, target = tuple(map(Column, dataset.feature_names)), TARGET_NAMES[args.data]
        x_scaling = Scaling.none(len(columns))
    else:
        table = _table(args)
        dataset, columns, target = table.dataset(), table.columns, table.target
        x_scaling = Scaling.of(dataset.x[dataset.train])
    numbers = dataset.y[dataset.train].astype(np.float64)[:, None]
    y_scaling = Scaling.of(numbers) if dataset.task == "regression" else Scaling.none(1)
    chosen = or_usage_error(lambda: scheme(dataset.task, args.loss))
    recipe = Recipe(
        task=dataset.task,
        loss=chosen.loss,
        target=target,
        columns=columns,
        class_names=dataset.class_names,
        x_scaling=x_scaling,
        y_scaling=y_scaling,
        table=table.description if table else None,
    )
    return Data(dataset, recipe, table)


def _table(args: argparse.Namespace) -> Table:
    path = Path(args.data)
    if not path.exists():
        hint = did_you_mean(args.data, DATASETS) or near_file(path)
        known = ", ".join(DATASETS)
        raise UsageError(f"{file_name(path)!r} is neither a file nor a built-in data set ({known}){hint}")
    options = {name: getattr(args, name) for name in TABLE_OPTIONS}
    if args.target is None:
        columns = ", ".join(or_usage_error(lambda: read_cells(path, reading_of(args))).header)
        raise UsageError(f"{file_name(path)}: choose the column to predict with --target COLUMN, one of: {columns}")
    return or_usage_error(lambda: read_table(path, **options))


def or_usage_error(make: Callable[[], T]) -> T:
    """What `make` returns; its ValueError or LookupError becomes a UsageError, since it comes from the options."""
    try:
        return make()
    except (TableError, UnicodeError):
        raise
    except (ValueError, LookupError) as error:  # the latter for an unknown encoding
        raise UsageError(str(error)) from None
