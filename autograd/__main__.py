"""`python -m autograd`, and the console script `autograd`."""

from autograd._startup import run
from autograd.cli.main import main
from autograd.io.streams import open_streams


def command(prog: str = "autograd") -> int:
    """The command line, spelled as `prog`."""
    open_streams()
    return main(prog=prog)


def script() -> None:
    """The console script: exits with the code of the command."""
    run(command)


if __name__ == "__main__":
    run(lambda: command("python -m autograd"))
