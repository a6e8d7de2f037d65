"""Rendering: a scene and its layout as SVG, DOT, PNG or an animation."""
