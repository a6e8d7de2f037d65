"""`compiled.export`: files of C, JavaScript, Python and LaTeX that compute what the compiled function does."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import (
    CompileError,
    Value,
    compile,
    erf,
    gelu,
    hypot,
    log,
    logsumexp,
    pick,
    relu,
    sin,
    sinc,
    tanh,
    where,
)
from tests.exporting.running import (
    COMPILERS,
    STRICT,
    Array,
    U,
    assert_close,
    flat,
    in_c,
    in_javascript,
    in_python,
    needs_compiler,
    needs_node,
    pendulum,
)

# --- functions --------------------------------------------------------------------------------------------------------


def network(w: Any, b: Any, x: Any) -> Any:
    hidden = [tanh(sum((p * q for p, q in zip(row, x, strict=True)), c)) for row, c in zip(w, b, strict=True)]
    return logsumexp(hidden) - hidden[0] + gelu(hidden[1]) * erf(hidden[2])


def rosenbrock(x: Any) -> Any:
    pairs = pairwise(x)
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairs)


RNG = np.random.default_rng(0)
CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "network": (network, (RNG.normal(size=(9, 10)), RNG.normal(size=9), RNG.normal(size=10))),
    "pendulum": (pendulum, ([1.0, 0.25],)),
    "rosenbrock": (rosenbrock, (RNG.normal(size=20),)),
}


def expected(f: Any, args: tuple[Any, ...]) -> Array:
    value, slopes = f.value_and_grad(*args)
    return flat([value, *(slopes if len(args) > 1 else [slopes])])


@needs_compiler
@pytest.mark.parametrize("name", CASES)
def test_c_has_the_value_and_gradient(name: str, tmp_path: Path) -> None:
    function, args = CASES[name]
    f = compile(function)
    f.export(tmp_path / "f.c", args, name=name, functions=["gradient"])
    for y in in_c(tmp_path / "f.c", f"{name}_gradient", [flat(args)]):
        assert_close(y, expected(f, args))


@needs_compiler
@pytest.mark.parametrize("name", CASES)
def test_exact_c_has_the_bits_of_python(name: str, tmp_path: Path) -> None:
    function, args = CASES[name]
    f = compile(function, exact=True)
    f.export(tmp_path / "f.c", args, name=name, functions=["gradient"])
    for y in in_c(tmp_path / "f.c", f"{name}_gradient", [flat(args)], compilers=COMPILERS[:1]):
        np.testing.assert_array_equal(y, expected(f, args))


@pytest.mark.slow
@needs_compiler
def test_tanh_and_its_derivative_in_c_are_as_accurate_as_by_libm(tmp_path: Path) -> None:
    """exp within a unit, 1 ∓ e, and the quotient: 3 units of rounding for tanh, 5 for 1 / cosh²."""
    x = np.array([*np.linspace(-20.0, 20.0, 2001), *np.linspace(0.3, 0.4, 500), 350.0, -0.0, 1e-300, np.inf, np.nan])
    long = x.astype(np.longdouble)
    f = compile(lambda x: [tanh(each) for each in x])
    f.export(tmp_path / "f.c", (x,), name="f", functions=["value"])
    g = compile(lambda x: sum((tanh(each) for each in x), 0.0))
    g.export(tmp_path / "g.c", (x,), name="g", functions=["gradient"])
    [values] = in_c(tmp_path / "f.c", "f_value", [x], compilers=COMPILERS[:1])
    [slopes] = in_c(tmp_path / "g.c", "g_gradient", [x], compilers=COMPILERS[:1])
    np.testing.assert_allclose(values, np.tanh(long).astype(float), rtol=4 * U, atol=0.0)
    np.testing.assert_allclose(slopes[1:], (1.0 / np.cosh(long) ** 2).astype(float), rtol=6 * U, atol=0.0)
    assert np.array_equal(np.signbit(values), np.signbit(x))


@needs_node
@pytest.mark.parametrize("name", CASES)
def test_javascript_has_the_value_and_gradient(name: str, tmp_path: Path) -> None:
    function, args = CASES[name]
    f = compile(function)
    f.export(tmp_path / "f.js", args)
    assert_close(in_javascript(tmp_path / "f.js", "gradient", [flat(args)]), expected(f, args))


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_a_python_module_has_the_value_and_gradient(name: str, exact: bool, tmp_path: Path) -> None:
    function, args = CASES[name]
    f = compile(function)
    f.export(tmp_path / "f.py", args, exact=exact)
    assert_close(in_python(tmp_path / "f.py", "gradient", [flat(args)]), expected(f, args))


@needs_compiler
def test_results_that_are_inputs_of_several_arrays_are_read_from_these(tmp_path: Path) -> None:
    """x and the direction follow each other in the program, not in memory."""
    f = compile(lambda x: [x[1], x[0], x[1]])
    f.export(tmp_path / "f.c", ([2.0, 3.0],), functions=["jvp"], name="f")
    [y] = in_c(tmp_path / "f.c", "f_jvp", [[2.0, 3.0], [5.0, 7.0]], compilers=COMPILERS[:1])
    assert y.tolist() == [3.0, 2.0, 3.0, 7.0, 5.0, 7.0]
    f = compile(lambda x: x)
    f.export(tmp_path / "g.c", (2.0,), functions=["jvp"], name="g")
    [y] = in_c(tmp_path / "g.c", "g_jvp", [[2.0], [5.0]], compilers=COMPILERS[:1])
    assert y.tolist() == [2.0, 5.0]


MAIN = """
#include <stdio.h>
int main(void) {
    double x[20] = {0.5, 0.25}, y[21], w[network_gradient_work];
    network_gradient(x, y, w);
    for (int i = 0; i < 21; i++) printf("%.17g\\n", y[i]);
    return 0;
}
"""


@needs_compiler
def test_sanitizers_find_nothing(tmp_path: Path) -> None:
    """Work space and results are of the sizes that the file says, and nothing beyond them is touched."""
    f = compile(rosenbrock)
    x = [0.5, 0.25, *[0.0] * 18]
    f.export(tmp_path / "f.c", (x,), name="network", functions=["gradient"])
    with (tmp_path / "f.c").open("a") as file:
        file.write(MAIN)
    checked = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    subprocess.run([COMPILERS[0], *STRICT, *checked, tmp_path / "f.c", "-o", tmp_path / "f", "-lm"], check=True)
    done = subprocess.run([tmp_path / "f"], capture_output=True, text=True, check=True)
    assert_close(np.array(done.stdout.split(), np.float64), expected(f, (x,)))


# --- batches, parameters, products, float32 ---------------------------------------------------------------------------


def with_parameters() -> tuple[list[Value], Callable[..., Any]]:
    parameters = [Value(0.5 - 0.25 * i) for i in range(6)]

    def loss(x: Any, t: Any) -> Any:
        y = tanh(sum(p * q for p, q in zip(parameters, [*x, *x], strict=True)))
        return where(t > 0.5, (y - t) ** 2, relu(y + t))

    return parameters, loss


@needs_compiler
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_c_has_means_over_the_samples_of_a_batch(dtype: Any, tmp_path: Path) -> None:
    parameters, loss = with_parameters()
    x, t = RNG.normal(size=(5, 3)), RNG.random(5)
    f = compile(loss, parameters=parameters, batch=("x", "t"), dtype=dtype)
    value, slopes = f(x, t)
    f.export(tmp_path / "f.c", name="loss")
    single = dtype == "float32"
    given = [[p.data for p in parameters], np.column_stack([x, t])]
    for y in in_c(tmp_path / "f.c", "loss_gradient", given, 5, single, COMPILERS[:1]):
        assert_close(y, flat([value, slopes]), 100, 2.0**-24 if single else U)


def test_a_python_module_has_means_over_the_samples_of_a_batch(tmp_path: Path) -> None:
    parameters, loss = with_parameters()
    x, t = RNG.normal(size=(5, 3)), RNG.random(5)
    f = compile(loss, parameters=parameters, batch=("x", "t"))
    f.export(tmp_path / "f.py", (x, t))
    y = in_python(tmp_path / "f.py", "gradient", [[p.data for p in parameters], np.column_stack([x, t])])
    assert_close(y, flat(f(x, t)))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("exact", [False, True])
def test_a_python_module_knows_nan_and_inf_and_warns_of_nothing(exact: bool, tmp_path: Path) -> None:
    f = compile(lambda x, y, p: log(x) * y + x**y + p)
    f.export(tmp_path / "f.py", (1.5, -2.0, float("inf")), exact=exact)
    y = in_python(tmp_path / "f.py", "gradient", [[0.0, 2.0, 3.0]])
    np.testing.assert_array_equal(y, flat(f.value_and_grad(0.0, 2.0, 3.0)))


def test_a_guard_of_an_exact_derivative_is_not_said_to_be_the_functions(tmp_path: Path) -> None:
    f = compile(lambda x, y: x**y, exact=True)
    with pytest.raises(CompileError, match="hvp: a rule of an exact derivative asks for a number"):
        f.export(tmp_path / "f.c", (2.0, 3.0), functions=["hvp"])


@pytest.mark.parametrize("exact", [False, True])
def test_products_are_where_the_comment_says(exact: bool, tmp_path: Path) -> None:
    """All of y, the numbers included that `hvp` of Python does not return."""
    x, v = RNG.normal(size=5), RNG.normal(size=5)
    f = compile(rosenbrock, exact=exact)
    f.export(tmp_path / "f.py", (x,), functions=["jvp", "vjp", "hvp"])
    value, slope = f.jvp((x,), (v,))
    gradient, product = f.hvp((x,), (v,))
    wanted = {
        "jvp": [value, slope],
        "vjp": [2.0 * value, value, 2.0 * gradient],
        "hvp": [slope, value, product, gradient],
    }
    for name, along in ("jvp", v), ("vjp", [2.0]), ("hvp", v):
        assert_close(in_python(tmp_path / "f.py", name, [x, along]), flat(wanted[name]))


@pytest.mark.slow
@needs_compiler
def test_c_has_products_with_jacobians_and_hessians(tmp_path: Path) -> None:
    x, v = RNG.normal(size=20), RNG.normal(size=20)
    f = compile(rosenbrock)
    f.export(tmp_path / "f.c", (x,), name="f", functions=["jvp", "vjp", "hvp"])
    gradient, product = f.hvp((x,), (v,))
    for y in in_c(tmp_path / "f.c", "f_hvp", [x, v]):
        assert_close(y[1:], flat([f.value(x), product, gradient]))
    for y in in_c(tmp_path / "f.c", "f_jvp", [x, v]):
        assert_close(y, flat(f.jvp((x,), (v,))))
    for y in in_c(tmp_path / "f.c", "f_vjp", [x, [2.0]]):
        assert_close(y[1:], flat([f.value(x), *f.vjp((x,), 2.0)[1]]))


# --- what is refused --------------------------------------------------------------------------------------------------


REFUSED: dict[str, tuple[Callable[..., Any], tuple[Any, ...], bool, str]] = {
    "branch": (lambda x: x * 2.0 if x > 0.0 else x, (1.0,), False, r"test_export\.py:\d+: .*where"),
    "pick": (lambda i, x: pick(x, i), (1, [2.0, 3.0]), False, "pick by i"),
    "exact hypot": (hypot, (3.0, 4.0), True, "hypot"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_another_language_cannot_hold_is_refused_before_a_file_is_written(name: str, tmp_path: Path) -> None:
    function, args, exact, message = REFUSED[name]
    with pytest.raises(CompileError, match=message):
        compile(function).export(tmp_path / "f.c", args, exact=exact)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".c", ".js", ".py"])
def test_a_derivative_that_another_language_cannot_hold_is_refused_by_name(suffix: str, tmp_path: Path) -> None:
    """Whether it is a line, a step on arrays or a loop over time; the function itself can be written."""
    alone, many = compile(sinc), compile(lambda xs: sum(sinc(x) for x in xs))
    for f, args in ((alone, (0.5,)), (many, ([0.5] * 40,))):
        f.export(tmp_path / f"value{suffix}", args, functions=["value"])
        with pytest.raises(CompileError, match="the primitive 'sinc_slope' has no formula in other languages"):
            f.export(tmp_path / f"gradient{suffix}", args, functions=["gradient"])
        assert not (tmp_path / f"gradient{suffix}").exists()


def test_an_unknown_suffix_or_function_is_refused_by_name(tmp_path: Path) -> None:
    f = compile(rosenbrock)
    with pytest.raises(CompileError, match=r"\.c, \.js, \.py"):
        f.export(tmp_path / "f.rs", ([1.0, 2.0],))
    with pytest.raises(CompileError, match="'hessian' is not one of value, gradient"):
        f.export(tmp_path / "f.c", ([1.0, 2.0],), functions=["hessian"])
    with pytest.raises(CompileError, match="nothing is recorded yet"):
        f.export(tmp_path / "f.c")


def test_a_refused_export_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "f.c"
    path.write_text("before")
    with pytest.raises(CompileError):
        compile(lambda x: x if x > 0.0 else -x).export(path, (1.0,))
    assert path.read_text() == "before"


# --- names ------------------------------------------------------------------------------------------------------------

HOSTILE = ("*/ int x; /*", "a\nint b;", 'π"""\\', "??/", "-->", "${1}", "\u202e", "int", "`x`")


