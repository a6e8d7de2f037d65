"""What a back end computes wrongly is noticed when the program is built; what is only rounding is not."""

from __future__ import annotations

import math
import pickle
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import CompileError, Value, rules
from autograd.compiler import backends, bounds, derived, python
from autograd.compiler.forms import Forms
from autograd.compiler.lower import GRADIENT, SAMPLES, Call, Lowered, lower
from autograd.compiler.options import Options
from autograd.compiler.perturbed import ULPS, Perturbed, perturbed
from autograd.compiler.program import RELATIONS, Equation, Guard, Program, interpret
from autograd.compiler.verify import ROUNDED, Reference
from autograd.strategies import graphs
from autograd.strategies.graph_data import Graph
from autograd.structure import key_of
from autograd.testing import defined
from tests.compiler.references import is_differentiated, reference

pytestmark = pytest.mark.slow


class Off:
    """The back end python, with its outputs changed on the way out."""

    def __init__(self, program: Program, change: Callable[[Any], Any]) -> None:
        self.inner = python.build(program, Options())
        self.source = ""
        self.change = change

    def run(self, shared: Any, samples: Sequence[Any]) -> Any:
        return self.change(self.inner.run(shared, samples))


def lowered(f: Callable[..., Any], xs: Sequence[float], outputs: str = GRADIENT) -> Program:
    names = tuple(f"x{i}" for i in range(len(xs)))
    return lower(Call(f, tuple(key_of(x) for x in xs), names, None, list(xs)), outputs).program


def asked(program: Program, xs: Sequence[float], change: Callable[[Any], Any], **options: Any) -> str:
    samples = (np.array([xs, xs, xs]),) if program.batched else ()
    shared = [] if program.batched else list(xs)
    return reference(program, shared, samples).disagreement(Off(program, change), Options(**options))


@given(graphs(max_size=10), st.sampled_from([1.0 + 1e-6, -1.0, 1.0 - 1e-9]))
def test_a_factor_is_noticed_and_no_program_is_suspected(graph: Graph, factor: float) -> None:
    program = lowered(graph, graph.point)
    assert asked(program, graph.point, lambda outputs: outputs, exact=True) == ""
    assert asked(program, graph.point, lambda outputs: outputs) == ""
    largest = np.abs(python.build(program, Options()).run(np.array(graph.point), ())).max()
    if 1e-290 < largest < 1e290:  # a factor changes neither 0 nor inf, and denormal numbers have fewer digits
        assert "recorded graph gives" in asked(program, graph.point, lambda outputs: outputs * factor, exact=True)


def test_reordered_sums_are_rounding_where_they_cancel() -> None:
    """1e8 − 1e8 + 1: in another order the result has half its digits left, and that is all right."""
    rng = random.Random(0)
    terms = [rng.uniform(-1.0, 1.0) * 1e8 for _ in range(200)]
    xs = [*terms, 1.0, *(-x for x in terms)]
    program = lowered(lambda *xs: autograd.total(xs), xs)
    reordered = math.fsum(xs)

    def other_order(outputs: Any) -> Any:
        return np.concatenate([[reordered], outputs[1:]]) if not isinstance(outputs, int) else outputs

    assert program.outputs
    exact_answer = python.build(program, Options()).run(np.array(xs), ())[0]
    assert exact_answer != reordered, "nothing was reordered"
    one_point = replace(program, equations=program.equations)
    known = reference(one_point, xs, (), frozenset(range(len(xs))))
    off = Off(one_point, lambda out: out + (reordered - exact_answer) * (np.arange(len(out)) == 0))
    assert known.disagreement(off, Options()) == ""
    off = Off(one_point, lambda out: out + 0.1 * (np.arange(len(out)) == 0))
    wrong = known.disagreement(off, Options())
    assert wrong.startswith("output 0 is ")


@pytest.mark.parametrize("outputs", [GRADIENT, SAMPLES])
def test_means_and_samples_are_looked_at(outputs: str) -> None:
    program = replace(lowered(lambda x, y: x * y, [2.0, 3.0], outputs), batched=(0, 1))
    assert asked(program, [2.0, 3.0], lambda found: found) == ""
    assert asked(program, [2.0, 3.0], lambda found: found + 1e-6) != ""


def test_guards_are_looked_at() -> None:
    guarded = lowered(lambda x: x if x > 1.0 else -x, [2.0])
    assert asked(guarded, [2.0], lambda found: found) == ""
    assert "answers with 0" in asked(guarded, [2.0], lambda found: 0)
    assert "guard 0 does not hold" in asked(guarded, [0.5], lambda found: np.zeros(2))


