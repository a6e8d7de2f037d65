"""The npm packages of the page: each file is pinned by its SHA-256 in vendored.json, wherever it comes from."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
from base64 import b64encode
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from autograd.errors import UsageError
from autograd.io.files import file_name

FOLDER = "vendor"  # in the folder of the page
TIMEOUT = 600  # seconds for the download of 13 MB


class Package(NamedTuple):
    """A row of vendored.json: `entry` is the file that `import "name"` loads, `files` are hashes by path."""

    name: str
    version: str
    license: str
    source: str
    entry: str
    files: Mapping[str, str]


def packages() -> list[Package]:
    """The packages that the page needs.

    >>> [each.license for each in packages() if each.name in ("pyodide", "@codemirror/view")]
    ['MPL-2.0', 'MIT']
    """
    return [Package(name, **row) for name, row in _pins().items()]


@cache
def _pins() -> Mapping[str, Mapping[str, Any]]:
    pins: Mapping[str, Mapping[str, Any]] = json.loads(files(__package__).joinpath("vendored.json").read_text("utf-8"))
    return pins


def digest(data: bytes) -> str:
    """The SHA-256 as policies, import maps and vendored.json write it.

    >>> digest(b"")
    'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
    """
    return f"sha256-{b64encode(hashlib.sha256(data).digest()).decode()}"


def vendored_files(folder: Path | None) -> Iterator[tuple[str, bytes]]:
    """The path of every file below `FOLDER`, and its bytes, from a `node_modules` folder or, for None, from npm.

    UsageError where a file is missing or is not the pinned one, and where npm is missing or fails.
    """
    if folder is not None:
        yield from _checked(lambda package, file: _read(folder / package.name / file, package))
        return
    with TemporaryDirectory() as downloads:
        _download(Path(downloads))
        yield from _checked(lambda package, file: _unpacked(Path(downloads), package, file))


def _checked(read: Any) -> Iterator[tuple[str, bytes]]:
    for package in packages():
        for file, pinned in package.files.items():
            data = read(package, file)
            if digest(data) != pinned:
                raise UsageError(
                    f"{package.name}/{file} is not the file of version {package.version} that is pinned (SHA-256 "
                    f"{pinned.removeprefix('sha256-')}): install {package.name}@{package.version}"
                )
            yield f"{package.name}/{file}", data


def _read(path: Path, package: Package) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        remedy = f"npm install {package.name}@{package.version}"
        raise UsageError(f"--packages: cannot read {file_name(path)} ({error.strerror}): {remedy}") from None


def _download(folder: Path) -> None:
    """The tarballs of all packages, by npm, which knows its registry and keeps a cache."""
    npm = shutil.which("npm")
    if npm is None:
        raise UsageError(
            "the page needs Pyodide and CodeMirror from npm, which is not installed: install Node.js, or give "
            "--packages a node_modules folder that has them"
        )
    wanted = [f"{each.name}@{each.version}" for each in packages()]
    command = [npm, "pack", "--silent", "--prefer-offline", "--pack-destination", str(folder), *wanted]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, encoding="utf-8", timeout=TIMEOUT, cwd=folder
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"npm has not downloaded the packages in {TIMEOUT} s") from None
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise UsageError(f"npm pack failed: {reason[0]}")


def _unpacked(folder: Path, package: Package, file: str) -> bytes:
    """One file of a tarball, without writing anything."""
    name = package.name.removeprefix("@").replace("/", "-")
    try:
        with tarfile.open(folder / f"{name}-{package.version}.tgz") as archive:
            member = archive.extractfile(f"package/{file}")
            assert member is not None
            return member.read()
    except (OSError, KeyError, tarfile.TarError) as error:
        raise UsageError(f"npm has no {package.name}@{package.version} with {file}: {error}") from None


def notices(contents: Mapping[str, bytes]) -> str:
    """The licences of the packages, as a text for the folder; `contents` are the vendored files."""
    parts = []
    for package in packages():
        title = f"{package.name} {package.version}, {package.license}; source: {package.source}"
        licence = contents.get(f"{package.name}/LICENSE", b"").decode()
        parts.append(f"{title}\n{f'{chr(10)}{licence}' if licence else ''}")
    return f"\n{'-' * 80}\n\n".join(parts)