@needs_compiler
def test_no_name_gets_into_the_code(tmp_path: Path) -> None:
    parameters = [Value(1.0 + i, label=label) for i, label in enumerate(HOSTILE)]
    f = compile(lambda x: sum(p * x * p for p in parameters), parameters=parameters)
    numbers = [p.data for p in parameters]
    wanted = flat(f(2.0))
    for number, name in enumerate(("*/ #error /*", "2 π\n", "for")):
        files = {suffix: tmp_path / f"f{number}{suffix}" for suffix in (".c", ".js", ".py", ".tex")}
        for path in files.values():
            f.export(path, (2.0,), name=name, functions=["gradient"])
        text = files[".c"].read_text()
        assert text.isascii()
        [function] = set(re.findall(r"void (\w+)\(", text))
        for y in in_c(files[".c"], function, [[2.0], numbers], compilers=COMPILERS[:1]):
            assert_close(y, wanted)
        assert_close(in_python(files[".py"], "gradient", [[2.0], numbers]), wanted)


def test_a_module_that_uses_its_own_names_as_arguments_has_others_for_them(tmp_path: Path) -> None:
    f = compile(lambda np, y, inputs, B: np * y + sin(inputs) * B)
    f.export(tmp_path / "f.py", (1.0, 2.0, 3.0, 4.0))
    y = in_python(tmp_path / "f.py", "gradient", [[1.0, 2.0, 3.0, 4.0]])
    assert_close(y, expected(f, (1.0, 2.0, 3.0, 4.0)))


