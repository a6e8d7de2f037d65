"""The README is true: Python blocks are one session, transcripts and commands give what is printed."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Page, run
from tests.run_notebooks import PICTURES, notebooks

pytestmark = pytest.mark.slow

README = Page(ROOT / "README.md")
NOTEBOOKS = Page(ROOT / "notebooks" / "README.md")
GUIDE = sorted((ROOT / "notebooks" / "guide").glob("*.md"))
ACROSS = 3  # pictures in a row of the index
HOUSES = ["size,age,price", *(f"{60 + 3 * i},{i % 7},{200.5 + 9 * i - 4 * (i % 7)}" for i in range(30))]


def index() -> str:
    """The index of the notebooks: a table of their titles and pictures."""
    cells = []
    for path in notebooks():
        title = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]).splitlines()[0][2:]
        picture = (PICTURES / f"{path.stem}.svg").relative_to(path.parent).as_posix()
        cells.append(f"[{title}]({path.name})<br>![{title}]({picture})")
    rows = [cells[first : first + ACROSS] for first in range(0, len(cells), ACROSS)]
    lines = ["| " * ACROSS + "|", "|---" * ACROSS + "|", *[f"| {' | '.join(row)} |" for row in rows]]
    return "".join(f"{line}\n" for line in lines)


def test_python_blocks_run_in_order() -> None:
    assert not README.session_report()


def test_every_block_is_of_a_kind_that_is_run() -> None:
    assert README.kinds() == {"python", "text", "sh", "powershell"}


@pytest.mark.parametrize("transcript", README.blocks("text"), ids=lambda text: text.split("\n")[0][9:24].strip())
def test_transcripts_are_what_is_printed(transcript: str, tmp_path: Path) -> None:
    README.check_transcript(transcript, tmp_path)


def test_a_csv_file_is_learnt_and_predicted(tmp_path: Path) -> None:
    (tmp_path / "houses.csv").write_text("\n".join(HOUSES), encoding="utf-8")
    (tmp_path / "new.csv").write_text("size,age\n90,3\n", encoding="utf-8")
    [commands] = [text for text in README.blocks("sh") if "houses.csv" in text]
    for command in commands.splitlines():
        printed = run(command.removeprefix("python ").split(), tmp_path)
    price = float(printed.splitlines()[1].split(",")[2])
    assert 200 < price < 450  # the formula says 278.5; nothing but the range of the data is promised


def test_links_work_on_pypi_which_has_no_other_file() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["metadata"][
        "hooks"
    ]
    written = shown = (ROOT / "README.md").read_text(encoding="utf-8")
    for each in settings["fancy-pypi-readme"]["substitutions"]:
        shown = re.sub(each["pattern"], each["replacement"], shown)
    before, after = (re.findall(r"(!?)\[[^\]]*\]\(([^)]+)\)", text) for text in (written, shown))
    assert len(before) == len(after) > 20
    for (mark, path), (_, url) in zip(before, after, strict=True):
        if not path.startswith("https:"):
            assert (ROOT / path).is_file()
            host, form = ("raw.githubusercontent.com", "") if mark else ("github.com", "blob/")
            assert url == f"https://{host}/scalar-autograd/scalar-autograd/{form}main/{path}"


def test_first_commands_are_single_lines_that_need_no_activation() -> None:
    commands = README.blocks("sh")
    assert [command.count("\n") for command in commands[:2]] == [1, 1]
    assert "nn train digits" in commands[0]
    assert commands[1].rstrip().endswith("-m pytest")
    assert not any("activate" in command for command in commands)


def test_windows_has_the_same_two_commands() -> None:
    [here] = README.blocks("powershell")
    elsewhere = "".join(README.blocks("sh")[:2])
    translated = elsewhere.replace("python3 -m", "py -m").replace(" &&", ";").replace(".venv/bin/", ".venv\\Scripts\\")
    assert here == translated


def test_named_files_exist() -> None:
    assert not [*README.missing_files(), *NOTEBOOKS.missing_files()]


def test_every_page_of_the_guide_is_linked() -> None:
    assert [page.name for page in GUIDE if page.relative_to(ROOT).as_posix() not in README.text] == []


def test_the_index_shows_every_notebook_by_title_and_picture() -> None:
    assert index() in NOTEBOOKS.text
