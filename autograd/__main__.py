"""`python -m autograd`."""

import io
import sys

from autograd.command import main

if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal with an old code page cannot show every sign; that must not end the run.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main())
