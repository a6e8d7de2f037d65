"""Read a table as samples: infer what the columns are, and the task from the target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from typing import Any, Literal

from autograd._numpy import NDArray, np
from nn.tabular.advice import advice
from nn.tabular.cells import Cells, Reading, TableError
from nn.tabular.columns import Column, ColumnKind, class_name, class_order, infer, infer_all
from nn.tabular.datasets import HELD_OUT, Dataset
from nn.tabular.formats import Columns, Frame, read_cells
from nn.tabular.names import plain_name
from nn.tabular.numerals import POINT
from nn.tabular.splitting import Splitter
from nn.tabular.understood import Understood
from nn.train.tasks import Task

MAX_CLASSES = 100
MAX_INTEGER_CLASSES = 20
GROUPS, TIME = "it says how rows belong together", "it orders the rows"
TableTask = Literal["classification", "regression"]


@dataclass(frozen=True, eq=False)
class Table:
    """The samples of a table: `x` (n, features), not scaled, and `y` (n,), class indices or numbers.

    columns      those that are used
    description  how the file was read, which columns are left out, and why this is the task
    groups       the group of each row, `times` its time, if there are columns that say so
    advice       what `hints` says
    """

    name: str
    x: NDArray[np.float64]
    y: NDArray[Any]
    columns: tuple[Column, ...]
    target: str
    class_names: tuple[str, ...] | None
    task: Task
    description: Understood
    groups: NDArray[Any] | None = None
    times: NDArray[np.float64] | None = None
    advice: tuple[str, ...] = ()

    @property
    def left_out(self) -> dict[str, str]:
        """The columns that are not used although nobody asked for that, with the reason."""
        return self.description.left_out

    @property
    def dropped(self) -> int:
        """How many rows were dropped for a missing value."""
        return self.description.dropped

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns of `x`."""
        return tuple(name for column in self.columns for name in column.feature_names)

    def splitter(self, *, seed: int = 0, test_size: float = HELD_OUT) -> Splitter:
        """How the rows are split: by the groups or times if there are any."""
        return Splitter(self.y, self.task, self.groups, self.times, test_size, seed)

    def dataset(self, *, seed: int = 0, test_size: float = HELD_OUT) -> Dataset:
        """The samples with a held-out part, by default a fifth."""
        parts = self.splitter(seed=seed, test_size=test_size).split()
        return Dataset(self.name, self.x, self.y, self.feature_names, self.class_names or (), self.task, *parts)

    def understood(self) -> Iterator[str]:
        """What the file was understood to hold, a line each.

        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "fruit.csv")
        ...     _ = path.write_text("id;grams;fruit\\n1;1,5;apple\\n2;2,5;fig\\n3;2;fig\\n")
        ...     print("\\n".join(read_table(path, "fruit").understood()))
        read: 3 rows; utf-8, delimiter ';'
          id     left out: it numbers the rows (--keep to use it)
          grams  number, decimal comma
          fruit  target: binary, one of 'apple', 'fig' ('fruit' is text)
        """
        yield from self.description.lines(self.columns, self.target, self.task, self.class_names or ())

    def hints(self) -> Iterator[str]:
        """Advice about columns that are used and may be meant in another way."""
        yield from self.advice


def read_table(
    data: str | PathLike[str] | Frame | Columns,
    target: str,
    *,
    task: TableTask | None = None,
    ignore: Iterable[str] = (),
    keep: Iterable[str] = (),
    numbers: Iterable[str] = (),
    categories: Iterable[str] = (),
    dates: Iterable[str] = (),
    drop_missing: bool = False,
    encoding: str = "",
    delimiter: str = "",
    decimal: str = "",
    missing: Iterable[str] = (),
    groups: str | None = None,
    time: str | None = None,
) -> Table:
    """Read a table for predicting the column `target` from all other columns except those in `ignore`.

    data          a CSV, TSV, JSON Lines, Parquet (needs pyarrow) or Excel (.xlsx, needs openpyxl) file, a data frame of
                  pandas, Polars or PyArrow, or a dict of columns
    target        the column to predict
    task          "binary", "classification" or "regression"; by default a classification if the target is text, or a
                  few integers that look like classes, at most 20 different integers, else a regression
    ignore        columns that are not used
    keep          columns to use although they would be left out: those that are the same in every row, or the same as
                  another column, that number the rows, or have another text in every row
    numbers       columns to read as numbers, whatever they look like; with the target among them, a regression
    categories    columns whose numbers are names of categories; with the target among them, a classification
    dates         columns to read as dates
    drop_missing  leave out rows with a missing value, which are an error otherwise
    encoding      of a CSV file, such as "cp1252"; by default UTF-8, or what a byte order mark says
    delimiter     between the cells of a CSV file; by default it is found out, and so is
    decimal       the mark before decimals, "." or ","
    missing       further words that stand for a missing value
    groups        a column whose rows with the same entry are not split, as the patient of a measurement
    time          a column of dates or numbers: the last rows are held out; neither is a feature unless in `keep`

    Numbers may have a decimal comma, thousands separators, a percent sign or a currency. A column of numbers is one
    feature, and so is one of dates (in days) or of yes and no; a column of at most 20 different texts is one 0/1
    feature per text. `understood()` of the result says what was found.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "fruit.csv")
    ...     _ = path.write_text("grams,colour,fruit\\n150,red,apple\\n120,yellow,banana\\n170,green,apple\\n")
    ...     table = read_table(path, "fruit")
    >>> table.feature_names
    ('grams', 'colour=green', 'colour=red', 'colour=yellow')
    >>> table.y.tolist(), table.class_names, table.task
    ([0, 1, 0], ('apple', 'banana'), 'binary')

    Raises `TableError` with line, column and the offending cell for anything that is wrong with the table, `OSError`
    when it cannot be read, `ValueError` for a column that is asked for as two kinds, and an unknown encoding.
    """
    reading = Reading(encoding, delimiter, decimal, tuple(missing))
    cells = read_cells(data, reading)
    asked = _asked(numbers, categories, dates)
    keep = tuple(keep)
    divide = {name: reason for name, reason in ((groups, GROUPS), (time, TIME)) if name}
    if target in divide:
        raise ValueError(f"column {target!r} is the target; choose another one to split the rows by")
    task = _task(target, task, asked.pop(target, None))
    unused = {target, *ignore, *(divide.keys() - set(keep))}
    for name in (target, *ignore, *keep, *asked, *divide):
        cells.position(name)
    features = [name for name in cells.header if name not in unused]
    if not features:
        raise TableError(f"{cells.path}: there is no column to predict the target {target!r} from")
    complete = cells.without_missing(dict.fromkeys([*features, target, *divide]), drop=drop_missing)
    columns, left_out, x = infer_all(complete, features, asked, keep)
    y, classes, chosen, reason = _target(complete, target, task)
    return Table(
        name=plain_name(data) if isinstance(data, str | PathLike) else "data",
        x=x,
        y=y,
        columns=columns,
        target=target,
        class_names=classes,
        task=chosen,
        description=Understood(
            rows=len(x),
            dropped=len(cells.rows) - len(complete.rows),
            reason=reason,
            left_out=left_out | {name: reason for name, reason in divide.items() if name in unused},
            reading=cells.reading,
            header=cells.header,
            notation=POINT if classes else complete.notation(target) or POINT,
        ),
        groups=np.array(complete.column(groups)) if groups else None,
        times=_times(complete, time, asked.get(time)) if time else None,
        advice=tuple(advice(complete, columns, classes or ())),
    )


