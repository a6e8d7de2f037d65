"""The explorer page: its boxes, the comparison of two graphs, and what it refuses."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given

import nn
from autograd import CompileError, GraphError, Value, compile, cos, debug, dot, explore, replay, tanh, total
from autograd.cli.main import main
from autograd.debugging.naming import Names
from autograd.drawing.modules import membership
from autograd.exploring.columns import floats, integers, names, read
from autograd.exploring.compare import NONE, mates
from autograd.exploring.film import film_of
from autograd.exploring.tree import MOST, Tree, tree_of
from autograd.graph import topological
from autograd.strategies import Graph, graphs
from tests.exploring.test_replay import data_in, film_in
from tests.support.examples import examples


def tree(root: Value) -> Tree:
    order = topological(root)
    return tree_of(order, membership(order).scopes, Names(order).of)


def items(found: Tree) -> Counter[int]:
    """How many values and boxes each box contains."""
    return Counter(found.of.values()) + Counter(found.parents[1:])


def scalar_net(calls: int) -> Value:
    """Unrelated calls of one function, each of two lines."""

    def cell(x: Value) -> Value:
        h = x * x + 1.0
        return tanh(h) * 2.0

    with debug():
        return total([cell(Value(float(i))) for i in range(calls)])


# --- boxes ------------------------------------------------------------------------------------------------------------


@examples(25)
@given(graphs())
def test_every_value_is_in_one_box_and_the_counts_add_up(graph: Graph) -> None:
    root: Value = graph(*[Value(x) for x in graph.inputs])
    found = tree(root)
    order = topological(root)
    assert found.of.keys() == set(order)
    assert all(outer < box for box, outer in enumerate(found.parents[1:], start=1))
    sizes = Counter(found.of.values())
    for box in range(len(found.parents) - 1, 0, -1):
        sizes[found.parents[box]] += sizes[box]
    assert sizes[0] == len(order)
    assert max(items(found).values()) <= MOST
    assert all(items(found)[box] > 1 for box in range(1, len(found.parents)))


def test_calls_and_lines_are_boxes() -> None:
    found = tree(scalar_net(5))
    kinds = Counter(zip(found.kinds, found.titles, strict=True))
    assert kinds["call", "scalar_net.<locals>.cell"] == 5
    assert kinds["line", "h = x * x + 1.0"] == kinds["line", "return tanh(h) * 2.0"] == 5


def test_what_is_too_much_for_a_box_is_divided() -> None:
    found = tree(scalar_net(3 * MOST))
    assert Counter(found.kinds)["call"] == 3 * MOST
    assert "part" in found.kinds
    assert max(items(found).values()) <= MOST


def test_parts_follow_the_computation() -> None:
    """A loop, cut into parts: no part needs a later one."""
    x = Value(0.5)
    for _ in range(500):
        x = tanh(x * 0.9)
    found = tree(x)
    parts = [found.of[node] for node in topological(x)]
    assert parts == sorted(parts)


def test_modules_are_boxes_and_a_shared_leaf_belongs_to_all_that_use_it() -> None:
    model = nn.MLP(2, [3, 1], hidden="tanh", seed=0)
    x = Value(1.0)  # unnamed
    loss = nn.half_squared_error(model([x, 0.5]), 0.0)
    found = tree(loss)
    layers = [box for box, title in enumerate(found.titles) if title == "layer 1"]
    assert [found.of[x]] == layers
    assert found.titles.count("neuron 2") == 1


def test_leaves_that_differ_by_an_index_share_a_box() -> None:
    weights = [Value(0.1, label=f"w[{i},0]") for i in range(30)]
    found = tree(dot(weights, [float(i) for i in range(30)]) + Value(1.0, label="b"))
    assert [(kind, title) for kind, title in zip(found.kinds, found.titles, strict=True) if title] == [
        ("leaves", "w[…]")
    ]


def test_a_label_of_a_thousand_modules_is_no_recursion() -> None:
    deep = Value(1.0, label=".".join(["m"] * 5000 + ["w"]))
    assert len(explore(deep * deep)) == 2


# --- columns ----------------------------------------------------------------------------------------------------------


def test_columns_are_exact_and_narrow() -> None:
    xs = [0.1, -0.0, float("inf"), 5e-324]
    assert list(map(str, read(floats(xs)))) == list(map(str, xs))
    for largest in (0, 255, 256, 65_535, 65_536, NONE):
        column = integers([0, largest])
        assert read(column) == [0, largest]
    assert integers([]) == ("B", "")
    assert [names(["w_1", "w_01", "_3", "a_b"]).stems, read(names(["w_12"]).number)] == [
        ["w", "w_01", "_3", "a_b"],
        [12],
    ]


# --- comparison -------------------------------------------------------------------------------------------------------


def pairs(one: Value, other: Value) -> dict[str, str]:
    """The names of the values that are matched."""
    left, right = film_of(one, {}), film_of(other, {})
    found = mates(left, right)
    assert len(set(found) - {NONE}) == len([mate for mate in found if mate != NONE])
    return {left.names[i]: right.names[mate] for i, mate in enumerate(found) if mate != NONE}


def test_a_graph_is_compared_with_itself_after_a_step() -> None:
    w = Value(2.0, label="w")
    before = explore(w * w)
    w.data = 3.0
    page = explore(before, w * w)
    assert film_in(page, 0)["data"] == [4.0, 2.0]
    assert film_in(page, 1)["data"] == [9.0, 3.0]
    assert read(data_in(page)["mates"]) == [0, 1]
    assert repr(page) == "<explorer of 2 and 2 values; .save('graph.html')>"


def test_a_students_program_is_matched_by_names_and_formulas() -> None:
    def leaves() -> tuple[Value, Value, Value]:
        return Value(2.0, label="a"), Value(3.0, label="b"), Value(4.0, label="c")

    a, b, c = leaves()
    ours = tanh(a * b + c)
    a, b, c = leaves()
    h = b * a  # the other way round
    h.label = "h"
    students = (tanh(c + h) + 1.0) - 1.0
    assert pairs(ours, students) == {"a": "a", "b": "b", "c": "c", "mul": "h", "add": "add", "tanh": "sub"}


def test_results_are_compared_whatever_made_them() -> None:
    a = Value(2.0, label="a")
    assert pairs(a * a, a**2) == {"a": "a", "mul": "pow"}


def test_eager_and_compiled() -> None:
    model = nn.MLP(2, [2, 1], hidden="tanh", seed=0)
    sample = [Value(1.0, label="x[0]"), Value(-0.5, label="x[1]")]

    def loss(x: list[Value]) -> Value:
        return nn.half_squared_error(model(x), [1.0])

    step = compile(loss, parameters=model.parameters())
    with pytest.raises(CompileError, match="call"):
        explore(loss(sample), step)
    step([1.0, -0.5])
    page = explore(loss(sample), step)
    eager, compiled = film_in(page, 0), film_in(page, 1)
    found = {eager["names"][i]: mate for i, mate in enumerate(read(data_in(page)["mates"])) if mate != NONE}
    assert {*(parameter.label for parameter in model.parameters()), "x[0]", "x[1]"} <= found.keys()
    for name, mate in found.items():
        i = eager["names"].index(name)
        assert (eager["data"][i], eager["grad"][i]) == (compiled["data"][mate], compiled["grad"][mate])


def test_a_program_with_other_inputs_is_refused() -> None:
    a = Value(2.0, label="a")
    step = compile(lambda b: b * b)
    step(2.0)
    with pytest.raises(GraphError, match=r"input b, but no leaf of the graph has this label; it has a"):
        explore(a * a, step)


# --- pages ------------------------------------------------------------------------------------------------------------


def test_a_replay_is_the_page_of_explore_with_its_clock_shown() -> None:
    a = Value(2.0, label="a")
    explored, replayed = data_in(explore(a * a)), data_in(replay(a * a))
    assert (explored.pop("clock"), replayed.pop("clock")) == (False, True)
    assert explored == replayed


def test_themes_and_depths() -> None:
    a = Value(2.0, label="a")
    assert "prefers-color-scheme" in explore(a * a).html
    dark = explore(a * a, theme="dark", depth=1)
    assert "prefers-color-scheme" not in dark.html
    assert '<meta name="color-scheme" content="dark">' in dark.html
    assert data_in(dark)["depth"] == 1
    assert data_in(explore(a * a, depth="all"))["depth"] is None
    with pytest.raises(ValueError, match="theme='black'"):
        explore(a, theme="black")  # type: ignore[arg-type]


def test_digits_are_counted_on_request() -> None:
    x = Value(1e-8, label="x")
    film = film_in(explore(1.0 - cos(x), digits=True))
    found = dict(zip(film["names"], film["digits"], strict=True))
    assert found["sub"] < 1.0 < 15.0 < found["cos"]
    assert found["x"] == max(found.values())
    assert "digits" not in film_in(explore(x * x))


def test_refuses_what_is_not_a_graph() -> None:
    with pytest.raises(TypeError, match=r"explore takes a Value or a page of explore, got 3\.0 \(float\)"):
        explore(3.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="depth='deep'"):
        explore(Value(1.0), depth="deep")  # type: ignore[arg-type]


def test_the_command_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.html"
    assert main(["explore", "relu(a*b + c)", "a=2", "b=-3", "c=10", "-o", str(out), "--depth", "all"]) == 0
    assert capsys.readouterr().out == f"{out}: 6 values; open it in a browser\n"
    assert '"a*b"' in out.read_text("utf-8")  # the marked sub-expression
    assert main(["explore", "a*b", "a=2", "b=1", "-o", "out.svg"]) == 2
    assert "the name must end in .html" in capsys.readouterr().err
