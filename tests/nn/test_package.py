"""The package `nn`: its public names, and the error if another `autograd` is imported."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nn
from nn.cluster.placement import LONGEST_SECONDS, longest_task
from nn.plotting.figures import LOG_FROM_RATIO, loss_figure
from nn.plotting.network import MOST, draw_model
from nn.tabular.columns import MAX_CATEGORIES
from nn.tabular.table import MAX_INTEGER_CLASSES

ROOT = Path(nn.__file__).parent.parent


def test_public_names_exist_and_are_sorted_by_kind():
    assert len(set(nn.__all__)) == len(nn.__all__)
    assert [name for name in nn.__all__ if not hasattr(nn, name)] == []


@pytest.mark.parametrize(
    ("documented", "words"),
    [
        (nn.read_table, f"at most {MAX_CATEGORIES} different texts"),
        (nn.read_table, f"at most {MAX_INTEGER_CLASSES} different integers"),
        (nn.tabular.datasets.load, f"{len(nn.tabular.datasets.load('moons').x)} noisy points"),
        (loss_figure, f"more than a factor of {LOG_FROM_RATIO:g}"),
        (draw_model, f"a column of more than {MOST}"),
        (longest_task, f"by default {LONGEST_SECONDS:g}"),
    ],
)
def test_docstrings_quote_the_constants(documented, words):
    assert words in " ".join(documented.__doc__.split())


def test_another_autograd_distribution_is_named_with_the_remedy(tmp_path):
    foreign = tmp_path / "autograd"
    foreign.mkdir()
    (foreign / "__init__.py").write_text("def grad(f): ...\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-P", "-c", "import nn"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ImportError" in done.stderr
    assert str(foreign) in done.stderr
    assert "pip uninstall autograd" in done.stderr


@pytest.mark.parametrize(
    "module",
    [
        *("autograd.check", "autograd.drawing", "autograd.functional", "autograd.strategies", "autograd.testing"),
        *("nn.cluster", "nn.datasets"),
    ],
)
def test_public_modules_are_imported_by_their_names(module: str) -> None:
    """Private modules may move; these are documented."""
    package, _, name = module.partition(".")
    assert importlib.import_module(module) is getattr(importlib.import_module(package), name)
