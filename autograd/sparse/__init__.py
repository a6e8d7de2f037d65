"""Sparse Jacobians and Hessians: the pattern of a graph, a colouring of it, and few directions instead of many.

    linearity.py     which derivatives of a row are 0, read off its partials
    pattern.py       which entries of a Jacobian or Hessian may differ from 0, from the equations of a graph
    colouring.py     columns (or rows, or vertices) that can share a direction have one colour
    compression.py   the directions, and the matrix from the derivatives along them
    eager.py         all of that for Values

Curtis, Powell & Reid (1974), "On the estimation of sparse Jacobian matrices", is where columns first shared a
direction; Gebremedhin, Manne & Pothen (2005), "What color is your Jacobian?", is the survey.
"""
