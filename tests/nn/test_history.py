"""The history of a run as rows and as a file, the progress that is shown, and the best parameters that are kept."""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value
from nn.train.history import Epoch, History
from nn.train.monitor import Monitor
from nn.train.progress import Bar, Lines, Quiet, choose_progress

X, Y = [[0.0, 1.0], [1.0, 0.0], [0.5, -1.0]], [1.0, 1.0, 0.5]


def test_the_history_file_holds_every_row_exactly(tmp_path: Path) -> None:
    history = nn.fit(nn.MLP(2, [2, 1], seed=0), X, Y, epochs=3, validation=(X, Y), metric="r_squared")
    history.save_csv(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert [float(row["loss"]) for row in rows] == history.losses
    assert [float(row["validation_loss"]) for row in rows] == history.validation_losses
    assert [float(row["r_squared"]) for row in rows] == history.metrics
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]


def test_a_history_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        History([Epoch(1, 0.5)]).save_csv(tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_history_without_a_finite_loss_has_no_best_epoch() -> None:
    history = History([Epoch(1, math.nan)])
    assert (history.best, history.best_epoch) == (None, 0)
    assert repr(history) == "History(1 epoch, stopped: running)"


# --- progress ---------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_are_few_and_free_of_control_characters() -> None:
    stream = io.StringIO()
    with Lines(95, "accuracy", stream) as display:
        for epoch in range(1, 96):
            display.epoch(Epoch(epoch, 1.0 / epoch, metric=0.5))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[0] == "epoch 1/95  loss 1  accuracy 0.5"
    assert lines[-1].startswith("epoch 95/95")
    assert stream.getvalue().replace("\n", "").isprintable()


def test_a_terminal_gets_a_bar_and_a_pipe_gets_lines() -> None:
    def chosen(show: bool | None, stream: io.StringIO) -> type:
        return type(choose_progress(show, 10, 5, History(), stream))

    assert chosen(None, Terminal()) is Bar
    assert chosen(True, Terminal()) is Bar
    assert chosen(True, io.StringIO()) is Lines
    assert chosen(None, io.StringIO()) is chosen(False, Terminal()) is Quiet


def test_the_bar_shows_loss_and_metric() -> None:
    stream = Terminal()
    with Bar(2, 4, "accuracy", stream) as display:
        display.advance(4)
        display.epoch(Epoch(1, 0.25, metric=0.75))
    assert "loss 0.25" in stream.getvalue()
    assert "accuracy 0.75" in stream.getvalue()


def test_without_rich_a_terminal_gets_a_message_and_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)
    stream = Terminal()
    assert type(choose_progress(True, 10, 5, History(), stream)) is Lines
    assert "pip install rich" in stream.getvalue()


# --- the best parameters ----------------------------------------------------------------------------------------------


class CountedParameters(list[Value]):
    """Parameters that count how often they are looked through."""

    readings = 0

    def __iter__(self) -> Iterator[Value]:
        self.readings += 1
        return super().__iter__()


@given(losses=st.lists(st.sampled_from([0.5, 0.25, 0.125, math.nan, math.inf]), max_size=8))
def test_parameters_are_copied_at_the_start_and_at_each_new_best_only(losses: list[float]) -> None:
    w = Value(-1.0)
    parameters = CountedParameters([w])
    monitor, lowest, copies = Monitor(History(), parameters, lambda history: None), math.inf, 1
    kept = w.data
    for number, loss in enumerate(losses):
        w.data = float(number)
        monitor.take(Epoch(number, loss))
        if loss < lowest:
            lowest, copies, kept = loss, copies + 1, w.data
        assert (parameters.readings, monitor.best.parameters, monitor.best.loss) == (copies, [kept], lowest)
