"""Hypothesis strategies: numbers, leaves, points, whole graphs and expressions to try an engine or a rule on.

>>> from hypothesis import given
>>> from autograd.strategies import graphs
>>> @given(graphs())
... def test(graph):
...     assert graph(*graph.point) == graph.values(*graph.point)[-1]
>>> test()

Needs the optional dependency `hypothesis` (`pip install 'scalar-autograd[check]'`). Packages that build on `autograd`
offer strategies here through the entry point group `autograd.strategies`, as `nn` does with `mlps`: what is below need
not know what is above. How a failing graph becomes a small one: MacIver & Donaldson, "Test-Case Reduction via Test-Case
Generation", ECOOP 2020.
"""

from importlib.metadata import entry_points
from typing import Any

from autograd.strategies.graph_data import Graph, Line
from autograd.strategies.graphs import expressions, graphs
from autograd.strategies.leaves import numbers, points, values

__all__ = ["Graph", "Line", "expressions", "graphs", "numbers", "points", "values"]


def __getattr__(name: str) -> Any:
    for entry in entry_points(group="autograd.strategies", name=name):
        return entry.load()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
