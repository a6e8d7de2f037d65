"""The folder of the playground: what it holds, where it comes from, and who is refused."""

from __future__ import annotations

import io
import json
import re
import sys
import threading
import zipfile
from html import unescape
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from autograd.cli.main import main
from autograd.errors import UsageError
from autograd.playground import vendored
from autograd.playground.build import build, engine, page_of
from autograd.playground.serve import address_of, server_of
from autograd.playground.snapshot import snapshot

STATIC = Path(vendored.__file__).parent / "static"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A node_modules folder with one package, the only one that is pinned."""
    folder = tmp_path / "node_modules"
    for name, text in {"crelt/index.js": "export {}", "crelt/LICENSE": "MIT, by its authors"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    files = {name: vendored.digest((folder / "crelt" / name).read_bytes()) for name in ("index.js", "LICENSE")}
    row = {"version": "1.0.7", "license": "MIT", "source": "https://example.org", "entry": "index.js", "files": files}
    monkeypatch.setattr(vendored, "_pins", lambda: {"crelt": row})
    return folder


def test_the_folder_is_complete(few: Path, tmp_path: Path) -> None:
    size = build(tmp_path / "site", few)
    files = {
        str(path.relative_to(tmp_path / "site")): path for path in (tmp_path / "site").rglob("*") if path.is_file()
    }
    assert sum(path.stat().st_size for path in files.values()) == size
    page = files["index.html"].read_text("utf-8")
    for name in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert name in files
    for name, path in files.items():
        for imported in re.findall(r'from "\./([^"]+)"', path.read_text("utf-8") if name.endswith(".js") else ""):
            assert imported in files or imported.startswith("vendor/pyodide/")
    assert "MIT, by its authors" in files["LICENSES.txt"].read_text("utf-8")


def test_every_module_that_the_page_imports_is_pinned() -> None:
    named = {
        name for path in STATIC.glob("*.js") for name in re.findall(r'from "([^."][^"]*)"', path.read_text("utf-8"))
    }
    assert named <= {each.name for each in vendored.packages()}


def test_the_policy_allows_no_inline_script_but_the_imports() -> None:
    page = page_of((STATIC / "index.html").read_text("utf-8"))
    policy = unescape(re.findall(r'Content-Security-Policy" content="([^"]*)"', page)[0])
    [imports] = re.findall(r'<script type="importmap">(.*?)</script>', page, re.DOTALL)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'self' 'wasm-unsafe-eval' '{vendored.digest(imports.encode())}'"
    assert rules["connect-src"] == rules["style-src"] == "'self'"
    assert rules["img-src"] == "'self' data:"
    assert not re.search(r"<style|\son\w+=|\sstyle=|javascript:", page)


def test_the_engine_is_the_installed_package() -> None:
    archive = zipfile.ZipFile(io.BytesIO(engine()))
    names = archive.namelist()
    assert {"autograd/__init__.py", "nn/__init__.py", "autograd/exploring/static/main.js"} <= set(names)
    assert not [name for name in names if "__pycache__" in name]
    assert archive.read("autograd/rules.py") == Path(vendored.__file__).parents[1].joinpath("rules.py").read_bytes()


def test_a_changed_file_is_refused(few: Path, tmp_path: Path) -> None:
    (few / "crelt" / "index.js").write_text("export let changed;")
    with pytest.raises(UsageError, match=r"crelt/index\.js is not the file of version 1\.0\.7"):
        build(tmp_path / "site", few)
    assert not (tmp_path / "site").exists()


def test_a_missing_package_is_named(few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (few / "crelt" / "LICENSE").unlink()
    assert main(["playground", "-o", str(tmp_path / "site"), "--packages", str(few)]) == 2
    assert "npm install crelt@1.0.7" in capsys.readouterr().err


def test_another_site_is_not_overwritten(few: Path, tmp_path: Path) -> None:
    index = tmp_path / "index.html"
    index.write_text("mine")
    with pytest.raises(UsageError, match="is not a playground: choose another folder"):
        build(tmp_path, few)
    assert index.read_text() == "mine"
    index.unlink()
    build(tmp_path, few)
    build(tmp_path, few)  # its own is replaced


def test_without_npm_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"install Node\.js, or give --packages"):
        build(tmp_path / "site")


def test_without_node_there_is_no_snapshot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert snapshot({}, b"", "") is None
    assert 'data-snapshot="no"' in page_of((STATIC / "index.html").read_text("utf-8"))


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Node.js is a shell script")
def test_an_error_of_node_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\necho 'RangeError: offset is out of bounds' >&2\nexit 1\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(UsageError, match="cannot make the snapshot of Python: RangeError: offset"):
        snapshot({}, engine(), "")


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for npm is a shell script")
def test_an_error_of_npm_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error network' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(UsageError, match="npm pack failed: npm error network"):
        build(tmp_path / "site")


def test_the_server_serves_the_folder_to_this_machine_alone(tmp_path: Path) -> None:
    for name in ("a.mjs", "a.wasm"):
        (tmp_path / name).write_bytes(b"")
    with server_of(tmp_path) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            assert server.server_address[0] == "127.0.0.1"
            found = [urlopen(address_of(server) + name).headers["Content-Type"] for name in ("a.mjs", "a.wasm")]
            assert found == ["text/javascript", "application/wasm"]
            with pytest.raises(HTTPError, match="404") as error:
                urlopen(address_of(server) + "../" + tmp_path.name)
            error.value.close()
        finally:
            server.shutdown()


def test_pins_are_whole() -> None:
    pins = json.loads((STATIC.parent / "vendored.json").read_text("utf-8"))
    assert [name for name, row in pins.items() if "LICENSE" not in row["files"]] == ["pyodide"], "it has no such file"
    for row in pins.values():
        assert all(re.fullmatch(r"sha256-[\w+/]{43}=", pinned) for pinned in row["files"].values())
