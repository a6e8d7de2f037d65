"""Selection of the layout engine: each one present and absent, invalid answers, and the built-in one."""

from __future__ import annotations

import math
import stat
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, draw
from autograd.drawing import Box, Drawing, Edge, Scene
from autograd.drawing.layout import engines
from autograd.drawing.layout.clusters import nested
from autograd.drawing.layout.geometry import Rectangle, box_frame
from autograd.drawing.layout.graphviz import read_layout
from tests.drawing.pictures import GRAPHVIZ, article_net, has_graphviz, overlap, readme_value

needs_engine = pytest.mark.skipif(not has_graphviz(), reason=f"no {GRAPHVIZ}: pip install {GRAPHVIZ}")
OWN = "built in"
PATIENCE = 60.0  # seconds for a program that does end


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine without Graphviz."""
    monkeypatch.delenv(engines.VARIABLE, raising=False)
    monkeypatch.setattr(engines, "find_program", lambda name: None)
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: None)
    return monkeypatch


def program(path: Path, body: str) -> str:
    """A program that reads its input and then does this."""
    path.write_text(f"#!{sys.executable}\nimport sys\nsys.stdin.read()\n{body}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def pair() -> Scene:
    return Scene((Box("v0", "leaf"), Box("v1", "op")), (Edge("e0", "v0", "v1"),))


# What Graphviz answers for that scene.
ANSWER = (
    '{"bb": "0,0,99,9", "objects": [{"name": "v0", "pos": "1,2"}, {"name": "v1", "pos": "90,3"}], '
    '"edges": [{"id": "e0", "pos": "e,80,3 10,2 20,2 60,3 70,3"}]}'
)


def test_a_python_without_users_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a browser (row B9): no installation scheme for users, no executable, an empty PATH."""
    monkeypatch.delenv(engines.VARIABLE, raising=False)
    monkeypatch.setattr(engines.sysconfig, "get_scheme_names", lambda: ("posix_prefix", "nt"))
    monkeypatch.setattr(engines.sysconfig, "get_default_scheme", lambda: "posix_prefix")
    monkeypatch.setattr(sys, "executable", None)
    monkeypatch.setenv("PATH", "")
    assert "<svg" in draw(readme_value()).svg
    assert engines.find_program("dot") is None


def test_d1_the_built_in_layout_is_the_default_and_starts_no_program(bare: pytest.MonkeyPatch) -> None:
    def no_program(*args: object, **options: object) -> None:
        raise AssertionError(f"started {args}")

    bare.setattr(engines.subprocess, "run", no_program)
    drawing = draw(readme_value())
    assert f"<metadata>scalar-autograd; layout engine: {OWN}</metadata>" in drawing.svg
    assert draw(readme_value(), engine="builtin").svg == drawing.svg


@pytest.mark.parametrize("engine", ["dot", "graphviz-pure"])
def test_graphviz_draws_where_it_is_asked_for(bare: pytest.MonkeyPatch, tmp_path: Path, engine: str) -> None:
    bare.setattr(engines, "find_program", {engine: program(tmp_path / engine, f"print({ANSWER!r})")}.get)
    bare.setattr(engines, "DEADLINE", PATIENCE)
    assert Drawing(pair(), engine=engine).layout.engine == engine
    bare.setenv(engines.VARIABLE, engine)
    assert Drawing(pair()).layout.engine == engine
    assert Drawing(pair(), engine="builtin").layout.engine == OWN


