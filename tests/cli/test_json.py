"""`--json`: one document on stdout, everything else on stderr (row E6)."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from autograd.cli.main import main as autograd_main
from autograd.io.json_text import print_json
from nn.cli.main import main as nn_main
from tests.cli.nn_process import FLOWERS

Capture = pytest.CaptureFixture[str]


def document(capsys: Capture) -> tuple[Any, str]:
    """The document on stdout, which has no numbers that JSON does not have, and the messages."""
    out, err = capsys.readouterr()
    return json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON")), err


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table, and a model of it."""
    folder = tmp_path_factory.mktemp("json")
    (folder / "flowers.csv").write_text(FLOWERS)
    (folder / "new.csv").write_text("long,wide,colour,kind\n1,2,red,lily\n1,2,pink,\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "matplotlib", None)
        assert nn_main([*training(folder), "--quiet", "--out", str(folder / "run")]) in (0, 1)
    return folder


def training(folder: Path) -> list[str]:
    return ["train", str(folder / "flowers.csv"), "--target", "kind", "--hidden", "2", "--epochs", "1", "--no-compile"]


def test_e6_train(folder: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert nn_main([*training(folder), "--json", "--out", str(tmp_path / "run")]) in (0, 1)
    found, err = document(capsys)
    assert found["folder"] == str(tmp_path / "run")
    assert {"model.json", "history.csv"} <= set(found["files"])
    assert (found["training"]["epochs"], found["training"]["score"]["metric"]) == (1, "accuracy")
    assert "best epoch: 1" in err
    assert nn_main([*training(folder), "--json", "--dry-run"]) == 0
    understood = document(capsys)[0]["understood"]
    assert any("kind" in line for line in understood)


def test_e6_predict(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    command = ["predict", str(folder / "run/model.json"), str(folder / "new.csv")]
    assert nn_main([*command, "--json", "--out", str(tmp_path / "answers.csv")]) == 0
    found, err = document(capsys)
    good, bad = found["rows"]
    assert (found["target"], found["task"], good["line"]) == ("kind", "binary", 2)
    assert (good["prediction"] in ("lily", "rose"), 0.5 <= good["probability"] <= 1.0) == (True, True)
    assert set(bad) == {"line", "problem"}
    assert "'pink' is not one of the known" in bad["problem"]
    assert found["score"] in err
    assert (tmp_path / "answers.csv").read_text().startswith("long,")


def test_e6_inspect(folder: Path, capsys: Capture) -> None:
    assert nn_main(["inspect", str(folder / "run/model.json"), "--json"]) == 0
    found, err = document(capsys)
    assert [layer["n_out"] for layer in found["layers"]] == [2, 1]
    assert found["parameters"] == sum(layer["parameters"] for layer in found["layers"])
    assert (found["recipe"]["target"], err) == ("kind", "")


def test_e6_digits_and_check(capsys: Capture) -> None:
    assert autograd_main(["digits", "sin(x)/x", "x=1e-8", "--json"]) == 0
    found, _ = document(capsys)
    assert (found["ok"], found["gradient"][0]["digits"]) == (False, 0.0)
    assert autograd_main(["check", "1/x", "x=0", "--json"]) == 3
    assert document(capsys)[0]["verdict"] == "undecided"


def test_e6_cache(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / f"{'a' * 64}.program").write_bytes(b"x" * 9)
    assert autograd_main(["cache", str(tmp_path), "--json"]) == 0
    found, _ = document(capsys)
    assert (found["directory"], found["object_files"], found["limit"]) == (str(tmp_path), 0, 256_000_000)
    assert autograd_main(["cache", str(tmp_path), "--clear", "--json"]) == 0
    assert document(capsys)[0] == {"directory": str(tmp_path), "removed": found["programs"], "bytes": found["bytes"]}


def test_an_error_is_a_message_and_no_document(tmp_path: Path, capsys: Capture) -> None:
    assert nn_main(["inspect", str(tmp_path / "none.json"), "--json"]) == 2
    out, err = capsys.readouterr()
    assert (out, err[:7]) == ("", "error: ")


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "ascii", "cp1252"])
def test_a_document_is_json_in_any_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding, errors="backslashreplace")
    monkeypatch.setattr(sys, "stdout", stream)
    print_json({"größe": [float("nan"), "\udcff"]})
    stream.flush()
    assert json.loads(written.getvalue().decode(encoding)) == {"größe": ["nan", "\udcff"]}
