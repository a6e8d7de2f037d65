"""Sweeps: every point of a grid is trained once, here or on a cluster; a resumed sweep trains only missing points."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

import nn
from nn.cluster.checkpoint import CheckpointError
from nn.sweeps import Trial

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

X, Y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
GRID = {"lr": [0.1, 0.01], "hidden": [1, 2]}


def build(lr: float, hidden: int) -> tuple[nn.MLP, dict[str, Any]]:
    return nn.MLP(1, [hidden, 1], hidden="tanh", seed=0), {"lr": lr, "epochs": 3}


def figures(table: nn.Sweep) -> list[tuple[dict[str, Any], float, int, str]]:
    return [(trial.point, trial.loss, trial.best_epoch, trial.error) for trial in table.trials]


def test_every_combination_is_trained_once_in_the_order_of_the_grid() -> None:
    calls = []

    def counting(lr: float, hidden: int) -> tuple[nn.MLP, dict[str, Any]]:
        calls.append((lr, hidden))
        return build(lr, hidden)

    table = nn.sweep(counting, GRID, (X, Y), progress=False)
    assert calls == [(0.1, 1), (0.1, 2), (0.01, 1), (0.01, 2)]
    assert [trial.point for trial in table.trials] == [{"lr": lr, "hidden": hidden} for lr, hidden in calls]
    model, options = build(*calls[2])
    alone = nn.fit(model, X, Y, progress=False, **options)
    assert alone.best is not None
    assert (table.trials[2].loss, table.trials[2].epochs) == (alone.best.loss, 3)
    assert table.best is not None
    assert table.best.loss == min(trial.loss for trial in table.trials)


def test_the_cluster_gives_the_same_table() -> None:
    pytest.importorskip("distributed", reason="no Dask: pip install 'scalar-autograd[cluster]'")
    here = nn.sweep(build, GRID, (X, Y), progress=False)
    local = lambda **point: build(**point)  # noqa: E731, PLW0108 (lambdas can be sent, too)
    there = nn.sweep(local, GRID, (X, Y), cluster=2, progress=False)
    assert figures(there) == figures(here)


def test_a_point_that_fails_is_a_row_and_the_others_are_trained(capsys: pytest.CaptureFixture[str]) -> None:
    table = nn.sweep(build, {"lr": [0.1, -1.0], "hidden": [1]}, (X, Y), progress=True)
    good, bad = table.trials
    assert math.isfinite(good.loss)
    assert bad.error == "ValueError: lr must be positive and finite, got -1.0"
    assert table.best == good
    lines = capsys.readouterr().err.splitlines()
    assert lines[1] == "2/2  lr=-1.0 hidden=1: ValueError: lr must be positive and finite, got -1.0"
    assert str(table).splitlines()[2].startswith("-1")


def test_a_sweep_resumes_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "sweep.json"
    calls: list[float] = []

    def stumbling(lr: float) -> tuple[nn.MLP, dict[str, Any]]:
        calls.append(lr)
        if len(calls) == 2:
            raise KeyboardInterrupt
        if len(calls) == 3:
            raise ArithmeticError("once")
        return build(lr, 1)

    grid = {"lr": [0.1, 0.2, 0.3]}
    assert [trial.point["lr"] for trial in nn.sweep(stumbling, grid, (X, Y), path=path, progress=False).trials] == [0.1]
    second = nn.sweep(stumbling, grid, (X, Y), path=path, progress=False)
    assert [trial.error for trial in second.trials] == ["", "ArithmeticError: once", ""]
    third = nn.sweep(stumbling, grid, (X, Y), path=path, progress=False)
    assert calls == [0.1, 0.2, 0.2, 0.3, 0.2]
    assert figures(third) == figures(nn.sweep(lambda lr: build(lr, 1), grid, (X, Y), progress=False))
    assert len(json.loads(path.read_text(encoding="utf-8"))["trials"]) == 3


def test_a_table_of_other_data_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sweep.json"
    nn.sweep(build, [{"lr": 0.1, "hidden": 1}], (X, Y), path=path, progress=False)
    with pytest.raises(CheckpointError, match="data: these are trials of other data; delete it or"):
        nn.sweep(build, GRID, (X, [1.0, 3.0, 6.0]), path=path, progress=False)
    for text in ("{", "{}", '{"format": "scalar-autograd sweep", "schema": 1, "data": 0}', "[1]"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(CheckpointError, match=r"sweep\.json: .*To start again, delete it"):
            nn.sweep(build, GRID, (X, Y), path=path, progress=False)


@pytest.mark.parametrize("grid", [{}, [], {"lr": []}, [{}]])
def test_a_grid_without_points_is_refused(grid: Any) -> None:
    with pytest.raises(ValueError, match="the grid has no points"):
        nn.sweep(build, grid, (X, Y))


def test_points_must_be_json() -> None:
    with pytest.raises(ValueError, match="a point must be a JSON value"):
        nn.sweep(build, [{"lr": object()}], (X, Y))


def test_the_best_of_nothing_finite_is_none() -> None:
    assert nn.Sweep([Trial({"lr": 1}, math.nan), Trial({"lr": 2})]).best is None
    assert nn.Sweep().best is None
