"""The memory of a Python that has imported the engine, from which the page starts in a fraction of the time."""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory

from autograd.errors import UsageError

NAME = "snapshot.bin"  # not .gz, which some servers send as an encoding: the browser would decompress it
TIMEOUT = 300  # seconds; it takes about 10


def snapshot(pyodide: Mapping[str, bytes], engine: bytes, program: str) -> bytes | None:
    """The snapshot, compressed; None without Node.js, which makes it: the page imports the engine itself then.

    pyodide  the files of the npm package, by name
    engine   the ZIP archive of the engine
    program  is run and drawn first, so that the memory has all modules for that

    UsageError where Node.js cannot run Pyodide or cannot start from the snapshot.
    """
    node = shutil.which("node")
    if node is None:
        return None
    with TemporaryDirectory() as name, as_file(files(__package__).joinpath("snapshot.mjs")) as script:
        folder = Path(name)
        for file, data in {**pyodide, "program.txt": program.encode()}.items():
            (folder / file).write_bytes(data)
        with zipfile.ZipFile(io.BytesIO(engine)) as archive:
            archive.extractall(folder / "engine")
        _run([node, str(script), name, *(str(folder / file) for file in ("engine", "program.txt", NAME))])
        return gzip.compress((folder / NAME).read_bytes(), mtime=0)


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=TIMEOUT
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"Node.js has not started Pyodide in {TIMEOUT} s") from None
    if done.returncode:
        reasons = [line.strip() for line in done.stderr.splitlines() if "Error" in line[:100]]
        reason = reasons[-1][:200] if reasons else f"exit code {done.returncode}"
        raise UsageError(
            f"Node.js cannot make the snapshot of Python: {reason}; update Node.js, or remove it from PATH"
        )
