"""`python -m nn`."""

from nn.cli import main
from nn.starting import run
from nn.streams import open_streams


def command() -> int:
    """The command line."""
    open_streams()
    return main()


if __name__ == "__main__":
    run(command)
