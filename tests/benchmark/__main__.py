"""Entry point of ``python -m tests.benchmark``."""

import sys

from tests.benchmark.command import main

if __name__ == "__main__":
    sys.exit(main())
