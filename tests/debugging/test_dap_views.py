"""What the debug adapter shows of a stopped pass: stack, scopes, answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.debugging.dap_editor import BACKWARD_LINE, LOSS_LINE, NAMES, TRAIN, Z_LINE, debugging

pytestmark = pytest.mark.slow


def test_the_stack_is_the_chain_rule_down_to_here(tmp_path: Path) -> None:
    with debugging(tmp_path) as editor:
        editor.start([{"line": Z_LINE}], file="model.py", stopOnEntry=False)
        editor.stopped()
        frames = editor.frames()
        assert [re.sub(r" = .*", "", frame["name"]) for frame in frames] == [
            "∂L/∂z", "∂L/∂a", "∂L/∂add", "∂L/∂pow", "∂L/∂loss", "<module>",
        ]  # fmt: skip
        assert [frame["line"] for frame in frames] == [Z_LINE, 6, LOSS_LINE, LOSS_LINE, LOSS_LINE, BACKWARD_LINE]
        source = TRAIN.splitlines()[LOSS_LINE - 1]
        assert source[frames[2]["column"] - 1 : frames[2]["endColumn"] - 1] == "y + b"
        part = editor.client.request("stackTrace", threadId=1, startFrame=1, levels=2)
        assert (part["stackFrames"], part["totalFrames"]) == (frames[1:3], 6)


def test_scopes_show_the_value_the_sum_and_what_is_handed_on(tmp_path: Path) -> None:
    with debugging(tmp_path) as editor:
        editor.start(names=["w"], stopOnEntry=False)
        assert editor.stopped() == "breakpoint train.py:4"
        scopes = editor.scopes()
        assert list(scopes) == ["w", "Gradient: the sum of", "Propagates", "All values"]
        assert (scopes["w"]["data"], scopes["w"]["grad"]) == ("0.3", editor.evaluate("w.grad"))
        parts = [float(text.rpartition(" = ")[2]) for text in scopes["Gradient: the sum of"].values()]
        assert len(parts) == 2
        assert sum(parts) == pytest.approx(float(scopes["w"]["grad"]), rel=1e-5)  # six digits are shown
        assert scopes["Propagates"] == {}
        assert set(NAMES) <= set(scopes["All values"])
        propagates = list(editor.scopes(frame=1)["Propagates"].values())  # of z: w has its product, x has not
        assert propagates[0].startswith("0.7 × ")
        assert propagates[1] == "0.3 · ∂L/∂z  (pending)"


def test_evaluates_nothing_but_conditions(tmp_path: Path) -> None:
    with debugging(tmp_path) as editor:
        editor.start()
        editor.stopped()
        answer = editor.client.request("evaluate", expression="loss", context="hover")
        assert editor.inside(answer)["op"] == "mul"
        assert editor.evaluate("abs(b.data) * 10 == 1 and loss.grad == 1") == "True"
        marker = tmp_path / "marker"
        for text in (f"open({str(marker)!r}, 'w')", "__import__('os')", "loss.__class__", "[x for x in (1,)]", ""):
            with pytest.raises(RuntimeError, match="evaluate failed"):
                editor.evaluate(text)
        assert not marker.exists()
        found = editor.client.request("completions", frameId=1, text="abs(lo", column=7)["targets"]
        assert {"label": "loss", "start": 4, "length": 2} in found


def test_stops_where_a_gradient_becomes_nan(tmp_path: Path) -> None:
    program = "from autograd import Value, log\nx = Value(0.0)\ny = log(x) * 0.0\nz = y + x\nz.backward()\n"
    with debugging(tmp_path, program) as editor:
        editor.start(stopOnEntry=False)
        assert editor.stopped() == "exception train.py:3"
        info = editor.client.request("exceptionInfo", threadId=1)
        assert "the gradient of x becomes" in info["description"]
        assert "log(x) = -inf" in info["details"]["message"]
        assert editor.finish() == (0, "")
