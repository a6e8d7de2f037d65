"""`autograd.scope`: frames that the user names. Row D3, and rows A7 and F20 for generators and threads."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import nn
from autograd import Value, compile, dot, draw, scope, tanh
from autograd.graph import topological
from autograd.recording import scope_of
from tests.drawing.pictures import named


def test_scopes_nest_and_are_frames() -> None:
    x = Value(2.0, label="x")
    with scope("block"):
        h = tanh(x)
        with scope("attention"):
            y = h * 3.0
        z = y + h
    drawing = draw(z * 2.0)
    assert [box.scope for box in drawing.scene.boxes] == [
        ("block",),
        ("block",),
        ("block", "attention"),
        ("block",),
        (),
    ]
    assert set(drawing.layout.frames) == {("block",), ("block", "attention")}
    assert [box.name for box in draw(z * 2.0, depth=1).scene.boxes] == ["block", ""]


def test_a_leaf_is_in_the_innermost_scope_of_all_its_uses() -> None:
    w, v = Value(2.0, label="w"), Value(3.0, label="v")
    with scope("block"):
        with scope("a"):
            y = w * v
        with scope("b"):
            z = y * w
    found = {node.label: draw(z).scene.boxes[i].scope for i, node in enumerate(topological(z))}
    assert found["w"] == ("block",)
    assert found["v"] == ("block", "a")


def test_modules_are_inside_the_scope_of_their_call() -> None:
    model = nn.MLP(2, [2, 1], hidden="tanh", seed=0)
    with scope("encoder"):
        z = model([Value(1.0, label="a0[0]"), Value(2.0, label="a0[1]")])
    drawing = draw(z)
    assert named(drawing, "z1[1]").scope == ("encoder", "layer 1", "neuron 1")
    assert named(drawing, "w1[1,0]").scope == ("encoder", "layer 1", "neuron 1")


def test_a_scope_changes_no_number_and_compiled_functions_do_not_see_it() -> None:
    def function(x: Value, *, name: str = "s") -> Value:
        with scope(name):
            return tanh(dot([x, 2.0], [x, x]))

    def bare(x: Value) -> Value:
        return tanh(dot([x, 2.0], [x, x]))

    assert compile(function)(0.3) == compile(bare)(0.3) == bare(Value(0.3)).data
    one, other = Value(0.3), Value(0.3)
    function(one).backward()
    bare(other).backward()
    assert one.grad == other.grad


def test_a7_the_caller_of_a_suspended_generator_is_not_in_its_scope() -> None:
    def steps() -> Iterator[Value]:
        with scope("inside"):
            while True:
                yield Value(1.0)

    one, other = steps(), steps()
    first = next(one)
    outside = Value(1.0)
    next(other)
    one.close()  # out of order
    assert scope_of(first) == scope_of(next(other)) == ("inside",)
    assert scope_of(outside) == scope_of(Value(1.0)) == ()


def test_a_scope_holds_for_its_thread_and_decorates() -> None:
    @scope("norm")
    def norm(x: Value) -> Value:
        return x / 2.0

    with scope("block"), ThreadPoolExecutor(1) as pool:
        assert scope_of(pool.submit(Value, 1.0).result()) == ()
        assert scope_of(norm(Value(1.0))) == ("block", "norm")


def test_names_survive_copies_and_are_shown_as_text() -> None:
    with scope("a <b>\n"):
        y = Value(1.0) * 2.0
    for other in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        assert draw(other).svg == draw(y).svg
    assert "a &lt;b&gt;" in draw(y).svg


def test_a_scope_needs_a_name() -> None:
    with pytest.raises(TypeError, match=r"scope takes the name of a frame, got 3 \(int\)"):
        scope(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"scope\(' '\): a frame needs a name"):
        scope(" ")
