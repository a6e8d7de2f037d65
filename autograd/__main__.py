"""`python -m autograd`."""

from autograd._startup import run
from autograd.cli.main import main
from autograd.io.streams import open_streams


def command() -> int:
    """The command line."""
    open_streams()
    return main()


if __name__ == "__main__":
    run(command)