@pytest.mark.parametrize(("dtype", "option"), [("float64", "exact=True"), ("float32", 'dtype="float64"')])
def test_a_comparison_that_a_rounding_decides_blames_no_back_end(
    dtype: str, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two orders of one sum: which is larger hangs on the last digit, and so on the back end."""

    def f(x: Any) -> Any:
        return x if (x + 0.1) + 0.2 > x + (0.1 + 0.2) else -x

    monkeypatch.setitem(backends.BUILD, "numpy", lambda forms, options: Off(forms.program, lambda found: 0))
    fast = autograd.compile(f, backend="numpy", dtype=dtype)
    with pytest.warns(
        RuntimeWarning, match=f"comparison comes out differently at .*Python.* {option} does as"
    ) as caught:
        assert fast(0.7) == f(0.7)
    assert not any("report" in str(each.message) for each in caught)
    assert fast.explain().startswith("back end: python")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_guard_that_is_off_by_more_than_roundings_is_a_fault(dtype: str) -> None:
    guarded = lowered(lambda x: x if x > 1.0 else -x, [2.0])
    known = reference(guarded, [2.0])
    off = Off(guarded, lambda found: 0)
    assert known.disagreement(off, Options(backend="numpy", dtype=dtype)).startswith("guard None does not hold")


def test_the_first_guard_in_the_order_of_recording_is_the_answer() -> None:
    """Also where a later one could be asked before it."""
    guards = (Guard("truth", 1, 0.0, False, "a:1"), Guard("truth", 0, 0.0, False, "a:2"))
    program = Program(("x",), (Equation(rules.neg, (0,)),), guards, (1,))
    for build in backends.BUILD.values():
        assert build(Forms(program), Options()).run(np.array([0.5]), ()) == 0


def test_a_jump_may_fall_on_either_side_of_a_rounding() -> None:
    """floor(0.1 + 0.2 + … ) may differ by one: that is not a fault of the back end."""
    equations = (Equation(rules.total, (0, 0, 0)), Equation(rules.sub, (1, 0.3)), Equation(rules.sign, (2,)))
    program = Program(("x",), equations, (), (3,))
    off = Off(program, lambda found: -found)
    assert reference(program, [0.1], (), frozenset([0])).disagreement(off, Options()) == ""
    assert reference(program, [0.2], (), frozenset([0])).disagreement(off, Options()) != ""


def test_a_wrong_back_end_is_replaced_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(backends.BUILD, "numpy", lambda forms, options: Off(forms.program, lambda found: found + 1.0))
    w = Value(2.0)
    fast = autograd.compile(lambda x: w * x, parameters=[w], backend="numpy")
    with pytest.warns(RuntimeWarning, match="numpy does not compute the recorded graph: output 0 .*report"):
        assert fast(3.0)[0] == 6.0
    assert fast.explain().startswith("back end: python")


@pytest.mark.parametrize("way", ["gradient", "vjp", "hvp", "jacobian"])
def test_a_number_where_eager_code_gives_nan_is_noticed(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 · ∞: the derivative of √x · y at the origin."""
    monkeypatch.setattr(derived, "SMALL", 0)
    monkeypatch.setitem(backends.BUILD, "numpy", lambda forms, options: Off(forms.program, np.nan_to_num))
    root = autograd.compile(lambda x: autograd.sqrt(x[0]) * x[1], backend="numpy")
    roots = autograd.compile(lambda x: [autograd.sqrt(x[0]) * x[1], x[0], x[1]], backend="numpy")
    asks: dict[str, Callable[[], Any]] = {
        "gradient": lambda: root.value_and_grad([0.0, 0.0])[1][0],
        "vjp": lambda: root.vjp(([0.0, 0.0],), 1.0)[1][0][0],
        "hvp": lambda: root.hvp(([0.0, 0.0],), ([1.0, 1.0],))[1][0],
        "jacobian": lambda: roots.jacobian([0.0, 0.0])[0][0],
    }
    with pytest.warns(RuntimeWarning, match="is 0.0 where the recorded graph gives nan"):
        assert math.isnan(asks[way]())


def long(x: Any) -> Any:
    """More operations than Python is quick at."""
    for _ in range(1000):
        x = autograd.sin(x) * 1.5
    return x


@pytest.mark.parametrize(("broken", "left"), [(["llvm"], "numpy"), (["numpy"], "llvm"), (["numpy", "llvm"], "python")])
def test_f2_a_wrong_back_end_is_replaced_by_the_next_best(
    broken: list[str], left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever was asked for; what is left is asked in the order of expected cost."""
    costs = {"llvm": 1.0, "numpy": 2.0, "python": 3.0}

    def estimates(forms: Any, options: Options, samples: int, failed: Any = ()) -> list[backends.Estimate]:
        made = {name: lambda name=name: backends.BUILD[name](forms, options) for name in costs}
        return [backends.Estimate(name, cost, 0.0, made[name]) for name, cost in costs.items()]

    for name in broken:
        monkeypatch.setitem(backends.BUILD, name, lambda forms, options: Off(forms.program, lambda found: found + 1.0))
    monkeypatch.setattr(backends, "estimates", estimates)
    for backend in ("auto", broken[0]):
        if backend == "auto" and broken == ["numpy"]:
            continue
        fast = autograd.compile(long, backend=backend)
        with pytest.warns(
            RuntimeWarning, match="does not compute the recorded graph.* runs the program instead"
        ) as caught:
            assert fast(0.5) == pytest.approx(long(0.5), rel=1e-9)
        assert len(caught) == len(broken)
        assert fast.explain().startswith(f"back end: {left}")
        assert pickle.loads(pickle.dumps(fast))(0.5) == fast(0.5)


def test_a_wrong_reference_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(backends.BUILD, "python", lambda forms, options: Off(forms.program, lambda found: found + 1.0))
    with pytest.raises(CompileError, match="does not compute what was recorded"):
        autograd.compile(lambda x: x * x, backend="python")(3.0)


def whirl(x: Any, speed: Any) -> Any:
    """A pendulum of 300 steps: bounds that follow each of its roundings reach far beyond its numbers."""
    for _ in range(300):
        speed = speed - 0.1 * autograd.sin(x)
        x = x + 0.1 * speed
    return x


def test_a_wrong_gradient_of_a_long_loop_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """One digit of ten is, though roundings are not."""
    made = lower(Call(whirl, (key_of(1.0),) * 2, ("x", "speed"), None, [1.0, 0.2]), GRADIENT)
    known, right = Reference(made, [1.0, 0.2], ()), [*made.found, *made.slopes]
    known.points = known.points[:1]
    monkeypatch.setattr(bounds, "EASY", 0.0)
    assert known.disagreement(Fixed(right), Options()) == ""
    assert known.disagreement(Fixed([x * (1.0 + 1e-14) for x in right]), Options()) == ""
    for place in range(3):
        wrong = [x * (1.0 + 1e-9 * (place == i)) for i, x in enumerate(right)]
        assert known.disagreement(Fixed(wrong), Options()).startswith(f"output {place} is ")
    assert not is_differentiated(made)


class Fixed:
    """A back end that gives these outputs."""

    def __init__(self, outputs: Sequence[float]) -> None:
        self.outputs, self.source = np.array(outputs), ""

    def run(self, shared: Any, samples: Sequence[Any]) -> Any:
        return self.outputs


def test_chaos_has_no_digits_to_compare() -> None:
    """100 steps of the logistic map double an error a hundred times: no order of operations is the right one."""

    def chaos(x: Any) -> Any:
        for _ in range(100):
            x = 3.99 * x * (1.0 - x)
        return x

    made = lower(Call(chaos, (key_of(1.0),), ("x",), None, [0.3]), GRADIENT)
    known = Reference(
        made,
        [0.3],
        (),
    )
    nearby = lower(Call(chaos, (key_of(1.0),), ("x",), None, [0.3 + 1e-16]), GRADIENT)
    known.points = known.points[:1]
    assert known.disagreement(Fixed([*nearby.found, *nearby.slopes]), Options()) == ""
    assert known.disagreement(Fixed([math.nan, 0.0]), Options()) != ""


def test_a_number_that_cancels_has_digits_though_none_of_its_own() -> None:
    """sin² + cos² is constant: its derivative is a rounding, which a derivative that is not 0 is not."""
    made = lower(
        Call(lambda x: autograd.sin(x) ** 2 + autograd.cos(x) ** 2, (key_of(1.0),), ("x",), None, [0.7]), GRADIENT
    )
    known = Reference(made, [0.7], ())
    known.points = known.points[:1]
    assert known.disagreement(Fixed([1.0, 1e-15]), Options()) == ""
    assert known.disagreement(Fixed([1.0, 1e-9]), Options()).startswith("output 1 is ")


def test_integers_stay_integers_for_an_index() -> None:
    """Random errors do not reach what `pick` looks at, nor what is computed from it."""
    program = Program(("i", "x"), (Equation(rules.add, (0, 1.0)), Equation(rules.pick, (2, 1, 1, 7.0))), (), (3,))
    assert perturbed(program, [1.0, 2.0], lambda *operation: 1.5, indices={0}) == [1.0, 3.0, 2.0, 7.0]


def first_beyond(program: Program, x: float, given: float) -> bool:
    """Whether the first output, at inputs that are all x, is further off than roundings reach."""
    row = [x] * len(program.names)
    wanted = interpret(program, row)[-1]
    return bool(Perturbed(program, [row]).beyond([[wanted]], [[given]], [(0, 0)], lambda columns: [[columns[0][0]]]))


def test_numbers_without_all_their_digits_are_no_fault() -> None:
    """Machine code has 0 for some of them."""
    made = lower(Call(autograd.sinh, (key_of(1.0),), ("x",), None, [5e-324]))
    known = Reference(made, [5e-324], ())
    known.points = known.points[:1]
    assert known.disagreement(Fixed([0.0]), Options()) == ""


def test_equal_terms_of_a_sum_are_rounded_alike() -> None:
    """Their errors add up, while independent ones are as large as that of a hundred of these 10 000."""
    count, x = 10_000, 3e4
    names = tuple(f"x{i}" for i in range(count))
    squares = [Equation(rules.square, (i,)) for i in range(count)]
    sines = [Equation(rules.sin, (count + i,)) for i in range(count)]
    total = Equation(rules.total, tuple(range(2 * count, 3 * count)))
    program = Program(names, (*squares, *sines, total), (), (3 * count,))
    off = ULPS * bounds.UNIT["float64"]
    assert not first_beyond(program, x, count * math.sin(x * x * (1.0 + off)))
    assert first_beyond(program, x, count * math.sin(x * x * (1.0 + 1000.0 * off)))


def test_equal_numbers_may_be_computed_in_two_ways() -> None:
    """Then their difference is a rounding, where that of equal errors is 0."""
    program = Program(
        ("x",), (Equation(rules.exp, (0,)), Equation(rules.exp, (0,)), Equation(rules.sub, (1, 2))), (), (3,)
    )
    assert not first_beyond(program, 5.0, ULPS * math.ulp(math.exp(5.0)))
    assert first_beyond(program, 5.0, 1e-6)


class InFloat32:
    """A back end that rounds every input, constant and result to float32, and nothing else."""

    def __init__(self, made: Lowered) -> None:
        self.program, self.source = made.program, ""

    def run(self, shared: Any, samples: Sequence[Any]) -> Any:
        numbers = [self.rounded(x) for x in shared]
        for row, operands in self.program.equations:
            numbers.append(self.rounded(row.value(*[self.number(numbers, x) for x in operands])))
        for place, guard in enumerate(self.program.guards):
            sides = [self.number(numbers, x) for x in (guard.left, guard.right)]
            if RELATIONS[guard.relation](*sides) is not guard.outcome:
                return place
        return np.array([self.number(numbers, x) for x in self.program.outputs])

    def number(self, numbers: Sequence[float], atom: int | float) -> float:
        return numbers[atom] if isinstance(atom, int) else self.rounded(atom)

    def rounded(self, x: Any) -> float:
        with np.errstate(over="ignore"):
            return float(np.float32(x))


@given(graphs(max_size=8), st.sampled_from([1, 2, 19, 60]))
def test_what_only_rounds_is_never_suspected(graph: Graph, count: int) -> None:
    """Though equal copies are rounded alike."""
    names = tuple(f"x{i}" for i in range(len(graph.point)))
    keys = tuple(key_of(x) for x in graph.point)
    made = lower(Call(lambda *xs: sum(graph(*xs) for _ in range(count)), keys, names, None, graph.point), GRADIENT)
    wrong = Reference(made, graph.point, ()).disagreement(InFloat32(made), Options(backend="numpy", dtype="float32"))
    assert wrong == "" or wrong.startswith(ROUNDED), wrong


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_end_of_a_domain_blames_no_back_end(dtype: str) -> None:
    """Roundings decide whether asin has a value there; at a point near by nobody has asked for one."""
    x = math.nextafter(1.0, 0.0)
    made = lower(Call(autograd.asin, (key_of(1.0),), ("x",), None, [x]), GRADIENT)
    known = Reference(made, [x], ())
    known.points = known.points[:1]
    wrong = known.disagreement(Fixed([math.nan, math.nan]), Options(dtype=dtype))
    assert wrong.endswith("leaves the domain of a function, or reaches it")
    inside = Reference(lower(Call(autograd.asin, (key_of(1.0),), ("x",), None, [0.5]), GRADIENT), [0.5], ())
    inside.points = inside.points[:1]
    assert "is nan where" in inside.disagreement(Fixed([math.nan, math.nan]), Options(dtype=dtype))


@pytest.mark.parametrize("exact", [False, True])
def test_a_rule_that_raises_near_the_recorded_point_is_not_asked_there(exact: bool) -> None:
    with defined("cubed", lambda x: x * x * x, lambda out, x: 3.0 * x**2) as cubed:  # from 1.35e154 on OverflowError
        fast = autograd.compile(lambda x: -cubed(x), exact=exact)
        assert fast.value_and_grad(1.3e154) == (-math.inf, -math.inf)
        with pytest.raises(OverflowError):
            autograd.compile(lambda x: -cubed(x), exact=exact).value_and_grad(1.4e154)
