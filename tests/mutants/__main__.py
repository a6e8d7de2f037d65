"""`python -m tests.mutants [ROW …]`: the kill matrix of all rows and the engine, or of the rows named."""

from __future__ import annotations

import argparse
import sys
import time

from autograd.testing import mutants, table
from tests.mutants import matrix


def main(arguments: list[str]) -> int:
    """Print the matrix; 1 when a mutant survived, when one taken for equivalent died, or on a false alarm."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    names = [row.name for row in table()]
    parser.add_argument("rows", nargs="*", metavar="ROW", help="rows of the table; default: all, and the engine")
    rows = parser.parse_args(arguments).rows
    unknown = sorted(set(rows) - set(names))
    if unknown:
        parser.error(f"no row is named {unknown[0]!r}; the table has {', '.join(names)}")
    start = time.perf_counter()
    alarms = list(matrix.false_alarms(rows or ["", *names]))
    outcomes = [matrix.run(mutant) for mutant in mutants(rows or None, engine=not rows)]
    print(matrix.table(outcomes))
    return report(outcomes, [str(graph) + f" at {graph.point}" for graph in alarms], time.perf_counter() - start)


def report(outcomes: list[matrix.Outcome], alarms: list[str], seconds: float) -> int:
    """Print the counts and everything that is not as it should be; the exit code."""
    killed = [outcome for outcome in outcomes if outcome.killed_by is not None]
    equivalent = [outcome for outcome in outcomes if outcome.reason is not None]
    print(f"\n{len(outcomes)} mutants: {len(killed)} killed, {len(equivalent)} known to be equivalent; {seconds:.0f} s")
    for reason in dict.fromkeys(outcome.reason for outcome in equivalent):
        alike = [f"{each.target} {each.mutation}" for each in equivalent if each.reason == reason]
        print(f"  ≡ {alike[0]}{f' and {len(alike) - 1} more' * (len(alike) > 1)}: {reason}")
    wrong = [outcome for outcome in outcomes if not outcome.is_right]
    for outcome in wrong:
        fate = "survived" if outcome.killed_by is None else "is listed as equivalent, but was killed"
        print(f"  WRONG {outcome.target}: {outcome.mutation}: {fate}")
    for alarm in alarms:
        print(f"  FALSE ALARM {alarm}")
    return 1 if wrong or alarms else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
