"""Where a node was made: the text at its position computes its value, and the name is that of the assignment."""

import copy
import linecache
import os
import pickle
import subprocess
import sys
import weakref
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, debug
from autograd.graph import topological
from autograd.origin import Position, caret, name, names, position
from nn import MLP

cells = count()


def execute(source, file=None, **given_names):
    """Run a program as a notebook runs a cell: `linecache` knows its text. Returns its variables."""
    file = file or f"<cell {next(cells)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    variables = {**vars(autograd), **given_names}
    with debug():
        exec(compile(source, file, "exec"), variables)
    return variables


# --- positions --------------------------------------------------------------------------------------------------------

VARIABLES = {"x": 0.5, "δ": 1.25, "重み": -0.75}
SPACES = st.sampled_from(["", " ", "  ", "\n", "\n\t", " # weiß\n "])


@st.composite
def written(draw, depth=4):
    """The text of an expression in parentheses, over one line or several, with names that are longer in UTF-8."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from(list(VARIABLES)))
    below = written(depth=depth - 1)
    space = draw(SPACES)
    form = draw(
        st.sampled_from(["({a}{s}+{b})", "({a} *{s}{b})", "({a}{s}- 2.5)", "sin({s}{a})", "(-{a})", "tanh({a})"])
    )
    return form.format(a=draw(below), b=draw(below), s=space)


@given(written(), st.sampled_from(["", "'ü→数'; ", "if True: "]))
def test_the_text_at_each_position_computes_the_node(text, before):
    source = f"{before}result = ({text})\n"
    leaves = {key: Value(number) for key, number in VARIABLES.items()}
    result = execute(source, **leaves)["result"]
    for node in topological(result):
        if node.op:
            assert eval(f"({position(node).text})", {**vars(autograd), **VARIABLES}) == node.data


MAKERS = [
    "a * b",
    "a * 2.0",
    "a / 2",
    "2.0 * a",
    "2 - a",
    "-a",
    "abs(a)",
    "a**2",
    "2**a",
    "a.tanh()",
    "exp(a)",
    "round(a, 1)",
    "maximum(a, b)",
    "maximum(a, 0.0)",
    "maximum(0.0, a)",
    "leaky_relu(a)",
    "clip(a, 0.0, b)",
    "where(a > b, a, b)",
    "dot([a, b], [b, a])",
    "dot([a, b], [1.0, 2], b)",
    "dot([a, 1.0], [1.0, 2.0])",
    "affine([[a]], [b], [a])[0]",
    "total([a, b])",
    "logsumexp([a, b])",
    "softmax([a, b])[1]",
    "std([a, b])",
    "sum([a, b])",
    "grad(a * b, a)",
    "Value(3.0)",
    "Value(3.0, (a,), (1.0,), op='hand')",
    "Child(3.0)",
    "a.detach()",
    "half(a)",
]


@pytest.mark.parametrize("expression", MAKERS)
def test_every_way_to_make_a_node_leads_to_the_line_that_asked_for_it(expression):
    half = autograd.PRIMITIVES.get("half") or autograd.define("half", lambda x: x / 2, 0.5)
    extras = {"a": Value(1.5), "b": Value(2.0), "Child": type("Child", (Value,), {}), "half": half}
    place = position(execute(f"def f():\n    return ({expression})\ny = f()\n", **extras)["y"])
    assert (place.line, place.function) == (2, "f")
    assert place.text == expression.removesuffix("[0]").removesuffix("[1]")


def test_a_network_leads_to_the_line_that_called_it():
    out = execute("y = model([1.0, 2.0])\nloss = (y - 1.0) ** 2\n", model=MLP(2, [3, 1], seed=0))["loss"]
    texts = {position(node).text for node in topological(out) if node.op}
    assert texts == {"model([1.0, 2.0])", "y - 1.0", "(y - 1.0) ** 2"}


def test_the_user_s_innermost_frame_counts_also_across_functions_and_files():
    library = execute("def scaled(x):\n    return x * 2.0\n", file="<library>")
    y = execute("y = scaled(Value(1.0))\n", scaled=library["scaled"])["y"]
    assert (position(y).file, position(y).line, position(y.parents[0]).text) == ("<library>", 2, "Value(1.0)")


def test_of_a_chain_over_several_lines_the_method_is_marked():
    y = execute("y = (Value(1.0)\n    .tanh()\n    .exp())\n")["y"]
    assert (position(y).line, position(y.parents[0]).line, name(y), name(y.parents[0])) == (3, 2, "y", None)


def test_equal_code_in_two_places_is_distinguished():
    first = execute("y = a+a\n", a=Value(1.0))["y"]
    second = execute("y = a+a\n", a=Value(1.0))["y"]
    assert first._origin[0] == second._origin[0]
    assert position(first).file != position(second).file


def test_without_source_there_is_a_line_and_no_text():
    variables = {"a": Value(1.0)}
    with debug():
        exec("\n\ny = a * 2.0", variables)
    place = position(variables["y"])
    assert (place.file, place.line, place.column, place.source, place.text) == ("<string>", 3, None, "", "")
    assert (caret(place), name(variables["y"])) == ("", None)


def test_without_columns_the_whole_line_is_shown(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "from autograd import Value, debug, origin\n"
        "with debug():\n    y = Value(1.0) * 2.0\n"
        "place = origin.position(y)\n"
        "print(place.line, place.column, place.text, origin.caret(place), origin.name(y), sep='|')\n",
    )
    place = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-X", "no_debug_ranges", program]
    printed = subprocess.run(command, env=place, capture_output=True, text=True, check=True).stdout
    assert printed == "3|None|y = Value(1.0) * 2.0|y = Value(1.0) * 2.0|None\n"


def test_a_node_made_outside_the_block_has_no_position():
    assert (position(Value(1.0) * 2.0), name(Value(1.0))) == (None, None)


def test_an_origin_keeps_no_local_variable_alive():
    class Big:
        pass

    def f():
        big = Big()
        return Value(1.0) * 2.0, weakref.ref(big)

    with debug():
        y, big = f()
    assert position(y).function.endswith("f")
    assert big() is None


def test_nodes_with_an_origin_copy_and_pickle():
    y = execute("y = Value(1.0) * 2.0\n")["y"]
    for twin in (copy.copy(y), copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        assert (twin.data, twin.op, position(twin)) == (2.0, "mul", None)


# --- names ------------------------------------------------------------------------------------------------------------

NAMED = [
    ("h = a * b", "h", "h"),
    ("h = (a * b)", "h", "h"),
    ("h = k = a * b", "k", "h"),
    ("h: object = a * b", "h", "h"),
    ("h = a\nh += a * b", "h", "h"),
    ("(h := a * b)", "h", "h"),
    ("x = [h := a * b]", "h", "h"),
    ("h, k = a * b, a + b", "k", "k"),
    ("(h, [k, m]) = a, (a * b, a + b)", "k", "k"),
    ("h, *_, k = a, a, a, a * b", "k", "k"),
    ("self.h = a * b", "self.h", "self.h"),
    ("grid[0] = a * b", "grid[0]", "grid[0]"),
    ("h = [a * b, a + b]", "h[1]", "h[1]"),
    ("h = {'w': a * b}", "h['w']", "h['w']"),
    ("h = [a * n for n in (1.0, 2.0)]", "h[1]", "h"),
    ("h = {n: a * n for n in (1.0, 2.0)}", "h[2.0]", "h"),
    ("h = a * b if a > b else a + b", "h", "h"),
    ("h = Value(3.0)", "h", "h"),
    ("h = a.tanh()", "h", "h"),
    ("h = dot([a], [b])", "h", "h"),
    ("δ = a * b; h = a + b", "h", "h"),
    ("h = \\\n  a \\\n  * b", "h", "h"),
    ("def f():\n    h = a * b\n    return h\nk = f()", "k", "h"),
    ("h = [*[a], a * b]", "h[1]", None),
    ("h, k = *[a], a * b", "k", None),
    ("h = (lambda: a * b)()", "h", None),
    ("def f(): return a * b\nh = f()", "h", None),
    ("h = max(a * b, a + b)", "h", None),
]


@pytest.mark.parametrize(("source", "variable", "expected"), NAMED)
def test_the_whole_right_hand_side_has_the_name(source, variable, expected):
    extras = {"a": Value(1.5), "b": Value(2.0), "grid": [None], "self": type("", (), {})(), "max": max}
    variables = execute(source, **extras)
    assert name(eval(variable, variables)) == expected


@given(written())
def test_only_the_whole_right_hand_side_has_the_name(text):
    result = execute(f"answer = ({text})\n", **{key: Value(number) for key, number in VARIABLES.items()})["answer"]
    named = [node for node in topological(result) if name(node)]
    assert named == ([result] if result.op else [])


def test_names_leave_out_what_a_call_made_on_its_way():
    spread = execute("s = std([Value(1.0), Value(3.0)])\n")["s"]
    assert names(topological(spread)) == {spread: "s"}


def test_names_keep_what_a_loop_assigns_again():
    h = execute("h = Value(0.5)\nfor _ in range(3):\n    h = tanh(h)\nfor _ in range(3):\n    h = h * 2.0\n")["h"]
    assert list(names(topological(h)).values()) == ["h"] * 7


def test_a_cell_that_runs_again_is_read_again():
    assert name(execute("h = Value(1.0)\n", file="<cell>")["h"]) == "h"
    assert name(execute("k = Value(1.0)\n", file="<cell>")["k"]) == "k"


def test_a_text_that_is_not_python_names_nothing():
    h = execute("h = Value(1.0)\n", file="<cell>")["h"]
    linecache.cache["<cell>"] = (9, None, ["h = Value(1.0)\n", "oh no!\n"], "<cell>")
    assert (name(h), position(h).text) == (None, "Value(1.0)")


# --- carets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("    y = log(x) + 1\n", "log(x)", "y = log(x) + 1\n    ^^^^^^"),
        ("\ty =\tlog(x)", "log(x)", "y =\tlog(x)\n   \t^^^^^^"),
        ("重み = log(数)", "log(数)", "重み = log(数)\n       ^^^^^^^"),
        ("e\u0301 = a + b", "a + b", "e\u0301 = a + b\n    ^^^^^"),
    ],
)
def test_carets_stand_under_the_expression(source, text, expected):
    column = source.index(text)
    place = Position("a.py", "f", 1, 1, column, column + len(text), source, text)
    assert caret(place) == expected


def test_carets_of_several_lines_go_to_the_end_of_the_first():
    y = execute("y = (1.0 +\n     Value(2.0))\n")["y"]
    assert position(y).text == "1.0 +\n     Value(2.0)"
    assert caret(position(y)) == "y = (1.0 +\n     ^^^^^"


@given(written())
def test_carets_cover_the_text_in_the_line(text):
    text = " ".join(text.replace("# weiß", "").split())
    result = execute(f"answer = ({text})\n", **{key: Value(number) for key, number in VARIABLES.items()})["answer"]
    for node in topological(result):
        if node.op:
            place = position(node)
            line, marks = caret(place).split("\n")
            assert line[place.column : place.end_column] == place.text
            # Wide characters take two columns: 重み is the only wide name, of two of them.
            assert marks.count("^") == len(place.text) + 2 * place.text.count("重み")
            assert len(marks) - marks.count("^") == place.column + 2 * line[: place.column].count("重み")
