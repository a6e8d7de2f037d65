"""`python -m autograd`."""

from autograd.command import main
from autograd.starting import run
from autograd.streams import open_streams


def command() -> int:
    """The command line."""
    open_streams()
    return main()


if __name__ == "__main__":
    run(command)
