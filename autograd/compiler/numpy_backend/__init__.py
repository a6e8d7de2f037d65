"""The NumPy back end: a vector program as readable source with work buffers that are allocated once.

    spelling.py   table row -> NumPy calls
    helpers.py    what takes several calls
    emit.py       vector program -> source
    runner.py     source -> Runner

Arrays are (lanes, samples): columns are samples.
"""
