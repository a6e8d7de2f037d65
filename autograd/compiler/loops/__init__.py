"""Loops over time: the equations of a sequential computation, which repeat, as a body and a count.

    loop.py        Loop and Looped: their grammar, meaning and checker
    columns.py     a program as arrays
    path.py        critical paths, and where they repeat
    fit.py         from where to where equations repeat with a period
    build.py       the loop of equations that repeat
    naming.py      the names of its body's inputs
    find.py        all of it: Program -> Looped
    flow.py        the chain rule through equations and loops, for `derivative.adjoints`
    influence.py   what depends on what, from trip to trip
    backward.py    the loop backwards over stored numbers
    prune.py       only what is needed of a new body
    derivative.py  value and gradient: Looped -> Looped
    divide.py      what all samples of a batch share, then what differs
    emitted.py     what a loop has to keep
    parts.py       what lies between loops, and bodies, as programs
    formulas.py    loops as formulas on arrays, for reading
    printing.py    loops as text
    python.py      loops as Python source
    vectors.py     loops on arrays, run by NumPy
    array_text.py  their source; array_memory.py: where numbers are; array_calls.py: what is called in each trip

A loop is sequential: each trip waits for the one before it. What repeats in parallel (neurons, tokens, samples) is left
to `vector`, which makes arrays of it; the body of a loop is a program like any other, and may be recovered as one.
"""
