"""The strategies: what they draw can be differentiated, printed, run; what is impossible is refused."""

import ast
import math
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

import autograd
import nn
from autograd import PRIMITIVES, Value
from autograd._hypothesis import register
from autograd.expressions.expression import parse
from autograd.strategies import Graph, Line, expressions, graphs, numbers, points, values
from autograd.strategies.graph_data import references, resolve
from autograd.strategies.graphs import DEFAULT, LARGEST, is_defined
from autograd.testing import defined
from nn.strategies import mlps
from tests.support.examples import examples

pytestmark = pytest.mark.slow

QUICK = settings(max_examples=40)
SURE = settings(max_examples=500, database=None, derandomize=True, phases=[Phase.generate])
SMALLEST = settings(max_examples=100, database=None, derandomize=True)
SOME = ["add", "mul", "tanh", "log", "dot", "relu", "logsumexp"]


def bits(numbers: Sequence[float]) -> list[str]:
    """As text that tells −0.0 from 0.0 and calls nan equal to itself."""
    return [x.hex() for x in numbers]


def gradients(f, point: Sequence[float]) -> list[float]:
    leaves = [Value(x) for x in point]
    result = f(*leaves)
    if isinstance(result, Value):
        result.backward()
    return [leaf.grad for leaf in leaves]


# --- graphs -----------------------------------------------------------------------------------------------------------


@QUICK
@given(graphs())
def test_every_line_has_a_finite_value_and_finite_partials_at_the_point(graph):
    for place, line in enumerate(graph.lines, len(graph.inputs)):
        operands = resolve(line.operands, graph.values(*graph.point)[:place])
        assert is_defined(PRIMITIVES[line.primitive], operands, [isinstance(x, int) for x in line.operands])
    assert all(abs(x) <= LARGEST for x in graph.values(*graph.point))


@QUICK
@given(graphs())
def test_a_graph_means_the_same_on_floats_on_values_and_as_text(graph):
    text = f"lambda {', '.join(graph.names)}: {graph}"
    written = eval(text, dict(vars(autograd)))
    assert bits([graph(*graph.point)]) == bits([written(*graph.point)])
    on_values = graph(*[Value(x) for x in graph.point])
    assert bits([on_values.data]) == bits([graph(*graph.point)])
    assert bits(gradients(graph, graph.point)) == bits(gradients(written, graph.point))


@given(st.integers(1, 4).flatmap(lambda n: st.tuples(st.just(n), graphs(min_size=n, max_size=n + 2, min_inputs=2))))
@QUICK
def test_sizes_are_kept_and_no_line_is_dead(drawn):
    size, graph = drawn
    assert size <= len(graph.lines) <= size + 2
    assert 2 <= len(graph.inputs) <= 3
    used = {place for at, line in enumerate(graph.lines, len(graph.inputs)) for place in references(line.operands, at)}
    assert set(range(len(graph.inputs), len(graph.inputs) + len(graph.lines) - 1)) <= used


@QUICK
@given(graphs(kinks=False, primitives=["relu", "maximum", "abs", "floor", "sub", "pow", "where"]))
def test_kinks_false_keeps_away_from_kinks_jumps_and_ends_of_domains(graph):
    values_there = graph.values(*graph.point)
    for place, line in enumerate(graph.lines, len(graph.inputs)):
        operands = resolve(line.operands, values_there[:place])
        assert 0.0 not in PRIMITIVES[line.primitive].distances_to_kinks(operands)
        assert not (line.primitive == "floor" and operands[0] == math.floor(operands[0]))
        assert not (line.primitive in ("pow", "where") and operands[0] == 0.0)


@QUICK
@given(graphs(primitives=["log", PRIMITIVES["acosh"]], max_size=3))
def test_a_choice_of_primitives_is_kept_even_where_few_numbers_suit_it(graph):
    assert set(graph.primitives) <= {"log", "acosh"}


@QUICK
@given(graphs(elements=numbers(5.0, 6.0)))
def test_elements_draws_the_inputs(graph):
    assert all(5.0 <= x <= 6.0 for x in graph.point)


@pytest.mark.parametrize("row", DEFAULT, ids=lambda row: row.name)
def test_every_row_of_the_table_can_be_drawn(row):
    graph = find(graphs(primitives=[row]), lambda graph: True, settings=SURE)
    assert graph.primitives == (row.name,)


