"""Mirror mode: a backward pass that any Python debugger steps through the lines of the forward program."""
