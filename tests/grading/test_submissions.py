"""Submissions that misbehave: the report is there, says what happened, and takes a bounded time."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from autograd.grading import Limits, Report, Rubric, grade
from tests.grading.plants import SOURCE, planted

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits need the module resource")

QUICK = Rubric(graphs=0, points={"depth": 0})
LIMITS = Limits(memory=512, answer=30.0, total=60.0)
IMPATIENT = Limits(memory=512, answer=0.5, total=2.0)
BACKWARD = "        order, seen, stack = []"


def submitted(folder: Path, first: str = "", in_backward: str = "", source: str = SOURCE) -> Path:
    """A file that does something when it is loaded, or in every backward pass."""
    file = folder / "student.py"
    inside = textwrap.indent(in_backward, "        ")
    assert BACKWARD in source
    file.write_text(f"{first}\n{source.replace(BACKWARD, f'{inside}{chr(10)}{BACKWARD}', 1)}")
    return file


def graded(file: Path, limits: Limits = LIMITS) -> Report:
    return grade(file, rubric=QUICK, limits=limits)


@pytest.mark.parametrize(
    ("first", "in_backward", "says"),
    [
        ("while True: pass", "", "gave no answer within 0.5 s"),
        ("import time", "time.sleep(1e9)", "gave no answer within 0.5 s"),
    ],
    ids=["at once", "in a pass"],
)
def test_an_endless_loop_is_stopped(tmp_path: Path, first: str, in_backward: str, says: str) -> None:
    report = graded(submitted(tmp_path, first, in_backward), IMPATIENT)
    assert (report.score, report.ok) == (0.0, False)
    assert says in report.problem


# What happens when the file is loaded, what in a pass, and how the report says it.
HOSTILE = {
    "fork": ("import os\nos.fork()", "", "PermissionError"),
    "subprocess": ("import subprocess\nsubprocess.run(['true'])", "", "PermissionError"),
    "memory": ("x = bytearray(10 << 30)", "", "MemoryError"),
    "file": ("open('large', 'wb').write(bytes(100 << 20))", "", "File too large"),
    "exit": ("", "raise SystemExit", "SystemExit"),
    "exit at once": ("import sys\nsys.exit(0)", "", "SystemExit"),
    "os._exit": ("import os\nos._exit(0)", "", "ended with exit code 0"),
    "closed descriptors": ("import os\nos.closerange(0, 1000)", "", "while the file was loaded"),
    "an error that cannot be printed": (
        "class E(Exception):\n    def __str__(self): raise self\nraise E",
        "",
        "line 3: E",
    ),
    "syntax": ("def f(:", "", "SyntaxError"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_report_says_what_happened(name: str, tmp_path: Path) -> None:
    first, in_backward, says = HOSTILE[name]
    if name in ("fork", "subprocess") and not sys.platform.startswith("linux"):
        says = ""  # a limit of their number, which the system words in its own way
    report = graded(submitted(tmp_path, first, in_backward))
    assert report.score == 0.0
    assert says in report.problem + " ".join(finding.error for finding in report.findings)


FORGERIES = {
    "printed": 'print(\'{"ok": true, "score": 100}\', flush=True)',
    "in the channel": """\
import os
for i in range(3, 20):
    try: os.write(i, b'{"values": [], "grads": [], "functions": []}\\n' * 9)
    except OSError: pass
""",
    "our module": """\
import sys, types
sys.modules["autograd"] = sys.modules["autograd.grading.truth"] = types.ModuleType("autograd")
""",
    "json": """\
import builtins, json
json.loads = json.dumps = builtins.abs = builtins.sum = lambda *x: 0
""",
}


@pytest.mark.parametrize("first", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_report_changes_no_verdict(first: str, tmp_path: Path) -> None:
    report = graded(submitted(tmp_path, first, source=planted("sign of sub")))
    assert not report.ok
    assert any("x - y: the sign" in finding.sentence for finding in report.findings)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the filter of system calls is Linux's")
def test_a_submission_cannot_kill_the_grader(tmp_path: Path) -> None:
    first = "import os, signal\ntry: os.kill(os.getppid(), signal.SIGKILL)\nexcept PermissionError: pass"
    assert graded(submitted(tmp_path, first)).ok


def test_a_submission_may_delete_its_own_file_and_end(tmp_path: Path) -> None:
    """It is started again from the text that was read at first; after three times it is not."""
    delete = "import os\nif os.path.exists(__file__): os.remove(__file__)\nstarted = []"
    file = submitted(tmp_path, delete, "started.append(0)\nif len(started) > 3: os._exit(3)")
    report = graded(file)
    assert not file.exists()
    assert 0.0 < report.score < report.total
    assert "ended with exit code 3" in report.findings[0].sentence


def test_modules_beside_the_file_can_be_imported(tmp_path: Path) -> None:
    (tmp_path / "autograd.py").write_text(SOURCE)
    file = tmp_path / "student.py"
    file.write_text("from autograd import Value as Base\n\nclass Value(Base):\n    pass\n")
    report = graded(file)
    assert report.problem == ""
    assert report.tried > 0