@pytest.mark.parametrize(
    "wanted",
    [
        lambda graph: 0.0 in graph.inputs and math.copysign(1.0, graph.inputs[0]) < 0.0,
        lambda graph: any(isinstance(x, float) for line in graph.lines for x in line.operands),
        lambda graph: any(len(line.operands) == 5 for line in graph.lines),
        lambda graph: ":=" in str(graph),
        lambda graph: {"relu", "abs", "sign"} & {*graph.primitives} and 0.0 in graph.values(*graph.point),
        lambda graph: len(graph.lines) >= 5,
    ],
    ids=["minus zero", "constant", "five operands", "shared line", "kink", "five lines"],
)
def test_what_matters_is_drawn(wanted):
    assert wanted(find(graphs(), wanted, settings=SURE))


def test_a_primitive_of_the_users_own_can_be_drawn():
    with defined("cubed_for_a_graph", lambda x: x * x * x, lambda out, x: 3.0 * x * x):
        graph = find(graphs(primitives=["cubed_for_a_graph"]), lambda graph: True, settings=SURE)
        assert str(graph) == 'PRIMITIVES["cubed_for_a_graph"](x)'
        assert eval(str(graph), dict(vars(autograd)), {"x": 2.0}) == 8.0


def test_a_graph_refuses_a_wrong_number_of_arguments():
    with pytest.raises(TypeError, match=r"takes 2 number\(s\), got 1"):
        Graph((1.0, 2.0), (Line("add", (1, 2)),))(1.0)


def test_a_deep_graph_can_be_printed_pruned_and_run():
    deep = Graph((1.0,), (Line("neg", (1,)),) * 20_000)
    assert len(str(deep.pruned())) > 20_000
    assert deep(1.0) == 1.0


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([Line("pow", (1, -2.0))], "x ** (-2.0)"),
        ([Line("neg", (1,)), Line("pow", (1, 2.0))], "(-x) ** 2.0"),
        ([Line("sub", (1, 1)), Line("sub", (2, 1))], "x - (x - x)"),
        ([Line("tanh", (1,)), Line("mul", (1, 1))], "(t1 := tanh(x)) * t1"),
        ([Line("dot", (1, -1.0, 0.5))], "dot([x], [-1.0], 0.5)"),
        ([Line("total", (1, 1, 2.0))], "total([x, x, 2.0])"),
        ([Line("hypot", (1, 2.0))], "hypot(x, 2.0)"),
        ([Line("step", (1, 0.0, 0.5))], 'PRIMITIVES["step"](x, 0.0, 0.5)'),
    ],
)
def test_the_text_is_python_with_brackets_where_they_are_needed(lines, text):
    assert str(Graph((0.5,), tuple(lines))) == text


# --- expressions ------------------------------------------------------------------------------------------------------


@QUICK
@given(expressions(min_size=3))
def test_expressions_are_trees_of_operators_and_known_functions(drawn):
    text, at = drawn
    names = [node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)]
    assert ":=" not in text
    assert all(name in at or name in autograd.__all__ for name in names)
    by_python = eval(text, dict(vars(autograd)), at)
    parsed = parse(text)
    assert bits([by_python]) == bits([parsed(*[at[name] for name in parsed.names])])
    assert math.isfinite(by_python)


@QUICK
@given(points(parse("x * tanh(y) + z")))
def test_points_know_the_names_of_a_parsed_expression(at):
    assert len(at) == 3


def test_expressions_refuse_what_has_no_spelling():
    with pytest.raises(InvalidArgument, match="'step' has no spelling as a function"):
        expressions(primitives=["step"])


# --- numbers, leaves, points ------------------------------------------------------------------------------------------


@QUICK
@given(st.tuples(st.floats(-4, 4), st.floats(-4, 4)).map(sorted).filter(lambda pair: pair[0] != pair[1]), st.data())
def test_numbers_keep_to_their_bounds(bounds, data):
    x = data.draw(numbers(*bounds))
    assert bounds[0] <= x <= bounds[1]
    assert not (bounds[0] == 0.0 == x) or math.copysign(1.0, x) >= math.copysign(1.0, bounds[0])


@pytest.mark.parametrize(
    ("arguments", "never"),
    [
        ({"exclude_min": True, "min_value": 0.0}, 0.0),
        ({"exclude_max": True, "max_value": 2.0}, 2.0),
        ({}, math.inf),
    ],
)
@examples(30)
@given(data=st.data())
def test_numbers_exclude_what_they_are_told_to(arguments, never, data):
    assert data.draw(numbers(**arguments)) != never


@pytest.mark.parametrize("special", [0.0, 1.0, -1.0, 0.5, 2.0])
def test_numbers_come_upon_special_values_soon(special):
    assert find(numbers(), lambda x: x == special, settings=SMALLEST) == special
    assert math.isnan(find(numbers(allow_nan=True), math.isnan, settings=SURE))


