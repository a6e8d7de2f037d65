"""`python -m nn predict`: predict the rows of a CSV file with a saved model."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from typing import Any, NamedTuple

import numpy as np

from autograd.cli.frame import JSON_HELP, OK
from autograd.io.files import file_name, write_text
from autograd.io.json_text import print_json
from autograd.io.plural import counted
from nn.cli.folders import MODEL_HELP, model_file
from nn.cli.reading import or_usage_error
from nn.cli.table_options import add_reading_options, reading_of
from nn.persistence.storage import load_document
from nn.tabular.cells import Cells, TableError
from nn.tabular.columns import class_name
from nn.tabular.content import Source
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
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    parser.add_argument(
        "data",
        metavar="TABLE",
        help="a CSV or other file with the columns that the model was trained on, in any order; - for CSV from stdin",
    )
    parser.add_argument("--out", metavar="CSV", help="where to write the rows with their predictions (default: stdout)")
    parser.add_argument("--drop-missing", action="store_true", help="leave out rows with a missing value")
    parser.add_argument("--json", action="store_true", help=JSON_HELP)
    add_reading_options(parser)


def run(args: argparse.Namespace) -> int:
    """Predict every row; the output adds a column `prediction` and, if the model gives probabilities, `probability`.

    A row that cannot be predicted has neither, but says why in a further column `problem`; TableError if none can be.
    """
    path = model_file(args.model)
    model, extra = load_document(path)
    name = file_name(path)
    recipe = Recipe.from_json(extra, name)
    recipe.check_model(model, name)
    cells = _complete(args, recipe)
    x, problems = _features(cells, recipe)
    outputs = predict(model, recipe.x_scaling.apply(x))
    predicted = [i for i in range(len(cells.rows)) if i not in problems]
    answers = _Answers(outputs, recipe.read_outputs(outputs).tolist(), predicted)
    text = _table(cells, recipe, answers, problems)
    to_stdout = args.out is None or args.json
    if args.json:
        print_json(_document(cells, recipe, answers, problems))
    elif args.out is None:
        sys.stdout.write(text)
    if args.out is not None:
        write_text(args.out, text)
        stream = sys.stderr if args.json else sys.stdout
        print(f"written to {args.out}: {counted(len(predicted), 'prediction')} of {recipe.target!r}", file=stream)
    if score := _score(cells, recipe, answers):
        print(score, file=sys.stderr if to_stdout else sys.stdout)
    if problems:
        line, first = cells.rows[min(problems)].line, problems[min(problems)]
        print(f"{counted(len(problems), 'row')} not predicted: line {line}, {first}", file=sys.stderr)
    return OK


def _complete(args: argparse.Namespace, recipe: Recipe) -> Cells:
    """The rows of the file, which has all columns that the model needs."""
    needed, trained = [column.name for column in recipe.columns], recipe.table.reading if recipe.table else None
    cells = or_usage_error(lambda: read_like(Source(args.data), reading_of(args), trained, needed))
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


class _Answers(NamedTuple):
    """The outputs of the model, what they mean (class indices or numbers), and the positions of their rows."""

    outputs: list[Prediction]
    meanings: list[float]
    rows: list[int]


def _document(cells: Cells, recipe: Recipe, answers: _Answers, problems: dict[int, str]) -> dict[str, Any]:
    """The predictions for programs: for each row its line, and its prediction or what is wrong with it."""
    names, new = _new_cells(recipe, answers)
    by_row = {i: _typed(recipe, names, each) for i, each in zip(answers.rows, new, strict=True)}
    rows = [{"line": row.line, **by_row.get(i, {"problem": problems.get(i)})} for i, row in enumerate(cells.rows)]
    return {"target": recipe.target, "task": recipe.task, "rows": rows, "score": _score(cells, recipe, answers) or None}


def _typed(recipe: Recipe, names: list[str], answer: list[str]) -> dict[str, Any]:
    is_text = ("prediction",) if recipe.task != "regression" else ()
    return {name: cell if name in is_text else float(cell) for name, cell in zip(names, answer, strict=True)}


def _table(cells: Cells, recipe: Recipe, answers: _Answers, problems: dict[int, str]) -> str:
    header, new = _new_cells(recipe, answers)
    by_row = dict(zip(answers.rows, new, strict=True))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*cells.header, *header, *(["problem"] if problems else [])])
    for i, row in enumerate(cells.rows):
        added = by_row.get(i, [""] * len(header))
        table.writerow([*row.cells, *added, *([problems.get(i, "")] if problems else [])])
    return text.getvalue()


def _new_cells(recipe: Recipe, answers: _Answers) -> tuple[list[str], list[list[str]]]:
    """The names of the new columns, and their cells for each predicted row."""
    if recipe.task == "regression":
        return ["prediction"], [[repr(number)] for number in answers.meanings]
    classes = [int(k) for k in answers.meanings]
    names, probabilities = [recipe.class_names[k] for k in classes], recipe.scheme.probabilities
    if probabilities is None:
        return ["prediction"], [[name] for name in names]
    chances = [probabilities(output)[k] for output, k in zip(answers.outputs, classes, strict=True)]
    rows = [[name, f"{chance:.6g}"] for name, chance in zip(names, chances, strict=True)]
    return ["prediction", "probability"], rows


def _score(cells: Cells, recipe: Recipe, answers: _Answers) -> str:
    """The accuracy or R² on the rows that have a target too; empty when there are none."""
    if recipe.target not in cells.header:
        return ""
    texts = cells.column(recipe.target)
    pairs = [
        (answer, texts[i])
        for answer, i in zip(answers.meanings, answers.rows, strict=True)
        if not cells.is_missing(texts[i])
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
