"""Would the gradient check notice? Every mutant of the rules and of the engine against `check_gradients`.

`python -m tests.mutants` prints the kill matrix and fails when a mutant survives that is not listed as equivalent.
"""
