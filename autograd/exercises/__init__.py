"""Exercise sheets on back-propagation, to do by hand. Start reading at `sheet.py`.

exercise   a level and a seed → a graph with small numbers (graphs) → a problem (problems, layers, orders)
           → one page with inputs and salted hashes of the answers (page), and the worked solution
"""

from autograd.exercises.sheet import Exercise, exercise

__all__ = ["Exercise", "exercise"]
