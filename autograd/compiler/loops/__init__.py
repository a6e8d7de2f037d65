"""Loops over time: the equations of a sequential computation, which repeat, as a body and a count.

    loop.py        Loop and Looped: their grammar, meaning and checker
    columns.py     a program as arrays
    path.py        the critical path, and where it repeats
    fit.py         from where to where the equations repeat with a period, and as which loop
    find.py        all of it: Program -> Looped
    flow.py        the chain rule through equations and loops, for `derivative.adjoints`
    backward.py    the loop backwards over stored numbers
    derivative.py  value and gradient: Looped -> Looped
    printing.py    loops as text
    python.py      loops as Python source

A run of a loop is sequential: each trip waits for the one before it. What repeats in parallel (neurons, tokens,
samples) is left to `vector`, which makes arrays of it; the body of a loop is a program like any other, and may be
recovered as one.
"""
