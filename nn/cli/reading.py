"""The data of `python -m nn train`: a built-in set or a table, and the recipe for reading new rows."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from autograd.errors import UsageError
from autograd.io.files import file_name
from autograd.io.suggestions import did_you_mean, near_file
from nn.cli.table_options import TABLE_OPTIONS, reading_of
from nn.tabular.cells import TableError
from nn.tabular.columns import Column
from nn.tabular.content import Source
from nn.tabular.datasets import DATASETS, Dataset, load
from nn.tabular.formats import read_cells
from nn.tabular.preprocessing import Recipe, Scaling
from nn.tabular.splitting import Splitter
from nn.tabular.table import Table, read_table
from nn.train.tasks import scheme

TARGET_NAMES = {"xor": "xor", "moons": "moon", "digits": "digit"}
T = TypeVar("T")


class Data(NamedTuple):
    """The samples, how to read new ones, and the table that they come from, if they do."""

    dataset: Dataset
    recipe: Recipe
    table: Table | None
    splitter: Splitter


def read(args: argparse.Namespace) -> Data:
    """The samples, and the recipe for reading new rows."""
    if args.data in DATASETS:
        given = [f"--{name.replace('_', '-')}" for name in TABLE_OPTIONS if getattr(args, name)]
        if given or args.dry_run:
            raise UsageError(f"{', '.join(given) or '--dry-run'}: for tables only, not for the data set {args.data}")
        known, table = load(args.data), None
        columns, target = tuple(map(Column, known.feature_names)), TARGET_NAMES[args.data]
        splitter = Splitter(known.y, known.task, test_size=args.test_size, seed=args.split_seed)
        train, held_out = splitter.split()
        dataset = replace(known, train=train, held_out=held_out)
    else:
        table = _table(args)
        options = {"test_size": args.test_size, "seed": args.split_seed}
        splitter = or_usage_error(lambda: table.splitter(**options))
        dataset, columns, target = or_usage_error(lambda: table.dataset(**options)), table.columns, table.target
    _check_classes(dataset)
    chosen = or_usage_error(lambda: scheme(dataset.task, args.loss))
    recipe = Recipe(
        task=dataset.task,
        loss=chosen.loss,
        target=target,
        columns=columns,
        class_names=dataset.class_names,
        x_scaling=Scaling.none(dataset.x.shape[1]),
        y_scaling=Scaling.none(1),
        table=table.description if table else None,
    )
    return Data(dataset, scaled(recipe, dataset), table, splitter)


def scaled(recipe: Recipe, dataset: Dataset) -> Recipe:
    """The recipe with the scaling that suits the training samples; the inputs of built-in sets are not scaled."""
    x, numbers = dataset.x[dataset.train], dataset.y[dataset.train].astype(np.float64)[:, None]
    return replace(
        recipe,
        x_scaling=Scaling.of(x) if recipe.table else recipe.x_scaling,
        y_scaling=Scaling.of(numbers) if recipe.task == "regression" else recipe.y_scaling,
    )


def _check_classes(dataset: Dataset) -> None:
    """A split by groups or time can leave one class to train on."""
    left = np.unique(dataset.y[dataset.train])
    if len(left) == 1:
        name = dataset.class_names[int(left[0])] if dataset.class_names else f"{left[0]:g}"
        raise UsageError(
            f"{dataset.name}: the target of every training sample is {name!r}; hold out other samples"
            " (--groups, --time, --test-size, --split-seed)"
        )


def _table(args: argparse.Namespace) -> Table:
    path = Source(args.data)
    if args.data != "-" and not Path(path).exists():
        hint = did_you_mean(args.data, DATASETS) or near_file(path)
        known = ", ".join(DATASETS)
        raise UsageError(f"{file_name(path)!r} is neither a file nor a built-in data set ({known}){hint}")
    options = {name: getattr(args, name) for name in TABLE_OPTIONS}
    if args.target is None:
        columns = ", ".join(or_usage_error(lambda: read_cells(path, reading_of(args))).header)
        raise UsageError(f"{file_name(path)}: choose the column to predict with --target COLUMN, one of: {columns}")
    return or_usage_error(lambda: read_table(path, **options))


def or_usage_error(make: Callable[[], T]) -> T:
    """What `make` returns; its ValueError becomes a UsageError, since it comes from the options."""
    try:
        return make()
    except (TableError, UnicodeError):
        raise
    except ValueError as error:
        raise UsageError(str(error)) from None
