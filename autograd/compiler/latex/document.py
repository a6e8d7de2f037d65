"""`latex_of`: the form that says most, as equations in LaTeX."""

from __future__ import annotations

from dataclasses import replace

from autograd.compiler.forms import Forms
from autograd.compiler.latex.arrays import array_definitions
from autograd.compiler.latex.definitions import Definitions
from autograd.compiler.latex.lines import environments
from autograd.compiler.latex.names import input_groups, result_groups, value_name
from autograd.compiler.latex.scalars import scalar_definitions
from autograd.compiler.loops.loop import Looped
from autograd.compiler.lower import Lowered
from autograd.notation.boxes import Box


def latex_of(forms: Forms, lowered: Lowered, environment: str = "aligned") -> str:
    """The formulas of a program: with loops as recurrences if it has any, else on arrays, else on numbers.

    environment  that of the equations: "align" numbers them, may be broken across pages, and stands outside of \\[ \\]
    """
    return environments(list(definitions_of(forms, lowered).rows()), environment)


def definitions_of(forms: Forms, lowered: Lowered) -> Definitions:
    """What a program defines, and the names of its results."""
    given = input_groups(forms.forward)
    results = result_groups(lowered, given, len(forms.forward.outputs) + len(forms.wanted or ()))
    looped = forms.looped
    if looped is not None and not any(loop.body.loops for loop in looped.loops.values()):
        return scalar_definitions(looped, given, results)
    found = array_definitions(forms.vectors, given, results)
    if found is not None:
        return found
    flat = forms.flattened
    return scalar_definitions(Looped(replace(flat, equations=()), tuple(flat.equations)), given, results)


def names_of(forms: Forms, lowered: Lowered) -> tuple[list[tuple[Box, tuple[int, ...]]], Box]:
    """The names and shapes of the arrays that a program is given, and the name of the function's result."""
    given = input_groups(forms.forward)
    return [(group.box, group.places.shape) for group in given], value_name(lowered, given)
