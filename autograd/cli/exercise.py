"""`python -m autograd exercise`: write a sheet of exercises on back-propagation, or its solution."""

from __future__ import annotations

import argparse
from pathlib import Path

from autograd.cli.frame import OK
from autograd.errors import UsageError
from autograd.exercises.sheet import LEVELS, SUFFIXES, exercise
from autograd.io.plural import counted

EXAMPLES = """examples:
  python -m autograd exercise --level 2 -o sheet.html
  python -m autograd exercise --seed 7 --level 4 --solution
  for i in 1 2 3; do python -m autograd exercise --seed $i -o $i.html; done

levels: 1 local derivatives, 2 a chain, 3 sharing, 4 a neuron's delta,
5 BP1-BP4 of a layer, 6 find the wrong edge, 7 order of the backward pass

Open the sheet in a browser, which checks answers and prints it (to a PDF, too).
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `exercise`."""
    parser.add_argument("--seed", type=int, default=0, help="number of the sheet: each is another one (default 0)")
    parser.add_argument("--level", type=int, choices=tuple(LEVELS), default=1, help="level (default 1)")
    parser.add_argument("-o", "--out", metavar="FILE", help="page to write (default sheet.html; with --solution none)")
    parser.add_argument("--solution", action="store_true", help="print the worked solution")


def run(args: argparse.Namespace) -> int:
    """Write the sheet, print the solution, or both; 0. UsageError for another suffix."""
    out = args.out or (None if args.solution else "sheet.html")
    if out is not None and Path(out).suffix.lower() not in SUFFIXES:
        raise UsageError(f"--out {out}: the name must end in .html; for a PDF, print the page in a browser")
    sheet = exercise(seed=args.seed, level=args.level)
    if args.solution:
        print(sheet.solution, end="")
    if out is not None:
        sheet.save(out)
        if not args.solution:
            print(f"{out}: {sheet.title}, {counted(len(sheet), 'blank')}; open it in a browser")
    return OK
