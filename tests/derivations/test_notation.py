"""Rows as formulas: SymPy reads them back, and their derivatives are those that it takes itself (issue M)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from autograd import rules
from autograd.notation.boxes import Name, line
from autograd.notation.latex import latex
from autograd.notation.mathml import mathml
from autograd.notation.names import distinct, named
from autograd.notation.spelling import Spelling
from autograd.notation.terms import Operand, Term, partials
from autograd.primitive import PRIMITIVES, Primitive
from autograd.testing import defined
from tests.derivations.latex_reader import check_form, read, symbol
from tests.support.examples import examples

X = [symbol(name) for name in "xyz"]
C = symbol("c")
AT = {"acosh": [1.5], "log1mexp": [0.5], "clip": [0.5, -1.0, 1.0], "sinc_slope": [0.5, 2.0], "largest": [0.3, 0.9, 0.2]}
# Rows without a formula of their own: they jump, or choose by an integer.
WITHOUT_FORMULA = {"mod", "fmod", "round", "pick"}
OWN = [row for row in PRIMITIVES.values() if any(each is row for each in vars(rules).values())]
SYMBOLS = Spelling()
TOLERANCE = sp.Float("1e-25")  # of 40 digits


def terms_of(row: Primitive) -> tuple[list[float], Sequence[Operand], Term]:
    """A point, its names, and the name of the output; an order of derivatives is a number."""
    at = AT.get(row.name, [0.5, 0.7, 1.3][: row.arity or 3])
    names: list[Operand] = [Term(Name("xyz"[i]), data=x) for i, x in enumerate(at)]
    return at, [names[0], 2.0] if row is rules.sinc_slope else names, Term(Name("c"), data=row.value(*at))


def at_point(expression: sp.Expr, at: list[float]) -> sp.Expr:
    """Its number, to forty digits."""
    return expression.subs(dict(zip(X, map(sp.Rational, at), strict=False))).evalf(40)


@pytest.mark.parametrize("row", [row for row in OWN if row.name not in WITHOUT_FORMULA], ids=lambda row: row.name)
def test_a_row_and_its_partials_read_back_are_those_of_sympy(row: Primitive) -> None:
    """Its formula gives its value, and the derivative of that formula is the formula of its partial."""
    at, operands, out = terms_of(row)
    text = latex(SYMBOLS(Term(row=row, operands=operands)))
    check_form(text)
    value = read(text)
    assert float(at_point(value, at)) == pytest.approx(row.value(*at), rel=1e-14, abs=1e-15)
    found = partials(row, out, operands)
    assert found is not None
    for x, partial, number in zip(X, found, row.partials_at(row.value(*at), at), strict=False):
        assert (partial is None) == (number is None)
        if partial is None or row is rules.pivot or (row is rules.exp_shift and x is X[1]):
            continue  # held constant
        shown = latex(SYMBOLS(partial))
        formula = read(shown).subs(C, value)
        assert float(at_point(formula, at)) == pytest.approx(number, rel=1e-13, abs=1e-15), shown
        slope = 0 if row in (rules.floor, rules.ceil) else sp.diff(value, x)  # SymPy leaves those as they are
        assert abs(at_point(sp.sympify(slope), at) - at_point(formula, at)) < TOLERANCE, shown


@pytest.mark.parametrize("name", ["mul", "div", "pow", "tanh", "log", "sqrt", "atan2", "dot"])
def test_sympy_proves_partials_equal(name: str) -> None:
    """Not at a point: as expressions of positive numbers."""
    row = PRIMITIVES[name]
    _, operands, out = terms_of(row)
    positive = dict(zip(X, sp.symbols("x y z", positive=True), strict=True))
    value = read(latex(SYMBOLS(Term(row=row, operands=operands)))).subs(positive)
    for x, partial in zip(positive.values(), partials(row, out, operands) or (), strict=False):
        assert partial is not None
        formula = read(latex(SYMBOLS(partial))).subs(positive).subs(C, value)
        assert sp.simplify((sp.diff(value, x) - formula).rewrite(sp.exp)) == 0


def test_every_row_of_the_table_has_a_formula() -> None:
    assert {row.name for row in OWN} >= WITHOUT_FORMULA
    for row in OWN:
        _, operands, _ = terms_of(row)
        check_form(latex(SYMBOLS(Term(row=row, operands=operands))))
        ET.fromstring(mathml(SYMBOLS(Term(row=row, operands=operands))))


def test_a_users_row_is_a_call_and_its_rule_a_formula() -> None:
    with defined("cube_of", lambda x: x**3, lambda out, x: 3.0 * x * x) as row:
        x = Term(Name("x"), data=2.0)
        (slope,) = partials(row, Term(Name("c"), data=8.0), [x]) or ()
        assert latex(SYMBOLS(Term(row=row, operands=[x]))) == r"\operatorname{cube\_of} ( x )"
        assert slope is not None
        assert latex(SYMBOLS(slope)) == r"3 \cdot x \cdot x"


def test_a_rule_that_cannot_be_applied_to_names_gives_no_formula() -> None:
    with defined("by_math", math.sin, lambda out, x: math.frexp(str(x))) as row:  # type: ignore[arg-type]
        assert partials(row, Term(Name("c"), data=0.5), [Term(Name("x"), data=2.0)]) is None


MEANING = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "square": lambda x: x**2,
    "exp": sp.exp,
}


@given(
    st.recursive(
        st.integers(-3, 3).map(float) | st.sampled_from("xyz"),
        lambda inner: st.tuples(st.sampled_from(list(MEANING)), inner, inner),
        max_leaves=8,
    )
)
@examples(40)
def test_brackets_stand_where_they_are_needed(tree: object) -> None:
    """What is read back has the value of what was written, however sums, products and powers are nested."""
    numbers = {"x": 2.0, "y": -3.0, "z": 0.5}

    def made(tree: object) -> Term:
        if isinstance(tree, tuple):
            name, *parts = tree
            row = PRIMITIVES[name]
            return Term(row=row, operands=[made(part) for part in parts[: row.arity]])
        return Term(Name(tree), data=numbers[tree]) if isinstance(tree, str) else tree  # type: ignore[return-value]

    def value(term: object) -> sp.Expr:
        if not isinstance(term, Term):
            return sp.Rational(term)
        if term.row is None:
            return sp.Rational(term.data)
        x, *y = map(value, term.operands)
        return MEANING[term.row.name](x, *y)

    term = made(tree)
    expected = value(term)
    at = {X[i]: sp.Rational(x) for i, x in enumerate(numbers.values())}
    for spelling in (SYMBOLS, Spelling(numbers=True)):
        text = latex(spelling(term))
        check_form(text)
        found = read(text).subs(at)
        if not expected.has(sp.zoo, sp.nan):
            assert abs(sp.N(found - expected, 20)) <= 1e-15 * abs(sp.N(expected))


# --- names ------------------------------------------------------------------------------------------------------------

HOSTILE = [
    r"}\input{/etc/passwd}{",
    r"$\end{aligned}\write18{x}$",
    "</mi></math><script>alert(1)</script>",
    "a & b \\\\ c",
    "100% # _x^y~`z`",
    "<!--",
    "]]>",
    "two\nlines\x00",
    "中文",
    "\u202e",
    "",
    " ",
    "\\",
    "a*b|c\"d'",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_letters_of_a_name_and_nothing_else(text: str) -> None:
    for box in (named(text), Name(text, "function"), Name(text, "upright")):
        check_form(latex(box))
        assert not re.search(r"\\(input|write|end|begin|def|href|csname)\b", latex(box).replace(r"\backslash ", ""))
        assert not re.search(r"<[A-Za-z/!?]|`|\$(?<!\\\$)", latex(box)), "nothing that Markdown or HTML would read"
        element = ET.fromstring(mathml(line("∂", box)))
        assert [each.tag for each in element.iter()] == ["mrow", "mi", "mi" if box.style != "upright" else "mtext"]  # type: ignore[union-attr]


def test_different_names_look_different() -> None:
    names = ["x1", "x_1", "x[1]", "x", "w2[1,0]", "w[1,0]", "w2", "w_2", "x1[2]", "x[1,2]", "x12", "ab", "alpha", "α"]
    assert len({latex(box) for box in distinct({name: name for name in names}).values()}) == len(names)
