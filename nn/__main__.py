"""`python -m nn`."""

import sys

from autograd.io.streams import open_streams
from nn.cli.main import main

if __name__ == "__main__":
    open_streams()
    sys.exit(main())
