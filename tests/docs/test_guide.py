"""The guide is true: every block on its pages is run."""

import re
from pathlib import Path

import pytest

from autograd.check.oracle import ORACLES
from tests.benchmark.checkers import our_checker
from tests.benchmark.checkers_peers import ERRORS, largest_passing
from tests.docs.pages import ROOT, Page

pytestmark = pytest.mark.slow

PAGES = [Page(path) for path in sorted((ROOT / "notebooks" / "guide").glob("*.md"))]
# What a page needs besides the extra `test`: its blocks are run where that is installed.
NEEDS = {"pytorch": ("torch",), "jax": ("jax",), "onnx": ("onnx", "onnxruntime"), "weights": ("sklearn",)}
TESTS = [(page, name) for page in PAGES for name in page.files() if name.startswith("test_")]
TRANSCRIPTS = [(page, text) for page in PAGES for text in page.blocks("text")]


def named(given: object) -> str | None:
    """Ids: a page by its file, a transcript by its command."""
    return given.path.stem if isinstance(given, Page) else str(given).split("\n")[0].removeprefix("$ python -m ")


@pytest.mark.parametrize("page", PAGES, ids=named)
@pytest.mark.filterwarnings("ignore:::torch")
def test_python_blocks_run_in_order(page: Page) -> None:
    for name in NEEDS.get(page.path.stem, ()):
        pytest.importorskip(name, reason=f"the page needs {name}, which is not installed")
    assert not page.session_report()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_block_is_of_a_kind_that_is_run(page: Page) -> None:
    assert page.kinds() <= {"python", "py", "text"}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_named_files_exist(page: Page) -> None:
    assert not [*page.missing_files()]


@pytest.mark.parametrize(("page", "name"), TESTS, ids=named)
def test_tests_pass(page: Page, name: str, tmp_path: Path) -> None:
    page.check_tests(name, tmp_path)


@pytest.mark.parametrize(("page", "transcript"), TRANSCRIPTS, ids=named)
def test_transcripts_are_what_is_printed(page: Page, transcript: str, tmp_path: Path) -> None:
    page.check_transcript(transcript, tmp_path)


def test_every_oracle_finds_the_error_that_the_table_says_and_none_a_tenth_of_it() -> None:
    """The column "smallest error found" of the page on gradient checks, by the question that the benchmark asks."""
    text = Page(ROOT / "notebooks" / "guide" / "checking-gradients.md").text
    rows = re.findall(r'^\| (`"\w+"`(?:, `"\w+"`)*) \| [^|]* \| (\S+) \|', text, re.MULTILINE)
    said = {name: float(error) for names, error in rows for name in re.findall(r"\w+", names)}
    assert said.keys() == set(ORACLES)
    for oracle, error in said.items():
        passing = largest_passing(our_checker(oracle), 1.0)
        assert passing is not None
        assert ERRORS[ERRORS.index(passing) - 1] == error
