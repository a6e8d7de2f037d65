"""Count the correct digits of values and gradients, and name the sub-expression that lost them and a remedy.

Start reading at `analysis.py`; the remedies are a table in `remedies.py`.
"""

from autograd.precision.analysis import digits
from autograd.precision.report import Digits, DigitsReport, Loss

__all__ = ["Digits", "DigitsReport", "Loss", "digits"]
