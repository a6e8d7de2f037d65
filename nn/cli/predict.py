"""`python -m nn predict`: predict the rows of a CSV file with a saved model."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from typing import Any

import numpy as np

from autograd.cli.frame import JSON_HELP, OK
from autograd.io.files import file_name, write_text
from autograd.io.json_text import print_json
from autograd.io.plural import counted
from nn.cli.reading import or_usage_error
from nn.cli.table_options import add_reading_options, reading_of
from nn.persistence.storage import load_document
from nn.tabular.cells import Cells, TableError
from nn.tabular.columns import class_name
from nn.tabular.numerals import POINT
from nn.tabular.preprocessing import Array, Recipe
from nn.tabular.understood import read_like
from nn.train.metrics import Prediction, r_squared
from nn.train.prediction import predict

EXAMPLES = """\
examples:
  python -m nn predict runs/flowers/model.json new.csv
  python -m nn predict runs/flowers/model.json new.csv --out answers.csv
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `predict`."""
    parser.add_argument("model", metavar="MODEL", help="a model file written by train")
    parser.add_argument(
        "data", metavar="TABLE", help="a CSV or other file with the columns that the model was trained on, in any order"
    )
    parser.add_argument("--out", metavar="CSV", help="where to write the rows with their predictions (default: stdout)")
    parser.add_argument("--drop-missing", action="store_true", help="leave out rows with a missing value")
    parser.add_argument("--json", action="store_true", help=JSON_HELP)
    add_reading_options(parser)


def run(args: argparse.Namespace) -> int:
    """Predict every row; the output adds a column `prediction` and, if the model gives probabilities, `probability`.

    A row that cannot be predicted has neither, but says why in a further column `problem`; TableError if none can be.
    """
    model, extra = load_document(args.model)
    name = file_name(args.model)
    recipe = Recipe.from_json(extra, name)
    recipe.check_model(model, name)
    cells = _complete(args, recipe)
    x, problems = _features(cells, recipe)
    outputs = iter(predict(model, recipe.x_scaling.apply(x)))
    answers = [None if i in problems else next(outputs) for i in range(len(cells.rows))]
    text = _table(cells, recipe, answers, problems)
    to_stdout = args.out is None or args.json
    if args.json:
        print_json(_document(cells, recipe, answers, problems))
    elif args.out is None:
        sys.stdout.write(text)
    if args.out is not None:
        write_text(args.out, text)
        predicted = counted(len(cells.rows) - len(problems), "prediction")
        print(f"written to {args.out}: {predicted} of {recipe.target!r}", file=sys.stderr if args.json else sys.stdout)
    if score := _score(cells, recipe, answers):
        print(score, file=sys.stderr if to_stdout else sys.stdout)
    if problems:
        line, first = cells.rows[min(problems)].line, problems[min(problems)]
        print(f"{counted(len(problems), 'row')} not predicted: line {line}, {first}", file=sys.stderr)
    return OK


def _complete(args: argparse.Namespace, recipe: Recipe) -> Cells:
    """The rows of the file, which has all columns that the model needs."""
    needed, trained = [column.name for column in recipe.columns], recipe.table.reading if recipe.table else None
    cells = or_usage_error(lambda: read_like(args.data, reading_of(args), trained, needed))
    there = set(cells.header)
    absent = [name for name in needed if name not in there]
    if absent:
        raise TableError(
            f"{cells.path}: the model needs the column {absent[0]!r}"
            + (f" and {len(absent) - 1} more" if len(absent) > 1 else "")
            + f"; the file has {', '.join(cells.header)}"
        )
    return cells.without_missing(needed, drop=True) if args.drop_missing else cells


def _features(cells: Cells, recipe: Recipe) -> tuple[Array, dict[int, str]]:
    """The features of the rows that can be predicted, and what is wrong with the others, by their position."""
    problems: dict[int, str] = {}
    x = np.hstack([column.encode(cells, problems.setdefault) for column in recipe.columns])
    if len(problems) == len(cells.rows):
        raise TableError(f"{cells.path} line {cells.rows[0].line}, {problems[0]}")
    return np.delete(x, sorted(problems), axis=0), problems


def _document(
    cells: Cells, recipe: Recipe, outputs: list[Prediction | None], problems: dict[int, str]
) -> dict[str, Any]:
    """The predictions for programs: for each row its line, and its prediction or what is wrong with it."""
    names, answers = _answers(recipe, outputs)
    rows = [
        {"line": row.line, **({"problem": problems[i]} if i in problems else _typed(recipe, names, answer))}
        for i, (row, answer) in enumerate(zip(cells.rows, answers, strict=True))
    ]
    return {"target": recipe.target, "task": recipe.task, "rows": rows, "score": _score(cells, recipe, outputs) or None}


def _typed(recipe: Recipe, names: list[str], answer: list[str]) -> dict[str, Any]:
    is_text = ("prediction",) if recipe.task != "regression" else ()
    return {name: cell if name in is_text else float(cell) for name, cell in zip(names, answer, strict=True)}


def _table(cells: Cells, recipe: Recipe, outputs: list[Prediction | None], problems: dict[int, str]) -> str:
    header, answers = _answers(recipe, outputs)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*cells.header, *header, *(["problem"] if problems else [])])
    for i, (row, answer) in enumerate(zip(cells.rows, answers, strict=True)):
        table.writerow([*row.cells, *answer, *([problems.get(i, "")] if problems else [])])
    return text.getvalue()


def _answers(recipe: Recipe, outputs: list[Prediction | None]) -> tuple[list[str], list[list[str]]]:
    """The names of the new columns, and their cells row by row."""
    probabilities = recipe.scheme.probabilities if recipe.task != "regression" else None
    header = ["prediction"] if probabilities is None else ["prediction", "probability"]
    return header, [_answer(recipe, output) if output is not None else [""] * len(header) for output in outputs]


def _answer(recipe: Recipe, output: Prediction) -> list[str]:
    [answer] = recipe.read_outputs([output]).tolist()
    if recipe.task == "regression":
        return [repr(answer)]
    k, probabilities = int(answer), recipe.scheme.probabilities
    if probabilities is None:
        return [recipe.class_names[k]]
    return [recipe.class_names[k], f"{probabilities(output)[k]:.6g}"]


def _score(cells: Cells, recipe: Recipe, outputs: list[Prediction | None]) -> str:
    """The accuracy or R² on the rows that have a target too; empty when there are none."""
    if recipe.target not in cells.header:
        return ""
    pairs = [
        (*recipe.read_outputs([output]).tolist(), text)
        for output, text in zip(outputs, cells.column(recipe.target), strict=True)
        if output is not None and not cells.is_missing(text)
    ]
    if recipe.task == "regression":
        known = recipe.table.notation if recipe.table else None
        notation = cells.notation(recipe.target, known) or POINT
        numbers = [(answer, number) for answer, text in pairs if (number := notation.read(text)) is not None]
        if not numbers:
            return ""
        value = r_squared([answer for answer, _ in numbers], [number for _, number in numbers])
        return f"R² on these rows: {value:.4f} ({counted(len(numbers), 'row')})"
    hits = sum(recipe.class_names[int(answer)] == class_name(text) for answer, text in pairs)
    return f"accuracy on these rows: {hits / len(pairs):.2%} ({hits} of {len(pairs)})" if pairs else ""
