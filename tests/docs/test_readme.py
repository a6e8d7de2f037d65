"""The README is true: Python blocks are one session, files are run, transcripts and commands give what is printed."""

import doctest
import json
import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.run_notebooks import PICTURES, notebooks

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROMPT = re.compile(r"^\((?:Pdb|backward)\) ")
ACROSS = 3  # pictures in a row of the index
HOUSES = ["size,age,price", *(f"{60 + 3 * i},{i % 7},{200.5 + 9 * i - 4 * (i % 7)}" for i in range(30))]


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert len(found) == README.count(f"```{language}\n")
    return found


def files() -> dict[str, str]:
    """The blocks that are files; their first line is the name."""
    return {text.split("\n")[0].removeprefix("# "): text for text in blocks("py")}


def run(arguments: list[str], folder: Path, typed: str = "") -> str:
    """What a command prints. The folder is read as the current one, as a reader's would be."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        input=typed,
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    assert done.returncode in ((0, 1) if "pdb" in arguments else (0,)), done.stdout + done.stderr
    return done.stdout.replace(f"{folder}{os.sep}", "")


def index() -> str:
    """The README's index of the notebooks: a table of their titles and pictures."""
    cells = []
    for path in notebooks():
        title = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]).splitlines()[0][2:]
        picture = (PICTURES / f"{path.stem}.svg").relative_to(ROOT).as_posix()
        cells.append(f"[{title}](notebooks/{path.name})<br>![{title}]({picture})")
    rows = [cells[first : first + ACROSS] for first in range(0, len(cells), ACROSS)]
    lines = ["| " * ACROSS + "|", "|---" * ACROSS + "|", *[f"| {' | '.join(row)} |" for row in rows]]
    return "".join(f"{line}\n" for line in lines)


def test_python_blocks_run_in_order() -> None:
    session = doctest.DocTestParser().get_doctest("\n".join(blocks("python")), {}, "README.md", "README.md", 0)
    report: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(session, out=report.append)
    assert session.examples
    assert not report, "".join(report)


def test_every_block_is_of_a_kind_that_is_run() -> None:
    assert set(re.findall(r"^```(\S+)$", README, re.MULTILINE)) == {"python", "py", "text", "sh"}
    assert all(re.match(r"# [\w.]+\.py\n", text) for text in blocks("py"))
    assert all(text.startswith("$ python ") for text in blocks("text"))


@pytest.mark.parametrize("name", [name for name in files() if name.startswith("test_")])
def test_property_tests_pass(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(files()[name], encoding="utf-8")
    installed = any(entry.value == "scalar_autograd_pytest" for entry in entry_points(group="pytest11"))
    plugin = (
        [] if installed else ["-p", "autograd.plugins.scalar_autograd_pytest"]
    )  # pytest refuses one that it knows already
    assert "1 passed" in run(["-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, name], tmp_path)


@pytest.mark.parametrize("transcript", blocks("text"), ids=lambda text: text.split("\n")[0][9:24].strip())
def test_transcripts_are_what_is_printed(transcript: str, tmp_path: Path) -> None:
    """What is typed behind the prompts gives the other lines, in this order; between them more may be printed."""
    for name, text in files().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    command, *lines = transcript.splitlines()
    typed = [PROMPT.sub("", line) for line in lines if PROMPT.match(line)]
    [*arguments] = re.findall(r'"[^"]*"|\S+', command.removeprefix("$ python "))
    printed = run([each.strip('"') for each in arguments], tmp_path, "".join(f"{line}\n" for line in [*typed, "quit"]))
    remaining = iter([PROMPT.sub("", line) for line in printed.splitlines()])
    for line in lines:
        assert PROMPT.match(line) or line in remaining, f"{line!r} is not printed there:\n{printed}"


def test_a_csv_file_is_learnt_and_predicted(tmp_path: Path) -> None:
    (tmp_path / "houses.csv").write_text("\n".join(HOUSES), encoding="utf-8")
    (tmp_path / "new.csv").write_text("size,age\n90,3\n", encoding="utf-8")
    [commands] = [text for text in blocks("sh") if "houses.csv" in text]
    for command in commands.splitlines():
        printed = run(command.removeprefix("python ").split(), tmp_path)
    price = float(printed.splitlines()[1].split(",")[2])
    assert 200 < price < 450  # the formula says 278.5; nothing but the range of the data is promised


def test_first_commands_are_single_lines_that_need_no_activation() -> None:
    commands = blocks("sh")
    assert [command.count("\n") for command in commands[:2]] == [1, 1]
    assert "nn train digits" in commands[0]
    assert commands[1].rstrip().endswith("-m pytest")
    assert not any("activate" in command for command in commands)


def test_named_files_exist() -> None:
    for name in re.findall(r"`((?:autograd|nn|tests)/[\w/.]+\.\w+)`", README):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / name).exists(), name


def test_the_index_shows_every_notebook_by_title_and_picture() -> None:
    assert index() in README
