"""Write programs as a Python module that needs NumPy only, with a line for each equation on arrays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from autograd import rules
from autograd._numpy import np
from autograd.compiler.loops.find import find
from autograd.compiler.loops.loop import Looped
from autograd.compiler.loops.printing import Writing
from autograd.compiler.python import statement, wrapped
from autograd.compiler.vector.layout import strides
from autograd.compiler.vector.program import VectorProgram
from autograd.errors import CompileError
from autograd.exporting.language import comment, filled
from autograd.exporting.layout import inputs, layout, text_lines
from autograd.exporting.numpy_formulas import functions
from autograd.exporting.numpy_steps import NumpySteps, result_shape
from autograd.exporting.request import Exported, Request, total
from autograd.exporting.spelling import FOLDED, INFIX
from autograd.primitive import PRIMITIVES, Primitive

NAMES = {"x": "arguments", "p": "parameters", "v": "direction", "y": "y"}
RESERVED = ("np", "math", "samples", "inputs", "y", "B", "erf", "erfc", *NAMES.values())


def source(request: Request) -> str:
    """The text of the module.

    >>> from autograd import compile
    >>> from autograd.exporting.collect import collect
    >>> area = compile(lambda x, y: x * y)
    >>> print(source(collect(area, "area", (2.0, 3.0), ["value"], False)).partition("np\\n\\n\\n")[2])
    @np.errstate(all="ignore")
    def value(arguments):
        inputs = np.asarray(arguments, float)
        x = inputs[0:1]
        y_ = inputs[1:2]
        loss = x * y_  # (1)
        y = np.empty(1)
        y[0:1] = loss
        return y
    <BLANKLINE>

    CompileError for float32.
    """
    if request.single:
        raise CompileError('the Python module computes in float64, not float32; compile with dtype="float64"')
    called: dict[str, None] = {}
    bodies = [_function(each, called, request.exact) for each in request.functions]
    lines = [""]
    if request.numbers:
        lines += ["parameters = np.array([", *filled([repr(x) for x in request.numbers]), "])", "", ""]
    for key, texts in request.texts:
        lines += [f"{key} = ({' '.join([f'{text!a},' for text in texts])})", "", ""]
    if called:
        lines += [*functions(called), "", ""]
    for body in bodies:
        lines += [*body, "", ""]
    special = [each for each in ("inf", "nan") if any(re.search(rf"(?<![.\w]){each}\b", line) for line in lines)]
    imports = ["import numpy as np", *[f"from numpy import {', '.join(special)}"] * bool(special), ""]
    return "\n".join([*_header(request), "", *imports, *lines]).rstrip("\n") + "\n"


def _header(request: Request) -> list[str]:
    lines = [f'"""{comment(request.name)}, exported by autograd; it needs NumPy only.', ""]
    lines.append("Functions take arrays and return y, an array; B is the number of samples.")
    for exported in request.functions:
        lines += ["", f"{_signature(exported)}", *[f"  {each}" for each in layout(exported, NAMES)]]
    lines += [*[""] * bool(request.texts), *text_lines(request)]
    return [*lines, '"""']


def _signature(exported: Exported) -> str:
    names = [NAMES[pointer] for pointer, _, _ in inputs(exported)] + ["samples"] * bool(exported.samples)
    return f"{exported.kind}({', '.join(names)})"


def _function(exported: Exported, called: dict[str, None], exact: bool) -> list[str]:
    pointers = [pointer for pointer, _, _ in inputs(replace(exported, frozen=False))]
    names = [f"np.asarray({NAMES[pointer]}, float).ravel()" for pointer in pointers]
    if len(names) == 1:
        given = names[0].removesuffix(".ravel()")
    else:
        given = f"np.concatenate([{', '.join(names)}])" if names else "np.empty(0)"
    lines = [f"inputs = {given}"]
    if exported.samples:
        lines.append(f"samples = np.asarray(samples, float).reshape(-1, {total(exported.samples)}).T")
        lines.append("B = samples.shape[1]")
    if exact and not exported.samples:
        lines += _loops(find(exported.forms.program), called)
    elif not exported.samples and exported.forms.looped:
        lines += _loops(exported.forms.looped, called)
    else:
        lines += _arrays(exported.forms.vectors, called)
    return ['@np.errstate(all="ignore")', f"def {_signature(exported)}:", *[f"    {line}" for line in lines]]


