r"""Programs as formulas in LaTeX: equations on arrays, z = W x + b, on numbers, or with loops over time as recurrences.

definitions.py  what an equation defines; what is used once is written where it is used
spelling.py     products and numbers as an equation needs them: in full
lines.py        equations as lines that fit on a page
names.py        the names of inputs and results
parts.py        the index of a part of an array
operands.py     an operand of a step in terms of arrays: a part, a transpose, blocks
arrays.py       the steps of a vector program
scalars.py      equations on numbers, and recurrences
document.py     `latex_of`, which chooses
"""

from autograd.compiler.latex.document import latex_of, names_of

__all__ = ["latex_of", "names_of"]
