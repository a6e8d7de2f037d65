"""What goes wrong between machines."""

from autograd import AutogradError


class ClusterError(AutogradError, RuntimeError):
    """The cluster cannot be used, or went away; the message says what to do.

    What goes wrong in a shard (a bad file, a loss that raises) is not this: it comes out as the error that it is.
    """
