"""What a command refuses."""

from autograd.errors import AutogradError


class UsageError(AutogradError, ValueError):
    """A command line that cannot be run as it stands: the message is all that the user sees."""
