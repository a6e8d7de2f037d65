"""The NumPy back end: a vector program as readable source with work buffers that are allocated once.

    spelling.py  table row -> NumPy calls
    helpers.py   what takes several calls
    arrays.py    views of the work buffers, and their declarations
    operands.py  operands as expressions: views, copies, samples
    steps.py     step -> lines
    emit.py      vector program -> source
    guards.py    is this the right program for these inputs?
    runner.py    source -> Runner

Arrays are (lanes, samples): columns are samples.
"""
