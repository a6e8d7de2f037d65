"""Vector recovery: equations on numbers that do the same become equations on arrays, which are then differentiated.

    scalars.py    sums flattened, means over the samples as equations of their own
    groups.py     equations of one kind and level; ragged dots padded
    lanes.py      which lane of which file a place gets
    order.py      who reads what whom writes
    products.py   complete sets of dots: matrix products
    layout.py     lanes as views
    writer.py     steps, and sums of products as products of matrices
    recover.py    all of it: Program -> VectorProgram

    partials.py   the rules of a row, on symbols
    values.py     rows on tables of lanes
    terms.py      terms of adjoints, added up as dots
    lane_facts.py which lanes a derivative needs, and which are finite
    adjoints.py   the chain rule from step to step: VectorProgram -> VectorProgram
    exponentials.py  what logsumexp, σ and their derivatives share
    finish.py     dead steps dropped, results written where they are wanted

    steps.py      operands and steps
    program.py    VectorProgram: its grammar and checker
    names.py      W1, z1, a1, delta1, BP1 to BP4
    printing.py   formulas

A loop over samples or tokens that was written on numbers disappears, and a layer of neurons is `W @ a + b` again.
"""
