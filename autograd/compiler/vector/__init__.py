"""Vector recovery: equations on numbers that do the same become equations on arrays.

    scalars.py    sums flattened, means over the samples as equations of their own
    groups.py     equations of one kind and level; ragged dots padded
    lanes.py      which lane of which file a place gets
    order.py      who reads what whom writes
    products.py   complete sets of dots: matrix products
    layout.py     lanes as views
    recover.py    all of it: Program -> VectorProgram
    forms.py      a program, flattened, as vectors: each made once for all back ends
    steps.py      operands and steps
    program.py    VectorProgram: its grammar and checker
    names.py      W1, z1, a1, delta1, BP1 to BP4
    printing.py   formulas

A loop over samples or tokens that was written on numbers disappears, and a layer of neurons is `W @ a + b` again.
"""
