"""Derivations: the chain rule over a recorded graph as a person writes it, symbols first and numbers second.

derive.py      `derivation(loss)`: what is shown at each level
numbers.py     the adjoints of a graph, without touching its gradients
nodes.py       a step for each node
layers.py      the layers of neurons in a graph, from how it is connected
backprop.py    BP1-BP4 for these layers, by neurons or by matrices
document.py    what `derivation` returns: LaTeX, Markdown, MathML, files
page.html      the page that `save("….html")` writes
"""

from autograd.derivations.derive import derivation as derivation
from autograd.derivations.document import Derivation as Derivation
