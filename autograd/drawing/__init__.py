"""Draw computation graphs of any size as SVG, without other programs. Start reading at `graph.py`.

draw        graph → parts (selection, modules, collapse) → scene (build) → Drawing
Drawing     scene → layout (layout/engines, graphviz, clusters) → SVG (render/svg, theme, animate), DOT, PNG, HTML

The package is not called `draw`, since `autograd.draw` is the function: `import autograd.draw.svg` would find that
instead of a package.
"""

from autograd.drawing.drawing import Drawing
from autograd.drawing.graph import draw
from autograd.drawing.layout.geometry import Layout
from autograd.drawing.scene import Box, Edge, Row, Scene
from autograd.drawing.text import number, sign_of

__all__ = ["Box", "Drawing", "Edge", "Layout", "Row", "Scene", "draw", "number", "sign_of"]
