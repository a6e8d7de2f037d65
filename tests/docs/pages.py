"""Markdown pages that have to be true: their Python blocks as one session, their files, tests and transcripts."""

from __future__ import annotations

import contextlib
import doctest
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROMPT = re.compile(r"^\((?:Pdb|backward)\) ")
MAY_FAIL = {"pdb", "check", "grade"}  # commands that end with 1 when they show a failure


@dataclass(frozen=True, slots=True)
class Page:
    """A page by its path; its blocks of code by language."""

    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def blocks(self, language: str) -> list[str]:
        found = re.findall(rf"^```{language}\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)
        assert len(found) == self.text.count(f"```{language}\n")
        return found

    def files(self) -> dict[str, str]:
        """The blocks that are files; their first line is the name."""
        return {text.split("\n")[0].removeprefix("# "): text for text in self.blocks("py")}

    def session_report(self) -> str:
        """What doctest has to say against the Python blocks, run in order as one session, in a folder of its own."""
        source = "\n".join(self.blocks("python"))
        session = doctest.DocTestParser().get_doctest(source, {}, self.path.name, str(self.path), 0)
        assert session.examples
        report: list[str] = []
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(session, out=report.append)
        return "".join(report)

    def kinds(self) -> set[str]:
        """The languages of all blocks; files have to name themselves, and transcripts begin with a command."""
        assert all(re.match(r"# [\w.]+\.py\n", text) for text in self.blocks("py"))
        assert all(text.startswith(("$ python ", "$ autograd ")) for text in self.blocks("text"))
        return {*re.findall(r"^```(\S+)$", self.text, re.MULTILINE)}

    def check_tests(self, name: str, folder: Path) -> None:
        """All tests of a file pass."""
        text = self.files()[name]
        (folder / name).write_text(text, encoding="utf-8")
        installed = any(entry.value == "scalar_autograd_pytest" for entry in entry_points(group="pytest11"))
        plugin = [] if installed else ["-p", "autograd.plugins.scalar_autograd_pytest"]  # not twice
        printed = run(["-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, name], folder)
        assert f"{len(re.findall('^def test_', text, re.MULTILINE))} passed" in printed

    def check_transcript(self, transcript: str, folder: Path) -> None:
        """What is typed behind the prompts gives the other lines, in this order; between them more may be printed."""
        for name, text in self.files().items():
            (folder / name).write_text(text, encoding="utf-8")
        command, *lines = transcript.splitlines()
        typed = [PROMPT.sub("", line) for line in lines if PROMPT.match(line)]
        command = re.sub(r"^\$ autograd ", "$ python -m autograd ", command)  # the script may not be installed
        [*arguments] = re.findall(r'"[^"]*"|\S+', command.removeprefix("$ python "))
        typed_in = "".join(f"{line}\n" for line in [*typed, "quit"])
        printed = run([each.strip('"') for each in arguments], folder, typed_in)
        remaining = iter([PROMPT.sub("", line) for line in printed.splitlines()])
        for line in lines:
            assert PROMPT.match(line) or line in remaining, f"{line!r} is not printed there:\n{printed}"

    def missing_files(self) -> Iterator[str]:
        """Files that the page names, or links to, and that do not exist."""
        for name in re.findall(r"`((?:autograd|nn|tests)/[\w/.]+\.\w+)`", self.text):
            if not (ROOT / name).exists():
                yield name
        for name in re.findall(r"\]\((?!https?:)([^)#]+)\)", self.text):
            if not (self.path.parent / name).exists():
                yield name


def run(arguments: list[str], folder: Path, typed: str = "") -> str:
    """What a command prints. The folder is read as the current one, as a reader's would be."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
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
    assert done.returncode in ((0,) if MAY_FAIL.isdisjoint(arguments) else (0, 1)), done.stdout + done.stderr
    return done.stdout.replace(f"{folder}{os.sep}", "")
