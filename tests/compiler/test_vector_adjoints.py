"""Derivatives of vector programs: against the scalar chain rule, on structures of every kind."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import autograd
from autograd import PRIMITIVES, Value, clip, log, logsumexp, maximum, pick, relu, sqrt, tanh, where
from autograd.compiler import lower as lower_module
from autograd.compiler.lower import Call, Lowered, lower
from autograd.compiler.numpy_backend.runner import NumpyRunner
from autograd.compiler.options import Options
from autograd.compiler.passes import shared
from autograd.compiler.program import compute
from autograd.compiler.specialization import forms_of
from autograd.compiler.vector.partials import rule_of
from autograd.compiler.vector.program import VectorProgram, check
from autograd.compiler.verify import Reference
from autograd.primitive import Primitive
from autograd.structure import key_of
from tests.compiler.references import is_differentiated
from tests.support.examples import examples

pytestmark = pytest.mark.slow


def recorded(f: Callable[..., Any], arguments: dict[str, Any], *batch: str) -> Lowered:
    numbers = [x for each in arguments.values() for x in np.ravel(each).tolist()]
    keys = tuple(key_of(each) for each in arguments.values())
    return lower(Call(f, keys, tuple(arguments), None, numbers, frozenset(batch)), "gradient")


def vectors_of(f: Callable[..., Any], arguments: dict[str, Any], *batch: str, samples: int = 3) -> VectorProgram:
    """The vector program of value and gradient, compared with that of the scalar chain rule, sample by sample."""
    found = recorded(f, arguments, *batch)
    forms = forms_of(found, Options())
    vectors = check(forms.vectors)
    assert not is_differentiated(found), "the scalar program was not needed"
    at, program = found.at, found.forward
    shared = [at[place] for place in program.shared]
    rows = np.array([[at[place] * (1.0 + 0.25 * i) for place in program.batched] for i in range(samples)])
    pieces = (rows,) if batch else ()
    runner = NumpyRunner(vectors)
    known = Reference(found, shared, pieces)
    assert known.disagreement(runner, Options()) == ""
    found.program  # noqa: B018 (from now on the reference is the program in equations)
    assert Reference(found, shared, pieces).disagreement(runner, Options()) == ""
    return vectors


# --- rules ------------------------------------------------------------------------------------------------------------


def bits(x: float | None) -> bytes | None:
    return None if x is None else np.float64(x).tobytes()


@pytest.mark.parametrize("row", list(PRIMITIVES.values()), ids=lambda row: row.name)
@given(data=st.data())
@examples(15)
def test_a_rule_gives_the_partials_of_its_row(row: Primitive, data: st.DataObject) -> None:
    """To the bit, with any of the operands constant; of a constant there is none."""
    count = row.arity or data.draw(st.sampled_from([3, 5]))
    numbers = [data.draw(st.floats(-3.0, 3.0)) for _ in range(count)]
    if row is autograd.rules.pick:
        numbers[0] = float(data.draw(st.integers(0, count - 2)))
    fixed = [x if data.draw(st.booleans()) else None for x in numbers]
    assume(None in fixed)
    out = float(row.value(*numbers))
    rule = rule_of(row, fixed)
    columns = [[x] for x in (*numbers, out)]
    compute(rule.equations, columns, 1)
    at = [column[0] for column in columns]
    is_open = rule.gate is None or bool(at[rule.gate] if type(rule.gate) is int else rule.gate)
    given_ = [each if type(each) is not int else at[each] for each in (rule.yes if is_open else rule.no)]
    wanted = row.partials_at(out, numbers)
    for x, constant, found in zip(wanted, fixed, given_, strict=True):
        if constant is None:
            assert bits(found) == bits(x) or (x is not None and x != x) or same_formula(row, found, x)
        else:
            assert found is None


def same_formula(row: Primitive, found: float | None, wanted: float | None) -> bool:
    """Where a rule takes a shorter way for floats, it may differ in the last places."""
    return found is not None and wanted is not None and math.isclose(found, wanted, rel_tol=4 * 2.0**-52)


# --- structures -------------------------------------------------------------------------------------------------------


def net(sizes: Sequence[int], hidden: Callable[[Any], Any], mixed: bool) -> tuple[Callable[..., Any], dict[str, Any]]:
    """½ ‖ŷ − y‖² with weights as an argument, in plain operators."""

    def loss(w: list[Any], x: list[Any], y: list[Any]) -> Any:
        weights = iter(w)
        a = x
        for i, n in enumerate(sizes[1:]):
            z = []
            for j in range(n):
                products = [
                    next(weights) * each if not mixed or (i + j + k) % 2 else each * next(weights)
                    for k, each in enumerate(a)
                ]
                z.append(sum(products, next(weights)))
            a = [hidden(each) for each in z]
        return sum([(q - t) ** 2 for q, t in zip(a, y, strict=True)]) * 0.5

    count = sum(n * (m + 1) for m, n in pairwise(sizes))
    w = [math.sin(1.0 + 0.7 * i) for i in range(count)]
    return loss, {"w": w, "x": [0.3 + 0.2 * i for i in range(sizes[0])], "y": [0.1] * sizes[-1]}


SMOOTH = ["tanh", "sigmoid", "exp", "softplus", "silu", "gelu", "sin", "atan", "relu", "elu", "leaky_relu", "abs"]


@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=4),
    st.sampled_from(SMOOTH),
    st.booleans(),
    st.sampled_from([(), ("x", "y"), ("x",), ("w",), ("w", "x", "y")]),
)
def test_networks_with_every_kind_of_batch(sizes: list[int], name: str, mixed: bool, batch: tuple[str, ...]) -> None:
    function = {"elu": lambda x: autograd.elu(x, 0.5), "leaky_relu": lambda x: autograd.leaky_relu(x, 0.1)}
    loss, arguments = net(sizes, function.get(name, getattr(autograd, name, abs)), mixed)
    vectors_of(loss, arguments, *batch)


def over_vectors(x: list[Any], y: list[Any]) -> dict[str, Callable[[], Any]]:
    """Losses of two vectors of four numbers."""
    return {
        "softmax": lambda: sum([p * t for p, t in zip(autograd.softmax(x), y, strict=True)]),
        "logsumexp": lambda: logsumexp(x) - x[1] + logsumexp(y),
        "maximum": lambda: maximum(*x) * maximum(*y) + maximum(x[0], y[0]),
        "prod": lambda: autograd.prod(x) * autograd.prod([*y[:2], *x[:2]]),
        "norm": lambda: autograd.norm(x) + autograd.norm([a - b for a, b in zip(x, y, strict=True)]),
        "attention": lambda: attention(x, y),
        "powers": lambda: sum([abs(a) ** b for a, b in zip(x, y, strict=True)]) + sum([2.0**a for a in x]),
        "clip": lambda: sum([clip(a * b, -0.5, 0.5) + relu(a - b) for a, b in zip(x, y, strict=True)]),
        "mean": lambda: autograd.mean(x) * autograd.mean([a * a for a in x]) + autograd.total(y),
        "shared terms": lambda: sum([tanh(x[0] * b) for b in y]) + x[0] * x[0] + x[0],
        "some lanes": lambda: tanh(x[2] * y[1]) + tanh(x[0] * y[3]) * 0.0,
        "squares": lambda: sum([a * a * a for a in x]) + sum([b * b for b in y]),
        "constant": lambda: 3.0,
        "linear": lambda: x[0] * 3.0 - y[2],
    }


def attention(x: list[Any], y: list[Any]) -> Any:
    """Causal attention of four tokens of one number."""
    found = []
    for i in range(len(x)):
        weights = autograd.softmax([x[i] * y[j] for j in range(i + 1)])
        found.append(sum([p * y[j] for j, p in enumerate(weights)]))
    return sum([each * each for each in found])


@pytest.mark.parametrize("batch", [(), ("x",), ("y",), ("x", "y")], ids=str)
@pytest.mark.parametrize("name", over_vectors([0.0] * 4, [0.0] * 4))
def test_losses_of_vectors(name: str, batch: tuple[str, ...]) -> None:
    arguments = {"x": [0.5, -0.7, 1.25, 0.3], "y": [0.9, 0.2, -1.1, 0.4]}
    vectors_of(lambda x, y: over_vectors(x, y)[name](), arguments, *batch)


# --- gates ------------------------------------------------------------------------------------------------------------


def gradient(f: Callable[..., Any], *args: Any, **options: Any) -> Any:
    return autograd.compile(f, backend="numpy", **options).value_and_grad(*args)[1]


GATED: dict[str, Callable[[Any], Any]] = {
    "log": lambda x: where(x > 0.0, log(x), 0.0),
    "log of a square": lambda x: where(x > 0.0, log(x * x), x),
    "sqrt": lambda x: where(x > 0.0, sqrt(x), 2.0 * x),
    "nested": lambda x: where(x > 0.0, where(x > 1.0, log(x - 1.0), sqrt(x)), x),
    "open too": lambda x: where(x > 0.0, sqrt(x), 0.0) + sqrt(x * x + 1.0),
}


@pytest.mark.parametrize("name", GATED)
@pytest.mark.parametrize("x", [-1.0, 0.0, 0.5, 1.0, 2.0])
def test_nothing_flows_through_a_branch_that_is_not_taken(name: str, x: float) -> None:
    """The derivative there may be infinite or nan; with a batch, some samples take it and some do not."""
    leaf = Value(x)
    out = GATED[name](leaf)
    out.backward()
    assert gradient(GATED[name], x) == leaf.grad
    points = [-1.0, x, 2.0]
    leaves = [Value(each) for each in points]
    autograd.mean([GATED[name](each) for each in leaves]).backward()
    assert gradient(GATED[name], points, batch=("x",)) == pytest.approx(sum(each.grad for each in leaves), rel=1e-15)


def test_lanes_of_one_step_may_be_behind_a_gate_and_not() -> None:
    """√0 twice: once behind a gate, where nothing flows, and once not, where 0 · ∞ is nan as in eager code."""

    def f(x: list[Any]) -> Any:
        behind, plain = sqrt(x[0]), sqrt(x[1])
        return where(x[0] > 0.0, behind, x[0]) + plain * x[2]

    found = gradient(f, [0.0, 0.0, 0.0])
    leaves = [Value(0.0) for _ in range(3)]
    f(leaves).backward()
    assert found[0] == leaves[0].grad == 1.0
    assert math.isnan(found[1])
    assert math.isnan(leaves[1].grad)


def test_rows_of_a_product_may_be_behind_a_gate() -> None:
    """√0 as weights: of the row behind a gate nothing flows into the roots, of the other one 0 · ∞ does."""

    def f(w: list[Any], x: list[Any]) -> Any:
        roots = [[sqrt(each) for each in row] for row in w]
        z = [sum([a * b for a, b in zip(row, x, strict=True)]) for row in roots]
        return where(x[0] > 0.0, z[0], x[1]) + z[1] * x[0]

    arguments = [[[0.0] * 3, [0.0] * 3], [0.0] * 3]
    found = gradient(f, *arguments)[0]
    w = [[Value(0.0) for _ in range(3)] for _ in range(2)]
    f(w, [Value(0.0) for _ in range(3)]).backward()
    for row, leaves in zip(found, w, strict=True):
        assert [repr(x) for x in row] == [repr(leaf.grad) for leaf in leaves]


ACCIDENTS: dict[str, Callable[[Any], Any]] = {
    "square": lambda x: where(x >= 0.0, sqrt(x) ** 2, x),
    "nested": lambda x: where(x >= -1.5, where(x >= 0.0, sqrt(x) ** 2, 3.0), log(x + 1.5)),
    "two branches": lambda x: where(x >= -1.0, sqrt(x * x) * x, 1.0) + where(x >= 0.5, log(x), sqrt(x + 1.0)),
    "dot": lambda x: where(x >= -0.5, autograd.dot([x, autograd.cbrt(x)], [autograd.cbrt(x), x]), x),
}


@pytest.mark.parametrize("batch", [(), ("x",)], ids=str)
@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("name", ACCIDENTS)
def test_an_adjoint_that_is_0_by_accident_meets_an_infinity_as_in_eager_code(
    name: str, backend: Any, batch: tuple[str, ...]
) -> None:
    """0 · ∞ is nan where something flows, and nothing where the branch is not taken."""
    f, xs = ACCIDENTS[name], [-1.0, -0.25, 0.0, 0.5, 1.0, 2.0]
    leaves = [Value(x) for x in xs]
    for leaf in leaves:
        f(leaf).backward()
    wanted = [leaf.grad for leaf in leaves]
    assert 0 < sum(map(math.isnan, wanted)) < len(xs)
    if batch:
        found = autograd.compile(f, backend=backend, batch=batch).map_grad(xs)
    else:
        found = autograd.compile(lambda xs: sum([f(x) for x in xs]), backend=backend).value_and_grad(xs)[1]
    assert list(found) == pytest.approx(wanted, rel=1e-14, nan_ok=True)


@pytest.mark.parametrize("backend", ["python", "numpy", "llvm"])
def test_second_derivatives_at_a_tip_are_nan_in_every_mode(backend: Any) -> None:
    """‖x‖² at the origin (decision 3d): numpy had the confident product 0 where the limit is 2 v."""

    def f(x: Any) -> Any:
        return autograd.norm(x) ** 2

    fast = autograd.compile(f, backend=backend)
    origin, along = [0.0, 0.0], [1.0, 0.0]
    assert all(map(math.isnan, fast.hvp((origin,), (along,))[1]))
    assert np.isnan(fast.hessian(origin)).all()
    inner = autograd.compile(lambda x: autograd.functional.hvp(f, (x,), (along,))[1][0], backend=backend)
    assert math.isnan(inner.value(origin))


@pytest.mark.parametrize("x", [-1.0, 0.5, 2.0])
def test_columns_of_a_product_that_nothing_flows_to(x: float) -> None:
    """∛0 behind a product whose rows have a gate each: eager code multiplies its slope where one of them is open."""
    w = [[1.0, 2.0, 3.0], [-1.0, 2.0, 1.0], [0.5, 0.0, 1.0]]

    def f(x: Any, u: list[list[Any]], w: Any) -> Any:
        roots = [[autograd.cbrt(each) for each in row] for row in u]
        z = [[sum([a * b for a, b in zip(row, root, strict=True)]) for row in w] for root in roots]
        return sum([where(x > float(i), each, 0.0) for row in z for i, each in enumerate(row)])

    u = [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 2.0]]
    leaves = [[Value(each) for each in row] for row in u]
    Value.backward(f(Value(x), leaves, [[Value(each) for each in row] for row in w]))
    found = gradient(f, x, u, w)[1]
    for row, of_row in zip(found, leaves, strict=True):
        assert list(row) == pytest.approx([leaf.grad for leaf in of_row], rel=1e-14, nan_ok=True)


def test_a_where_without_a_batch_needs_no_second_recording() -> None:
    fast = autograd.compile(lambda x: where(x > 0.0, x * x, -x), backend="numpy")
    assert (fast.value_and_grad(3.0), fast.value_and_grad(-3.0)) == ((9.0, 6.0), (3.0, -1.0))
    assert "recordings: 1" in fast.explain()


# --- what is held constant ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["python", "numpy", "llvm", "auto"])
@pytest.mark.parametrize("batch", [(), ("x",)], ids=str)
def test_nothing_flows_through_a_detached_number(backend: str, batch: tuple[str, ...]) -> None:
    """Alone, twice, of a sum and of a parameter, next to the same number with a gradient."""
    w = [Value(0.5), Value(-1.5), Value(2.0)]

    def f(x: Any) -> Any:
        products = [each * x for each in w]
        held = [each.detach() for each in products]
        shift = sum(held).detach()
        return sum([a * b + tanh(a - shift) * b for a, b in zip(products, held, strict=True)]) + w[0].detach() * w[1]

    x = 0.75
    for each in w:
        each.zero_grad()
    f(x).backward()
    fast = autograd.compile(f, parameters=w, batch=batch, backend=backend)
    value, found = fast.value_and_grad([x, x] if batch else x)
    assert value == pytest.approx(f(x).data, rel=1e-15)
    assert found.tolist() == pytest.approx([each.grad for each in w], rel=1e-14)


def test_a_pass_that_changes_the_function_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference is what was recorded, before any pass."""
    monkeypatch.setattr(lower_module, "shared", lambda program, keeps_detached: shared(program))
    w = Value(3.0)
    fast = autograd.compile(lambda x: (w * x).detach() * w, parameters=[w], backend="numpy")
    with pytest.warns(RuntimeWarning, match="numpy does not compute the recorded graph"):
        assert fast.value_and_grad(2.0)[1].tolist() == [6.0]


