"""Loops over time in exports: what they keep, and in which order they multiply."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autograd import compile, rules
from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.program import Equation, Program
from autograd.exporting.columns import Columns
from autograd.exporting.language import DOUBLE
from autograd.exporting.late import late_products
from autograd.exporting.writing import File, Lines
from tests.exporting.running import assert_close, flat, in_c, needs_compiler, pendulum


@needs_compiler
def test_the_backward_loop_reads_what_the_forward_loop_keeps_where_it_is(tmp_path: Path) -> None:
    """50 angles and the one before the first trip; nothing is copied."""
    f = compile(pendulum)
    f.export(tmp_path / "f.c", ([1.0, 0.25],), name="f", functions=["gradient"])
    text = (tmp_path / "f.c").read_text()
    assert "f_gradient_work = 51 " in text
    assert text.count("for (") == 2
    value, slopes = f.value_and_grad([1.0, 0.25])
    for y in in_c(tmp_path / "f.c", "f_gradient", [[1.0, 0.25]]):
        assert_close(y, flat([value, slopes]))


# --- columns ----------------------------------------------------------------------------------------------------------


def _columns() -> tuple[Columns, Lines]:
    """Those of x → −x, four times from place 1 on; place 0 is x."""
    body = Looped(Program(("x",), (), (), (1,)), (Equation(rules.neg, (0,)),))
    lines = Lines(DOUBLE, File(DOUBLE))
    columns = Columns(lines, Looped(Program(("x",), (), (), (4,)), (Loop(body, 4, (), (0,), ()),)), lambda count: 10)
    columns.add(1, 0)
    return columns, lines


def test_one_atom_more_stands_before_a_column_in_either_direction() -> None:
    columns, lines = _columns()
    assert columns.begun((4, 3, 2, 1, 0), "i", lambda atom: f"x[{atom}]") == "w[14 - i]"
    assert columns.begun((0, 1, 2, 3, 4), "i", lambda atom: f"x[{atom}]") == "w[10 + i]"
    assert [line.strip() for line in lines.lines] == ["w[10] = x[0];"] * 2


@pytest.mark.parametrize("atoms", [(3, 2, 1, 0, 0), (0, 2, 3, 4), (1, 2, 3, 4, 0), (0.5, 0.5, 0.5), (0, 1)])
def test_other_atoms_do_not(atoms: tuple[Any, ...]) -> None:
    columns, lines = _columns()
    assert columns.begun(atoms, "i", str) == ""
    assert not lines.lines


def test_two_different_atoms_do_not_share_the_place_before_a_column() -> None:
    columns, _ = _columns()
    assert columns.begun((0, 1, 2, 3), "i", str) == "w[10 + i]"
    assert columns.begun((0.5, 1, 2, 3), "i", str) == ""


# --- late products ----------------------------------------------------------------------------------------------------


def _body(row: Any, constant: float, *more: Equation) -> Looped:
    """c ← row(m) (constant · c), with other equations."""
    step = Equation(row, (1,)), Equation(rules.mul, (constant, 0)), Equation(rules.mul, (2, 3)), *more
    return Looped(Program(("c", "m"), (), (), (4,)), step)


def test_a_constant_goes_to_the_factor_that_does_not_wait() -> None:
    assert late_products(_body(rules.sin, 3.0), range(1), ()) == {3: (3.0, 0)}


@pytest.mark.parametrize(
    ("body", "carried", "kept"),
    [
        (_body(rules.exp, 3.0), range(1), ()),  # may overflow
        (_body(rules.sin, 1e-300), range(1), ()),  # may be subnormal
        (_body(rules.sin, float("inf")), range(1), ()),
        (_body(rules.sin, 3.0), range(1), [3]),  # wanted outside
        (_body(rules.sin, 3.0, Equation(rules.neg, (3,))), range(1), ()),  # or here
        (_body(rules.sin, 3.0), range(2), ()),  # the sine waits too
        (_body(rules.sin, 3.0), range(0), ()),  # nothing waits
    ],
)
def test_products_stay_where_that_would_not_pay_or_not_be_right(body: Looped, carried: range, kept: Any) -> None:
    assert late_products(body, carried, kept) == {}