def hostile_documents(folder: Path) -> list[Path]:
    """Files whose names, labels, keys and texts mean something to LaTeX."""
    labels = (
        "$",
        "\\input{x}",
        "%",
        "_",
        "a\nb",
        "変数",
        "é",
        "#1",
        "x^2",
        "}",
        "\\",
        "~",
        "&",
        "\u202e",
        "😀",
        "f",
        "α1",
        "",
    )
    parameters = [Value(1.0 + i, label=label) for i, label in enumerate(labels)]
    f = compile(lambda x: sum(p * sin(x * p) for p in parameters), parameters=parameters)
    keys = compile(lambda d: {key: d["%\n"] * x for key, x in d.items()})
    files = [folder / f"{kind}.tex" for kind in ("value", "gradient", "hvp", "keys")]
    for path in files[:3]:
        f.export(path, (2.0,), functions=[path.stem], name="$\\input{x} %_\n変", texts={"classes": labels})
    keys.export(files[3], ({"%\n": 1.0, "\\end{document}": 2.0, "ß": 3.0},))
    return files


def test_no_name_gets_into_the_commands_of_latex(tmp_path: Path) -> None:
    for path in hostile_documents(tmp_path):
        text = path.read_text("utf-8")
        assert text.count(r"\begin{document}") == text.count(r"\end{document}") == 1
        assert not re.search(r"(?<!\\)[%#~]|\\input", text.partition("\n")[2])
        assert max(text) <= "\u017f"  # no letter that TeX may not know


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")
def test_documents_typeset_without_an_overfull_line(tmp_path: Path) -> None:
    files = hostile_documents(tmp_path)
    for name, (function, args) in CASES.items():
        files.append(tmp_path / f"{name}.tex")
        compile(function).export(files[-1], args)
    for path in files:
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path.name]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
        assert done.returncode == 0, done.stdout[-2000:]
        assert "Overfull" not in done.stdout


def test_the_equations_are_a_document(tmp_path: Path) -> None:
    compile(rosenbrock).export(tmp_path / "f.tex", ([1.0, 2.0],))
    text = (tmp_path / "f.tex").read_text()
    assert text.count(r"\begin{document}") == text.count(r"\end{document}") == 1
    assert r"\begin{align}" in text  # unlike aligned, it may be broken: long programs take several pages
    assert r"\[" not in text
