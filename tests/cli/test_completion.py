"""`autograd completion`: scripts that know every command, and one of them in its shell (row E6)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograd.cli import completion
from autograd.cli.main import GROUPS, main
from nn.cli.main import GROUPS as NETWORKS

TRY = """source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_shtab_autograd autograd "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(autouse=True)
def with_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "groups_for", lambda used: {**GROUPS, **NETWORKS})


def test_without_shtab_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 2
    assert capsys.readouterr().err == "error: completion needs shtab (pip install 'scalar-autograd[completion]')\n"


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_e6_a_script_names_every_command(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    pytest.importorskip("shtab")
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert [name for rows in (*GROUPS.values(), *NETWORKS.values()) for name in rows if name not in script] == []
    assert "--until-loss" in script


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_e6_bash_completes_commands_options_values_and_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("shtab")
    assert main(["completion", "bash"]) == 0
    (tmp_path / "script").write_text(capsys.readouterr().out)
    (tmp_path / "flowers.csv").touch()

    def completed(*words: str) -> list[str]:
        command = ["bash", "-c", TRY, "bash", "./script", "autograd", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split()

    assert completed("tr") == ["train"]
    assert completed("train", "--ep") == ["--epochs"]
    assert completed("train", "--activation", "re") == ["relu"]
    assert completed("train", "flo") == ["flowers.csv"]