def test_pygraphviz_is_dot_where_there_is_no_program(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = ["class AGraph:", "    def __init__(self, string): pass"]
    source = "\n".join([*lines, f"    def draw(self, **options): return {ANSWER.encode()!r}"])
    (tmp_path / "pygraphviz.py").write_text(source, encoding="utf-8")
    bare.setattr(engines.importlib.util, "find_spec", lambda name: object())
    bare.setenv("PYTHONPATH", str(tmp_path))
    bare.setattr(engines, "DEADLINE", PATIENCE)
    assert Drawing(pair(), engine="dot").layout.engine == "dot"


@pytest.mark.parametrize("engine", ["dot", "graphviz-pure"])
def test_an_engine_that_is_missing_is_named_with_the_remedy(bare: pytest.MonkeyPatch, engine: str) -> None:
    with pytest.warns(RuntimeWarning, match=rf"engine='{engine}' .*not found: .*install.* use engine='builtin'"):
        assert Drawing(pair(), engine=engine).layout.engine == OWN


@pytest.mark.parametrize("answer", ["", "no json", "{}", '{"bb": "0,0,1,1"}', '{"bb": "0,0,1,1", "objects": []}'])
def test_an_engine_that_answers_nonsense_is_replaced(bare: pytest.MonkeyPatch, tmp_path: Path, answer: str) -> None:
    bare.setenv(engines.VARIABLE, program(tmp_path / "mine", f"print({answer!r})"))
    with pytest.warns(RuntimeWarning, match="did not lay out the graph"):
        assert Drawing(pair()).layout.engine == OWN


def test_d1_an_engine_that_takes_too_long_is_stopped(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare.setattr(engines, "DEADLINE", 0.2)
    bare.setenv(engines.VARIABLE, program(tmp_path / "slow", "import threading; threading.Event().wait()"))
    with pytest.warns(RuntimeWarning, match=r"it was stopped after 0\.2 s.* unset AUTOGRAD_DOT or set it to 'builtin'"):
        assert Drawing(pair()).layout.engine == OWN


def test_a_program_that_fails_is_replaced(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare.setenv(engines.VARIABLE, program(tmp_path / "broken", "sys.exit(3)"))
    bare.setattr(engines, "DEADLINE", PATIENCE)
    with pytest.warns(RuntimeWarning, match="exit code 3"):
        assert Drawing(pair()).layout.engine == OWN


def test_a_variable_that_names_nothing_warns(bare: pytest.MonkeyPatch) -> None:
    bare.setenv(engines.VARIABLE, "/no/such/program")
    with pytest.warns(RuntimeWarning, match=r"AUTOGRAD_DOT='/no/such/program' did not lay out the graph .* 'builtin'"):
        assert draw(readme_value()).layout.engine == OWN


def test_an_unknown_engine_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="engine='neato': choose one of 'auto', 'builtin', 'dot', 'graphviz-pure'"):
        draw(Value(2.0), engine="neato")


@needs_engine
def test_graphviz_itself_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """PATH is empty: programs that are installed beside this Python are still found."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(engines, "DEADLINE", PATIENCE)
    assert draw(article_net(), engine=GRAPHVIZ).layout.engine == GRAPHVIZ


def test_an_answer_without_an_edge_is_refused() -> None:
    objects = '[{"name": "v0", "pos": "1,2"}, {"name": "v1", "pos": "3,4"}]'
    with pytest.raises(ValueError, match="no curve for \\['e0'\\]"):
        read_layout(f'{{"bb": "0,0,9,9", "objects": {objects}}}', pair(), "test")


# --- the DOT text -----------------------------------------------------------------------------------------------------


def test_dot_says_everything_and_quotes_what_must_be_quoted() -> None:
    x = Value(2.0, label='<b>"quoted"\\n</b>')
    source = draw(x * x).dot
    assert source.count("v0 -> v1") == 2
    assert r"\"quoted\"\\n" in source
    assert "data 2" in source
    assert "label=<" not in source  # never HTML by accident


def test_dot_nests_clusters() -> None:
    assert "subgraph cluster_0_0" in draw(article_net()).dot


# --- the built-in layout ----------------------------------------------------------------------------------------------


SCOPES = [(), ("a",), ("b",), ("a", "c"), ("a", "d"), ("b", "c")]


@st.composite
def scenes(draw: st.DrawFn, *, scopes: Sequence[tuple[str, ...]] = ((),)) -> Scene:
    """Any graph, in any direction, also with cycles, with boxes of different sizes, some in clusters."""
    n = draw(st.integers(1, 12))
    drawn = [(draw(st.integers(1, 20)), draw(st.sampled_from(scopes))) for _ in range(n)]
    boxes = tuple(Box(f"v{i}", "op", name="x" * length, scope=scope) for i, (length, scope) in enumerate(drawn))
    ends = st.integers(0, n - 1)
    pairs = [pair for pair in draw(st.lists(st.tuples(ends, ends), max_size=20)) if pair[0] != pair[1]]
    edges = tuple(Edge(f"e{k}", f"v{i}", f"v{j}", label=str(k)) for k, (i, j) in enumerate(pairs))
    return Scene(boxes, edges, rankdir=draw(st.sampled_from(["LR", "RL", "TB", "BT"])))


def encloses(one: Rectangle, other: Rectangle) -> bool:
    return one[0] <= other[0] and one[1] <= other[1] and one[2] >= other[2] and one[3] >= other[3]


@given(scenes(scopes=SCOPES))
def test_the_built_in_layout_places_everything_and_no_box_on_another(scene: Scene) -> None:
    layout = nested(scene)
    framed = [box_frame(layout, box) for box in scene.boxes]
    assert not [1 for i, one in enumerate(framed) for other in framed[:i] if overlap(one, other)]
    assert set(layout.curves) == set(layout.labels) == {edge.id for edge in scene.edges}
    for edge in scene.edges:
        curve = layout.curves[edge.id]
        assert len(curve) % 3 == 1
        assert all(math.isfinite(x) and math.isfinite(y) for x, y in curve)


@given(scenes(scopes=SCOPES))
def test_built_in_frames_contain_exactly_their_boxes(scene: Scene) -> None:
    layout = nested(scene)
    framed = [(box.scope, box_frame(layout, box)) for box in scene.boxes]
    assert layout.frames.keys() == {scope[:k] for scope, _ in framed for k in range(1, len(scope) + 1)}
    for outer, frame in layout.frames.items():
        for scope, other in framed:
            assert encloses(frame, other) == (scope[: len(outer)] == outer) == overlap(frame, other)
        for scope, other in layout.frames.items():
            assert encloses(frame, other) == (scope[: len(outer)] == outer)
            assert overlap(frame, other) == (scope[: len(outer)] == outer or outer[: len(scope)] == scope)


@given(scenes(scopes=SCOPES))
def test_built_in_edges_go_from_box_to_box_through_all_frames(scene: Scene) -> None:
    layout = nested(scene)
    framed = {box.id: box_frame(layout, box) for box in scene.boxes}
    for edge in scene.edges:
        curve = layout.curves[edge.id]
        for (x, y), (left, top, right, bottom) in ((curve[0], framed[edge.source]), (curve[-1], framed[edge.target])):
            # sums of a dozen numbers below 1e5, each rounded to 1e-11
            nearest = min(abs(x - left), abs(x - right), abs(y - top), abs(y - bottom))
            assert nearest < 1e-8


@given(scenes())
def test_the_built_in_layout_points_the_arrows_in_the_given_direction(scene: Scene) -> None:
    layout = nested(scene)
    along, sign = {"LR": (0, 1), "RL": (0, -1), "TB": (1, 1), "BT": (1, -1)}[scene.rankdir]
    for edge in scene.edges:
        if int(edge.source[1:]) < int(edge.target[1:]):  # not against the order
            source, target = layout.centres[edge.source], layout.centres[edge.target]
            assert sign * (target[along] - source[along]) > 0


def test_the_built_in_layout_gives_a_chain_a_straight_line() -> None:
    boxes = tuple(Box(f"v{i}", "op", name="x") for i in range(5))
    edges = tuple(Edge(f"e{i}", f"v{i}", f"v{i + 1}") for i in range(4))
    heights = [nested(Scene(boxes, edges)).centres[box.id][1] for box in boxes]
    assert all(abs(one - other) < 1e-9 for one, other in pairwise(heights))
