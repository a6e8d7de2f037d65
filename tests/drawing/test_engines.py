"""Selection of the layout engine: each one present and absent, invalid answers, engines that are too slow."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from autograd import Value, draw
from autograd.drawing import Box, Drawing, Edge, Scene
from autograd.drawing.layout import engines
from autograd.drawing.layout.graphviz import read_layout
from tests.drawing.pictures import GRAPHVIZ, article_net, has_graphviz, readme_value

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
