"""The graph of a compiled program, to be compared with that of the function as Python ran it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograd.compiler.program import Program
from autograd.errors import GraphError
from autograd.exploring.columns import read
from autograd.exploring.film import Film
from autograd.value import Value, as_float

NOT_A_LETTER = re.compile(r"\W+")


def value_of(program: Program, film: Film) -> Value:
    """The first result of a program, computed on Values: a node for each equation that it depends on.

    Inputs have the numbers and names of the leaves of a film. GraphError for one that is not there, and for a batch.
    """
    if program.batched:
        raise GraphError("a program over a batch has no graph; compile the function without batch= to compare it")
    leaves = {
        NOT_A_LETTER.sub("_", name).strip("_"): (name, number)
        for name, operation, number in zip(film.names, film.operations, read(film.data["data"]), strict=True)
        if not operation
    }
    places: list[Value] = []
    for name in program.names:
        if name.rstrip("_") not in leaves:
            known = ", ".join(leaf for leaf, _ in list(leaves.values())[:6]) or "none"
            raise GraphError(
                f"the program has an input {name}, but no leaf of the graph has this label; it has {known}"
            )
        label, number = leaves[name.rstrip("_")]
        places.append(Value(number, label=label))
    for primitive, operands in program.equations:
        places.append(_value(primitive(*_resolved(operands, places))))
    return _value(_resolved(program.outputs[:1], places)[0])


def _resolved(atoms: Sequence[int | float], places: Sequence[Value]) -> list[Value | float]:
    return [places[atom] if isinstance(atom, int) else atom for atom in atoms]


def _value(x: Value | float) -> Value:
    return x if isinstance(x, Value) else Value(as_float(x))