def _asked(numbers: Iterable[str], categories: Iterable[str], dates: Iterable[str]) -> dict[str, ColumnKind]:
    asked: dict[str, ColumnKind] = {}
    kinds: dict[ColumnKind, Iterable[str]] = {"number": numbers, "category": categories, "date": dates}
    for kind, names in kinds.items():
        for name in names:
            if asked.setdefault(name, kind) != kind:
                raise ValueError(f"column {name!r} is asked for as a {asked[name]} and as a {kind}; choose one")
    return asked


def _task(target: str, task: TableTask | None, asked: ColumnKind | None) -> TableTask | None:
    """The task, if the target is asked for as numbers or categories, or as given."""
    if asked == "date":
        raise ValueError(f"column {target!r} is the target and cannot be a date; choose another one to predict")
    implied: TableTask | None = {"number": "regression", "category": "classification"}.get(asked or "")  # type: ignore[assignment]
    if task and implied not in (None, task):
        raise ValueError(f"the target {target!r} is asked for as a {asked}, which is not a {task}; choose one")
    return task or implied


def _times(cells: Cells, name: str, asked: ColumnKind | None) -> NDArray[np.float64]:
    """A column that orders the rows."""
    kind = asked or ("date" if cells.notation(name) is None else "number")
    column = infer(cells, name, kind, keep=True)
    if column.kind == "category":
        raise ValueError(f"column {name!r} is asked for as a category and as a time; choose one")
    return column.encode(cells)[:, 0]


def encode(cells: Cells, columns: Iterable[Column]) -> NDArray[np.float64]:
    """The features of all columns side by side, shape (rows, features); columns are found by name."""
    return np.hstack([column.encode(cells) for column in columns])


def _target(cells: Cells, name: str, task: TableTask | None) -> tuple[NDArray[Any], tuple[str, ...] | None, Task, str]:
    texts = cells.column(name)
    if task == "regression" or (task is None and cells.notation(name) is not None):
        numbers = cells.numbers(name)
        if len(set(numbers)) == 1:
            raise TableError(
                f"{cells.path}: the target {name!r} is {texts[0]!r} in every row; there is nothing to predict"
            )
        if task == "regression":
            return np.array(numbers), None, "regression", "as requested"
        reason = _looks_like_classes(name, numbers)
        if not reason:
            written = f" ({notation})" if str(notation := cells.notation(name)) else ""
            reason = f"{name!r} is a number{written}; use --task classification for classes"
            return np.array(numbers), None, "regression", reason
    else:
        reason = "as requested" if task else f"{name!r} is text"
    return *_classes(cells, name, texts), reason


def _looks_like_classes(name: str, numbers: list[float]) -> str:
    """Why these numbers are classes; empty if they are not.

    Labels are few integers close to each other, and most of them occur more than once.
    """
    different = sorted(set(numbers))
    few = len(different) <= MAX_INTEGER_CLASSES and all(map(float.is_integer, different))
    repeated = 2 * len(different) <= len(numbers) or different in ([0.0, 1.0], [-1.0, 1.0], [1.0, 2.0])
    close = different[-1] - different[0] < 2 * len(different) or len(different) == 2
    if not (few and repeated and close):
        return ""
    return f"{name!r} has {len(different)} different integers; use --task regression to predict a number"


def _classes(cells: Cells, name: str, texts: list[str]) -> tuple[NDArray[Any], tuple[str, ...], Task]:
    found = [class_name(text) for text in texts]
    names = tuple(sorted(set(found), key=class_order))
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
