"""`python -m autograd`."""

import sys

from autograd.cli.main import main
from autograd.io.streams import open_streams

if __name__ == "__main__":
    open_streams()
    sys.exit(main())
