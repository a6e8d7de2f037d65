"""Programs as files of other languages: `compiled.export(path)`, by the suffix of the path.

export.py       the table of writers; what is written, atomically
collect.py      what is asked for, as programs; what no other language can hold is refused here
request.py      that, as data
language.py     C and JavaScript: declarations, numbers, elementary operations
formulas.py     rows of the table as functions, from the formulas that machine code has
spelling.py     rows as expressions
writing.py      lines, loops, tables
operands.py     lanes as elements of arrays
steps.py        vector programs as loops; products.py: products of matrices
trips.py        loops over time, and equations on numbers
arrays.py       programs of steps; copying.py: many assignments
functions.py    which of these a function takes
layout.py       what is where in arrays, in words
numpy_formulas.py, numpy_steps.py   rows and steps in NumPy
onnx_nodes.py   rows in ONNX
c.py, javascript.py, onnx.py, python.py, tex.py   files
"""
