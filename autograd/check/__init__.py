"""Gradient checking: compare gradients with derivatives computed from values alone.

Start reading at `gradients.py`; `oracle.py` compares two derivatives, `tape.py` replays a graph with 60 digits,
`reevaluation.py` calls f again at other points, `function_check.py` checks the gradients of other engines.
"""

from autograd.check.gradients import check_gradients
from autograd.check.report import CheckReport, Failure, KinkFound, Row

__all__ = ["CheckReport", "Failure", "KinkFound", "Row", "check_gradients"]