# --- size -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tokens", [4, 12])
def test_the_number_of_steps_does_not_depend_on_the_number_of_lanes(tokens: int) -> None:
    def loss(x: list[Any], w: list[Any]) -> Any:
        return sum([tanh(sum([a * b for a, b in zip(x[i : i + 3], w, strict=True)])) for i in range(tokens)])

    vectors = vectors_of(loss, {"x": [0.1 * i for i in range(tokens + 2)], "w": [0.5, -0.2, 0.1]})
    assert len(vectors.steps) <= 9
    assert Counter(step.form for step in vectors.steps)["pairs"] <= 4


def test_a_product_of_matrices_has_two_products_as_its_adjoint() -> None:
    def loss(a: list[list[Any]], b: list[list[Any]]) -> Any:
        columns = list(zip(*b, strict=True))
        products = [[sum([p * q for p, q in zip(row, column, strict=True)]) for column in columns] for row in a]
        return sum([tanh(each) for row in products for each in row])

    matrix = [[0.1 * (3 * i - 2 * j) for j in range(4)] for i in range(5)]
    vectors = vectors_of(loss, {"a": matrix, "b": [list(row) for row in zip(*matrix, strict=True)]})
    assert Counter(step.form for step in vectors.steps)["product"] == 3


def test_the_gradient_of_an_embedding_is_one_product() -> None:
    """Which token it is, is asked once for all columns of the table."""
    letters, width, tokens = 6, 4, [2.0, 0.0, 5.0]

    def loss(table: list[list[Any]], tokens: list[Any]) -> Any:
        return sum([tanh(pick(list(column), t)) for t in tokens for column in zip(*table, strict=True)])

    table = [[0.1 * (3 * i - 2 * j) for j in range(width)] for i in range(letters)]
    vectors = forms_of(recorded(loss, {"table": table, "tokens": tokens}, "tokens"), Options()).vectors
    assert [sorted(step.shape) for step in vectors.steps if step.form == "mean_product"] == [[width, letters]]
    assert [step.size for step in vectors.steps if step.row is PRIMITIVES["equal"]] == [letters * len(tokens)]
    leaves = [[Value(x) for x in row] for row in table]
    loss(leaves, [2, 0, 5]).backward()
    found = autograd.compile(loss, batch=("tokens",), backend="numpy").value_and_grad(table, [tokens])[1][0]
    assert np.asarray(found).ravel() == pytest.approx([leaf.grad for row in leaves for leaf in row], rel=1e-14)


def test_pick_in_a_batch() -> None:
    def loss(w: list[Any], x: Any, target: Any) -> Any:
        return logsumexp([each * x for each in w]) - pick([each * x for each in w], target)

    fast = autograd.compile(loss, batch=("x", "target"), backend="numpy")
    w, xs, targets = [0.5, -1.0, 2.0], [1.0, 2.0, -0.5], [0, 2, 1]
    leaves = [Value(each) for each in w]
    autograd.mean([loss(leaves, x, t) for x, t in zip(xs, targets, strict=True)]).backward()
    assert fast.value_and_grad(w, xs, targets)[1][0] == pytest.approx([each.grad for each in leaves], rel=1e-14)
