"""Debuggers of the backward pass. Not called `debug`, since `autograd.debug` is the switch and would hide it."""
