"""The README is true: its Python blocks run as one session, and its commands are the ones that CI runs."""

import doctest
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python_blocks_run_in_order() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert len(blocks) == README.count("```python\n")
    session = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "README.md", "README.md", 0)
    report: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(session, out=report.append)
    assert session.examples
    assert not report, "".join(report)


def test_first_commands_are_single_lines_that_need_no_activation() -> None:
    commands = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert [command.count("\n") for command in commands[:2]] == [1, 1]
    assert "nn train digits" in commands[0]
    assert commands[1].rstrip().endswith("-m pytest")
    assert not any("activate" in command for command in commands)


def test_named_files_exist() -> None:
    for name in re.findall(r"`((?:autograd|nn|tests)/[\w/.]+\.\w+)`", README):
        assert (ROOT / name).exists(), name
