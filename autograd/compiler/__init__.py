"""The compiler: a Python function of numbers is recorded once and from then on runs as straight-line code.

    structure.py   arguments and results: nested lists, tuples and dicts of numbers, flat and back
    record.py      run f once on Values that notice what would go wrong, and keep every node     -> a recording
    program.py     single assignment: inputs, equations, guards, outputs; its grammar and checker
    lower.py       a recording, its gradient by `autograd.grad` included, as a program
    passes.py      fold constants, share equal equations, drop dead ones; not a bit changes
    python.py      the back end that spells a program as Python
    compiled.py    `autograd.compile`: options, cache by structure, guards, pickling
    flat.py        the same on one flat vector, as optimisers want it

Eager Values stay the reference: a compiled function gives the same bits or says why it cannot be compiled.
"""
