"""Debugging a graph. Not called `debug`, so that `autograd.debug`, the switch, does not hide this package's modules."""
