"""Implicit functions: solutions of equations that can be differentiated.

linear.py    linear systems of numbers or Values
residual.py  an equation recorded at a point, to be evaluated and differentiated at others
newton.py    the default solver
node.py      the solution as nodes, whose derivative is that of the implicit function theorem
recorded.py  the same while `compile` records: Newton's steps as part of the program
root.py      `root` and `fixed_point`
"""
