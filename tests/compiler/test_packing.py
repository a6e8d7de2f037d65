"""Functions that loops over time call for several numbers at once: equal bits, fewer calls."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import rules
from autograd.compiler.llvm.engine import vector_bytes
from autograd.compiler.llvm.packing import packs
from autograd.compiler.llvm.time_loops import LoopRunner
from autograd.compiler.llvm.time_text import Scope
from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.program import Equation, Program
from autograd.primitive import Primitive

CALLED = [
    rules.exp, rules.log, rules.tanh, rules.sigmoid, rules.sin, rules.cos, rules.erf, rules.atan, rules.softplus,
    rules.atan2, rules.logaddexp, rules.elu, rules.pow_,
]  # fmt: skip
LANES = vector_bytes() // 8


def looped(rows: Sequence[Primitive], count: int) -> Looped:
    """Two trips in which the first of `count` numbers become these rows of them, in turn; the others stay."""
    names = tuple(f"y_{i}" for i in range(count))
    equations = [Equation(row, (i, (i + 1) % count, *[0.5] * 9)[: row.arity]) for i, row in enumerate(rows)]
    results = (*range(count, count + len(rows)), *range(len(rows), count))
    body = Looped(Program(names, (), (), results), tuple(equations))
    head = Program(names, (), (), tuple(range(count + len(rows), count + 2 * len(rows))))
    return Looped(head, (Loop(body, 2, (), tuple(range(count)), ()),))


def numbers(made: Looped, at: Sequence[float], dtype: str) -> bytes:
    found: bytes = np.asarray(LoopRunner(made, dtype).run(np.array(at))).tobytes()
    return found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("row", CALLED, ids=lambda row: row.name)
def test_numbers_side_by_side_have_the_bits_that_each_has_alone(
    monkeypatch: pytest.MonkeyPatch, row: Primitive, dtype: str
) -> None:
    at = [0.3, -0.0, 0.0, 1e9, -2.5, math.inf, math.nan, 1e-310, 0.7, -1e9, 3.0]
    made = looped([row] * len(at), len(at))
    together = numbers(made, at, dtype)
    monkeypatch.setattr(Scope, "_function", lambda *_: "")
    assert numbers(made, at, dtype) == together


def test_sine_and_cosine_of_the_same_angles_are_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("a", "b", "c")
    rows = (rules.sin, rules.cos)
    both = [Equation(row, (i,)) for i in range(3) for row in rows]
    sums = [Equation(rules.sub, (3 + 2 * i, 4 + 2 * i)) for i in range(3)]
    body = Looped(Program(names, (), (), (9, 10, 11)), (*both, *sums))
    made = Looped(Program(names, (), (), (18, 19, 20)), (Loop(body, 2, (), (0, 1, 2), ()),))
    runner = LoopRunner(made)
    assert runner.source.count("@sin_cos_") == 1 + -(-3 // LANES)  # declared, and called
    found = runner.run(np.array([0.1, 2.0, 1e12])).tolist()
    monkeypatch.setattr(Scope, "_function", lambda *_: "")
    assert LoopRunner(made).run(np.array([0.1, 2.0, 1e12])).tolist() == found


def test_operands_that_differ_by_the_sign_of_a_zero_are_not_one() -> None:
    body = Looped(
        Program(("y", "z"), (), (), (2, 3)), (Equation(rules.atan2, (0.0, 0)), Equation(rules.atan2, (-0.0, 0)))
    )
    made = Looped(Program(("y", "z"), (), (), (2, 3)), (Loop(body, 1, (), (0, 1), ()),))
    assert LoopRunner(made).run(np.array([-1.0, 0.0])).tolist() == [math.pi, -math.pi]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.booleans()), max_size=30))
def test_a_pack_comes_after_what_it_needs_and_needs_nothing_of_itself(drawn: list[tuple[int, int, bool]]) -> None:
    items = [
        (2 + i, Equation(rules.tanh, (x % (2 + i),)) if call else Equation(rules.add, (x % (2 + i), y % (2 + i))))
        for i, (x, y, call) in enumerate(drawn)
    ]
    done = {0, 1}
    for name, pack in packs(items, lambda each: each.primitive.name if each.primitive is rules.tanh else ""):
        for place, equation in pack:
            assert done.issuperset(equation.operands)
            if not name:
                done.add(place)
        done.update([place for place, _ in pack])
    assert len(done) == 2 + len(items)
