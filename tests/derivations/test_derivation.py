"""`autograd.derivation`: each number is the engine's, each formula the engine's rule, and SymPy agrees (issue M)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import sympy as sp
from hypothesis import given

import autograd as ag
from autograd import Derivation, Value, derivation
from autograd.cli.main import main
from autograd.derivations.document import Block
from autograd.notation.latex import latex
from autograd.notation.names import named
from autograd.strategies import graphs
from autograd.strategies.graph_data import Graph
from autograd.testing import defined
from tests.derivations.latex_reader import check_form, read, sides
from tests.derivations.test_notation import HOSTILE
from tests.support.browser import Browser, needs_chromium
from tests.support.examples import examples

SMOOTH = ("add", "sub", "mul", "neg", "sin", "tanh", "sigmoid", "dot", "square", "relu", "maximum", "softplus")
ALL_DIGITS = 17
CLOSE = 1e-12  # a few roundings, of numbers that are not much larger than the result


def small_loss() -> tuple[Value, list[Value]]:
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(0.5, label="c")
    d = a * b + c
    d.label = "d"
    loss = ag.tanh(0.1 * d) + d * d
    loss.label = "L"
    return loss, [a, b, c]


def rows_of(blocks: Sequence[Block]) -> list[list[str]]:
    """The formulas of each equation: left side, right sides; the left side may be that of the equation before."""
    found: list[list[str]] = []
    for block in blocks:
        for row in block.latex.split("\n")[1:-1] if block.equations else []:
            left, *right = sides(row)
            found.append([left or found[-1][0], *right])
    return found


def parts(found: Derivation) -> dict[str, list[Block]]:
    """The blocks by the heading that they are under."""
    grouped: dict[str, list[Block]] = {}
    title = ""
    for block in found.blocks:
        title = block.title or title
        grouped.setdefault(title, []).append(block)
    return grouped


def check_numbers(found: Derivation) -> None:
    """Every formula of the backward part has the number at its end, given the numbers of the symbols in it."""
    known = {read(row[0]): read(row[-1]) for row in rows_of(found.blocks)}
    for block in parts(found)["Backward"][1:]:
        for row in rows_of([block])[1:]:
            formula = read(row[1])
            assert formula.free_symbols <= known.keys(), row
            assert float(formula.subs(known).evalf(30)) == pytest.approx(block.value, rel=CLOSE, abs=CLOSE), row


def check_gradients(found: Derivation, loss: Value, leaves: Sequence[Value]) -> None:
    """The values are those of `backward()`, to the bit, and SymPy's derivatives of the formulas of the forward part."""
    loss.backward()
    values = {block.name: block.value for block in parts(found)["Backward"]}
    expressions: dict[Any, Any] = {}
    for left, formula, *_ in rows_of(parts(found)["Forward"]):
        expressions.setdefault(read(left), read(formula).subs(expressions))
    *_, whole = expressions.values()
    point = {read(left): read(number) for left, number in rows_of(parts(found)["Given"])}
    for leaf in leaves:
        if leaf.label in values:
            assert values[leaf.label] == leaf.grad
            slope = sp.diff(whole, read(latex(named(leaf.label)))).subs(point).evalf(30)
            assert float(slope) == pytest.approx(leaf.grad, rel=1e-10, abs=1e-10)


def test_the_symbols_are_the_users_and_the_numbers_the_engines() -> None:
    loss, leaves = small_loss()
    found = derivation(loss, digits=ALL_DIGITS)
    assert [leaf.grad for leaf in leaves] == [0.0] * 3, "nothing was touched"
    check_numbers(found)
    check_gradients(found, loss, leaves)
    assert [block.name for block in parts(found)["Backward"]][::4] == ["L", "d", "a"]


@given(graphs(primitives=SMOOTH, min_inputs=2, max_inputs=3, min_size=2, max_size=6, kinks=False))
@examples(10)
def test_random_graphs(graph: Graph) -> None:
    leaves = [Value(x, label=f"x{i}") for i, x in enumerate(graph.point)]
    loss = graph(*leaves)
    if isinstance(loss, Value) and loss.primitive is not None and 1e-3 < abs(loss.data) < 1e6:
        found = derivation(loss, digits=ALL_DIGITS)
        check_numbers(found)
        check_gradients(found, loss, leaves)


def test_names_are_those_of_the_program_or_numbers() -> None:
    x = Value(2.0)
    squared = x * x
    found = derivation(ag.exp(squared) + x)
    assert [block.name for block in parts(found)["Backward"]] == ["L", "v1", "squared", "x"]
    assert r"2 \cdot x \cdot \frac{\partial L}{\partial \mathit{squared}}" in found.latex


def test_a_branch_not_taken_and_opaque_nodes_have_no_formula_but_numbers() -> None:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    chosen = ag.where(x, x * y, ag.log(-y))
    made = Value(5.0, (chosen, y), (0.5, -1.0), op="measured", label="m")
    found = derivation(made * 2.0)
    assert r"\frac{\partial m}{\partial y} \cdot \frac{\partial L}{\partial m}" in found.latex
    assert r"\log" not in found.latex
    (block,) = [block for block in found.blocks if block.name == "y"]
    (made * 2.0).backward()
    assert block.value == y.grad


def test_a_users_rule_is_applied_to_names() -> None:
    with defined("bell", lambda x: 1.0 / (1.0 + x * x), lambda out, x: -2.0 * x * out * out) as bell:
        x = Value(1.0, label="x")
        y = bell(x)
        y.label = "y"
        assert r"-2 \cdot x \cdot y \cdot y \cdot \frac{\partial y}{\partial y}" in derivation(y).latex


