"""`python -m nn`."""

import sys

from nn.cli.main import main
from nn.streams import open_streams

if __name__ == "__main__":
    open_streams()
    sys.exit(main())
