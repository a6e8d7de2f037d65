"""Pictures: any computation graph to SVG, on any machine, at any size. Start reading at `graph.py`.

draw        graph → parts (selection, modules, collapse) → scene (build) → Drawing
Drawing     scene → layout (engines, question, layered) → SVG (svg, theme, animate), DOT, PNG, HTML

The package is not called `draw`, as the function is: `autograd.draw` must be one thing, and `import autograd.draw.svg`
would find a function where it looks for a package.
"""

from autograd.drawing.drawing import Drawing
from autograd.drawing.graph import draw
from autograd.drawing.layout.geometry import Layout
from autograd.drawing.scene import Box, Edge, Row, Scene
from autograd.drawing.text import number, sign_of

__all__ = ["Box", "Drawing", "Edge", "Layout", "Row", "Scene", "draw", "number", "sign_of"]
