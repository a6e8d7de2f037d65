"""Write programs as one file of C99: functions of arrays, which allocate nothing and keep nothing between calls."""

from __future__ import annotations

import re

from autograd.exporting.formulas import functions
from autograd.exporting.functions import Written, written
from autograd.exporting.language import DOUBLE, SINGLE, comment, filled
from autograd.exporting.layout import inputs, layout, text_lines
from autograd.exporting.request import Exported, Request
from autograd.exporting.writing import File

# GCC has the flag only, which -std=c99 sets.
PRAGMA = ("#if defined(__clang__) || !defined(__GNUC__)", "#pragma STDC FP_CONTRACT OFF", "#endif")


def source(request: Request) -> str:
    """The text of the file.

    >>> from autograd import compile
    >>> from autograd.exporting.collect import collect
    >>> area = compile(lambda x, y: x * y)
    >>> print(source(collect(area, "area", (2.0, 3.0), ["gradient"], False)).split("*restrict w)")[3])
     {
        (void)w;
        const double t1 = x[0] * x[1];
        y[0] = t1;
        y[1] = x[1];
        y[2] = x[0];
    }
    <BLANKLINE>
    """
    language = SINGLE if request.single else DOUBLE
    file, name = File(language, request.exact), identifier(request.name)
    bodies = [(each, written(each, file, request.exact)) for each in request.functions]
    lines = [*_header(request, name, language.variable), "#include <math.h>"]
    lines += ["#include <stddef.h>"] * any(each.samples for each in request.functions)
    lines += ["", *PRAGMA, ""]
    for each, body in bodies:
        lines.append(f"enum {{ {name}_{each.kind}_work = {max(body.work, 1)} }};")
        lines.append(f"{_signature(name, each, language.variable)};")
    for key, texts in request.texts:
        lines += ["", f"extern const char *const {name}_{key}[{len(texts)}];"]
        lines += [f"const char *const {name}_{key}[{len(texts)}] = {{", *[f"    {_string(x)}," for x in texts], "};"]
    if request.numbers:
        lines += ["", f"extern const {language.variable} {name}_parameters[{len(request.numbers)}];"]
        words = [language.literal(x).strip("()") for x in request.numbers]
        lines += [f"const {language.variable} {name}_parameters[{len(words)}] = {{", *filled(words), "};"]
    lines += ["", *file.declared, *functions(language, file.called, file.used, file.formulas), ""]
    for each, body in bodies:
        lines += [f"{_signature(name, each, language.variable)} {{"]
        if each.frozen and each.parameters:
            lines.append(f"    const {language.variable} *p = {name}_parameters;")
        lines += [*_unused(each, body), *body.lines, "}", ""]
    return "\n".join(lines)


def _string(text: str) -> str:
    r"""A literal in UTF-8, in octal what is not a letter, a digit or a harmless sign.

    >>> print(_string('a"é'))
    "a\042\303\251"
    """
    plain = frozenset(b" -_.,:;=+()abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    return '"' + "".join(chr(x) if x in plain else f"\\{x:03o}" for x in text.encode(errors="replace")) + '"'


def identifier(text: str) -> str:
    """A name that C accepts as the beginning of others.

    >>> identifier("loss"), identifier("<lambda>"), identifier("2 π; int"), identifier("__x")
    ('loss', 'lambda', 'f_2_int', 'x')
    """
    plain = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:40]
    return plain if plain[:1].isalpha() else f"f_{plain}".rstrip("_")


def _signature(name: str, exported: Exported, of: str) -> str:
    given = [f"const {of} *restrict {pointer}" for pointer, _, _ in inputs(exported)]
    if exported.samples:
        given += [f"const {of} *restrict samples", "size_t n"]
    return f"void {name}_{exported.kind}({', '.join([*given, f'{of} *restrict y', f'{of} *restrict w'])})"


def _unused(exported: Exported, body: Written) -> list[str]:
    """Arguments that a function does not read would be warned of."""
    text = "\n".join(body.lines)
    names = [pointer for pointer, _, _ in inputs(exported)] + ["samples"] * bool(exported.samples) + ["w"]
    return [f"    (void){name};" for name in names if not re.search(rf"\b{name}\b", re.sub(r"/\*.*?\*/", "", text))]


# --- the comment at the beginning -------------------------------------------------------------------------------------


def _header(request: Request, name: str, of: str) -> list[str]:
    lines = [
        f"/* {comment(request.name)}, exported by autograd.",
        " *",
        f" * C99, with no library but libm: cc -std=c99 -O2 -ffp-contract=off -c {name}.c, and -lm when linking.",
        f" * All arrays are of {of}. A function reads its arguments and writes y; w is work space of the caller, at",
        f" * least {name}_..._work numbers, whose contents do not matter. Arrays must not overlap. Nothing is",
        " * allocated or kept between calls: threads may call a function at once, each with a w of its own.",
    ]
    if request.exact:
        lines.append(
            " * Operations and their order are Python's: so are the bits, with -ffp-contract=off and the same libm."
        )
    for exported in request.functions:
        lines += [" *", f" * {comment(_signature(name, exported, of))}", *[f" *   {each}" for each in layout(exported)]]
    lines += [*[" *"] * bool(request.texts), *[f" * {each}" for each in text_lines(request, f"{name}_")]]
    return [*lines, " */"]
