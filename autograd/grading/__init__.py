"""Grade scalar engines of students: random graphs, 60 digits, and a diagnosis that names the fault.

grader      runs programs (program, corpus), judges them (truth), and reports (report, formats, cells, picture)
diagnosis   compares the numbers with those of engines that have one classic fault each (engine, faults)
submission  a class, or a file in a process with limits (sandbox); worker, dialect and limits run in that process
"""

from autograd.grading.grader import grade
from autograd.grading.report import Finding, Item, Report, Row
from autograd.grading.rubric import Rubric, read_rubric
from autograd.grading.sandbox import Limits

__all__ = ["Finding", "Item", "Limits", "Report", "Row", "Rubric", "grade", "read_rubric"]
