"""The version of the distribution, which packaging reads too."""

__version__ = "0.2.0"
