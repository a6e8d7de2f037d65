"""The error of clusters."""

from autograd import AutogradError


class ClusterError(AutogradError, RuntimeError):
    """The cluster cannot be used, or was lost; the message says what to do.

    An error in a shard (an invalid file, a loss that raises) is raised as it is instead.
    """
