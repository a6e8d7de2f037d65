"""Gradient checking: rules and graphs against an oracle that sees values only.

Start reading at `gradients.py`; `oracle.py` says how two derivatives are compared, `replayed.py` how a graph is
computed again with 60 digits, `itself.py` how f is called again, `function.py` how other engines are checked.
"""

from autograd.check.gradients import check_gradients
from autograd.check.report import CheckReport, Failure, KinkFound, Row

__all__ = ["CheckReport", "Failure", "KinkFound", "Row", "check_gradients"]