# --- documents --------------------------------------------------------------------------------------------------------


def test_long_derivations_leave_out_the_middle_and_say_so() -> None:
    x = start = Value(1.0, label="x")
    for _ in range(5000):
        x = ag.sin(x)
    found = derivation(x, max_steps=6)
    assert sum(bool(block.name) for block in found.blocks) == 6
    assert found.blocks[-1].name == "x_1"  # the variable x holds the last one
    assert found.markdown.count("(4995 steps left out here; max_steps=5001 shows all of them)") == 1
    assert len(found.latex) < 5000
    assert start.grad == 0.0
    wide = derivation(ag.total([Value(1.0) for _ in range(3000)]), max_steps=3)
    assert len(wide.latex) < 2000
    assert r"\cdots" in wide.latex


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((3.0,), TypeError, r"takes a Value, got 3.0 \(float\); call the function first"),
        ((Value(1.0), "tensor"), ValueError, "level must be one of 'node', 'neuron', 'layer', got 'tensor'"),
        ((Value(1.0), "layer"), ag.GraphError, "there are no layers of neurons"),
    ],
)
def test_what_cannot_be_derived_is_named(arguments: tuple[Any, ...], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        derivation(*arguments)


def test_limits_are_positive_integers(tmp_path: Path) -> None:
    loss, _ = small_loss()
    for options in ({"max_steps": 0}, {"digits": 1.5}):
        with pytest.raises(ValueError, match="must be a positive integer"):
            derivation(loss, **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"must end in \.tex, \.md or \.html"):
        derivation(loss).save(tmp_path / "loss.pdf")


def test_files_and_notebooks(tmp_path: Path) -> None:
    loss, _ = small_loss()
    found = derivation(loss)
    for name in ("loss.tex", "loss.md", "loss.html"):
        found.save(tmp_path / name)
    tex, markdown, page = [(tmp_path / name).read_text("utf-8") for name in ("loss.tex", "loss.md", "loss.html")]
    check_form(tex)
    assert tex.count(r"\begin{document}") == 1
    assert r"\subsection*{Backward}" in tex
    assert markdown == found.markdown
    assert "### Backward" in markdown
    assert "http-equiv" in page
    bundle = found._repr_mimebundle_()
    assert bundle["text/latex"] == found._repr_latex_() == found.latex
    assert "<math" in bundle["text/html"]
    assert bundle["text/plain"] == repr(found) == "<derivatives of L: 9 steps>"


def test_mathml_has_the_letters_and_digits_of_the_latex() -> None:
    """Both are written from the same boxes: what is left without commands, marks and tags is the same."""
    loss, _ = small_loss()
    for block in derivation(loss).blocks:
        shown = "".join(ET.fromstring(block.mathml).itertext())
        plain = re.sub(
            r"\\(begin|end)\{aligned\}|\\(frac|cdot|approx|partial|mathrm|left|right|sqrt)\b", "", block.latex
        )
        assert re.sub(r"[^A-Za-z0-9.]", "", shown) == re.sub(r"[^A-Za-z0-9.]", "", plain)
    assert ET.fromstring(derivation(loss).mathml).tag.endswith("}math")


@pytest.mark.parametrize("text", HOSTILE[:6], ids=range(6))
def test_hostile_names_stay_names_in_every_format(text: str, tmp_path: Path) -> None:
    x = Value(2.0, label=text)
    loss = x * x
    loss.label = f"{text}!"
    found = derivation(loss)
    check_form(found.latex)
    found.save(tmp_path / "x.tex")
    check_form((tmp_path / "x.tex").read_text("utf-8"))
    found.save(tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text("utf-8")
    plain = Value(2.0, label="x")
    derivation(plain * plain).save(tmp_path / "plain.html")
    tags = [set(re.findall(r"<[^\s>]+", each)) for each in (page, (tmp_path / "plain.html").read_text("utf-8"))]
    assert tags[0] == tags[1]
    ET.fromstring(found.mathml)
    assert not re.search(r"<[A-Za-z/!?]|`", found.markdown)


def test_the_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "relu(a*b + c)", "a=2", "b=-3", "c=10", "--digits", "3"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("## Derivatives of $L$\n")
    assert r"& = b \cdot \frac{\partial L}{\partial v_{1}}" in printed
    assert main(["derive", "x*x", "x=3", "-o", str(tmp_path / "x.tex")]) == 0
    check_form((tmp_path / "x.tex").read_text("utf-8"))
    assert capsys.readouterr().out.endswith("x.tex: derivatives of L: 2 steps\n")
    for wrong in (["-o", "x.pdf"], ["--level", "layer"]):
        assert main(["derive", "x*x", "x=3", *wrong]) == 2
    with pytest.raises(SystemExit, match="2"):
        main(["derive", "x*x", "x=3", "--max-steps", "0"])
    errors = capsys.readouterr().err
    assert "must end in .tex, .md or .html" in errors
    assert "there are no layers" in errors
    assert "'0' is not a positive integer" in errors


@needs_chromium
@pytest.mark.slow
def test_a_browser_shows_the_page(tmp_path: Path) -> None:
    x = Value(2.0, label=HOSTILE[2])
    derivation(x * x).save(tmp_path / "x.html")
    with Browser() as browser:
        browser.open(tmp_path / "x.html")
        assert browser.run("return document.querySelectorAll('script').length") == 0
        assert browser.run("return document.querySelectorAll('math mfrac').length") == 5
        height = "return document.querySelector('mfrac').getBoundingClientRect().height"
        assert browser.run(height) > 1.5 * browser.run(
            "return document.querySelector('mn').getBoundingClientRect().height"
        )
        assert browser.complaints() == []