def test_from_type_draws_leaves():
    register()  # an installed package does so by itself, see test_pytest_plugin.py
    leaf = find(st.from_type(Value), lambda leaf: leaf.data == 2.0, settings=SURE)
    assert leaf.parents == ()
    assert all(find(values(), lambda leaf: True, settings=SURE) is not leaf for _ in range(2))


def typed(w: list[float], x: Sequence[float], bias: float, scale: float = 1.0) -> float:
    return autograd.dot(w, x, bias) * scale


@QUICK
@given(points(typed, min_size=2, max_size=4))
def test_points_fill_lists_of_one_length_and_leave_defaults_alone(at):
    w, x, bias = at
    assert 2 <= len(w) == len(x) <= 4
    assert isinstance(bias, float)
    assert isinstance(typed(*at), float)


@QUICK
@given(points(typed, scale=st.just(3.0), w=st.just([1.0]), x=st.just([2.0])))
def test_points_take_a_strategy_for_an_argument_by_name(at):
    assert at[:2] == ([1.0], [2.0])
    assert at[3] == 3.0


@pytest.mark.parametrize("row", [row for row in DEFAULT if row.arity], ids=lambda row: row.name)
def test_points_of_a_primitive_lie_inside_its_domain(row):
    @examples(20)
    @given(points(row))
    def test(at):
        assert all(low < x < high for x, (low, high) in zip(at, row.domain, strict=True))

    test()


# --- networks ---------------------------------------------------------------------------------------------------------


@examples(20)
@given(mlps(max_layers=2, max_width=3, hidden=["tanh", "relu"]))
def test_networks_are_of_the_size_asked_for_and_compute(model):
    widths = [len(layer.neurons) for layer in model.layers]
    assert len(widths) <= 2
    assert max(widths) <= 3
    assert model.hidden.name in ("tanh", "relu")
    assert all(layer.n_in == width for width, (_, layer) in zip(widths, pairwise(model.layers), strict=False))
    model([0.5] * model.n_in)


def test_networks_shrink_to_one_linear_neuron():
    smallest = find(mlps(), lambda model: isinstance(model, nn.MLP), settings=SMALLEST)
    assert repr(smallest) == "MLP(1, [1], hidden='linear', output='linear')  # 2 parameters"


# --- refusals ---------------------------------------------------------------------------------------------------------

REFUSED = [
    (lambda: graphs(min_size=3, max_size=2), "Cannot have max_size=2 < min_size=3"),
    (lambda: graphs(min_size=0), "Invalid size min_size=0 < 1"),
    (lambda: graphs(max_inputs=1.5), "Expected int but got max_inputs=1.5 (type=float)"),
    (lambda: graphs(min_inputs=2, max_inputs=1), "Cannot have max_inputs=1 < min_inputs=2"),
    (lambda: graphs(primitives=["mull"]), "no primitive is named 'mull' in primitives=['mull']; did you mean 'mul'?"),
    (lambda: graphs(primitives="mul"), "Expected a list of names but got primitives='mul'; write ['mul']"),
    (lambda: graphs(primitives=[]), "name at least one"),
    (lambda: numbers(2.0, 1.0), "min_value=2.0 and max_value=1.0"),
    (lambda: values(0.0, allow_nan=True), "allow_nan=True"),
    (lambda: points(max), "wrap it: points(lambda x, y: f(x, y))"),
    (lambda: points(lambda *xs: 0.0), "takes *xs, which no point fills"),
    (lambda: points(lambda x: x, y=numbers()), "has no argument 'y'; it has x"),
    (lambda: points(PRIMITIVES["dot"]), "takes any number of operands"),
    (lambda: mlps(min_layers=0), "Invalid size min_layers=0 < 1"),
    (lambda: mlps(min_inputs=4), "Cannot have max_inputs=3 < min_inputs=4"),
    (lambda: mlps(max_width=0), "Invalid size max_width=0 < 1"),
    (lambda: mlps(hidden=["softmax"]), "'softmax' is not one of"),
    (lambda: mlps(output=[]), "name at least one activation"),
]


@pytest.mark.parametrize(("impossible", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_impossible_arguments_are_refused_in_words(impossible, words):
    with pytest.raises(InvalidArgument) as caught:
        impossible()
    assert words in str(caught.value)


def test_elements_outside_every_domain_are_refused():
    with pytest.raises(InvalidArgument, match="none of log can be differentiated at"):
        find(graphs(primitives=["log"], elements=numbers(-2.0, -1.0)), lambda graph: True)
