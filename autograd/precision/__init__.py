"""Correct digits of values and gradients: how many, at which sub-expression they were lost, and what to write instead.

Start reading at `analysis.py`; the remedies are a table in `remedies.py`.
"""

from autograd.precision.analysis import digits
from autograd.precision.report import Digits, DigitsReport, Loss

__all__ = ["Digits", "DigitsReport", "Loss", "digits"]
