"""`python -m nn predict`: predict the rows of a CSV file with a saved model."""

from __future__ import annotations

import argparse
import csv
import io
import sys

from autograd.io.files import file_name, write_text
from autograd.io.plural import counted
from nn.persistence.storage import load_document
from nn.tabular.csv import Cells, TableError, as_number, read_cells
from nn.tabular.preprocessing import Recipe
from nn.tabular.table import class_name, encode
from nn.train.metrics import Prediction, r_squared
from nn.train.prediction import predict

EXAMPLES = """\
examples:
  python -m nn predict runs/flowers/model.json new.csv
  python -m nn predict runs/flowers/model.json new.csv --out answers.csv
"""


def add_predict_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `predict`."""
    parser.add_argument("model", metavar="MODEL", help="a model file written by train")
    parser.add_argument(
        "data", metavar="CSV", help="a CSV file with the columns that the model was trained on, in any order"
    )
    parser.add_argument("--out", metavar="CSV", help="where to write the rows with their predictions (default: stdout)")
    parser.add_argument("--drop-missing", action="store_true", help="skip rows with a missing value")


def run(args: argparse.Namespace) -> int:
    """Predict every row; the output adds a column `prediction` and, if the model gives probabilities, `probability`."""
    model, extra = load_document(args.model)
    name = file_name(args.model)
    recipe = Recipe.from_json(extra, name)
    recipe.check_model(model, name)
    cells = _complete(read_cells(args.data), recipe, drop=args.drop_missing)
    rows = recipe.x_scaling.apply(encode(cells, recipe.columns))
    outputs = predict(model, rows)
    text = _table(cells, recipe, outputs)
    if args.out is None:
        sys.stdout.write(text)
    else:
        write_text(args.out, text)
        print(f"written to {args.out}: {counted(len(cells.rows), 'prediction')} of {recipe.target!r}")
    if score := _score(cells, recipe, outputs):
        print(score, file=sys.stderr if args.out is None else sys.stdout)
    return 0


def _complete(cells: Cells, recipe: Recipe, *, drop: bool) -> Cells:
    needed = [column.name for column in recipe.columns]
    there = set(cells.header)
    absent = [name for name in needed if name not in there]
    if absent:
        raise TableError(
            f"{cells.path}: the model needs the column {absent[0]!r}"
            + (f" and {len(absent) - 1} more" if len(absent) > 1 else "")
            + f"; the file has {', '.join(cells.header)}"
        )
    return cells.without_missing(needed, drop=drop)


def _table(cells: Cells, recipe: Recipe, outputs: list[Prediction]) -> str:
    header, answers = _answers(recipe, outputs)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*cells.header, *header])
    table.writerows([*row.cells, *answer] for row, answer in zip(cells.rows, answers, strict=True))
    return text.getvalue()


def _answers(recipe: Recipe, outputs: list[Prediction]) -> tuple[list[str], list[list[str]]]:
    """The names of the new columns, and their cells row by row."""
    answers = recipe.read_outputs(outputs).tolist()
    if recipe.task == "regression":
        return ["prediction"], [[repr(answer)] for answer in answers]
    classes = [int(answer) for answer in answers]
    named = [[recipe.class_names[k]] for k in classes]
    probabilities = recipe.scheme.probabilities
    if probabilities is None:
        return ["prediction"], named
    shares = [f"{probabilities(output)[k]:.6g}" for output, k in zip(outputs, classes, strict=True)]
    return ["prediction", "probability"], [[*name, share] for name, share in zip(named, shares, strict=True)]


def _score(cells: Cells, recipe: Recipe, outputs: list[Prediction]) -> str:
    """The accuracy or R² on the rows that have a target too; empty when there are none."""
    if recipe.target not in cells.header:
        return ""
    texts, answers = cells.column(recipe.target), recipe.read_outputs(outputs).tolist()
    if recipe.task == "regression":
        numbers = [(answer, as_number(text)) for answer, text in zip(answers, texts, strict=True)]
        pairs = [(answer, number) for answer, number in numbers if number is not None]
        if not pairs:
            return ""
        value = r_squared([answer for answer, _ in pairs], [number for _, number in pairs])
        return f"R² on these rows: {value:.4f} ({counted(len(pairs), 'row')})"
    labels = [(recipe.class_names[int(k)], class_name(text)) for k, text in zip(answers, texts, strict=True) if text]
    hits = sum(predicted == true for predicted, true in labels)
    return f"accuracy on these rows: {hits / len(labels):.2%} ({hits} of {len(labels)})" if labels else ""
