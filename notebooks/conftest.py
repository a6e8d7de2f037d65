"""`pytest notebooks`: each notebook is a test, run in a fresh kernel together with its hidden solutions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.run_notebooks import run

INSTALL = "pip install -e '.[test,notebooks]'"

collect_ignore = ["conf.py", "_extensions"]  # without doctests, and of what a test run need not have


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Each .ipynb is a file with one test."""
    return Notebook.from_parent(parent, path=file_path) if file_path.suffix == ".ipynb" else None


class Notebook(pytest.File):
    """A notebook."""

    def collect(self) -> Iterator[pytest.Item]:
        """Its one test."""
        test = Run.from_parent(self, name="run")
        test.add_marker(pytest.mark.filterwarnings("default"))  # warnings of the kernel's client are not ours
        yield test


class Run(pytest.Item):
    """A run of all cells, in order."""

    def runtest(self) -> None:
        """Any cell that raises is a failure."""
        pytest.importorskip("nbclient", reason=f"needs nbclient and ipykernel: {INSTALL}")
        run(self.path)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: str | None = None) -> str:
        """The cell and its traceback, without that of the client."""
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Which notebook failed."""
        return self.path, None, self.path.stem
