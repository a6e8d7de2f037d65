"""`python -m tests.fuzz --minutes 5 --seed 1`: random programs through every path, failures as tests."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures.process import BrokenProcessPool

from tests.fuzz.campaign import Campaign, Plan
from tests.fuzz.generate import KINDS, MODES, program
from tests.fuzz.report import listing
from tests.fuzz.together import Tally, run_together
from tests.fuzz.user_primitives import user_primitives


def main(arguments: list[str]) -> int:
    """Run, print the table and every distinct failure as a test; 1 if there is any."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to go on (default: 1)")
    parser.add_argument("--programs", type=int, help="how many programs instead: the same for a seed on any machine")
    parser.add_argument("--seed", default="0", help="any text (default: 0)")
    parser.add_argument("--mode", choices=MODES, default=MODES[0], help="hostile: 0, 5e-324, 1e±308, inf, nan")
    parser.add_argument("--kinds", nargs="+", choices=tuple(KINDS), default=tuple(KINDS), help="default: all")
    parser.add_argument("--compiled", type=int, help="compiled paths for each program, in turn (default: all)")
    parser.add_argument("--workers", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--together", type=int, metavar="N", help="compile N at a time as one function, for numbers")
    given = parser.parse_args(arguments)
    if given.together:
        return all_together(given.seed, tuple(given.kinds), given.programs or 1000, given.together)
    campaign = Campaign(Plan(given.seed, given.mode, tuple(given.kinds), given.compiled))
    broken = False
    try:
        campaign.go(given.programs, 60.0 * given.minutes, given.workers)
    except KeyboardInterrupt:
        print("interrupted; so far:")
    except BrokenProcessPool:
        broken = True
        print("a worker process died; --workers 1 dies in the program that is to blame; so far:")
    print(listing(list(campaign.findings.values())))
    print(campaign.counts.table())
    return int(broken or bool(campaign.findings) or any(campaign.counts.disagreed.values()))


def all_together(seed: str, kinds: tuple[str, ...], programs: int, size: int) -> int:
    """Run ordinary programs in crowds, print each disagreement and the counts; 1 if there is any."""
    whole = Tally()
    try:
        with user_primitives():
            for start in range(0, programs, size):
                numbers = range(start, min(start + size, programs))
                whole.add(run_together([program(f"{seed}:{i}", MODES[0], kinds) for i in numbers]))
    except KeyboardInterrupt:
        print("interrupted; so far:")
    print("\n\n".join([*whole.disagreements, str(whole)]))
    return int(bool(whole.disagreements))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
