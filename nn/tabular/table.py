"""Read a CSV file as samples: infer which columns are numbers or categories, and the task from the target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nn.tabular.csv import Cells, TableError, as_number, read_cells
from nn.tabular.datasets import Dataset, split
from nn.tabular.names import plain_name
from nn.train.tasks import Task

MAX_CATEGORIES = 20
MAX_CLASSES = 100
MAX_INTEGER_CLASSES = 20
TableTask = Literal["classification", "regression"]


@dataclass(frozen=True)
class Column:
    """A feature column: numbers, or, with `categories`, texts that become one 0/1 feature per category.

    >>> Column("colour", ("blue", "red")).feature_names
    ('colour=blue', 'colour=red')
    """

    name: str
    categories: tuple[str, ...] = ()

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features that this column becomes."""
        return tuple(f"{self.name}={category}" for category in self.categories) or (self.name,)

    def encode(self, cells: Cells) -> NDArray[np.float64]:
        """The column's features, shape (rows, features); a text that is not a known category is a `TableError`."""
        if not self.categories:
            return np.array(cells.numbers(self.name))[:, None]
        known = dict(zip(self.categories, np.eye(len(self.categories)), strict=True))
        for row, text in zip(cells.rows, cells.column(self.name), strict=True):
            if text not in known:
                cells.fail(row.line, self.name, f"{text!r} is not one of the known categories {', '.join(known)}")
        return np.array([known[text] for text in cells.column(self.name)])


@dataclass(frozen=True, eq=False)
class Table:
    """The samples of a CSV file: `x` (n, features), not scaled, and `y` (n,), class indices or numbers.

    `dropped` counts the rows dropped for a missing value; `reason` says why this is the task.
    """

    name: str
    x: NDArray[np.float64]
    y: NDArray[Any]
    columns: tuple[Column, ...]
    target: str
    class_names: tuple[str, ...] | None
    task: Task
    dropped: int
    reason: str

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns of `x`."""
        return tuple(name for column in self.columns for name in column.feature_names)

    def dataset(self, *, seed: int = 0) -> Dataset:
        """The samples with a held-out fifth (see `nn.tabular.datasets.split`)."""
        parts = split(self.y, self.task, seed=seed)
        return Dataset(self.name, self.x, self.y, self.feature_names, self.class_names or (), self.task, *parts)


def read_table(
    path: str | PathLike[str],
    target: str,
    *,
    task: TableTask | None = None,
    ignore: Iterable[str] = (),
    drop_missing: bool = False,
) -> Table:
    """Read a CSV file for predicting the column `target` from all other columns except those in `ignore`.

    path          the file
    target        the column to predict
    task          "binary", "classification" or "regression"; by default a classification if the target is text, or at
                  most 20 different integers, else a regression
    ignore        columns that are not used
    drop_missing  leave out rows with a missing value, which are an error otherwise

    A column of numbers is one feature; a column of at most 20 different texts is one 0/1 feature per text.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "fruit.csv")
    ...     _ = path.write_text("grams,colour,fruit\\n150,red,apple\\n120,yellow,banana\\n170,green,apple\\n")
    ...     table = read_table(path, "fruit")
    >>> table.feature_names
    ('grams', 'colour=green', 'colour=red', 'colour=yellow')
    >>> table.y.tolist(), table.class_names, table.task
    ([0, 1, 0], ('apple', 'banana'), 'binary')

    Raises `TableError` with line, column and the offending cell for anything that is wrong with the file, `OSError`
    when it cannot be read.
    """
    cells = read_cells(path)
    unused = {target, *ignore}
    for name in (target, *ignore):
        cells.position(name)
    features = [name for name in cells.header if name not in unused]
    if not features:
        raise TableError(f"{cells.path}: there is no column to predict the target {target!r} from")
    complete = cells.without_missing([*features, target], drop=drop_missing)
    columns = tuple(_infer(complete, name) for name in features)
    y, classes, chosen, reason = _target(complete, target, task)
    return Table(
        name=plain_name(path),
        x=encode(complete, columns),
        y=y,
        columns=columns,
        target=target,
        class_names=classes,
        task=chosen,
        dropped=len(cells.rows) - len(complete.rows),
        reason=reason,
    )


def encode(cells: Cells, columns: Iterable[Column]) -> NDArray[np.float64]:
    """The features of all columns side by side, shape (rows, features); columns are found by name."""
    return np.hstack([column.encode(cells) for column in columns])


def class_name(text: str) -> str:
    """The name of a class: an integer is spelled in one way, a text stays as it is.

    >>> class_name("1.0"), class_name("01"), class_name("yes")
    ('1', '1', 'yes')
    """
    number = as_number(text)
    if number is None:
        return text
    return str(int(number)) if number.is_integer() else repr(number)


def _mostly_numbers(texts: list[str]) -> bool:
    return 2 * sum(as_number(text) is not None for text in texts) > len(texts)


def _infer(cells: Cells, name: str) -> Column:
    texts = cells.column(name)
    numeric = _mostly_numbers(texts)
    different = sorted(set(texts))
    if len(set(cells.numbers(name)) if numeric else different) == 1:
        raise TableError(f"{cells.path}: column {name!r} is {texts[0]!r} in every row; drop it with --ignore")
    if numeric:
        return Column(name)
    if len(different) > MAX_CATEGORIES:
        raise TableError(
            f"{cells.path}: column {name!r} has {len(different)} different texts ({', '.join(different[:3])}, …),"
            f" more than {MAX_CATEGORIES}; group them, or drop the column with --ignore"
        )
    return Column(name, tuple(different))


def _target(cells: Cells, name: str, task: TableTask | None) -> tuple[NDArray[Any], tuple[str, ...] | None, Task, str]:
    texts = cells.column(name)
    if task == "regression" or (task is None and _mostly_numbers(texts)):
        numbers = cells.numbers(name)
        different = len(set(numbers))
        if different == 1:
            raise TableError(
                f"{cells.path}: the target {name!r} is {texts[0]!r} in every row; there is nothing to predict"
            )
        if task == "regression":
            return np.array(numbers), None, "regression", "as requested"
        if different > MAX_INTEGER_CLASSES or not all(number.is_integer() for number in numbers):
            return np.array(numbers), None, "regression", f"{name!r} is a number; use --task classification for classes"
        reason = f"{name!r} has {different} different integers; use --task regression to predict a number"
    else:
        reason = "as requested" if task else f"{name!r} is text"
    return *_classes(cells, name, texts), reason


def _classes(cells: Cells, name: str, texts: list[str]) -> tuple[NDArray[Any], tuple[str, ...], Task]:
    found = [class_name(text) for text in texts]
    names = tuple(sorted(set(found), key=_class_order))
    if len(names) == 1:
        raise TableError(
            f"{cells.path}: the target {name!r} has only one class, {names[0]!r}; there is nothing to predict"
        )
    if len(names) > MAX_CLASSES:
        raise TableError(
            f"{cells.path}: the target {name!r} has {len(names)} classes ({', '.join(names[:3])}, …),"
            f" more than {MAX_CLASSES}; is it the right column? To predict a number: --task regression"
        )
    index = {label: k for k, label in enumerate(names)}
    return np.array([index[label] for label in found]), names, "binary" if len(names) == 2 else "classification"


def _class_order(name: str) -> tuple[bool, float, str]:
    number = as_number(name)
    return number is None, number or 0.0, name
