"""`python -m nn`."""

from autograd._startup import run
from autograd.io.streams import open_streams
from nn.cli.main import main


def command() -> int:
    """The command line."""
    open_streams()
    return main()


if __name__ == "__main__":
    run(command)
