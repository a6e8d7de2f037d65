"""Write programs as an ES module without dependencies."""

from __future__ import annotations

import json

from autograd.errors import CompileError
from autograd.exporting.formulas import functions
from autograd.exporting.functions import Written, written
from autograd.exporting.language import JAVASCRIPT, comment, filled
from autograd.exporting.layout import inputs, layout, text_lines
from autograd.exporting.request import Exported, Request, total
from autograd.exporting.writing import File


def source(request: Request) -> str:
    """The text of the module.

    >>> from autograd import compile
    >>> from autograd.exporting.collect import collect
    >>> area = compile(lambda x, y: x * y)
    >>> print(source(collect(area, "area", (2.0, 3.0), ["value"], False)).partition("export ")[2])
    function value(x) {
        if (x.length !== 2) throw new RangeError("x must have 2 numbers");
        const y = new Float64Array(1);
        const t1 = x[0] * x[1];
        y[0] = t1;
        return y;
    }
    <BLANKLINE>

    CompileError for float32.
    """
    if request.single:
        raise CompileError('JavaScript computes in float64, not float32; compile with dtype="float64"')
    file = File(JAVASCRIPT, request.exact)
    bodies = [(each, written(each, file, request.exact)) for each in request.functions]
    lines = _header(request)
    if request.numbers:
        words = [JAVASCRIPT.literal(x).strip("()") for x in request.numbers]
        lines += ["export const parameters = new Float64Array([", *filled(words), "]);"]
    for key, texts in request.texts:
        lines.append(f"export const {key} = {json.dumps(texts).replace('<', chr(92) + 'u003c')};")
    lines += [*file.declared, *functions(JAVASCRIPT, file.called, file.used, file.formulas), ""]
    for each, body in bodies:
        lines += [*_function(each, body), ""]
    return "\n".join(lines)


def _function(exported: Exported, body: Written) -> list[str]:
    lines = [f"export function {_signature(exported)} {{"]
    for pointer, _, slots in inputs(exported):
        count = total(slots)
        text = f'if ({pointer}.length !== {count}) throw new RangeError("{pointer} must have {count} numbers");'
        lines.append(f"    {text}")
    if exported.samples:
        width = total(exported.samples)
        lines.append(f"    const samples = Float64Array.from(rows), n = samples.length / {width};")
        lines.append(f'    if (!Number.isInteger(n) || n < 1) throw new RangeError("a sample has {width} numbers");')
    if exported.frozen and exported.parameters:
        lines.append("    const p = parameters;")
    lines.append(f"    const y = new Float64Array({total(exported.results)});")
    if body.work:
        lines.append(f"    const w = new Float64Array({body.work});")
    return [*lines, *body.lines, "    return y;", "}"]


def _signature(exported: Exported) -> str:
    names = [pointer for pointer, _, _ in inputs(exported)] + ["rows"] * bool(exported.samples)
    return f"{exported.kind}({', '.join(names)})"


def _header(request: Request) -> list[str]:
    lines = [
        f"/* {comment(request.name)}, exported by autograd: an ES module without dependencies.",
        " *",
        " * Functions take arrays of numbers and return y, a Float64Array.",
    ]
    for exported in request.functions:
        lines += [" *", f" * {_signature(exported)}", *[f" *   {each}" for each in layout(exported)]]
        if exported.samples:
            lines.append(" *   rows are the samples, one after the other in one array")
    lines += [*[" *"] * bool(request.texts), *[f" * {each}" for each in text_lines(request)]]
    return [*lines, " */"]
