"""The replay page: its data compared with the pass, and text that it must never contain."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

import nn
from autograd import Value, backward_steps, debug, log, sqrt, tanh, total
from autograd.cli.main import main
from autograd.exploring import Replay, replay
from autograd.exploring.columns import read
from autograd.exploring.page import Page
from autograd.graph import topological
from autograd.strategies import Graph, graphs
from tests.drawing.pictures import batch_loss, readme_value
from tests.support.examples import examples

NASTY = "</script><script>document.title='taken over'</script><!--<b>&amp;"


def data_in(page: Page) -> Any:
    """The data as a browser finds it in the page."""
    found = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page.html, re.S)
    assert len(found) == 1
    return json.loads(found[0])


def film_in(page: Page, place: int = 0) -> Any:
    """The columns of a film, decoded as the page does; `node` is that of each product, `names` the names."""
    film: dict[str, Any] = {
        name: read(each) if isinstance(each, list) and len(each) == 2 and each[0] in ("d", "B", "H", "I") else each
        for name, each in data_in(page)["films"][place].items()
    }
    film["node"] = [i for i, count in enumerate(film["uses"]) for _ in range(count)]
    stems, stem, number = film["name"]
    film["names"] = [stems[i] + (f"_{k}" if k else "") for i, k in zip(read(stem), read(number), strict=True)]
    return film


def gradients(film: Any) -> Iterator[list[float]]:
    """The gradients at each moment, as the page computes them."""
    sums = [0.0] * len(film["names"])
    sums[0] = 1.0
    yield list(sums)
    for node, parent, local in zip(film["node"], film["parent"], film["local"], strict=True):
        sums[parent] += local * film["grad"][node]
        yield list(sums)


def bits(xs: list[float]) -> list[bytes]:
    return [struct.pack("<d", x) for x in xs]


# --- the data ---------------------------------------------------------------------------------------------------------


@examples(40)
@given(graphs())
def test_the_page_knows_every_moment_to_the_last_bit(graph: Graph) -> None:
    root: Value = graph(*[Value(x) for x in graph.inputs])
    order = topological(root)[::-1]
    film = film_in(replay(root))
    moments = gradients(film)
    assert next(moments) == [1.0] + [0.0] * (len(order) - 1)
    for _, moment in zip(backward_steps(root), moments, strict=True):
        assert bits([x or 0.0 for x in moment]) == bits([node.grad or 0.0 for node in order])  # 0.0 + -0.0 is 0.0


def test_the_pass_begins_with_zeroed_gradients_and_leaves_none_behind() -> None:
    x = Value(3.0, label="x")
    y = x * x
    x.grad, y.grad = 5.0, 7.0
    film = film_in(replay(y))
    assert (film["names"], film["grad"]) == (["y", "x"], [1, 6])
    assert (x.grad, y.grad) == (5.0, 7.0)


def test_a_callback_takes_part_in_the_pass() -> None:
    x = Value(3.0, label="x")
    h = x * 2.0

    def halve(node: Value) -> None:
        node.grad /= 2.0

    with h.on_backward(halve):
        film = film_in(replay(h * 5.0))
    assert film["grad"] == [1, 2.5, 5]


def test_infinities_nan_and_signed_zeros_survive() -> None:
    x = Value(0.0)
    film = film_in(replay(total([log(x), -sqrt(x), x * -0.0, x * math.nan])))
    assert {"inf", "-0.0", "nan"} <= set(map(str, film["local"]))
    assert math.isnan(film["grad"][-1])  # inf - inf


def test_the_source_is_marked_at_the_sub_expression() -> None:
    with debug():
        x = Value(3.0)
        y = x * 2.0 + tanh(x)
    film = film_in(replay(y))
    where, before, marked, after = film["sources"][film["source"][film["names"].index("tanh")]]
    assert re.fullmatch(r"test_replay\.py:\d+ in test_the_source_is_marked_at_the_sub_expression", where)
    assert (before, marked, after) == ("y = x * 2.0 + ", "tanh(x)", "")


def test_a_value_is_called_as_the_caller_calls_it() -> None:
    answer = Value(2.0) * 3.0
    page = replay(answer)
    assert page.title == "Backward pass of answer"
    assert replay(answer, title="Six").title == "Six"


# --- the page ---------------------------------------------------------------------------------------------------------


class _Tags(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def nasty_page() -> Replay:
    with debug():
        x = Value(3.0, label=NASTY)
        y = tanh(x) * len("</script><script>document.title='taken over'</script>")
    return replay(y, title=NASTY)


def test_texts_of_the_user_are_never_markup() -> None:
    tags = _Tags(nasty_page().html).found
    assert [tag for tag, _ in tags if tag == "script"] == ["script", "script"]
    assert not [tag for tag, _ in tags if tag == "b"]
    assert NASTY in film_in(nasty_page())["names"]


def test_the_page_refers_to_nothing_outside_itself() -> None:
    page = replay(readme_value())
    for tag, attributes in _Tags(page.html).found:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base")
        assert not {"src", "href", "xlink:href", "action"} & attributes.keys(), tag
        assert not [name for name in attributes if name.startswith("on")]
    assert "default-src 'none'" in page.html
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", page.html)


def test_d4_depth_is_spelled_as_in_draw() -> None:
    x = Value(2.0, label="x")
    loss = x * x
    assert replay(loss, depth="all").html == replay(loss, depth=None).html


def test_a_page_of_100_products_is_small() -> None:
    model = nn.MLP(2, [5, 6, 1], hidden="tanh", seed=0)
    with debug():
        loss = nn.half_squared_error(model([0.5, -0.5]), 0.0)
    page = replay(loss)
    assert 100 <= len(page) <= 110
    assert len(page.html.encode()) <= 80_000


def test_a_page_of_thousands_of_products_is_compact() -> None:
    page = replay(batch_loss(30))
    assert len(page) > 3_000
    empty = len(replay(Value(1.0)).html)
    assert len(page.html) - empty <= 50 * len(page)  # characters a product
    film = film_in(page)
    assert [len(film[column]) for column in ("node", "parent", "local")] == [len(page)] * 3


def test_a_leaf_alone_has_a_page_too() -> None:
    assert len(replay(Value(1.0))) == 0
    assert "application/json" in replay(Value(1.0)).html


def test_in_a_notebook_it_is_a_frame_of_its_own() -> None:
    [(tag, attributes)] = _Tags(nasty_page()._repr_html_()).found
    assert (tag, attributes["srcdoc"], attributes["title"]) == ("iframe", nasty_page().html, NASTY)
    assert attributes["sandbox"] == "allow-scripts"


def test_saves_the_page_atomically(tmp_path: Path) -> None:
    page = replay(readme_value())
    page.save(tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text("utf-8") == page.html
    with pytest.raises(ValueError, match=r"cannot write .*'a\.svg'.* must end in \.html"):
        page.save("a.svg")
    with pytest.raises(FileNotFoundError):
        page.save(tmp_path / "nowhere" / "a.html")
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


def test_refuses_anything_without_a_backward_pass() -> None:
    with pytest.raises(TypeError, match=r"replay takes the Value to differentiate, got 3\.0 \(float\)"):
        replay(3.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="depth='deep'"):
        replay(Value(1.0), depth="deep")  # type: ignore[arg-type]


def test_the_command_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.html"
    assert main(["replay", "relu(a*b + c)", "a=2", "b=-3", "c=10", "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}: 5 products; open it in a browser\n"
    assert '"a*b"' in out.read_text("utf-8")  # the marked sub-expression
    assert main(["replay", "a*b", "a=2", "b=1", "-o", "out.svg"]) == 2
    assert "the name must end in .html" in capsys.readouterr().err
