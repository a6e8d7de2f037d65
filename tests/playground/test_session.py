"""What the worker answers: the same code as in the browser, called as the page calls it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from autograd import PRIMITIVES
from autograd.playground.build import EXAMPLES, examples
from autograd.playground.program import LONGEST_OUTPUT, run_program
from autograd.playground.session import Session

SQUARE = "from autograd import Value\nx = Value(3.0)\ny = x * x + x\ny.backward()\n"


class Worker:
    """A session that is asked as by the page."""

    def __init__(self) -> None:
        self._session = Session()

    def __call__(self, do: str, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._session.answer(json.dumps({"do": do, **arguments})))
        return answer


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run_and_have_a_graph(worker: Worker, name: str) -> None:
    program = next(each["program"] for each in examples() if each["name"] == name)
    answer = worker("run", program=program)
    assert answer["failure"] is None
    assert answer["products"] >= 5
    assert worker("check")["verdict"] == ("wrong" if name == "wrong-gradient" else "ok")
    assert worker("derive", level="node")["mathml"].startswith("<math")


def test_the_net_of_the_article_has_layers(worker: Worker) -> None:
    worker("run", program=next(each["program"] for each in examples() if each["name"] == "article"))
    assert "BP2" in worker("derive", level="layer")["mathml"]


def test_each_moment_has_its_gradients_line_and_marks(worker: Worker) -> None:
    assert worker("run", program=SQUARE)["products"] == 4
    shown = [worker("moment", index=i) for i in range(5)]
    assert [each["values"][0][2] for each in shown] == ["○ 0", "○ 0", "▲ 1", "▲ 4", "▲ 7"]
    assert [each["index"] for each in shown] == [0, 1, 2, 3, 4]
    assert "the seed" in shown[0]["message"]
    assert shown[3]["place"] == {"line": 3, "column": 4, "endLine": 3, "endColumn": 9}
    assert shown[3]["edge"] != shown[4]["edge"], "the two edges of x * x"
    for each in shown[1:]:
        assert f'id="{each["edge"]}"' in each["svg"]
        assert f'id="{each["box"]}"' in each["svg"]
    assert worker("moment", index=None)["values"][0][2] == "▲ 7", "what the program has left"


def test_moments_leave_the_gradients_of_the_program(worker: Worker) -> None:
    worker("run", program=SQUARE + "x.grad = 5.0\n")
    worker("moment", index=2)
    worker("check")
    assert worker("moment", index=None)["values"][0][2] == "▲ 5"


@pytest.mark.parametrize("index", [-1, 0, 4, 99])
def test_moments_beyond_the_ends_are_the_ends(worker: Worker, index: int) -> None:
    worker("run", program=SQUARE)
    assert worker("moment", index=index)["index"] == min(max(index, 0), 4)


@pytest.mark.parametrize(
    ("program", "kind", "line", "column"),
    [
        ("x = 1\ny = x / 0\n", "ZeroDivisionError", 2, 4),
        ("x = (1 +\n", "SyntaxError", 1, 4),
        ("def f(n):\n    return f(n)\nf(1)\n", "RecursionError", 2, 11),
        ("from autograd import Value\nδ = Value(1.0) * []\n", "TypeError", 2, 4),
        ("raise KeyboardInterrupt\n", "KeyboardInterrupt", 1, 0),
        ("class E(Exception):\n    def __str__(self): return 'no'\nraise E\n", "E", 3, 0),
    ],
    ids=["runtime", "syntax", "recursion", "engine", "interrupt", "own class"],
)
def test_failures_have_their_line(worker: Worker, program: str, kind: str, line: int, column: int) -> None:
    failure = worker("run", program=program)["failure"]
    assert (failure["kind"], failure["line"], failure["column"]) == (kind, line, column)
    assert "autograd/" not in failure["text"], "only the program's own lines"


def test_null_bytes_are_a_failure(worker: Worker) -> None:
    assert "null bytes" in worker("run", program="x = 1\0")["failure"]["message"]


def test_a_program_that_fails_shows_what_it_has_made(worker: Worker) -> None:
    answer = worker("run", program=SQUARE + "boom")
    assert answer["failure"]["line"] == 5
    assert answer["products"] == 4


def test_the_value_of_a_last_expression_is_drawn() -> None:
    root = run_program("from autograd import Value\nx = Value(3.0)\ny = x * 2\nx + 1").root
    assert root is not None
    assert root.data == 4.0


def test_a_program_without_values_has_nothing_to_show(worker: Worker) -> None:
    answer = worker("run", program="print(1)")
    assert (answer["output"], answer["svg"], answer["products"]) == ("1\n", "", 0)
    for asked in ("check", "moment", "derive"):
        assert "no Value" in worker(asked, index=0, level="node")["refusal"]


def test_output_is_cut() -> None:
    assert len(run_program("while True:\n    print('a' * 99_999)\n    raise SystemExit").output) < LONGEST_OUTPUT + 100


def test_programs_define_their_primitives_each_time(worker: Worker) -> None:
    before = set(PRIMITIVES)
    program = "from autograd import Value, define\nf = define('tested_here', abs, 1.0)\nf(Value(2.0))"
    assert [worker("run", program=program)["failure"] for _ in range(2)] == [None, None]
    assert set(PRIMITIVES) == before


def test_names_of_a_program_are_text_in_the_picture(worker: Worker) -> None:
    program = "from autograd import Value\nx = Value(1.0, label='<script>alert(1)</script>')\nx * 2"
    answer = worker("run", program=program)
    assert "<script" not in answer["svg"]
    assert answer["values"][0][0] == "<script>alert(1)</script>"
    assert "<script" not in worker("derive", level="node")["mathml"]
