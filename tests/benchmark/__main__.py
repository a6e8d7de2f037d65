"""Entry point of ``python -m tests.benchmark``."""

import os
import sys

# One thread for everybody's linear algebra. NumPy's BLAS reads this when it is loaded, so nothing may come before.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

from tests.benchmark.command import main

if __name__ == "__main__":
    sys.exit(main())
