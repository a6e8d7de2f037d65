"""`python -m autograd grade`: grade a student's scalar engine."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograd.cli.frame import FAILED, OK
from autograd.grading import Limits, Report, Rubric, grade, read_rubric
from autograd.grading.cells import nbgrader_notebook, otter_test
from autograd.grading.formats import FORMATS
from autograd.grading.grader import split_target
from autograd.io.files import write_text

EXAMPLES = """examples:
  python -m autograd grade student.py
  python -m autograd grade student.py:Scalar --rubric rubric.toml
  python -m autograd grade student.py --format gradescope -o results.json
  python -m autograd grade engine.js --json
  python -m autograd grade student.py --pictures wrong
  python -m autograd grade student.py:Value --format nbgrader -o tests.ipynb
"""
CELLS = {"nbgrader": nbgrader_notebook, "otter": otter_test}
ADAPTER_HELP = (
    "a Python file with some of start(module), leaf(module, number), apply(module, operation, operands),"
    " backward(module, root), data(module, x), grad(module, x): for classes that are used differently"
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `grade`."""
    limits = Limits()
    parser.add_argument(
        "target",
        metavar="FILE[:CLASS]",
        help="Python, JavaScript, or an executable that reads and writes JSON lines",
    )
    parser.add_argument("--rubric", type=Path, metavar="TOML", help="points and conventions (default: 100 points)")
    parser.add_argument("--seed", type=int, default=0, help="of the random graphs (default 0)")
    parser.add_argument("--adapter", type=Path, metavar="FILE", help=ADAPTER_HELP)
    parser.add_argument(
        "--format",
        choices=(*FORMATS, *CELLS),
        default="text",
        help="of the report (default text); nbgrader and otter: test cells for it",
    )
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="the same as --format json")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the report there")
    parser.add_argument("--pictures", metavar="PREFIX", help="draw the smallest wrong graphs as PREFIX-1.svg, …")
    parser.add_argument("--time", type=float, default=limits.total, metavar="S", help="seconds for all (default 60)")
    parser.add_argument("--memory", type=int, default=limits.memory, metavar="MB", help="megabytes (default 1024)")


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 if everything is right, 1 if something is wrong. UsageError for wrong input."""
    rubric = read_rubric(args.rubric) if args.rubric else Rubric()
    if args.format in CELLS:
        _, name = split_target(args.target)
        _show(CELLS[args.format](name or "Value", rubric), args.output)
        return OK
    adapter = args.adapter.read_text(encoding="utf-8") if args.adapter else None
    limits = Limits(args.memory, min(Limits().answer, args.time), args.time)
    report = grade(args.target, rubric=rubric, seed=args.seed, adapter=adapter, limits=limits)
    _show(FORMATS[args.format](report), args.output)
    _draw(report, args.pictures)
    return OK if report.ok else FAILED


def _show(text: str, output: Path | None) -> None:
    if output is None:
        print(text)
    else:
        write_text(output, text if text.endswith("\n") else f"{text}\n")


def _draw(report: Report, prefix: str | None) -> None:
    for number, finding in enumerate(report.findings if prefix else (), 1):
        finding.picture.save(f"{prefix}-{number}.svg")
