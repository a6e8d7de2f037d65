"""Taylor mode: truncated power series as numbers to which rows of the table are applied.

numberlike.py  what makes a series behave like a number: operators, comparisons, conversions
terms.py       series and how their coefficients follow from those before
rows.py        applying a row to series
taylor.py      `functional.taylor`, `derivatives` and `derivative_tensor`
"""