# --- on arrays --------------------------------------------------------------------------------------------------------


def _arrays(vectors: VectorProgram, called: dict[str, None]) -> list[str]:
    steps = NumpySteps(vectors, [*RESERVED, *PRIMITIVES])
    batched = vectors.program.batched
    for array in vectors.inputs:
        made = steps.array(array.name, array.kind, array.lanes)
        of = "inputs" if array.kind == "shared" else "samples"
        end, size = (", B", len(batched)) if array.kind == "batched" else ("", len(vectors.program.shared))
        steps.lines.append(f"{made.name} = {steps.part(of, array.lanes, end, size)}")
    given: list[str] = []
    for step in vectors.steps:
        name = steps.step(step)
        if step.results is not None:
            flat = name if len(result_shape(step)) == 1 else f"{name}.ravel()"
            given.append(f"y[{_index(step.results.ravel().tolist())}] = {flat}")
    called.update(steps.called)
    lines = [*steps.lines, f"y = np.empty({len(vectors.outputs)})", *given]
    for kind in ("shared", "constant"):
        chosen = [i for i, (of, _) in enumerate(vectors.outputs) if of == kind]
        if not chosen:
            continue
        if kind == "shared":
            text = steps.lanes("shared", np.array([int(vectors.outputs[i][1]) for i in chosen], np.intp))
        else:
            text = repr([vectors.outputs[i][1] for i in chosen])
        lines.append(f"y[{_index(chosen)}] = {text}")
    return [*lines, "return y"]


def _index(places: Sequence[int]) -> str:
    found = strides(np.array(places, np.intp))
    if found is None or (found[0] < 1 and len(places) > 1):
        return repr(list(places))
    step = max(found[0], 1)
    return f"{places[0]}:{places[-1] + 1}{f':{step}' if step > 1 else ''}"


# --- loops over time, and equations on numbers ------------------------------------------------------------------------


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, with others for those that the module uses itself."""
    found: list[str] = []
    for name in names:
        text = name
        while text in RESERVED or (text != name and text in names):
            text += "_"
        found.append(text)
    return found


def _loops(looped: Looped, called: dict[str, None]) -> list[str]:
    names = _distinct(looped.names)
    renamed = replace(looped, head=replace(looped.head, names=tuple(names)))

    def line(row: Primitive, target: str, operands: Sequence[str]) -> Sequence[str]:
        if row in (rules.dot, rules.total) or (row in INFIX and row not in (rules.div, rules.reciprocal)):
            return statement(row, target, operands)
        if row is rules.reciprocal:
            return [f"{target} = np.divide(1.0, {operands[0]})"]
        if row is rules.div:
            return [f"{target} = np.divide({operands[0]}, {operands[1]})"]
        name = "pow" if row is rules.pow_ else row.name
        called[name] = None
        if row in FOLDED:
            index = [operands[0]] if row is rules.pick else []
            items = operands[1:] if row is rules.pick else operands
            return wrapped(f"{target} = {name}({''.join(f'{each}, ' for each in index)}np.array([", items, "]))")
        return [f"{target} = {name}({', '.join(operands)})"]

    writing = Writing(renamed, line, wrapped)
    last = [f"{name}{',' * (len(names) == 1)}" for name in names[-1:]]
    unpacked = wrapped("", [*names[:-1], *last], " = inputs.tolist()") if names else []
    lines = [*unpacked, *writing.lines()]
    return [*lines, *wrapped("return np.array([", [writing.text(each) for each in looped.outputs], "])")]
