"""A report as lines of text, for terminals of 40 columns and more."""

from __future__ import annotations

from collections.abc import Iterator

from nn.evaluation.calibration import Calibration
from nn.evaluation.classes import balanced_accuracy, confusions
from nn.evaluation.importance import REPEATS
from nn.evaluation.report import ClassReport, Report
from nn.evaluation.residuals import Residuals

MOST = 10  # columns and classes that are listed
CELL = 12  # the most letters of a class over a column of the confusion matrix
BLOCK, DOT = "█", "."


def lines(report: Report, width: int = 80, block: str = BLOCK) -> Iterator[str]:
    """The report, each line at most `width` wide if that is 40 or more; bars are made of `block`."""
    if isinstance(report.detail, ClassReport):
        yield from _classes(report.detail, report.where, width)
        if report.detail.calibration is not None:
            yield from _calibration(report.detail.calibration, width)
    else:
        yield from _residuals(report.detail.residuals)
    if report.importances:
        yield from _importances(report, width, block)


def _classes(report: ClassReport, where: str, width: int) -> Iterator[str]:
    order = sorted(range(len(report.names)), key=lambda k: report.scores[k].f1)
    shown = sorted(order[:MOST])
    room = min(max(len(report.names[k]) for k in shown), width - 34)
    room = max(room, len("class"))
    yield f"by class ({where} samples{', the worst' if len(order) > MOST else ''}):"
    yield f"  {'class':<{room}}  precision  recall    F1    n"
    for k in shown:
        one = report.scores[k]
        name = short(report.names[k], room)
        yield f"  {name:<{room}}  {one.precision:>9.2f}  {one.recall:>6.2f}  {one.f1:.2f} {one.samples:>4}"
    if len(order) > 2:
        yield f"  balanced accuracy: {balanced_accuracy(report.scores):.2%}"
    yield from _matrix(report, width)


def _matrix(report: ClassReport, width: int) -> Iterator[str]:
    """The confusion matrix if it fits, else the most frequent mistakes."""
    longest, digits = max(map(len, report.names)), len(str(report.matrix.max()))
    left, widest = min(longest, CELL), max(digits, min(longest, CELL))
    for cell in range(widest, max(digits, min(longest, 3)) - 1, -1):
        heads = [short(name, cell) for name in report.names]
        if 2 + left + (cell + 1) * len(heads) <= width and len(set(heads)) == len(heads):
            break
    else:
        yield from _mistakes(report, width)
        return
    yield "confusion matrix"
    yield "  (rows: classes, columns: predictions)"
    yield f"  {'':<{left}}{''.join(f' {head:>{cell}}' for head in heads)}"
    for name, row in zip(report.names, report.matrix.tolist(), strict=True):
        yield f"  {short(name, left):<{left}}{''.join(f' {count or DOT:>{cell}}' for count in row)}"


def _mistakes(report: ClassReport, width: int) -> Iterator[str]:
    found = confusions(report.matrix)
    if not found:
        return
    yield "most frequent mistakes:"
    for one in found[:MOST]:
        room = (width - 20) // 2
        actual, predicted = (short(report.names[k], room) for k in one[:2])
        yield f"  {one.samples:>4} of {actual} as {predicted}"


def _calibration(found: Calibration, width: int) -> Iterator[str]:
    yield "calibration (is it right as often as it says?):" if width > 47 else "calibration:"
    yield f"  expected error {found.ece:.3f}, log loss {found.log_loss:.3f}"
    yield "  probability  mean  right    n"
    for each in found.bins:
        yield f"  {each.low:.1f} to {each.high:.1f}    {each.probability:.2f}   {each.frequency:.2f} {each.samples:>4}"


def _residuals(found: Residuals) -> Iterator[str]:
    yield "errors (prediction - target):"
    yield f"  mean size (MAE)    {found.mae:.4g}"
    yield f"  root mean square   {found.rmse:.4g}"
    yield f"  half are within    {found.median:.4g}"
    yield f"  90 % are within    {found.ninety:.4g}"
    yield f"  largest            {found.largest:.4g}"
    yield f"  mean (bias)        {found.bias:+.4g}"


def _importances(report: Report, width: int, block: str) -> Iterator[str]:
    metric, shown = report.score["metric"], report.importances[:MOST]
    yield "importance of the columns:"
    yield f"  (drop in {metric}, shuffled {REPEATS} times)"
    room = min(max(len(each.column) for each in shown), max(width - 32, 12))
    bar = min(width - room - 20, 24)
    top = max(shown[0].mean, 1e-12)
    for each in shown:
        length = round(bar * max(each.mean, 0.0) / top)
        yield f"  {short(each.column, room):<{room}}  {each.mean:>6.3f} ± {each.std:.3f} {block * length}".rstrip()
    if more := len(report.importances) - len(shown):
        yield f"  … {more} more in report.json"


def short(name: str, width: int) -> str:
    """The name, cut with an ellipsis if it is longer than `width`.

    >>> short("versicolor", 6), short("rose", 6)
    ('versi…', 'rose')
    """
    return name if len(name) <= width else name[: width - 1] + "…"
