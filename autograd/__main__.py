"""`python -m autograd`."""

import sys

from autograd.command import main
from autograd.streams import open_streams

if __name__ == "__main__":
    open_streams()
    sys.exit(main())
