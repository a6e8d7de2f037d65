"""The stepper: `autograd.step(loss)` and `python -m autograd step`."""
