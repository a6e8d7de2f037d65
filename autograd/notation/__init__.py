"""Formulas to be read: terms that rows of the table are applied to, and their spelling in LaTeX and MathML.

chain_rule.py  how the derivatives of a pass are written: ∂L/∂a += ∂b/∂a · ∂L/∂b
boxes.py     what a formula is made of on paper: rows, fractions, powers, matrices
names.py     the names of a program as such boxes: `w2[1,0]` is w with two indices
terms.py     numbers with names; a row applied to them is a formula
spelling.py  a term as boxes
latex.py     boxes as LaTeX
mathml.py    boxes as MathML
"""
